"""The page tells how generators fared, and what of their items nobody could vouch for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from frostline.augmentation.conditions import Outside
from frostline.augmentation.gan_files import RECORD
from frostline.augmentation.synthesize import GeneratorRecord, generator_folder
from frostline.report.generators import Generator, generators_of, generators_section
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
