"""MagnaTagATune in its published folder: which tags are kept, who is in which part, and what is told of it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from frostline.catalog import Asked, LeftOut, Listing, TagChoice, dataset_card, dataset_cards
from frostline.data.cards import CARDS
from frostline.data.magnatagatune import magnatagatune_listing
from frostline.data.magnatagatune_cards import EMPTY, TOP_50
from frostline.data.magnatagatune_tags import kept_tags, read_annotations, synonyms
from frostline.data.read import decoded
from frostline.data.splits import parted
from frostline.errors import DataFault
from frostline.spec.dataset import Dataset
from frostline.spec.reading import Reading
from frostline.spec.spectrogram import Spectrogram

PUBLISHED = """no voice, singer, duet, plucking, hard rock, world, bongos, harpsichord, female singing, clasical,
sitar, chorus, female opera, male vocal, vocals, clarinet, heavy, silence, beats, men, woodwind,
funky, no strings, chimes, foreign, no piano, horns, classical, female, no voices, soft rock, eerie,
spacey, jazz, guitar, quiet, no beat, banjo, electric, solo, violins, folk, female voice, wind,
happy, ambient, new age, synth, funk, no singing, middle eastern, trumpet, percussion, drum, airy,
voice, repetitive, birds, space, strings, bass, harpsicord, medieval, male voice, girl, keyboard,
acoustic, loud, classic, string, drums, electronic, not classical, chanting, no violin, not rock, no
guitar, organ, no vocal, talking, choral, weird, opera, soprano, fast, acoustic guitar, electric
guitar, male singer, man singing, classical guitar, country, violin, electro, reggae, tribal, dark,
male opera, no vocals, irish, electronica, horn, operatic, arabic, lol, low, instrumental, trance,
chant, strange, drone, synthesizer, heavy metal, modern, disco, bells, man, deep, fast beat,
industrial, hard, harp, no flute, jungle, pop, lute, female vocal, oboe, mellow, orchestral, viola,
light, echo, piano, celtic, male vocals, orchestra, eastern, old, flutes, punk, spanish, sad, sax,
slow, male, blues, vocal, indian, no singer, scary, india, woman, woman singing, rock, dance, piano
solo, guitars, no drums, jazzy, singing, cello, calm, female vocals, voices, different, techno,
clapping, house, monks, flute, not opera, not english, oriental, beat, upbeat, soft, noise, choir,
female singer, rap, metal, hip hop, quick, water, baroque, women, fiddle, english"""
"""The tag columns of the published annotations, in their order."""
RATE_HZ = 16_000
SHORT = Spectrogram(rate_hz=8000, window=256, hop=128, bands=16, duration_s=0.2)


@dataclass(frozen=True)
class Table:
    """Annotations to be written: the tags, and of each clip its file and its marks."""

    tags: tuple[str, ...] = ("guitar", "beats", "beat")
    clips: tuple[tuple[str, str], ...] = (
        ("0/ann-first-01-rain-0-29.mp3", "101"),
        ("b/ann-first-01-sun-29-58.mp3", "000"),
        ("c/bob-second-02-snow-0-29.mp3", "110"),
        ("f/eve-third-03-hail-0-29.mp3", "110"),
    )
    missing: tuple[str, ...] = field(default=())

    def written(self, folder: Path) -> Path:
        """``folder`` with this table and an empty file for each clip that is not missing."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "annotations_final.csv").open("w", newline="") as file:
            writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL)
            writer.writerow(["clip_id", *self.tags, "mp3_path"])
            writer.writerows([number, *marks, name] for number, (name, marks) in enumerate(self.clips, start=2))
        for name, _ in self.clips:
            if name not in self.missing:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).touch()
        return folder


def info(folder: Path, artists: Sequence[str]) -> Path:
    """The table of clips, beside the annotations: the artist of each clip from number 2 on."""
    rows = [f"{number}\t1\train\t{artist}\tfirst" for number, artist in enumerate(artists, start=2)]
    (folder / "clip_info_final.csv").write_text(
        "\n".join(["clip_id\ttrack_number\ttitle\tartist\talbum", *rows]) + "\n"
    )
    return folder


