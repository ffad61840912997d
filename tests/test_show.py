"""A page of a dataset: what it holds, how it is divided, what leaks, and what the network will see."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from frostline.errors import DataFault, UnknownName
from frostline.look.charts import tag_counts
from frostline.look.division import class_rows, split_words, turns_of
from frostline.look.gather import gather
from frostline.look.sheet import Tile
from frostline.look.show import Shown, page, shown, write_page
from frostline.look.subject import Subject, subject_of
from frostline.spec.dataset import Dataset
from frostline.spec.spectrogram import Spectrogram
from tests.test_prepare import STUDY, Frostline, frostline, tone

__all__ = ["frostline"]

SMALL = Spectrogram(rate_hz=8000, duration_s=0.2, window=512, hop=256, bands=16)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def tones(folder: Path, low: int = 5, high: int = 10) -> Path:
    """A folder of low tones of 0.1 to 0.1 s more each, and of high ones."""
    for take in range(low):
        tone(folder / "low" / f"{take}.wav", 200 + take, 0.1 * (take + 1))
    for take in range(high):
        tone(folder / "high" / f"{take}.wav", 3000 + take)
    return folder


def own_tones(folder: Path, *broken: str) -> Subject:
    for name in broken:
        (tones(folder) / name).write_bytes(b"no sound at all")
    dataset = Dataset(name="folder", path=str(tones(folder)), size=16, spectrogram=SMALL)
    return Subject("tones", dataset, (0, 1, 2), chosen="")


def look(subject: Subject) -> Shown:
    return shown(subject, gather(subject.dataset.reading, Console(quiet=True)))


def grouped_tones(folder: Path, split: str) -> Subject:
    """Two classes of twelve tones in four groups of three each, by a manifest."""
    rows = ["path,label,group"]
    for number in range(24):
        label = "low" if number < 12 else "high"
        tone(folder / f"{number}.wav", 300 + 100 * number)
        rows.append(f"{number}.wav,{label},song {number // 3}")
    (folder / "songs.csv").write_text("\n".join(rows) + "\n")
    values = {"name": "manifest", "path": str(folder / "songs.csv"), "size": 16, "folds": 4, "split": split}
    return Subject("songs", Dataset.model_validate({**values, "spectrogram": SMALL}), (0, 1))


def seen(tile: Tile) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(tile.address.partition(",")[2]))))


class TestThePage:
    def test_it_needs_nothing_beside_it_and_says_what_was_left_out_and_why(self, tmp_path: Path) -> None:
        subject = own_tones(tmp_path / "tones", "high/bad.wav")
        gathered = gather(subject.dataset.reading, Console(quiet=True))
        text = write_page(subject, gathered, tmp_path / "new" / "folder").read_text()
        assert not re.search(r"""(?:src|href)=["'](?!data:)|url\(|@import|<script""", text)
        assert "15 items of 2 classes can be used; files left out: 1." in text
        assert re.search(r"<li>\S*high/bad.wav: cannot be decoded as .wav", text)
        assert "Licence: your own" in text and "Source: " in text
        assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["show.html"]

    def test_the_command_ends_with_its_path(self, tmp_path: Path, frostline: Frostline) -> None:
        tones(tmp_path / "clips")
        status, said, mistakes = frostline("show", "folder:clips")
        assert (status, mistakes) == (0, "")
        assert said.startswith("folder (clips, log-mel")
        assert said.endswith("\npage: results/show/clips/show.html\n")
        assert frostline("show", "folder:clips", "--to", "here")[1].endswith("page: here/show.html\n")
        status, said, mistakes = frostline("show", "tone")
        assert (status, said, "Traceback" in mistakes) == (2, "", False)
        assert "no dataset and no study is called 'tone'" in mistakes

    def test_names_of_files_cannot_break_out_of_it(self, tmp_path: Path) -> None:
        folder = tones(tmp_path / "tones")
        (folder / "low").rename(folder / "<b>low")
        text = page(look(own_tones_of(folder)))
        assert "<b>low" not in text and "&lt;b&gt;low" in text

    def test_it_has_a_row_a_class_with_the_sizes_that_trials_get(self, tmp_path: Path) -> None:
        said = look(own_tones(tmp_path / "tones"))
        rows = {row.name: row for row in said.rows}
        assert {name: row.items for name, row in rows.items()} == {"high": 10, "low": 5}
        for turn, seed in enumerate((0, 1, 2)):
            pools = said.subject.dataset.pools(seed)
            sizes = [row.turns[turn] for row in said.rows]
            assert sizes == list(zip(pools.train, pools.validation or (), pools.test, strict=True))
        assert said.sums.items == 15
        assert all(sum(turn) == 15 for turn in said.sums.turns)
        assert '<td>low</td><td class="count">5</td><td class="count">3</td>' in page(said)

    def test_each_class_stands_beside_the_number_that_a_study_calls_it_by(self, tmp_path: Path) -> None:
        whole = own_tones(tmp_path / "tones")
        assert '<td class="count">1</td><td>low</td>' in page(look(whole))
        assert "names them by their numbers, as classes: [0, 1]. Items to train," in page(look(whole))
        path = str(tones(tmp_path / "three"))
        tone(tmp_path / "three" / "aside" / "1.wav", 800)
        used = Dataset(name="folder", path=path, size=16, spectrogram=SMALL, classes=(1, 2))
        assert [row.number for row in look(Subject("tones", used, (0,), chosen="")).rows] == [1, 2]

    def test_a_folder_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        subject = own_tones(tmp_path / "tones")
        (tmp_path / "taken").write_text("")
        with pytest.raises(DataFault, match=r"taken/show.html cannot be written \(.*\); name another folder with --to"):
            write_page(subject, gather(subject.dataset.reading, Console(quiet=True)), tmp_path / "taken")

    @pytest.mark.slow
    @pytest.mark.real_data
    @pytest.mark.parametrize("name", ["mnist", "esc10", "fsdd", "folder:caltech101_30"])
    def test_real_datasets_have_one(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(os.environ["FROSTLINE_DATA"])
        said = look(subject_of(name))
        assert said.left_out == [] and not said.leaky
        assert all(len(strip.tiles) == 6 for strip in said.strips)
        assert len(page(said)) < 10_000_000


def own_tones_of(folder: Path) -> Subject:
    return Subject("tones", Dataset(name="folder", path=str(folder), size=16, spectrogram=SMALL), (0,))


class TestTheSplit:
    def test_groups_are_counted_and_a_split_that_keeps_them_is_not_called_leaky(self, tmp_path: Path) -> None:
        said = look(grouped_tones(tmp_path, "grouped"))
        assert not said.leaky
        assert said.split[0].startswith("Grouped: the items are dealt into 4 folds, and no group is parted")
        assert said.split[1] == "8 groups of items that belong together; the largest, song 0, has 3."
        assert 'class="trouble"' not in page(said)

    def test_a_split_that_parts_groups_is_called_leaky_with_the_number_of_known_test_items(
        self, tmp_path: Path
    ) -> None:
        subject = grouped_tones(tmp_path, "stratified")
        whole = gather(subject.dataset.reading, Console(quiet=True)).whole
        turns = turns_of(whole, subject)
        group = {f"{number}.wav": number // 3 for number in range(24)}
        tested = [str(name) for name in turns[0].test.ids]
        known = sum(any(group[name] == group[other] and other not in tested for other in group) for name in tested)
        assert known > 0
        assert not set(tested) & set(turns[1].test.ids.tolist())
        leak = split_words(whole, subject, turns)[2]
        assert leak.startswith(f"LEAKY: this split parts groups. At the first split seed {known} of 6 test items")
        said = look(subject)
        assert said.leaky and '<section class="trouble">\n<h2>The split</h2>' in page(said)

    def test_a_dataset_in_parts_has_one_turn_and_no_groups(self) -> None:
        said = look(subject_of("digits"))
        assert said.split == [
            "Official: the dataset comes in parts; a part of those to train on is cut off to validate.",
            "No groups: nothing says which items belong together, so none are kept together.",
        ]
        assert said.rows[0].turns == ((128, 14, 36),)

    def test_a_share_takes_its_part_and_unused_classes_have_no_row(self) -> None:
        subject = Subject("digits", Dataset(name="digits", classes=(5, 9)), (0,), share=0.1)
        whole = gather(subject.dataset.reading, Console(quiet=True)).whole
        rows = class_rows(whole, subject, turns_of(whole, subject))
        assert [(row.name, row.items, row.turns) for row in rows] == [
            ("5", 182, ((13, 2, 36),)),
            ("9", 180, ((13, 1, 36),)),
        ]


def annotated_tones(folder: Path, header: str, cells: list[str], **more: object) -> Subject:
    """Ten tones, each with its cells in a manifest."""
    for number in range(len(cells)):
        tone(folder / f"{number}.wav", 300 + 50 * number)
    rows = [f"{number}.wav,{cell}" for number, cell in enumerate(cells)]
    (folder / "tones.csv").write_text("\n".join([f"path,{header}", *rows, ""]))
    values = {"name": "manifest", "path": str(folder / "tones.csv"), "size": 16, **more}
    return Subject("tones", Dataset.model_validate({**values, "spectrogram": SMALL}), (0,))


class TestTargets:
    def test_tags_are_drawn_with_how_many_items_have_each_the_most_frequent_first(self) -> None:
        picture = tag_counts(("piano", "<b>", "voice"), np.array([[1, 0, 1], [0, 1, 1], [0, 0, 0], [1, 0, 1.0]]))
        assert picture.alt == "3 tags; most items: voice, 3; fewest: <b>, 1. Without any of them: 1 of 4 items."
        drawn, names = picture.svg.decode(), ["voice", "piano", "&lt;b&gt;"]
        assert sorted(names, key=drawn.index) == names

    def test_tags_of_which_every_item_has_one_leave_none_without(self) -> None:
        assert tag_counts(("piano",), np.ones((2, 1))).alt == "1 tag; most items: piano, 2; fewest: piano, 2."

    def test_the_page_of_tags_counts_them_and_has_one_row_of_sizes(self, tmp_path: Path) -> None:
        said = look(annotated_tones(tmp_path, "labels", ["piano", "piano;voice"] * 20))
        text = page(said)
        assert "<h2>Tags</h2>" in text
        assert "Items with each tag. 2 tags; most items: piano, 40; fewest: voice, 20." in text
        assert text.count('<td>all</td><td class="count">40</td>') == 1

    def test_numbers_are_drawn_over_the_whole_scale_of_their_annotation(self, tmp_path: Path) -> None:
        cells = [f"{2 + 0.5 * number},{1 + 0.2 * number:.1f}" for number in range(10)] * 2
        own = {"values": ("valence", "arousal"), "scale": (1.0, 9.0)}
        said = look(annotated_tones(tmp_path, "valence,arousal", cells, **own))
        assert said.spread.alt == (
            "valence: from 2 to 6.5, median 4.25; arousal: from 1 to 2.8, median 1.9. The annotation reaches from 1 to "
            "9."
        )
        ticks = re.findall(r"<text[^>]*>([0-9.]+)</text>", said.spread.svg.decode())
        assert max(map(float, ticks)) >= 8
        assert "<h2>Values</h2>" in page(said)

    def test_numbers_without_a_scale_are_drawn_as_far_as_they_reach(self, tmp_path: Path) -> None:
        said = look(annotated_tones(tmp_path, "pitch", [str(100 * n) for n in range(10)] * 2, values=("pitch",)))
        assert said.spread.alt == "pitch: from 0 to 900, median 450."


class TestExtents:
    def test_sounds_that_are_cut_and_padded_are_counted_without_decoding(self, tmp_path: Path) -> None:
        found = look(own_tones(tmp_path / "tones")).extents
        assert found is not None and found.differ
        assert found.words == (
            "15 files: median 0.2 s, least 0.1 s, most 0.5 s.",
            "The network sees 0.2 s. Longer, and cut around their middle: 3. Shorter, and padded with zeros: 1.",
        )

    def test_pictures_that_are_enlarged_or_lose_their_edges_are_counted(self, tmp_path: Path) -> None:
        for label, size in (("small", (20, 10)), ("large", (40, 40))):
            (tmp_path / "pictures" / label).mkdir(parents=True)
            for take in range(5):
                Image.new("RGB", size, "red").save(tmp_path / "pictures" / label / f"{take}.png")
        dataset = Dataset(name="folder", path="pictures", size=16)
        said = look(Subject("pictures", dataset, (0,)))
        assert said.extents is not None
        assert said.extents.words == (
            "10 files: median 25 pixels, least 10 pixels, most 40 pixels.",
            "The shorter side is scaled to 16. Enlarged by that: 5. Not square, and cut around their middle: 5.",
        )
        assert said.strips[0].tiles[0].address.startswith("data:image/jpeg")

    def test_files_of_one_duration_need_no_figure(self, tmp_path: Path) -> None:
        for take in range(10):
            tone(tmp_path / "even" / ("a" if take < 5 else "b") / f"{take}.wav", 300 + take)
        said = look(own_tones_of(tmp_path / "even"))
        assert said.extents is not None and not said.extents.differ
        assert said.extents.words[0] == "All 10 files: 0.2 s."


class TestTheSamples:
    def test_a_tile_is_what_the_network_sees_and_its_id_is_that_of_the_item(self) -> None:
        subject = subject_of("digits")
        whole = gather(subject.dataset.reading, Console(quiet=True)).whole
        train = turns_of(whole, subject)[0].train
        for label, strip in enumerate(look(subject).strips):
            for tile in strip.tiles:
                place = train.ids.tolist().index(tile.id)
                assert int(train.targets[place]) == label
        tile = look(subject).strips[3].tiles[0]
        place = whole.train.ids.tolist().index(tile.id)
        expected = np.round(whole.train.planes[place, 0].numpy() / 16 * 255)
        np.testing.assert_array_equal(seen(tile), expected)

    def test_six_of_each_class_are_drawn_from_what_trains_and_always_the_same(self, tmp_path: Path) -> None:
        subject = own_tones(tmp_path / "tones")
        said, again = look(subject), look(subject)
        train = set(turns_of(gather(subject.dataset.reading, Console(quiet=True)).whole, subject)[0].train.ids)
        drawn = [[tile.id for tile in strip.tiles] for strip in said.strips]
        assert [len(ids) for ids in drawn] == [6, 3]
        assert {name for ids in drawn for name in ids} <= train
        assert [[tile.id for tile in strip.tiles] for strip in again.strips] == drawn

    def test_low_frequencies_stand_below(self, tmp_path: Path) -> None:
        strips = {strip.name: strip for strip in look(own_tones(tmp_path / "tones")).strips}
        low, high = (seen(strips[name].tiles[0]).mean(axis=1).argmax() for name in ("low", "high"))
        assert high < 8 < low


class TestNames:
    def test_a_name_of_the_catalogue_is_the_dataset_even_where_a_preset_is_called_so(self) -> None:
        assert subject_of("digits").dataset == Dataset(name="digits")
        assert subject_of("esc10").dataset == Dataset(name="esc10", size=224)
        assert "5 s of each sound" in subject_of("esc10").chosen

    def test_own_sounds_get_their_median_duration_and_it_is_said(self, tmp_path: Path) -> None:
        tones(tmp_path / "short", low=5, high=5)
        subject = subject_of("folder:short")
        assert (subject.name, subject.split_seeds) == ("short", (0, 1, 2))
        assert subject.dataset.sound.duration_s == 0.2
        assert "0.2 s of each sound, the median of the files and at most 10 s" in subject.chosen

    def test_long_sounds_are_used_for_ten_seconds(self, tmp_path: Path) -> None:
        for take in range(10):
            tone(tmp_path / "long" / ("a" if take < 5 else "b") / f"{take}.wav", 300, 11.0)
        assert subject_of("folder:long").dataset.sound.duration_s == 10.0

    def test_a_study_is_shown_as_it_reads_its_target(self, tmp_path: Path) -> None:
        tones(tmp_path / "tones")
        (tmp_path / "tones.yaml").write_text(STUDY + "shares: [0.4, 0.8]\n")
        subject = subject_of("tones.yaml")
        assert subject.dataset.size == 16 and subject.dataset.sound.window == 512
        assert (subject.name, subject.split_seeds, subject.share) == ("tones", (0, 1), 0.8)
        (tmp_path / "tones.yaml").write_text(STUDY + "vary: [weights]\nfixed_seed: 3\n")
        assert subject_of("tones.yaml").split_seeds == (3,)

    def test_an_unknown_name_is_answered_with_the_nearest_and_all(self) -> None:
        with pytest.raises(
            UnknownName, match=r"no dataset and no study is called 'esc1'; did you mean 'esc10'"
        ) as told:
            subject_of("esc1")
        assert all(name in str(told.value) for name in ("mnist", "esc10-lite0", "folder:PATH", "manifest:PATH"))

    def test_own_files_without_their_kind_and_kinds_without_files_are_told(self, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        with pytest.raises(DataFault, match=r"mine is neither a dataset nor a study; .* write folder:mine"):
            subject_of("mine")
        with pytest.raises(DataFault, match=r"write manifest:mine.csv"):
            subject_of("mine.csv")
        with pytest.raises(DataFault, match=r"folder names no files; write folder:PATH"):
            subject_of("folder")
        with pytest.raises(DataFault, match=r"nowhere does not exist; expected a folder with one folder a class"):
            subject_of("folder:nowhere")
        with pytest.raises(DataFault, match=r"no study file at nowhere.yaml"):
            subject_of("nowhere.yaml")

    def test_missing_data_is_told_with_its_source(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("FROSTLINE_DATA", raising=False)
        with pytest.raises(DataFault, match=r"esc50 is not in .*\n.*get it from https://github.com/karolpiczak/ESC-50"):
            gather(subject_of("esc50").dataset.reading, Console(quiet=True))

    def test_data_that_the_usual_settings_do_not_fit_is_told(self, tmp_path: Path) -> None:
        tones(tmp_path / "few", low=3, high=3)
        with pytest.raises(DataFault, match=r"few cannot be shown as it is: .*too few for 5 folds(?s:.*)study file"):
            subject_of("folder:few")

    def test_sounds_that_cannot_be_opened_are_told(self, tmp_path: Path) -> None:
        for name in ("a/1.wav", "b/1.wav"):
            (tmp_path / "bad" / name).parent.mkdir(parents=True)
            (tmp_path / "bad" / name).write_bytes(b"nothing")
        with pytest.raises(DataFault, match=r"folder \(bad\): none of 2 files can be opened as a sound"):
            subject_of("folder:bad")
