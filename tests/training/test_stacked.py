"""Trainings at once give what each gives by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from frostline.data.planes import Items, preprocessing
from frostline.data.read import read
from frostline.data.rows import StoredRows
from frostline.data.splits import split
from frostline.errors import OutOfMemory, TrainingDiverged
from frostline.networks.build import build
from frostline.networks.network import Fit, Network, above, state_digest
from frostline.networks.plain import ACTIVATIONS
from frostline.spec.augmentation import Augmentation, Mixup
from frostline.spec.dataset import Dataset
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn
from frostline.spec.recipe import Recipe
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Seeds, Trial
from frostline.tasks import classes
from frostline.training.evaluate import logits_of
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.norms import with_tuned_norms
from frostline.training.stackable import stackable
from frostline.training.stacked import fit_stacked
from tests.training.lessons import close, frozen, items, network, normed

CNN = PlainCnn(name="plain_cnn", depth=2, channels=4)
MLP = Mlp(name="mlp", depth=2, width=8)
SEEDS = (0, 1)


def built(spec: NetworkSpec = CNN, count: int = 2) -> list[Network]:
    """Networks of ``spec`` for three classes of 8 x 8 planes, each with weights of its own."""
    return [build(spec, Fit(1, 8, 3, spec.depth), seed=seed) for seed in range(count)]  # type: ignore[union-attr]


def lessons(count: int = 2) -> list[Lesson]:
    """Lessons with items of their own: a pass is two full batches and a smaller one."""
    return [Lesson(items(40, seed), items(20, 10 + seed)) for seed in range(count)]


def recipe(**changes: object) -> Recipe:
    return Recipe.model_validate({"steps": 4, "validate_every": 2, "batch": 16} | changes)


def one_by_one(
    networks: Sequence[Network], given: Sequence[Lesson], how: Recipe, seeds: Sequence[int] = SEEDS
) -> list[Fitted]:
    return [fit(*some, how, seed, "best") for *some, seed in zip(networks, given, seeds, strict=True)]


def at_once(
    networks: Sequence[Network], given: Sequence[Lesson], how: Recipe, seeds: Sequence[int] = SEEDS
) -> list[Fitted]:
    """The trainings at once, none of which diverges."""
    results = fit_stacked(networks, given, how, seeds, "best")
    return [result for result in results if isinstance(result, Fitted)]


def losses(fitted: Fitted) -> list[float]:
    return [loss for seen in fitted.history for loss in (seen.train_loss, seen.loss)]


def agree(ours: Sequence[Fitted], theirs: Sequence[Fitted], relative: float = 1e-5) -> bool:
    """Whether losses agree within ``relative``, and steps, accuracies and best weights with them."""
    for one, other in zip(ours, theirs, strict=True):
        assert losses(one) == pytest.approx(losses(other), rel=relative)
        assert [(seen.step, seen.score) for seen in one.history] == [(s.step, s.score) for s in other.history]
        assert (one.steps, one.stopped, one.best.step) == (other.steps, other.stopped, other.best.step)
        assert close(one.network, other.network, 1e-4)
    return True


@pytest.mark.parametrize("spec", [CNN, MLP], ids=["cnn", "mlp"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_the_losses_of_the_first_steps_are_those_of_each_training_by_itself(spec: NetworkSpec, optimizer: str) -> None:
    how = recipe(optimizer=optimizer, rate=0.01, steps=5, validate_every=1)
    assert agree(at_once(built(spec), lessons(), how), one_by_one(built(spec), lessons(), how))


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd", "rate": 0.05, "momentum": 0.9, "weight_decay": 0.1},
        {"optimizer": "adamw", "weight_decay": 0.5, "layer_decay": 0.3},
        {"schedule": "cosine", "warmup_steps": 3},
        {"schedule": "one-cycle"},
        {"label_smoothing": 0.2, "stop_on": "accuracy"},
        {"optimizer": "sgd", "rate": 0.1, "clip": 0.3},
    ],
)
def test_every_entry_of_a_recipe_does_what_it_does_to_one_training(changes: dict[str, object]) -> None:
    how = recipe(steps=6, rate=0.01, validate_every=4).model_copy(update=changes)
    assert agree(at_once(built(), lessons(), how), one_by_one(built(), lessons(), how))


def test_the_gradient_of_each_training_is_clipped_by_its_own_norm() -> None:
    loud = Lesson(Items(items().planes * 100, items().targets), items(20, 1))
    how = recipe(optimizer="sgd", rate=0.1, clip=0.5)
    given = [loud, lessons()[1]]
    assert agree(at_once(built(), given, how), one_by_one(built(), given, how))


def test_the_weights_at_each_validation_are_kept_where_they_are_asked_for() -> None:
    given, how = frozen(network(), "conv1"), recipe(steps=5, validate_every=2, rate=0.01)
    theirs = fit(given, lessons()[0], how, 0, "checkpoints")
    (ours,) = fit_stacked([given], lessons(1), how, [0], "checkpoints")
    assert isinstance(ours, Fitted) and ours.states.keys() == theirs.states.keys() == {2, 4, 5}
    for step, state in theirs.states.items():
        assert list(ours.states[step]) == list(state)
        assert all(torch.allclose(ours.states[step][name], tensor, atol=1e-5) for name, tensor in state.items())
    assert at_once([given], lessons(1), how, [0])[0].states == {}


def test_the_given_networks_stay_untouched() -> None:
    given = [frozen(network, "conv1") for network in built()]
    before = [(state_digest(network), network.training) for network in given]
    at_once(given, lessons(), recipe())
    assert [(state_digest(network), network.training) for network in given] == before


def unlearnable(seed: int) -> Lesson:
    """A lesson whose validation items say nothing of the training items, so that patience soon ends it."""
    return Lesson(items(40, seed), Items(items(20, seed).planes, torch.arange(20) % 3))


def test_a_training_that_loses_patience_ends_as_by_itself_and_leaves_the_others_as_they_are() -> None:
    how = recipe(steps=24, validate_every=4, patience=2, rate=0.003)
    given = [lessons(3)[0], unlearnable(3), lessons(3)[2]]
    results = at_once(built(count=3), given, how, range(3))
    assert [result.stopped for result in results] == ["budget", "patience", "budget"]
    assert results[1].steps == results[1].best.step + 8 < 24
    assert agree(results, one_by_one(built(count=3), given, how, range(3)), 1e-3)
    alone = at_once([built()[0], built(count=3)[2]], [given[0], given[2]], how, (0, 2))
    assert agree([results[0], results[2]], alone, 1e-5)


def test_all_may_lose_patience_before_the_budget_ends() -> None:
    how = recipe(steps=400, validate_every=4, patience=2, rate=0.02)
    given = [unlearnable(seed) for seed in SEEDS]
    results = at_once(built(), given, how)
    assert {result.stopped for result in results} == {"patience"}
    assert agree(results, one_by_one(built(), given, how), 1e-3)


def test_a_training_that_diverges_fails_alone_with_the_words_of_fit() -> None:
    damaged = Lesson(Items(items().planes.clone(), items().targets), items(20, 1))
    damaged.train.planes[7, 0, 0, 0] = torch.nan  # type: ignore[index]
    how, given = recipe(steps=12, validate_every=4, clip=1.0), [lessons(3)[0], damaged, lessons(3)[2]]
    networks = [frozen(some, "conv1") for some in built(count=3)]
    with pytest.raises(TrainingDiverged) as told:
        fit(networks[1], damaged, how, 1, "best")
    first, failed, last = fit_stacked(networks, given, how, range(3), "best")
    assert isinstance(failed, TrainingDiverged) and str(failed) == str(told.value)
    assert str(failed).startswith("at step 4 of 12 the training loss is nan")
    assert isinstance(first, Fitted) and isinstance(last, Fitted)
    assert agree([first, last], one_by_one(networks[::2], given[::2], how, (0, 2)))


def test_trainings_may_all_diverge() -> None:
    how = recipe(steps=8, validate_every=2, rate=1e20, optimizer="sgd")
    results = fit_stacked(built(), lessons(), how, SEEDS, "best")
    assert [type(result) for result in results] == [TrainingDiverged] * 2


@pytest.mark.parametrize("starts", ["equal", "different"])
def test_frozen_layers_stay_as_they_are_and_in_evaluation_mode(starts: str) -> None:
    """Equal ones are shared, others stacked; batch norm goes by the statistics of its own network."""
    drawn = [normed() for _ in SEEDS]
    if starts == "different":
        for seed, some in enumerate(drawn):
            some.layers["low"][1].running_mean += seed  # type: ignore[index, operator]
            some.layers["high"][0].weight.data += seed / 10  # type: ignore[index, union-attr, operator]
    given = [frozen(some, "low", "high") for some in drawn]
    results = at_once(given, lessons(), recipe(rate=0.01))
    assert agree(results, one_by_one(given, lessons(), recipe(rate=0.01)))
    for before, after in zip(given, results, strict=True):
        assert all(state_digest(before.parts[name]) == state_digest(after.network.parts[name])
                   for name in before.frozen)  # fmt: skip
        assert not after.network.layers["low"].training and after.network.layers["middle"].training


def test_tuned_norms_of_frozen_layers_are_trained() -> None:
    given = [with_tuned_norms(frozen(normed(), "low", "middle", "high")) for _ in SEEDS]
    assert agree(at_once(given, lessons(), recipe()), one_by_one(given, lessons(), recipe()))


def test_every_activation_gives_the_same_at_once() -> None:
    def deep(seed: int) -> Network:
        generator = torch.Generator().manual_seed(seed)
        layers = {name: nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), made()) for name, made in ACTIVATIONS.items()}
        made = Network(layers, nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten()), nn.Linear(4, 3))
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.copy_(torch.rand(parameter.shape, generator=generator) * 0.5)
        return made

    given = [deep(seed) for seed in SEEDS]
    assert agree(at_once(given, lessons(), recipe(rate=0.01)), one_by_one(given, lessons(), recipe(rate=0.01)))


def test_a_sample_of_several_pieces_is_validated_as_a_whole() -> None:
    given = [
        Lesson(
            Items(some.train.planes, some.train.targets, 2),
            Items(some.validation.planes, some.validation.targets.reshape(-1, 2)[:, :1].expand(-1, 2).flatten(), 2),
        )
        for some in lessons()
    ]
    assert agree(at_once(built(), given, recipe()), one_by_one(built(), given, recipe()))


def test_trainings_may_share_their_items_and_differ_in_the_order() -> None:
    shared = lessons(1) * 2
    results = at_once([network()] * 2, shared, recipe())
    assert agree(results, one_by_one([network()] * 2, shared, recipe()))
    assert results[0].history[0].train_loss != results[1].history[0].train_loss


def stored(lesson: Lesson, lowest: nn.Module) -> Lesson:
    """``lesson`` with what ``lowest`` gives for each plane, in files of their own in another order of axes."""

    def rows(some: Items) -> Items:
        with torch.no_grad():
            given: Tensor = lowest(some.planes)
        file = given.permute(0, 2, 3, 1).flip(0).contiguous()
        places = np.stack([np.zeros(len(some), dtype=np.int64), np.arange(len(some))[::-1]], axis=1)
        return Items(StoredRows((file,), places, (0, 3, 1, 2)), some.targets)

    return Lesson(rows(lesson.train), rows(lesson.validation))


def test_items_may_be_what_frozen_layers_give_in_files_of_each_training() -> None:
    given = [frozen(some, "conv1") for some in built()]
    kept = [stored(lesson, some.layers["conv1"]) for some, lesson in zip(given, lessons(), strict=True)]
    upper = [above(some, 1) for some in given]
    ours, theirs = at_once(upper, kept, recipe()), one_by_one(given, lessons(), recipe())
    assert [losses(one) for one in ours] == [pytest.approx(losses(other), rel=1e-5) for other in theirs]


def test_validation_works_through_no_more_planes_at_once_than_one_network_or_a_step_of_training() -> None:
    seen: list[int] = []
    given = built(count=3)
    given[0].register_forward_pre_hook(lambda _, planes: seen.append(len(planes[0])))
    for batch, expected in ((16, [85, 85, 30]), (100, [100, 100])):
        seen.clear()
        how = recipe(steps=1, batch=batch)
        fit_stacked(given, [Lesson(items(100), items(200))] * 3, how, range(3), "best")
        assert seen == [batch, *expected]


def test_a_stack_that_does_not_fit_in_memory_is_told_to_be_smaller() -> None:
    enormous = Network({}, nn.Sequential(nn.AdaptiveAvgPool2d(2**20), nn.Flatten()), nn.Linear(1, 3))
    said = r"^2 trainings at once with batches of 16 did not fit in memory; stack fewer$"
    with pytest.raises(OutOfMemory, match=said):
        fit_stacked([enormous] * 2, lessons(2), recipe(), (0, 1), "best")


def test_another_error_of_torch_stays_what_it_is() -> None:
    unfit = Network({}, nn.Flatten(), nn.Linear(5, 3))
    with pytest.raises(RuntimeError, match="size"):
        fit_stacked([unfit] * 2, lessons(2), recipe(), (0, 1), "best")


class Odd(nn.Identity):
    """A part that nobody has tried."""


@pytest.mark.parametrize(
    ("given", "how", "augmentation", "reason"),
    [
        (network(), recipe(accumulate=4), {}, "accumulate: 4 saves memory, of which stacking needs more"),
        (network(), recipe(precision="bfloat16"), {}, "precision: bfloat16 rounds too coarsely for figures to agree"),
        (network(), recipe(), {"mixup": Mixup(alpha=1)}, "augmentation is drawn for one training at a time"),
        (
            frozen(normed(0.1), "low", "high"),
            recipe(),
            {},
            "layer middle: dropout draws noise for one training at a time",
        ),
        (frozen(normed(), "low"), recipe(), {}, "layer high: batch norm moves its statistics beside the optimiser"),
        (
            Network({}, Odd(), nn.Linear(2, 2)),
            recipe(),
            {},
            "the readout: Odd is not proven to give the same when stacked",
        ),
        (
            Network({}, nn.Flatten(), Odd()),
            recipe(accumulate=2),
            {},
            "accumulate: 2 saves memory, of which stacking needs more; "
            "the head: Odd is not proven to give the same when stacked",
        ),
    ],
)
def test_what_cannot_be_stacked_is_told_with_every_reason(
    given: Network, how: Recipe, augmentation: dict[str, object], reason: str
) -> None:
    assert stackable(given, how, Augmentation.model_validate(augmentation)) == reason


def test_plain_networks_and_frozen_norms_can_be_stacked() -> None:
    for given in (network(), *built(MLP, 1), frozen(normed(0.5), "low", "middle", "high")):
        assert stackable(given, recipe(), Augmentation()) is None


def test_trainings_of_other_shapes_are_refused_with_all_faults() -> None:
    networks = [network(), frozen(network(), "conv1"), network(3), network()]
    few, helped = Lesson(items(39), items(20)), Lesson(items(), items(20), loader_workers=2, views=2)
    mixed = Lesson(items(), items(20), augmentation=Augmentation(mixup=Mixup(alpha=1)))
    with pytest.raises(ValueError, match="these trainings cannot be stacked") as told:
        fit_stacked(networks, [Lesson(items(), items(20)), few, helped, mixed], recipe(), range(4), "best")
    assert str(told.value).splitlines()[1:] == [
        "  training 1: its layers, their shapes or what is frozen differ from the first training's",
        "  training 1: it has 39 items to train on and 20 to validate on, 1 to a sample, each 1 x 8 x 8, "
        "the first training 40 items to train on and 20 to validate on, 1 to a sample, each 1 x 8 x 8",
        "  training 2: loader_workers: 2 serve one training at a time; use 0",
        "  training 2: its items have 2 views, which take turns in one training at a time; use 1",
        "  training 2: its layers, their shapes or what is frozen differ from the first training's",
        "  training 3: augmentation is drawn for one training at a time",
    ]


@pytest.mark.parametrize("seeds", [(0, 1), ()])
def test_each_training_has_a_network_a_lesson_and_a_seed(seeds: tuple[int, ...]) -> None:
    said = rf"there must be some \(got 0 networks, 0 lessons, {len(seeds)} seeds\)"
    with pytest.raises(ValueError, match=said):
        fit_stacked([], [], recipe(), seeds, "best")


@pytest.mark.slow
@pytest.mark.parametrize(
    "spec", [Mlp(name="mlp", depth=2, width=32), PlainCnn(name="plain_cnn", depth=2, channels=8)], ids=["mlp", "cnn"]
)
def test_accuracies_on_the_digits_differ_by_less_than_a_fifth_of_a_point_on_average(spec: Mlp | PlainCnn) -> None:
    """Twenty paired trials of each network, with splits, shares, weights and orders of their own."""
    how = Recipe(steps=200, validate_every=10, patience=8, rate=0.005, batch=32)
    seeds = range(20)
    networks = [build(spec, Fit(1, 8, 10, spec.depth), seed) for seed in seeds]
    parts = [split_digits(seed) for seed in seeds]
    given = [Lesson(train, validation) for train, validation, _ in parts]
    ours, theirs = at_once(networks, given, how, seeds), one_by_one(networks, given, how, seeds)
    pairs = [
        [classes.accuracy(logits_of(one.network, tested, "float32"), tested.targets) for one in (mine, other)]
        for mine, other, (_, _, tested) in zip(ours, theirs, parts, strict=True)
    ]
    differences = [abs(mine - other) for mine, other in pairs]
    assert len(differences) == 20 and sum(differences) / 20 < 0.002
    assert min(other for _, other in pairs) > 0.8


def split_digits(seed: int) -> tuple[Items, Items, Items]:
    """A third of the digits to train and validate on, and the test part, as a trial of ``seed`` has them."""
    dataset = Dataset(name="digits")
    trial = Trial(
        dataset=dataset,
        network=MLP,
        surgery=Surgery.parse("r2"),
        recipe=recipe(),
        share=0.3,
        seeds=Seeds(split=seed, share=seed),
    )
    splits = split(read(dataset.reading), trial)
    prepare = preprocessing(dataset, "unit", splits.train)
    return prepare(splits.train), prepare(splits.validation), prepare(splits.test.open())
