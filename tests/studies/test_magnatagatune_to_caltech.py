"""From the tags of music to photographs: the preset holds the whole design, and a small one of its shape runs whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from ruamel.yaml import YAML

from frostline.data.caltech_cards import CALTECH256_COUNTS
from frostline.outcome import Finished, TagMetrics
from frostline.presets import presets
from frostline.spec.plan import plan
from frostline.spec.study import Narrowing, Study
from frostline.spec.study_file import load_study
from frostline.store import read_outcomes
from tests.data.test_magnatagatune import Table
from tests.test_prepare import Frostline, frostline

__all__ = ["frostline"]

NAME = "magnatagatune-to-caltech256"
RATE_HZ = 8000
CLASSES = (0, 1, 2)
PHOTOGRAPHS = 20


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(presets()[NAME])


def test_every_cut_is_frozen_in_each_way_and_tuned_from_trained_and_from_untrained_weights(study: Study) -> None:
    arms = {arm.written for arm in plan(study.narrowed(Narrowing(seeds=1, shares=(1.0,)))).arms}
    ways = ("", " norms re-estimated", " norms tuned")
    trained = {f"{arm}{way}" for arm in ("f9", *(f"f{cut}t{9 - cut}" for cut in range(1, 9))) for way in ways}
    untrained = {
        f"{arm}{way} from random" for arm in ("f9", *(f"f{cut}r{9 - cut}" for cut in range(1, 9))) for way in ways
    }
    assert arms == trained | untrained | {"r9", "t9"}


def test_ten_networks_learn_fifty_merged_tags_from_pieces_that_are_not_scaled(study: Study) -> None:
    starts = {one.key: one for one in plan(study.narrowed(Narrowing(shares=(1.0,)))).trials if one.start is None}
    pretrainings = [one for one in starts.values() if one.dataset.task == "tags"]
    assert len(pretrainings) == 10
    for one in pretrainings:
        assert (one.dataset.outputs, one.dataset.merge, one.recipe.loss) == (50, "synonyms", "usual")
        sound = one.dataset.sound
        assert sound.duration_s is not None
        assert (sound.bands, sound.frames(sound.duration_s)) == (one.dataset.size, one.dataset.size)


def music(folder: Path) -> None:
    """Clips in every part, deep or high, and tags that say which; as the published collection lies in its folder."""
    clips, draws = [], np.random.default_rng(0)
    for number, part in enumerate("0123456789abcdef" * 3):
        clips.append((f"{part}/song-{number}-0-29.mp3", ("101", "011")[(number // 16 + number) % 2]))
    Table(("low", "high", "tone"), (*clips, ("0/song-x-0-29.mp3", "000"))).written(folder)
    seconds = np.arange(RATE_HZ // 2) / RATE_HZ
    for name, marks in (*clips, ("0/song-x-0-29.mp3", "000")):
        sound = np.sin(2 * np.pi * (200 if marks[0] == "1" else 2000) * seconds) + draws.normal(size=len(seconds)) / 50
        soundfile.write(folder / name, sound / 2, RATE_HZ)


def photographs(folder: Path) -> None:
    """Every class folder of the published collection, with bright, grey and dark photographs in three of them."""
    draws = np.random.default_rng(0)
    for label, name in enumerate(CALTECH256_COUNTS):
        home = folder / "256_ObjectCategories" / f"{label + 1:03d}.{name}"
        home.mkdir(parents=True)
        for take in range(1, PHOTOGRAPHS + 1) if label in CLASSES else ():
            pixels = draws.integers(80 * label, 80 * label + 80, size=(40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(home / f"{label + 1:03d}_{take:04d}.jpg")


def small(folder: Path) -> Path:
    """The preset on three tags and three classes, with small planes and a few steps, in ``folder``."""
    document = YAML(typ="safe").load(presets()[NAME])
    document["dataset"] |= {"size": 32, "classes": list(CLASSES)}
    document["source"]["dataset"] |= {
        "tags": 3,
        "size": 32,
        "spectrogram": {"rate_hz": RATE_HZ, "window": 512, "hop": 128, "bands": 32, "duration_s": 0.25, "segments": 2},
    }
    del document["source"]["dataset"]["merge"]
    document["most_left_out"] = 0.999
    for recipe in document["recipes"].values():
        del recipe["passes"]
        recipe |= {"steps": 6, "validate_every": 3, "batch": 16}
    with (folder / "small.yaml").open("w") as file:
        YAML(typ="safe").dump(document, file)
    return folder / "small.yaml"


@pytest.mark.slow
def test_a_small_study_of_this_shape_runs_whole_and_tells_what_its_pretraining_reached(
    tmp_path: Path, frostline: Frostline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    music(tmp_path / "data" / "magnatagatune")
    photographs(tmp_path / "data" / "caltech256")
    options = ["--shares", "1", "--seeds", "1", "--arm", "f5t4", "--arm", "r9"]
    path = str(small(tmp_path))
    status, said, told = frostline("run", path, "--to", "out", "--executor", "inline", *options)
    assert status == 0, said + told
    outcomes = read_outcomes(tmp_path / "out").values()
    finished = [one for one in outcomes if isinstance(one, Finished)]
    assert len(finished) == len(outcomes) == 8
    (tagger,) = [one for one in finished if isinstance(one.metrics, TagMetrics)]
    assert [one.name for one in tagger.metrics.tags] == ["tone", "low", "high"]
    page = next((tmp_path / "out").rglob("*.html")).read_text()
    for way in ("", " norms re-estimated", " norms tuned"):
        assert f"f5t4{way}<" in page and f"f5r4{way} from random<" in page
    told = rf"1 network reached macro ROC-AUC {tagger.metrics.score:.3f} [^.<]*on test parts of its own of 9 items"
    assert re.search(told, page)
    for tag in tagger.metrics.tags:
        assert f"<td>{tag.name}</td>" in page or f">{tag.name}<" in page
