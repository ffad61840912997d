"""The page tells how generators fared, and what of their items nobody could vouch for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from frostline.augmentation.conditions import Outside
from frostline.augmentation.gan_files import RECORD
from frostline.augmentation.synthesize import GeneratorRecord, generator_folder
from frostline.report.generators import generators_section
from frostline.report.generators_found import Generator, LookSeen, generators_of
from frostline.spec.plan import plan
from tests.analysis.simulated import FEW, study

SYNTHESIS = {"recipe": {"steps": 40, "patience": 5}, "number": 7}


def made_by(folder: Path, **told: object) -> tuple[Generator, ...]:
    """The generator of a plan at one share and seed, as a record that tells so keeps it."""
    planned = plan(study(seeds=1, surgeries=FEW, shares=(0.01,), synthesis=SYNTHESIS))
    synthesis = planned.entries[0].trial.made
    assert synthesis is not None
    record = {"key": synthesis.generator_key, "learned": ("a", "b"), "split_digest": "d"}
    lies = [Outside(synthesis=key, outside=3, asked=7, clipped=True, low=(1.0,), high=(8.0,)) for key in ("x", "own")]
    lies = [one.model_copy(update={"synthesis": synthesis.key}) if one.synthesis == "own" else one for one in lies]
    home = generator_folder(folder, synthesis)
    home.mkdir(parents=True)
    kept = GeneratorRecord.model_validate({**record, "outside": tuple(lies), **told})
    (home / RECORD).write_text(kept.model_dump_json())
    return generators_of(planned, folder)


def test_conditions_where_nothing_was_learned_are_told_of_the_items_of_this_study(tmp_path: Path) -> None:
    (one,) = made_by(tmp_path)
    said = (
        "3 of 7 conditions lie outside the training items, whose values go from (1) to (8); they were clipped to these."
    )
    assert one.outside == (said,)
    assert generators_section([one]).paragraphs[-1] == f"all arms at 1 %, seeds 0: {said}"
    assert len(generators_section([replace(one, outside=())]).paragraphs) == 1


def test_a_generator_that_was_looked_at_too_seldom_is_not_called_well(tmp_path: Path) -> None:
    (one,) = made_by(tmp_path)
    looks = tuple(LookSeen(step, 1.0, 1.0, separation=0.7, variety=0.9, freedom=0.5) for step in range(5))
    assert replace(one, looks=looks).verdict == "no collapse, no dead critic"
    assert replace(one, looks=looks[1:]).verdict == "not judged: 4 of the 5 looks that it takes to find it dead"
    assert replace(one, looks=looks[1:], failed="dead").verdict == "failed: dead"
