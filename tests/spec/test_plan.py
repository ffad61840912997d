from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from frostline.errors import PlanRefused
from frostline.spec.folds import Pools
from frostline.spec.plan import Plan, plan, portion, share_of
from frostline.spec.study_file import load_study
from frostline.spec.trial import Seeds, Trial
from tests.spec.examples import STUDIES, study

FR = {"below": "frozen", "above": "reset"}
F = {"below": "frozen", "above": "tuned"}
ALL = ("split", "share", "weights", "batches", "pretraining")


def names(planned: Plan) -> dict[str, tuple[str, ...]]:
    return {str(arm.surgery): arm.names for arm in planned.arms}


def test_equal_treatments_are_one_arm_under_every_name() -> None:
    found = names(plan(study(surgeries={"scratch": "r4", "FR": FR, "F": F, "probe": "f4"})))
    assert found["r4"] == ("scratch", "FR cut 0")
    assert found["f4"] == ("FR cut 4", "F cut 4", "probe")
    assert found["t4"] == ("F cut 0",)
    assert list(found) == ["r4", "f1r3", "f2r2", "f3r1", "f4", "t4", "f1t3", "f2t2", "f3t1"]


def test_an_arm_prints_with_all_its_names() -> None:
    assert str(plan(study()).arms[0]) == "r4 (scratch = FR cut 0)"


def test_truncation_has_no_cut_at_which_nothing_stays() -> None:
    truncated = study(surgeries={"FT": {"below": "frozen", "above": "removed"}})
    assert list(names(plan(truncated))) == ["f1x3", "f2x2", "f3x1", "f4"]


def test_every_arm_meets_every_share_and_seed_and_each_trial_is_planned_once() -> None:
    planned = plan(study())
    assert len(planned.entries) == 5 * 2 * 3 == len({(e.arm, e.share, e.seed) for e in planned.entries})
    assert len(planned.trials) == len({trial.key for trial in planned.trials}) == 30 + 3


def test_a_pretraining_is_one_for_all_where_it_does_not_vary() -> None:
    planned = plan(study(vary=("split", "share", "weights", "batches"), fixed_seed=5))
    starts = {entry.trial.start for entry in planned.entries if entry.trial.start is not None}
    assert {start.seeds for start in starts if isinstance(start, Trial)} == {
        Seeds(split=5, share=5, weights=5, batches=5)
    }
    assert planned.starts == {start.key for start in starts if isinstance(start, Trial)}


def test_a_pretraining_that_varies_is_paired_with_the_seed_of_the_transfer() -> None:
    planned = plan(study())
    assert len(planned.starts) == 3
    for entry in planned.entries:
        for start in entry.trial.ancestors:
            seed = entry.seed
            assert start.seeds == Seeds(split=seed, share=seed, weights=seed, batches=seed)


@pytest.mark.parametrize("purpose", ["split", "share", "weights", "batches"])
def test_only_what_varies_follows_the_seed(purpose: str) -> None:
    for entry in plan(study(vary=(purpose,), fixed_seed=9)).entries:
        assert entry.trial.seeds == Seeds(**{**dict.fromkeys(ALL[:4], 9), purpose: entry.seed})


def test_where_nothing_varies_all_seeds_are_one_trial() -> None:
    assert len(plan(study(vary=(), surgeries={"scratch": "r4"}, source=None, shares=(1.0,))).trials) == 1


def test_every_start_stands_in_a_wave_before_what_starts_from_it() -> None:
    planned = plan(study())
    assert [len(wave) for wave in planned.waves] == [3 + 6, 24]
    seen: set[str] = set()
    for wave in planned.waves:
        assert all(above.key in seen for trial in wave for above in trial.ancestors)
        seen |= {trial.key for trial in wave}


def test_passes_become_the_steps_of_each_share() -> None:
    planned = plan(study(recipes={"short": {"passes": 3, "batch": 100}}))
    steps = {entry.share: entry.trial.recipe for entry in planned.entries}
    assert {share: (recipe.steps, recipe.batch) for share, recipe in steps.items()} == {0.1: (3, 65), 1.0: (21, 100)}


