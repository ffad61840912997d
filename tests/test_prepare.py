"""What a study reads is made ready before it runs, and what cannot be used is told by name."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import timm
from rich.console import Console
from safetensors.torch import save_file

from frostline import progress
from frostline.catalog import LeftOut
from frostline.cli import main
from frostline.look.gather import told_left_out
from frostline.networks.build import build
from frostline.networks.network import Fit
from frostline.progress import FileProgress
from frostline.spec.network import PlainCnn

RATE_HZ = 8000
STUDY = """
title: Tones
question: How deep?
source: {weights: start.safetensors}
dataset:
  name: folder
  path: tones
  size: 16
  spectrogram: {rate_hz: 8000, duration_s: 0.2, window: 512, hop: 256, bands: 16}
network: {name: plain_cnn, depth: 1, channels: 2}
surgeries: {scratch: r1, probe: f1}
seeds: 2
recipe: {steps: 2, validate_every: 1, batch: 4}
"""
NETWORK: dict[str, Any] = {"name": "plain_cnn", "depth": 1, "channels": 2}
DIGITS = """
title: Digits
question: How deep?
source: {weights: start.safetensors}
dataset: {name: digits, channels: 3, size: 32}
network: {name: timm, model: test_resnet}
surgeries: {probe: f5, FR: {below: frozen, above: reset, cuts: [1, 2]}}
seeds: 2
recipe: {steps: 2, validate_every: 1, batch: 4}
"""
Frostline = Callable[..., tuple[int, str, str]]


def tone(path: Path, frequency_hz: float, duration_s: float = 0.2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * frequency_hz * seconds), RATE_HZ)


@pytest.fixture
def frostline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Frostline:
    """A command of the command line in this process: its status, what it says, and what it says of mistakes."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["frostline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        heard = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, heard.out, heard.err

    return run


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of two classes of five tones, and a file that is no sound."""
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for take in range(5):
        tone(tmp_path / "tones" / "low" / f"{take}.wav", 300 + take)
        tone(tmp_path / "tones" / "high" / f"{take}.wav", 3000 + take)
    (tmp_path / "tones" / "low" / "broken.wav").write_bytes(b"no sound at all")
    state = build(PlainCnn(**NETWORK), Fit(1, 16, 9, 1), seed=7).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / "start.safetensors")
    (tmp_path / "tones.yaml").write_text(STUDY + "most_left_out: 0.1\n")
    return tmp_path


def test_prepare_says_what_can_be_used_what_is_left_out_and_why_and_where_the_cache_is(
    study: Path, frostline: Frostline
) -> None:
    status, said, _ = frostline("prepare", "tones.yaml")
    assert status == 0
    assert "10 of 11 files can be used, 1 cannot\n" in said
    assert "\n  low/broken.wav: cannot be decoded as .wav" in said
    assert f"  cache {study}/cache/planes: 10 files new in it" in said
    assert said.endswith("weights start.safetensors\n  in start.safetensors\n")


def test_a_second_call_computes_nothing_and_says_so(study: Path, frostline: Frostline) -> None:
    frostline("prepare", "tones.yaml")
    kept = {path: path.stat().st_mtime_ns for path in (study / "cache").rglob("*.npy")}
    _, said, _ = frostline("prepare", "tones.yaml")
    assert "nothing new in it, nothing was computed" in said
    assert {path: path.stat().st_mtime_ns for path in (study / "cache").rglob("*.npy")} == kept


def test_everything_that_stands_in_the_way_is_told_at_once_after_the_rest_is_ready(
    study: Path, frostline: Frostline
) -> None:
    (study / "tones.yaml").write_text(STUDY)
    status, said, mistakes = frostline("prepare", "tones.yaml")
    assert (status, "10 of 11 files can be used" in said, "weights start" in said) == (2, True, True)
    assert "cannot be used, more than most_left_out: 0.01 allows" in mistakes and "at least 0.091" in mistakes
    (study / "start.safetensors").unlink()
    _, said, mistakes = frostline("prepare", "tones.yaml")
    assert "10 of 11 files can be used" in said
    assert "more than most_left_out" in mistakes and "no weights file at start.safetensors" in mistakes
    assert "Traceback" not in mistakes
    (study / "start.safetensors").write_bytes(b"half")
    assert "start.safetensors is damaged or no safetensors file" in frostline("prepare", "tones.yaml")[2]


def test_a_run_that_is_refused_leaves_no_folder(study: Path, frostline: Frostline) -> None:
    (study / "tones.yaml").write_text(STUDY)
    status, _, mistakes = frostline("run", "tones.yaml", "--executor", "inline", "--to", "results")
    assert (status, (study / "results").exists()) == (2, False)
    assert "cannot be used, more than most_left_out: 0.01 allows" in mistakes


def test_weights_of_another_architecture_are_told_once_before_anything_runs(study: Path, frostline: Frostline) -> None:
    (study / "digits.yaml").write_text(DIGITS)
    save_file(timm.create_model("test_efficientnet").state_dict(), study / "start.safetensors")
    for command in (("prepare", "digits.yaml"), ("run", "digits.yaml", "--executor", "inline", "--to", "results")):
        status, _, mistakes = frostline(*command)
        assert (status, (study / "results").exists()) == (2, False)
        said = mistakes.splitlines()
        assert said[0] == "source.weights: start.safetensors does not fit the network test_resnet"
        assert said[1].startswith("  not in the file: ")
        assert said[-1] == "  name weights of test_resnet, or set network.model to the architecture that these are of"
        assert mistakes.count("does not fit") == 1
    save_file(timm.create_model("test_resnet").state_dict(), study / "start.safetensors")
    assert frostline("prepare", "digits.yaml")[0] == 0


def test_weights_of_another_plain_network_are_told_with_what_else_stands_in_the_way(
    study: Path, frostline: Frostline
) -> None:
    (study / "tones.yaml").write_text(STUDY.replace("channels: 2", "channels: 3"))
    status, _, mistakes = frostline("run", "tones.yaml", "--executor", "inline", "--to", "results")
    assert (status, (study / "results").exists()) == (2, False)
    assert "more than most_left_out" in mistakes
    assert (
        "\nsource.weights: start.safetensors does not fit the network plain_cnn\n"
        "  other shape: layers.conv1.0.weight is (2, 1, 3, 3), the network has (3, 1, 3, 3), "
        "layers.conv1.0.bias is (2,), the network has (3,)\n"
        "  name weights of such a network, or give network and dataset the shape that these were made for\n"
    ) in mistakes


def test_only_what_the_narrowed_study_reads_is_prepared(study: Path, frostline: Frostline) -> None:
    (study / "start.safetensors").unlink()
    status, said, mistakes = frostline("prepare", "tones.yaml", "--arm", "r1")
    assert (status, mistakes) == (0, "")
    assert "weights" not in said


def test_a_dataset_of_planes_is_read_and_checked_once(study: Path, frostline: Frostline) -> None:
    plain = STUDY[: STUDY.index("dataset:")] + "dataset: {name: digits}\n" + STUDY[STUDY.index("network:") :]
    (study / "plain.yaml").write_text(plain)
    _, said, _ = frostline("prepare", "plain.yaml")
    assert said.count("digits: 1,438 + 359 items, checked in ") == 1


def test_a_study_that_is_not_there_is_told_in_words(study: Path, frostline: Frostline) -> None:
    status, said, mistakes = frostline("prepare", "nowhere.yaml")
    assert (status, said) == (2, "")
    assert "no study file at nowhere.yaml" in mistakes


def test_fifty_files_are_told_by_name_and_the_others_counted() -> None:
    lines = told_left_out([LeftOut(f"{number}.wav", "it is empty") for number in range(53)])
    assert lines[0] == "0.wav: it is empty"
    assert lines[49:] == ["49.wav: it is empty", "and 3 more"]
    assert told_left_out([LeftOut("low/1.wav", "here/low/1.wav is empty")]) == ["here/low/1.wav is empty"]


def test_files_are_counted_in_plain_lines_outside_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    with FileProgress("esc10", Console(file=written)) as files:
        files.note(1, 400)
    assert written.getvalue() == ""
    monkeypatch.setattr(progress, "PLAIN_EVERY_S", 0.0)
    with FileProgress("esc10", Console(file=written)) as files:
        files.note(1, 400)
    assert written.getvalue() == "esc10: 1 of 400 files are ready\n"


def test_files_move_a_bar_in_a_terminal() -> None:
    written = io.StringIO()
    with FileProgress("esc10", Console(file=written, force_terminal=True, width=100)) as files:
        files.note(399, 400)
    assert "399/400" in written.getvalue()