def listed(folder: Path, count: int = 2) -> Listing:
    return magnatagatune_listing(folder, TagChoice(count))


class TestTags:
    def test_the_most_frequent_are_kept_and_equal_ones_in_the_order_of_their_columns(self, tmp_path: Path) -> None:
        table = read_annotations(Table().written(tmp_path))
        assert [(tag.name, tag.positives) for tag in kept_tags(table, TagChoice(3))] == [
            ("guitar", 3),
            ("beats", 2),
            ("beat", 1),
        ]
        ties = read_annotations(replace(Table(), tags=("x", "y", "z")).written(tmp_path / "ties"))
        assert [tag.name for tag in kept_tags(ties, TagChoice(2))] == ["x", "y"]

    def test_merged_synonyms_are_one_tag_that_a_clip_has_where_it_has_any(self, tmp_path: Path) -> None:
        table = read_annotations(Table().written(tmp_path))
        beat = kept_tags(table, TagChoice(2, "synonyms"))[1]
        assert (beat.name, beat.marks, beat.made_of) == ("beat", "1011", ("beats", "beat"))

    def test_tags_that_no_clip_has_are_never_kept(self, tmp_path: Path) -> None:
        table = read_annotations(
            replace(Table(), tags=("a", "b", "c"), clips=(("0/a-0-29.mp3", "010"),)).written(tmp_path)
        )
        assert [tag.name for tag in kept_tags(table, TagChoice(1))] == ["b"]
        with pytest.raises(
            DataFault, match=r"^tags must be at most 1, for clips have so many different tags \(got 2\)$"
        ):
            kept_tags(table, TagChoice(2))

    def test_more_tags_than_remain_of_merging_are_refused(self, tmp_path: Path) -> None:
        table = read_annotations(Table().written(tmp_path))
        assert len(kept_tags(table, TagChoice(3))) == 3
        with pytest.raises(DataFault, match=r"tags must be at most 2, .*, once synonyms are merged \(got 3\)$"):
            kept_tags(table, TagChoice(3, "synonyms"))

    def test_of_the_published_tags_every_number_that_is_asked_for_is_distinct_once_merged(self, tmp_path: Path) -> None:
        tags = tuple(" ".join(tag.split()) for tag in PUBLISHED.split(","))
        marks = tuple((f"0/a-{number}-29.mp3", "1" * number + "0" * (188 - number)) for number in range(1, 189))
        table = read_annotations(Table(tags, marks).written(tmp_path))
        most = len(tags) - len(synonyms())
        names = [tag.name for tag in kept_tags(table, TagChoice(most, "synonyms"))]
        assert len(set(names)) == len(names) == most and names.count("no vocals") == 1
        assert not set(names) & synonyms().keys()

    def test_every_synonym_is_a_published_tag_that_stands_for_another_and_for_no_third(self) -> None:
        tags = {" ".join(tag.split()) for tag in PUBLISHED.split(",")}
        assert len(tags) == 188
        assert synonyms().keys() <= tags and set(synonyms().values()) <= tags
        assert not synonyms().keys() & set(synonyms().values())

    def test_a_tag_column_that_stands_twice_is_one_tag_and_is_told(self, tmp_path: Path) -> None:
        clips = tuple((name, marks[:2] + marks[0]) for name, marks in Table().clips)
        listing = listed(Table(("guitar", "beats", "guitar"), clips).written(tmp_path))
        assert listing.target_names == ("guitar", "beats")
        said = "the column 'guitar' of annotations_final.csv stands 2 times, always equal; it is one tag"
        assert listing.notes[0] == said

    def test_two_columns_of_one_name_that_differ_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(
            DataFault, match=r"column 'guitar' stands twice, and the two differ; keep the one that is right"
        ):
            read_annotations(replace(Table(), tags=("guitar", "beats", "guitar")).written(tmp_path))


