"""A dataset in files is read whole, or with a word for each file that cannot be used."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from frostline.catalog import LeftOut, Listed, Listing
from frostline.data.cards import CARDS
from frostline.data.read import decoded, read, refuse_many_left_out
from frostline.data.samples import Collection, Samples, digest_of_listed
from frostline.errors import DataFault
from frostline.spec.reading import Reading
from frostline.spec.spectrogram import Spectrogram
from tests.data.test_own import manifest

SHORT = Spectrogram(rate_hz=8000, duration_s=0.1, window=256, hop=128, bands=8)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))


def tone(path: Path, pitch_hz: float = 440) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(800) / 8000), 8000)


def sounds(folder: Path, items: int = 5) -> Path:
    """Two classes of so many short tones."""
    for label, name in enumerate(("cat", "dog")):
        for number in range(items):
            tone(folder / name / f"{number}.wav", 300 + 400 * label + 10 * number)
    return folder


def reading(folder: Path) -> Reading:
    return Reading("folder", str(folder), sound=SHORT)


def silent(done: int, files: int) -> None:
    """Notes nothing."""


def test_samples_stand_in_the_order_of_their_ids_with_class_and_group(tmp_path: Path) -> None:
    whole = decoded(reading(sounds(tmp_path / "own")), silent)
    assert whole.samples.ids.tolist() == sorted(whole.samples.ids.tolist())
    assert whole.samples.targets.tolist() == [0] * 5 + [1] * 5
    assert whole.samples.groups.tolist() == whole.samples.ids.tolist()
    assert whole.samples.planes.shape == (10, 1, 8, SHORT.frames(0.1))
    assert whole.left_out == ()


def test_reading_notes_how_many_of_how_many_files_are_ready(tmp_path: Path) -> None:
    noted: list[tuple[int, int]] = []
    decoded(reading(sounds(tmp_path / "own")), lambda done, files: noted.append((done, files)))
    assert noted == [(done, 10) for done in range(1, 11)]


def test_a_damaged_file_is_left_out_by_name_and_moves_no_other(tmp_path: Path) -> None:
    before = decoded(reading(sounds(tmp_path / "own")), silent)
    (tmp_path / "own" / "cat" / "2.wav").write_bytes(b"no sound")
    (tmp_path / "own" / "dog" / "notes.txt").write_bytes(b"")
    after = decoded(reading(tmp_path / "own"), silent)
    assert [out.file for out in after.left_out] == ["cat/2.wav"]
    assert "cannot be decoded as .wav" in after.left_out[0].reason
    assert after.listed == before.listed
    assert after.samples.ids.tolist() == [name for name in before.samples.ids.tolist() if name != "cat/2.wav"]
    assert np.array_equal(after.samples.planes[2:], before.samples.planes[3:])
    assert after.digest != before.digest


def test_files_of_which_none_can_be_used_are_an_error_that_names_them(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.wav").write_bytes(b"no sound")
    with pytest.raises(DataFault) as refused:
        decoded(Reading("folder", str(tmp_path), sound=SHORT), silent)
    heads = [line.partition(" cannot")[0] for line in str(refused.value).splitlines()]
    assert heads == ["folder: none of 2 files can be used:", "  cat/1.wav:", "  dog/1.wav:"]


def lost(tmp_path: Path, items: int) -> Collection:
    whole = decoded(reading(sounds(tmp_path / "own", 2)), silent)
    usable, out = whole.samples.take(np.arange(4 - items)), [LeftOut(f"{n}.wav", "silent", 1) for n in range(items)]
    return Collection(usable, whole.listed, tuple(out), "")


def test_more_left_out_than_a_study_allows_is_refused_with_the_files_and_the_remedy(tmp_path: Path) -> None:
    whole = lost(tmp_path, 2)
    with pytest.raises(DataFault) as refused:
        refuse_many_left_out("own", whole, 0.25)
    assert str(refused.value) == (
        "2 of 4 files of own cannot be used, more than most_left_out: 0.25 allows:\n"
        "  0.wav: silent\n  1.wav: silent\n  Repair or remove them, or set most_left_out to at least 0.500."
    )
    refuse_many_left_out("own", lost(tmp_path, 1), 0.25)
    unread = Collection(
        whole.samples, whole.listed, (LeftOut("notes.txt", "files ending in .txt are not read", 0),), ""
    )
    refuse_many_left_out("own", unread, 0.0)
    refuse_many_left_out("own", lost(tmp_path, 0), 0.0)


def test_ten_of_the_files_that_are_left_out_are_told_and_the_others_counted(tmp_path: Path) -> None:
    whole = lost(tmp_path, 1)
    many = tuple(LeftOut(f"{number}.wav", "silent", 1) for number in range(13))
    with pytest.raises(DataFault, match=r"\n  9.wav: silent\n  and 3 more\n  Repair"):
        refuse_many_left_out("own", Collection(whole.samples, whole.listed, many, ""), 0.01)


def test_the_part_of_files_that_a_refusal_names_is_enough(tmp_path: Path) -> None:
    whole = decoded(reading(sounds(tmp_path / "own", 15)), silent)
    short = Collection(whole.samples.take(np.arange(17)), whole.listed, (LeftOut("0.wav", "silent", 13),), "")
    with pytest.raises(DataFault) as refused:
        refuse_many_left_out("own", short, 0.01)
    refuse_many_left_out("own", short, float(str(refused.value).rstrip(".").rsplit(" ", 1)[1]))


def speakers(folder: Path, count: int, digits: int = 10) -> None:
    for number in range(count):
        for digit in range(digits):
            tone(folder / "fsdd" / "recordings" / f"{digit}_speaker{number}_0.wav")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_a_known_collection_with_more_folds_than_its_card_says_is_refused(data: Path) -> None:
    speakers(data, 7, digits=1)
    with pytest.raises(DataFault) as refused:
        decoded(Reading("fsdd", sound=SHORT), silent)
    assert str(refused.value) == (
        f"fsdd in {data / 'fsdd'} does not hold what its card says:\n  fold 7: expected 0 items, found 1"
    )


def test_a_known_collection_with_more_items_than_its_card_says_is_refused(data: Path) -> None:
    for take in range(501):
        path = data / "fsdd" / "recordings" / f"3_anna_{take}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with pytest.raises(DataFault, match=r"does not hold what its card says:\n  fold 1: expected 500 items, found 501"):
        decoded(Reading("fsdd", sound=SHORT), silent)


def test_files_that_a_known_collection_lacks_are_told_by_fold_and_class(data: Path) -> None:
    speakers(data, 1)
    left_out = decoded(Reading("fsdd", sound=SHORT), silent).left_out
    assert left_out[0] == LeftOut("0, fold 1", "1 of 50 files are there", 49)
    assert left_out[-1] == LeftOut("9, fold 6", "0 of 50 files are there", 50)
    assert sum(out.lost for out in left_out) == sum(map(sum, CARDS["fsdd"].fold_counts)) - 10


def test_a_manifest_finds_its_files_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = manifest(tmp_path / "own", [{"path": f"{name}.wav", "label": name} for name in ("cat", "dog")])
    for name in ("cat", "dog"):
        tone(path.parent / f"{name}.wav")
    monkeypatch.chdir(tmp_path)
    whole = decoded(Reading("manifest", "own/manifest.csv", sound=SHORT), silent)
    assert whole.samples.ids.tolist() == ["cat.wav", "dog.wav"]


def listed_as(folder: Path, **changes: str) -> str:
    """The digest of six tones that a manifest lists; ``changes`` are (column)_(row) and what stands there instead."""
    rows: list[dict[str, object]] = [
        {"path": f"{n}.wav", "label": "ab"[n % 2], "group": f"g{n}", "fold": str(n // 2)} for n in range(6)
    ]
    return digest_of_rows(folder, rows, changes)


def digest_of_rows(folder: Path, rows: list[dict[str, object]], changes: Mapping[str, str]) -> str:
    for place, value in changes.items():
        column, _, row = place.partition("_")
        rows[int(row)][column] = value
    path = manifest(folder, rows)
    for n in range(len(rows)):
        tone(folder / f"{n}.wav", 300 + 50 * n)
    return decoded(Reading("manifest", str(path), sound=SHORT), silent).digest


def test_the_digest_of_a_manifest_covers_all_that_splits_and_labels_are_made_from(tmp_path: Path) -> None:
    changes = [
        {},
        {"fold_0": "1", "fold_2": "0"},
        {"group_3": "another"},
        {"label_1": "c", "label_3": "c", "label_5": "c"},
    ]
    digests = [listed_as(tmp_path / str(n), **change) for n, change in enumerate(changes)]
    assert len(set(digests)) == len(changes)
    assert listed_as(tmp_path / "again") == digests[0]


def test_the_digest_of_a_manifest_covers_its_parts(tmp_path: Path) -> None:
    parts = ("train", "train", "train", "train", "test", "test")
    digests = {
        digest_of_rows(
            tmp_path / f"split {n}",
            [{"path": f"{n}.wav", "label": "ab"[n % 2], "split": part} for n, part in enumerate(parts)],
            change,
        )
        for n, change in enumerate([{}, {"split_2": "test", "split_4": "train"}])
    }
    assert len(digests) == 2


def test_the_digest_covers_what_is_listed_and_cannot_be_used(tmp_path: Path) -> None:
    """Folds and shares are dealt over it."""
    (listed, unlisted) = (sounds(tmp_path / name, 3) for name in ("listed", "unlisted"))
    (listed / "cat" / "9.wav").write_bytes(b"no sound")
    one, other = (decoded(reading(folder), silent) for folder in (listed, unlisted))
    assert one.samples.ids.tolist() == other.samples.ids.tolist()
    assert one.digest != other.digest


@pytest.mark.parametrize("change", [{"id": "z"}, {"label": 1}, {"group": "z"}, {"fold": 1}, {"part": "test"}])
def test_the_digest_covers_each_fact_of_an_item_that_cannot_be_used(change: Mapping[str, object]) -> None:
    samples = Samples(torch.zeros(1, 1, 1, 1), torch.zeros(1, dtype=torch.int64), np.array(["a"]), np.array(["a"]))
    items = (Listed("a", "a.wav", 0, "a"), Listed("b", "b.wav", 0, "b"))
    moved = (items[0], dataclasses.replace(items[1], **change))  # type: ignore[arg-type]
    told = digest_of_listed(samples, Listing(("cat", "dog"), items))
    assert told != digest_of_listed(samples, Listing(("cat", "dog"), moved))
    brighter = dataclasses.replace(samples, planes=samples.planes + 1)
    assert told != digest_of_listed(brighter, Listing(("cat", "dog"), items))


def test_each_item_in_a_file_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    folder = sounds(tmp_path / "own", 2)
    (folder / "cat" / "0.wav").write_bytes(b"no sound")
    samples = decoded(reading(folder), silent).samples
    assert samples.contents is not None
    told = dict(zip(samples.ids.tolist(), samples.contents.tolist(), strict=True))
    assert told == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in samples.ids.tolist()}
    assert samples.take(np.array([2, 0])).contents.tolist() == samples.contents[[2, 0]].tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize("fact", ["frostline.data.read.PLANES_EDITION", "soundfile.__libsndfile_version__"])
def test_planes_of_another_edition_or_another_decoder_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: str
) -> None:
    folder = sounds(tmp_path / "own", 1)
    kept = tmp_path / "cache" / "planes"
    for files in (2, 2, 4):
        if files == 4:
            monkeypatch.setattr(fact, "another")
        decoded(reading(folder), silent)
        assert len(list(kept.glob("*/*.npy"))) == files


def test_the_key_of_planes_names_every_setting_so_that_none_is_taken_for_another_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, object] = {}
    monkeypatch.setattr("frostline.data.read.key_of", lambda kind, content: str(told.update(content)))
    decoded(reading(sounds(tmp_path / "own", 1)), silent)
    assert isinstance(told["sound"], dict)
    assert set(told["sound"]) == set(Spectrogram.model_fields)


def test_a_reading_is_decoded_once_a_process(tmp_path: Path) -> None:
    asked = reading(sounds(tmp_path / "own"))
    assert read(asked) is read(reading(tmp_path / "own"))