def test_the_pretraining_follows_the_recipe_that_its_study_names_beside_that_of_the_transfer() -> None:
    source = {"dataset": {"name": "digits", "classes": (0, 1)}, "recipe": {"short": "long", "long": "short"}}
    for recipe, steps in (("short", 80), ("long", 20)):
        trial = plan(study(source=source, recipe=recipe)).entries[-1].trial
        assert [above.recipe.steps for above in trial.ancestors] == [steps]


def test_a_baseline_that_keeps_no_weights_has_no_start_and_a_new_head() -> None:
    scratch = [entry.trial for entry in plan(study(head="kept")).entries if str(entry.arm.surgery) == "r4"]
    assert {(trial.start, trial.head) for trial in scratch} == {(None, "new")}


def test_a_share_that_is_too_small_is_refused_with_the_smallest_that_is_not() -> None:
    with pytest.raises(PlanRefused) as refused:
        plan(study(shares=(0.001, 0.003, 1.0)))
    assert str(refused.value) == (
        "the plan is refused for 2 reasons:\n"
        "  share 0.001 of digits leaves 0 training and 0 validation items of its smallest class (139 items); "
        "each class needs one of both: use shares from 0.010792\n"
        "  share 0.003 of digits leaves 0 training and 0 validation items of its smallest class (139 items); "
        "each class needs one of both: use shares from 0.010792"
    )


@given(st.floats(0.01, 0.99), st.sampled_from(["digits", "mnist", "fashion_mnist"]))
def test_the_share_that_a_refusal_names_is_enough_and_a_little_less_is_not(validation: float, name: str) -> None:
    whole = {"dataset": {"name": name}, "source": None, "surgeries": {"scratch": "r4"}, "validation": validation}
    with pytest.raises(PlanRefused) as refused:
        plan(study(**whole, shares=(1e-6,), seeds=1))
    said = str(refused.value)
    if "use shares from " in said:
        smallest = float(said.rsplit(" ", 1)[1])
        assert plan(study(**whole, shares=(smallest,), seeds=1)).trials
        with pytest.raises(PlanRefused):
            plan(study(**whole, shares=(smallest - 2e-6,), seeds=1))
    else:
        assert said.endswith("use a smaller validation fraction or fewer classes")


def test_a_treatment_that_cannot_be_carried_out_is_refused_once_for_all_seeds() -> None:
    with pytest.raises(PlanRefused) as refused:
        plan(study(head="kept", surgeries={"cut off": "f3x1", "tuned": "t4"}))
    assert str(refused.value) == (
        "the plan is refused for 1 reason:\n"
        "  f3x1 (cut off): head: kept needs a start and a surgery that removes no layer"
    )


def whole(counts: list[int]) -> Pools:
    """Pools of a dataset without folds."""
    return Pools(tuple(counts), None, ())


COUNTS = st.lists(st.integers(1, 7000), min_size=1, max_size=10)


@given(COUNTS, st.floats(1e-4, 1), st.floats(1e-4, 1), st.floats(0.01, 0.99))
def test_a_larger_share_holds_at_least_as_much_of_every_class(
    counts: list[int], one: float, other: float, validation: float
) -> None:
    small, large = (portion(whole(counts), share, validation) for share in sorted([one, other]))
    assume(min(small.validation) >= 1)  # else the plan refuses it
    assert all(a <= b for a, b in zip(small.train, large.train, strict=True))
    assert all(a <= b for a, b in zip(small.validation, large.validation, strict=True))


@given(COUNTS, st.floats(1e-4, 1), st.floats(0.01, 0.99))
def test_validation_is_cut_out_of_the_share(counts: list[int], share: float, validation: float) -> None:
    held = portion(whole(counts), share, validation)
    for count, train, kept in zip(counts, held.train, held.validation, strict=True):
        assert train + kept == share_of(count, share) <= count
        assert kept >= 1 or train + kept < 2


def test_the_whole_share_is_every_item() -> None:
    assert portion(whole([100, 7]), 1.0, 0.1).train == (90, 6)


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_preset_can_be_planned_and_its_header_counts_its_trials(path: object) -> None:
    file = STUDIES / f"{getattr(path, 'stem', path)}.yaml"
    preset = load_study(file)
    said = file.read_text()
    assert f"# Cost: {len(plan(preset).trials)} trials" in said
    assert f"studies/{file.name}" in said
    assert all(line in said for line in ("# Question: ", "# Command: ", "# Numbers: "))
