from __future__ import annotations

import pytest
from pydantic import ValidationError

from frostline.errors import StudyFaults
from frostline.spec.narrowing import undeclared
from frostline.spec.plan import plan
from frostline.spec.recipe import Recipe
from frostline.spec.study import Family, Narrowing, Pretraining, Study
from frostline.spec.surgery import Surgery
from tests.spec.examples import CNN, study

FR = {"below": "frozen", "above": "reset"}
F = {"below": "frozen", "above": "tuned"}


def arms(narrowed: Study) -> dict[str, tuple[str, ...]]:
    return {str(surgery): names for surgery, names in narrowed.named_surgeries().items()}


def refused(narrowing: Narrowing, **changes: object) -> str:
    with pytest.raises(StudyFaults) as fault:
        study(**changes).narrowed(narrowing)
    return str(fault.value)


def test_a_narrowing_that_chooses_nothing_leaves_the_study_as_it_is() -> None:
    assert study().narrowed(Narrowing()) == study()


def test_a_study_is_narrowed_to_shares_of_its_own_in_the_order_asked() -> None:
    assert study(shares=(0.1, 0.5, 1.0)).narrowed(Narrowing(shares=(1.0, 0.1))).shares == (1.0, 0.1)


def test_a_number_of_seeds_is_the_first_so_many_of_the_study() -> None:
    assert study(seeds=(7, 5, 3)).narrowed(Narrowing(seeds=2)).seed_values == (7, 5)
    assert study(seeds=4).narrowed(Narrowing(seeds=2)).seed_values == (0, 1)


def test_a_seed_by_value_may_be_any() -> None:
    assert study().narrowed(Narrowing(seeds=(42,))).seed_values == (42,)


def test_what_a_narrowing_adds_to_a_study_is_known_by_name() -> None:
    arms = Surgery.parse("t2r2"), Surgery.parse("f3r1")
    assert undeclared(study(), Narrowing(shares=(0.1,), seeds=(2, 42), arms=arms)) == ["seed 42", "arm t2r2"]
    assert undeclared(study(), Narrowing(seeds=3)) == []


def test_an_arm_is_kept_under_all_the_names_of_the_study() -> None:
    whole = study(surgeries={"scratch": "r4", "FR": FR, "F": F, "probe": "f4"})
    narrowed = whole.narrowed(Narrowing(arms=(Surgery.parse("f4"), Surgery.parse("f1r3"))))
    assert arms(narrowed) == {"f1r3": ("FR cut 1",), "f4": ("FR cut 4", "F cut 4", "probe")}


def test_an_arm_that_the_study_does_not_name_goes_by_its_fates() -> None:
    narrowed = study().narrowed(Narrowing(arms=(Surgery.parse("t2r2"), Surgery.parse("f3r1"))))
    assert arms(narrowed) == {"f3r1": ("FR cut 3",), "t2r2": ("t2r2",)}


def test_a_narrowed_study_plans_the_trials_it_had_before() -> None:
    narrowed = study().narrowed(Narrowing(shares=(0.1,), seeds=2, arms=(Surgery.parse("f2r2"),)))
    keys = {trial.key for trial in plan(narrowed).trials}
    assert len(keys) == 2 + 2
    assert keys < {trial.key for trial in plan(study()).trials}


def test_arms_that_keep_no_weights_need_no_pretraining() -> None:
    assert [len(wave) for wave in plan(study().narrowed(Narrowing(arms=(Surgery.parse("r4"),)))).waves] == [6]


def test_another_recipe_is_that_of_a_pretraining_without_one_too() -> None:
    trial = plan(study().narrowed(Narrowing(recipe="long"))).entries[-1].trial
    assert [one.recipe.steps for one in (trial, *trial.ancestors)] == [80, 80]


def test_another_recipe_leaves_a_pretraining_with_one_of_its_own() -> None:
    source = {"dataset": {"name": "digits", "classes": (0, 1)}, "recipe": "short"}
    trial = plan(study(source=source).narrowed(Narrowing(recipe="long"))).entries[-1].trial
    assert [one.recipe.steps for one in (trial, *trial.ancestors)] == [80, 20]


def test_a_stand_in_takes_the_place_of_a_dataset_on_both_sides() -> None:
    planes = {"dataset": {"name": "mnist", "classes": (0, 1)}, "source": {"dataset": {"name": "mnist"}}}
    narrowed = study(**planes).narrowed(Narrowing(stand_ins={"mnist": "fashion_mnist"}))
    assert isinstance(narrowed.source, Pretraining)
    assert (narrowed.dataset.name, narrowed.source.dataset.name) == ("fashion_mnist", "fashion_mnist")
    assert narrowed.dataset.classes == (0, 1)


