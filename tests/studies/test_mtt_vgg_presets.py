"""The two presets that start from a tagger of music hold the whole design: each cut four times, norms across senses."""

from __future__ import annotations

import pytest

from frostline.presets import presets
from frostline.spec.plan import plan
from frostline.spec.study import Narrowing
from frostline.spec.study_file import load_study

WAYS = {
    "mtt-vgg-to-caltech101": ("", " norms re-estimated", " norms tuned"),
    "mtt-vgg-to-sounds": ("",),
}


@pytest.mark.parametrize(("preset", "ways"), WAYS.items())
def test_every_cut_is_frozen_in_each_way_and_tuned_from_trained_and_from_untrained_weights(
    preset: str, ways: tuple[str, ...]
) -> None:
    study = load_study(presets()[preset])
    arms = {arm.written for arm in plan(study.narrowed(Narrowing(shares=(1.0,), seeds=1))).arms}
    trained = {f"{arm}{way}" for arm in ("f1t4", "f2t3", "f3t2", "f4t1", "f5") for way in ways}
    untrained = {f"{arm}{way} from random" for arm in ("f1r4", "f2r3", "f3r2", "f4r1", "f5") for way in ways}
    assert arms == trained | untrained | {"r5", "t5"}


def test_sounds_reach_the_network_in_the_convention_of_its_weights() -> None:
    dataset = load_study(presets()["mtt-vgg-to-sounds"]).dataset
    sound = dataset.sound
    assert (sound.rate_hz, sound.window, sound.hop, sound.bands, sound.level) == (16_000, 512, 256, 96, "compressed")
    assert sound.duration_s is not None
    assert (sound.bands, sound.frames(sound.duration_s)) == (dataset.size, dataset.size)


def test_photographs_can_be_tried_on_the_subset() -> None:
    study = load_study(presets()["mtt-vgg-to-caltech101"])
    tried = study.narrowed(Narrowing(stand_ins={"caltech101": "caltech101_30"}))
    assert tried.dataset.name == "caltech101_30" and len(plan(tried).arms) == 32