class TestCard:
    def test_without_the_files_the_published_tags_are_known(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("FROSTLINE_DATA", raising=False)
        monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path))
        assert dataset_card("magnatagatune").target_names == TOP_50 and len(set(TOP_50)) == 50
        assert dataset_card("magnatagatune", asked=Asked(tags=TagChoice(3))).target_names == (
            "guitar",
            "classical",
            "slow",
        )
        ranks = dataset_card("magnatagatune", asked=Asked(tags=TagChoice(60, "synonyms"))).target_names
        assert (ranks[0], ranks[-1], len(ranks)) == ("tag of rank 1", "tag of rank 60", 60)
        with pytest.raises(DataFault, match=r"tags must be at most 188, .* \(got 189\)"):
            dataset_card("magnatagatune", asked=Asked(tags=TagChoice(189)))

    def test_with_the_files_tags_are_counted_in_them_whenever_they_change(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path))
        Table().written(tmp_path / "magnatagatune")
        assert dataset_card("magnatagatune", asked=Asked(tags=TagChoice(2))).target_names == ("guitar", "beats")
        replace(Table(), tags=("organ", "lute", "harp")).written(tmp_path / "magnatagatune")
        assert dataset_card("magnatagatune", asked=Asked(tags=TagChoice(2))).target_names == ("organ", "lute")

    def test_the_parts_hold_the_published_clips_less_the_empty_ones(self) -> None:
        card = CARDS["magnatagatune"]
        counts = [card.train_counts, card.validation_counts, card.test_counts]
        assert sum(count[0] for count in counts if count) == 25_863 - len(EMPTY)
        assert (card.task, card.class_names, card.scale) == ("tags", ("all",), None)


class TestStudyKeys:
    @pytest.fixture(autouse=True)
    def without_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("FROSTLINE_DATA", raising=False)
        monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path))

    def test_tags_and_merging_tell_readings_apart_and_the_usual_number_has_one_spelling(self) -> None:
        usual = Dataset(name="magnatagatune", size=64)
        assert Dataset(name="magnatagatune", size=64, tags=50) == usual
        others = [
            Dataset(name="magnatagatune", size=64, tags=20),
            Dataset(name="magnatagatune", size=64, merge="synonyms"),
        ]
        assert len({str(dataset.reading) for dataset in (usual, *others)}) == 3
        assert str(others[1].reading).startswith("magnatagatune (50 tags, synonyms merged, log-mel ")
        assert others[0].card.target_names == TOP_50[:20]

    def test_more_tags_than_there_are_is_a_fault_of_the_study(self) -> None:
        with pytest.raises(ValueError, match=r"tags must be at most 139, .*, once synonyms are merged \(got 140\)"):
            Dataset(name="magnatagatune", size=64, tags=140, merge="synonyms")

    def test_datasets_without_tags_refuse_both_keys(self) -> None:
        with pytest.raises(
            ValueError, match=r"tags has no effect, for gtzan has no tags to choose from; remove it; merge"
        ):
            Dataset(name="gtzan", size=64, tags=3, merge="synonyms")