def test_every_choice_that_a_study_cannot_follow_is_told_at_once() -> None:
    said = refused(
        Narrowing(
            shares=(0.1, 0.0, 2.0),
            seeds=4,
            arms=(Surgery.parse("f3r3"),),
            recipe="lng",
            stand_ins={"mnist": "digits", "digits": "digit"},
        )
    )
    first, last = said.split("no dataset is called 'digit'")
    assert first == (
        "the command line has 7 faults:\n"
        "           --shares: 0 is no share of the study, which has 0.1, 1; to add it, write it in the file\n"
        "           --shares: 2 is no share of the study, which has 0.1, 1; to add it, write it in the file\n"
        "           --seeds: must be from 1 to 3, the number of seeds of the study (got 4)\n"
        "           --arm: f3r3 has 6 fates, the network has 4 layers (conv1 to conv4); write f3r1, for example\n"
        "           --recipe: no recipe is called 'lng'; did you mean 'long'?; known: short, long\n"
        "           --stand-in: the study uses no dataset 'mnist'; it uses digits\n"
        "           --stand-in: digits=digit: "
    )
    assert last.startswith("; did you mean 'digits'?; known: ")


@pytest.mark.parametrize(
    ("narrowing", "message"),
    [
        (Narrowing(shares=(0.1, 0.1)), "shares: 0.1 stands more than once; name each once"),
        (Narrowing(shares=()), "shares: is empty; name at least one"),
        (Narrowing(shares=(float("nan"),)), "--shares: nan is no share of the study, which has 0.1, 1; to"),
        (Narrowing(shares=(0.3,)), "--shares: 0.3 is no share of the study, which has 0.1, 1; to add it, write it"),
        (Narrowing(seeds=0), "--seeds: must be from 1 to 3, the number of seeds of the study (got 0)"),
        (Narrowing(seeds=(1, 1)), "seeds: 1 stands more than once; name each once"),
        (Narrowing(arms=()), "--arm: is empty; name at least one"),
        (Narrowing(stand_ins={"digits": "cifar10"}), "--stand-in: digits=cifar10: 3 channels of cifar10 can become 1"),
    ],
)
def test_a_choice_that_would_break_the_study_is_refused(narrowing: Narrowing, message: str) -> None:
    channels = {"name": "digits", "classes": (5, 6), "channels": 2}
    source = {"dataset": {"name": "digits", "classes": (0, 1), "channels": 2}}
    assert message in refused(narrowing, dataset=channels, source=source)


def test_an_arm_that_keeps_weights_needs_a_source() -> None:
    said = refused(Narrowing(arms=(Surgery.parse("f2r2"),)), source=None, surgeries={"scratch": "r4"})
    assert "surgeries.f2r2: keeps weights, so the study needs a source" in said


def test_a_family_is_a_surgery_at_every_cut() -> None:
    family = Family(below="frozen", above="reset")
    assert [str(surgery) for surgery in family.surgeries(2).values()] == ["r2", "f1r1", "f2"]
    assert list(Family(below="frozen", above="removed").surgeries(3)) == [1, 2, 3]


def test_a_family_needs_a_start_unless_every_cut_resets_all() -> None:
    assert not Family(below="frozen", above="reset", cuts=(0,)).needs_start
    assert Family(below="frozen", above="reset", cuts=(0, 1)).needs_start
    assert Family(below="frozen", above="tuned", cuts=(0,)).needs_start
    assert Family(below="frozen", above="reset").needs_start


def test_a_study_made_in_code_is_held_to_the_same_rules() -> None:
    with pytest.raises(ValidationError, match=r"surgeries.long: f3r3 has 6 fates, the network has 4 layers"):
        study(surgeries={"long": "f3r3"})


def test_a_recipe_may_be_written_in_place_or_named() -> None:
    assert study().recipe_of("long") == Recipe(steps=80) == study().recipe_of(Recipe(steps=80))
    assert study(recipe={"steps": 3}).recipe == Recipe(steps=3)


def test_a_study_reads_back_from_json_as_itself() -> None:
    whole = study(seeds=(3, 4), network=CNN, surgeries={"FR": {**FR, "cuts": (1, 2)}, "probe": "f4"})
    assert Study.model_validate_json(whole.model_dump_json(exclude_defaults=True)) == whole


def test_an_arm_that_is_the_name_of_another_surgery_is_refused() -> None:
    misnamed = study(surgeries={"t2r2": "f2r2", "scratch": "r4"})
    with pytest.raises(
        StudyFaults, match="--arm: t2r2 is the name of another surgery of the study, f2r2; rename that one"
    ):
        misnamed.narrowed(Narrowing(arms=(Surgery.parse("t2r2"),)))
