"""What `frostline prepare` writes of tags and values: the items that can be used, as they are annotated and parted."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from frostline.cli import main

STUDY = """
title: Annotations
question: How deep?
dataset: DATASET
network: {name: plain_cnn, depth: 1, channels: 2}
surgeries: {scratch: r1}
seeds: 1
most_left_out: 0.9999
recipe: {steps: 2, validate_every: 1, batch: 4}
"""
SOUND = "size: 16, spectrogram: {rate_hz: 8000, duration_s: 0.2, window: 512, hop: 256, bands: 16}"
CLIPS = {"2": "0/ann-a-01-x-0-29.mp3", "3": "c/bob-b-01-y-0-29.mp3", "4": "d/eve-c-01-z-0-29.mp3", "5": "1/no-0-29.mp3"}
MARKS = {"2": "110", "3": "011", "4": "011", "5": "111"}
Prepared = Callable[..., tuple[int, str, str]]


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Prepared:
    """`frostline prepare` of a study of that dataset: its status, what it says, and what it says of mistakes."""
    monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(dataset: str, *options: str) -> tuple[int, str, str]:
        (tmp_path / "study.yaml").write_text(STUDY.replace("DATASET", dataset))
        monkeypatch.setattr(sys, "argv", ["frostline", "prepare", "study.yaml", *options])
        with pytest.raises(SystemExit) as ended:
            main()
        heard = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, heard.out, heard.err

    return run


def noise(path: Path, duration_s: float = 0.25) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(0).standard_normal(int(16_000 * duration_s)) / 10, 16_000)


def magnatagatune(folder: Path) -> None:
    """Three clips that can be used and one that cannot, with three tags of which two are synonyms."""
    for name in CLIPS.values():
        noise(folder / name)
    (folder / CLIPS["5"]).write_bytes(b"no music")
    rows = [["clip_id", "lute", "guitar", "guitars", "mp3_path"], *([n, *MARKS[n], CLIPS[n]] for n in CLIPS)]
    (folder / "annotations_final.csv").write_text("\n".join("\t".join(row) for row in rows) + "\n")


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_the_tags_that_are_kept_and_the_clips_that_can_be_used_are_written(tmp_path: Path, prepared: Prepared) -> None:
    magnatagatune(tmp_path / "magnatagatune")
    status, said, _ = prepared(f"{{name: magnatagatune, tags: 2, merge: synonyms, {SOUND}}}", "--to", "study")
    assert status == 0
    assert "magnatagatune (2 tags, synonyms merged, log-mel " in said
    assert "\n  1/no-0-29.mp3: cannot be decoded as .mp3" in said
    assert "no artists are known, for clip_info_final.csv is not there" in said
    assert (
        "annotations:\n  study/magnatagatune-2-merged-annotations.csv\n  study/magnatagatune-2-merged-tags.csv" in said
    )
    assert rows_of(tmp_path / "study" / "magnatagatune-2-merged-tags.csv") == [
        ["tag", "items", "train", "validation", "test"],
        ["guitar", "3", "1", "1", "1"],
        ["lute", "1", "1", "0", "0"],
    ]
    assert rows_of(tmp_path / "study" / "magnatagatune-2-merged-annotations.csv") == [
        ["id", "file", "group", "part", "guitar", "lute"],
        ["magnatagatune/2", CLIPS["2"], "track ann-a-01-x", "train", "1", "1"],
        ["magnatagatune/3", CLIPS["3"], "track bob-b-01-y", "validation", "1", "0"],
        ["magnatagatune/4", CLIPS["4"], "track eve-c-01-z", "test", "1", "0"],
    ]


def test_more_tags_than_there_are_is_a_fault_of_the_study_with_its_line(tmp_path: Path, prepared: Prepared) -> None:
    magnatagatune(tmp_path / "magnatagatune")
    status, _, mistakes = prepared(f"{{name: magnatagatune, tags: 4, {SOUND}}}")
    assert status == 2
    assert "line 4" in mistakes and "tags must be at most 3, for clips have so many different tags (got 4)" in mistakes


def test_short_recordings_are_told_and_numbers_are_written_as_they_were_annotated(
    tmp_path: Path, prepared: Prepared
) -> None:
    rows = [f"{series}.ogg,{series},Game,0.{place},-0.25" for place, series in enumerate("abcde", start=1)]
    (tmp_path / "vgmidi_va").mkdir()
    (tmp_path / "vgmidi_va" / "va.csv").write_text("\n".join(["file,series,game,valence,arousal", *rows]) + "\n")
    for series in "abcde":
        noise(tmp_path / "vgmidi_va" / "audio" / f"{series}.ogg", 0.15 if series == "c" else 0.25)
    half = tmp_path / "results" / "study" / ".vgmidi_va-annotations.csv.part"
    half.parent.mkdir(parents=True)
    half.write_text("of another program that writes the same file")
    status, said, _ = prepared(f"{{name: vgmidi_va, {SOUND}}}")
    assert status == 0 and half.exists()
    assert (
        "vgmidi_va: 1 of 5 recordings are shorter than the 0.2 s that are taken of each, and get silence before and "
        "behind; the shortest has 0.15 s (audio/c.ogg)\n"
    ) in said
    written = rows_of(tmp_path / "results" / "study" / "vgmidi_va-annotations.csv")
    assert written[0] == ["id", "file", "group", "fold", "valence", "arousal"]
    assert written[1][:3] + written[1][4:] == ["vgmidi_va/a", "audio/a.ogg", "a", "0.1", "-0.25"]
    assert sorted(row[3] for row in written[1:]) == ["1", "2", "3", "4", "5"]


def test_a_folder_for_annotations_that_a_study_does_not_have_is_refused(prepared: Prepared) -> None:
    status, said, mistakes = prepared("{name: digits}", "--to", "elsewhere")
    assert (status, said) == (2, "")
    assert mistakes == "--to has no effect, for the study reads no tags and no values to be written; remove it\n"