class TestParts:
    def test_the_folder_of_a_clip_says_its_part(self, tmp_path: Path) -> None:
        clips = tuple((f"{name}/a-{name}-0-29.mp3", "11") for name in "0123456789abcdef")
        parts = {item.file[0]: item.part for item in listed(Table(("x", "y"), clips).written(tmp_path)).items}
        assert {name for name, part in parts.items() if part == "train"} == set("0123456789ab")
        assert {name for name, part in parts.items() if part == "validation"} == {"c"}
        assert {name for name, part in parts.items() if part == "test"} == set("def")

    def test_an_item_is_called_after_its_clip_and_has_a_mark_for_each_tag(self, tmp_path: Path) -> None:
        first = listed(Table().written(tmp_path)).items[0]
        assert (first.id, first.label, first.targets) == ("magnatagatune/2", 0, (1.0, 0.0))

    def test_clips_of_a_track_are_a_group_where_no_artist_is_known_and_that_is_told(self, tmp_path: Path) -> None:
        clips = (
            ("0/a-1-x-0-29.mp3", "11"),
            ("0/a-1-x-29-58.mp3", "11"),
            ("c/b-0-29.mp3", "11"),
            ("d/c-0-29.mp3", "11"),
        )
        listing = listed(Table(("x", "y"), clips).written(tmp_path))
        assert [item.group for item in listing.items] == ["track a-1-x", "track a-1-x", "track b", "track c"]
        assert listing.notes == (
            "no artists are known, for clip_info_final.csv is not there: clips of one track are a group, and the "
            "published split may part artists",
        )

    def test_clips_of_an_artist_are_a_group_whatever_the_case_of_the_name(self, tmp_path: Path) -> None:
        listing = listed(info(Table().written(tmp_path), ("Ann Lee", "ann  lee", "Bob", "Eve")))
        assert [item.group for item in listing.items] == [
            "artist ann lee",
            "artist ann lee",
            "artist bob",
            "artist eve",
        ]
        assert "the published split parts none of 3 artists" in listing.notes

    def test_an_artist_that_the_split_parts_is_told_and_its_clips_are_groups_by_track(self, tmp_path: Path) -> None:
        listing = listed(info(Table().written(tmp_path), ("Ann", "Ann", "Ann", "")))
        groups = [item.group for item in listing.items]
        assert groups == [
            "track ann-first-01-rain",
            "track ann-first-01-sun",
            "track bob-second-02-snow",
            "track eve-third-03-hail",
        ]
        assert listing.notes[:2] == (
            "clip_info_final.csv names no artist of 1 clips; those of one track are a group",
            "the published split parts 1 of 1 artists (3 clips), whose clips are groups by track instead: "
            "artist ann (2 train, 1 validation)",
        )

    def test_a_track_that_the_split_parts_is_told_and_its_clips_stand_alone(self, tmp_path: Path) -> None:
        clips = (("0/a-0-29.mp3", "11"), ("c/a-29-58.mp3", "11"), ("d/b-0-29.mp3", "11"))
        listing = listed(Table(("x", "y"), clips).written(tmp_path))
        assert [item.group for item in listing.items] == ["magnatagatune/2", "magnatagatune/3", "track b"]
        assert "the published split parts 1 tracks, whose clips stand alone: a (1 train, 1 validation)" in listing.notes

    def test_a_table_of_clips_without_artists_is_refused(self, tmp_path: Path) -> None:
        (Table().written(tmp_path) / "clip_info_final.csv").write_text("clip_id\tperformer\n2\tAnn\n")
        with pytest.raises(
            DataFault, match=r"clip_info_final\.csv has 1 fault:\n  column 'artist' is missing; there is"
        ):
            listed(tmp_path)


