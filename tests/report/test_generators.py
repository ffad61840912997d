"""The page tells how generators fared, and what of their items nobody could vouch for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from frostline.augmentation.conditions import Outside
from frostline.augmentation.fidelity import FEWEST
from frostline.augmentation.gan_files import RECORD
from frostline.augmentation.synthesize import GeneratorRecord, generator_folder
from frostline.outcome import Fidelity
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
    assert one.outside == (f"all arms at 1 %, seed 0: {said}",)
    assert one.outside[0] in generators_section([one]).paragraphs
    assert len(generators_section([one]).paragraphs) == 1 + len(
        generators_section([replace(one, outside=())]).paragraphs
    )


def test_of_two_additions_with_one_generator_it_is_told_whose_conditions_lie_outside(tmp_path: Path) -> None:
    clipped = {**SYNTHESIS, "conditions": "uniform", "between": (1, 9), "outside": "clipped"}
    kept = {**clipped, "outside": "kept"}
    rated = {"dataset": {"name": "deam", "size": 32}, "source": None, "surgeries": {"scratch": "r6"}, "shares": (1.0,)}
    planned = plan(
        study(**rated, seeds=2, additions={"gan": {"synthesis": kept}, "gan clipped": {"synthesis": clipped}})
    )
    made = {entry.arm.addition: entry.trial.made for entry in planned.entries if entry.seed == 1 and entry.trial.made}
    assert made["gan"].generator_key == made["gan clipped"].generator_key
    home = generator_folder(tmp_path, made["gan"])
    home.mkdir(parents=True)
    outside = [
        Outside(synthesis=one.key, outside=3, asked=7, clipped=name == "gan clipped", low=(2.0,), high=(8.0,))
        for name, one in made.items()
    ]
    record = GeneratorRecord(key="k", learned=("a",), split_digest="d", outside=tuple(outside))
    (home / RECORD).write_text(record.model_dump_json())
    (found,) = generators_of(planned, tmp_path)
    assert [one.split(" conditions")[0] for one in found.outside] == [
        "gan at 100 %, seed 1: 3 of 7",
        "gan clipped at 100 %, seed 1: 3 of 7",
    ]
    assert found.outside[0].endswith("nothing was learned there.") and found.outside[1].endswith("clipped to these.")


def test_it_is_told_why_nobody_measured_how_near_items_come_to_real_ones(tmp_path: Path) -> None:
    (one,) = made_by(tmp_path)
    said = generators_section([one]).paragraphs[-1]
    assert said == (
        "How near the synthetic items come to real ones was not measured: that takes an arm with them that starts from "
        "weights which have not learned from the target, and at least four items of each kind."
    )
    assert FEWEST == 4
    near = Fidelity(
        frechet=1.0, frechet_of_real=1.0, precision=1.0, recall=1.0, closeness=1.0, copied=0.0,
        n_made=9, n_learned=9, n_held=9,
    )  # fmt: skip
    assert len(generators_section([replace(one, outside=(), near=near)]).paragraphs) == 1
    both = generators_section([replace(one, near=near), one]).paragraphs[-1]
    assert both.startswith("How near the synthetic items of all arms at 1 % come to real ones was not measured")


def test_a_generator_that_was_looked_at_too_seldom_is_not_called_well(tmp_path: Path) -> None:
    (one,) = made_by(tmp_path)
    looks = tuple(LookSeen(step, 1.0, 1.0, separation=0.7, variety=0.9, freedom=0.5) for step in range(5))
    assert replace(one, looks=looks).verdict == "no collapse, no dead critic"
    assert replace(one, looks=looks[1:]).verdict == "not judged: 4 of the 5 looks that it takes to find it dead"
    assert replace(one, looks=looks[1:], failed="dead").verdict == "failed: dead"