class TestWhatIsThere:
    def test_missing_clips_are_lost_by_name_and_change_no_tag(self, tmp_path: Path) -> None:
        whole = listed(Table().written(tmp_path / "whole"))
        clips = (*Table().clips, ("f/gone-0-29.mp3", "010"), ("f/gone-29-58.mp3", "010"))
        lacking = replace(Table(), clips=clips, missing=("f/gone-0-29.mp3", "f/gone-29-58.mp3"))
        listing = listed(lacking.written(tmp_path / "lacking"))
        said = "annotations_final.csv names it, and it is not there"
        assert listing.left_out == (LeftOut("f/gone-0-29.mp3", said), LeftOut("f/gone-29-58.mp3", said))
        assert listing.target_names == ("beats", "guitar") and whole.target_names == ("guitar", "beats")
        assert [item.id for item in listing.items] == [item.id for item in whole.items]

    def test_clips_that_were_published_empty_are_left_out_and_not_counted_as_lost(self, tmp_path: Path) -> None:
        listing = listed(replace(Table(), clips=(*Table().clips, (EMPTY[0], "111"))).written(tmp_path))
        assert listing.left_out == (LeftOut(EMPTY[0], "known to be empty in the published collection", lost=0),)

    def test_files_that_the_table_does_not_name_are_left_out_by_name(self, tmp_path: Path) -> None:
        folder = Table().written(tmp_path)
        (folder / "0" / "other.mp3").touch()
        (folder / "0" / ".hidden").touch()
        assert listed(folder).left_out == (LeftOut("0/other.mp3", "annotations_final.csv does not name it", lost=0),)

    def test_clip_folders_may_lie_in_mp3(self, tmp_path: Path) -> None:
        Table().written(tmp_path / "mp3")
        (tmp_path / "mp3" / "annotations_final.csv").rename(tmp_path / "annotations_final.csv")
        assert listed(tmp_path).items[0].file == "mp3/0/ann-first-01-rain-0-29.mp3"

    def test_clips_without_any_kept_tag_are_kept_and_counted(self, tmp_path: Path) -> None:
        listing = listed(Table().written(tmp_path))
        assert listing.items[1].targets == (0.0, 0.0)
        assert "1 of 4 clips have none of the 2 tags; they are kept" in listing.notes

    def test_tags_that_a_part_has_no_example_of_are_told(self, tmp_path: Path) -> None:
        listing = listed(Table().written(tmp_path), 3)
        said = [note for note in listing.notes if note.startswith("no clip of the")]
        assert said == [
            "no clip of the train part has the tags beats; these are left out of its figures",
            "no clip of the validation part has the tags beat; these are left out of its figures",
            "no clip of the test part has the tags beat; these are left out of its figures",
        ]

    def test_a_part_without_any_positive_mark_is_refused(self, tmp_path: Path) -> None:
        clips = (*Table().clips[:2], ("c/bob-0-29.mp3", "000"), Table().clips[3])
        expected = r"has 1 fault:\n  no clip of the validation part has any of the 2 tags; expected some$"
        with pytest.raises(DataFault, match=expected):
            listed(replace(Table(), clips=clips).written(tmp_path))

    def test_folders_without_the_table_the_clips_or_any_of_them_are_told(self, tmp_path: Path) -> None:
        with pytest.raises(DataFault, match=r"'annotations_final\.csv' is missing; there is nothing$"):
            listed(tmp_path)
        names = tuple(name for name, _ in Table().clips)
        replace(Table(), missing=names).written(tmp_path)
        with pytest.raises(
            DataFault, match=r"has none of the clip folders 0, .*, f; expected them there or in mp3/, with 4"
        ):
            listed(tmp_path)
        (tmp_path / "0").mkdir()
        with pytest.raises(DataFault, match=r"holds none of the clips that annotations_final\.csv names$"):
            listed(tmp_path)

    @pytest.mark.slow
    def test_a_part_that_holds_more_clips_than_were_published_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path))
        published = CARDS["magnatagatune"].validation_counts
        assert published is not None
        more = tuple((f"c/more-{number}-29.mp3", "110") for number in range(published[0]))
        replace(Table(), clips=(*Table().clips, *more)).written(tmp_path / "magnatagatune")
        with pytest.raises(DataFault, match=r"card says:\n  validation part: expected 1825 items, found 1826$"):
            decoded(Reading("magnatagatune", sound=SHORT, asked=Asked(tags=TagChoice(2))), lambda done, files: None)


class TestBadTables:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "clip_id\tmp3_path\n2\t0/a-0-29.mp3\n",
                r"it has no tag columns, only clip_id and mp3_path; get the published",
            ),
            (
                "clip_id,x,mp3_path\n2,1,0/a-0-29.mp3\n",
                r"column 'clip_id' is missing; there is clip_id,x,mp3_path.*by tabs",
            ),
            ("clip_id\tx\n2\t1\n", r"column 'mp3_path' is missing; there is clip_id, x; columns are parted by tabs"),
            ("clip_id\tx\tclip_id\tmp3_path\n2\t1\t2\ta\n", r"column 'clip_id' stands 2 times"),
            ("clip_id\tx\tmp3_path\n", r"has no rows; expected a header, and a line a clip, parted by tabs$"),
            ("clip_id\tx\tmp3_path\n2\t1\n", r"line 2: 2 cells, where the header has 3"),
            (
                "clip_id\tx\tmp3_path\n2\t1\ta\n2\t1\ta\n",
                r"clip_id '2' stands 2 times; expected once\n  mp3_path 'a' stands",
            ),
            (
                "clip_id\tx\ty\tmp3_path\n2\t1\t0\ta\n3\t2\t0\tb\n4\t\tyes\tc\n",
                r"2 faults:\n  column 'x': 2 of 3 cells are neither 0 nor 1, the first in line 3 \(got '2'\)\n"
                r"  column 'y': 1 of 3 cells is neither 0 nor 1, the first in line 4 \(got 'yes'\)$",
            ),
        ],
    )
    def test_every_fault_is_told(self, tmp_path: Path, text: str, said: str) -> None:
        (tmp_path / "annotations_final.csv").write_text(text)
        with pytest.raises(DataFault, match=said):
            read_annotations(tmp_path)

    def test_a_wrong_cell_of_a_column_that_stands_twice_is_told_once(self, tmp_path: Path) -> None:
        text = "clip_id\tno vocals\tno vocals\tmp3_path\n2\t7\t7\ta\n3\t1\t1\tb\n"
        (tmp_path / "annotations_final.csv").write_text(text)
        with pytest.raises(DataFault, match=r"has 1 fault:\n  column 'no vocals': 1 of 2 cells is neither 0 nor 1"):
            read_annotations(tmp_path)

    def test_a_table_in_another_encoding_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "annotations_final.csv").write_bytes("clip_id\tnäher\tmp3_path\n".encode("latin-1"))
        with pytest.raises(DataFault, match=r"is not UTF-8 \(byte 9\); get the published table again$"):
            read_annotations(tmp_path)

    def test_a_clip_outside_the_sixteen_folders_is_refused(self, tmp_path: Path) -> None:
        table = replace(Table(), clips=(("g/a-0-29.mp3", "111"), ("0/a.mp3", "111")))
        with pytest.raises(
            DataFault, match=r"2 faults:\n  clip 2: mp3_path must be like .* \(got 'g/a-0-29\.mp3'\)\n  clip 3"
        ):
            listed(table.written(tmp_path))


def test_sounds_are_decoded_and_the_corrupt_and_the_missing_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    corrupt, missing = "1/corrupt-0-29.mp3", "2/missing-0-29.mp3"
    clips = (*Table().clips, (corrupt, "100"), (missing, "100"))
    folder = replace(Table(), clips=clips, missing=(missing,)).written(tmp_path / "magnatagatune")
    noise = np.random.default_rng(0).standard_normal(RATE_HZ // 4) / 10
    for name, _ in Table().clips:
        soundfile.write(folder / name, noise, RATE_HZ)
    (folder / corrupt).write_bytes(b"no music at all")
    whole = decoded(Reading("magnatagatune", sound=SHORT, asked=Asked(tags=TagChoice(2))), lambda done, files: None)
    assert whole.samples.ids.tolist() == [f"magnatagatune/{number}" for number in (2, 3, 4, 5)]
    assert [(out.file, out.lost) for out in whole.left_out] == [(missing, 1), (corrupt, 1)]
    assert "cannot be decoded as .mp3" in whole.left_out[1].reason
    assert whole.target_names == ("guitar", "beats") and len(whole.notes) == 3
    parts = parted(whole, Dataset(name="magnatagatune", size=16, tags=2, spectrogram=SHORT), 0)
    assert parts.train.ids.tolist() == ["magnatagatune/2", "magnatagatune/3"]
    assert parts.validation is not None and parts.validation.ids.tolist() == ["magnatagatune/4"]
    assert parts.test.ids.tolist() == ["magnatagatune/5"]


def test_the_digest_covers_the_tags_and_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    noise = np.random.default_rng(0).standard_normal(RATE_HZ // 4) / 10
    other_marks = (Table().clips[0], (Table().clips[1][0], "100"), *Table().clips[2:])
    tables = {
        "one": Table(),
        "marks": replace(Table(), clips=other_marks),
        "name": replace(Table(), tags=("lute", "b", "c")),
    }
    digests = set()
    for name, table in tables.items():
        folder = table.written(tmp_path / name / "magnatagatune")
        for file, _ in table.clips:
            soundfile.write(folder / file, noise, RATE_HZ)
        monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path / name))
        digests.add(
            decoded(
                Reading("magnatagatune", sound=SHORT, asked=Asked(tags=TagChoice(1))), lambda done, files: None
            ).digest
        )
    assert len(digests) == 3


def test_it_can_be_named_in_a_study() -> None:
    assert "magnatagatune" in dataset_cards()
