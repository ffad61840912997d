"""Training does what the recipe says, and gives back its best weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from frostline.data.planes import Items
from frostline.errors import TrainingDiverged
from frostline.networks.build import build
from frostline.networks.network import Fit, Network, state_digest
from frostline.spec.network import PlainCnn
from frostline.spec.recipe import Recipe
from frostline.tasks import classes
from frostline.training.batches import batches, orders
from frostline.training.evaluate import logits_of
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.optimizers import optimizer_of, schedule_of


def network() -> Network:
    return build(PlainCnn(name="plain_cnn", depth=2, channels=4), Fit(1, 8, 3, 2), seed=3)


def items(count: int = 40, seed: int = 0) -> Items:
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(0, 3, (count,), generator=generator)
    planes = torch.rand(count, 1, 8, 8, generator=generator) + targets[:, None, None, None].float()
    return Items(planes, targets)


def trained(recipe: Recipe, train: Items | None = None, validation: Items | None = None, workers: int = 0) -> Fitted:
    lesson = Lesson(train or items(), validation or items(20, 1), workers)
    return fit(network(), lesson, recipe, 0, "checkpoints")


def test_training_leaves_its_network_untouched_and_learns() -> None:
    given = network()
    digest = state_digest(given)
    fitted = fit(given, Lesson(items(), items(20, 1)), Recipe(steps=60, validate_every=10, rate=0.01), 0, "best")
    assert state_digest(given) == digest
    assert fitted.history[-1].loss < fitted.history[0].loss
    assert fitted.history[-1].train_loss < fitted.history[0].train_loss
    assert fitted.best.score > 0.8
    assert fitted.states == {}


def test_the_best_weights_are_restored_not_the_last() -> None:
    random_labels = Items(items(20, 1).planes, torch.arange(20) % 3)
    fitted = trained(Recipe(steps=60, validate_every=5, rate=0.02), validation=random_labels)
    assert fitted.best.loss == min(seen.loss for seen in fitted.history)
    assert fitted.best.step < fitted.history[-1].step
    restored = classes.loss(logits_of(fitted.network, random_labels, "float32"), random_labels.targets)
    assert float(restored) == fitted.best.loss
    assert all(torch.equal(tensor, fitted.states[fitted.best.step][name])
               for name, tensor in fitted.network.state_dict().items())  # fmt: skip


def test_patience_counts_validations_without_improvement() -> None:
    random_labels = Items(items(20, 1).planes, torch.arange(20) % 3)
    fitted = trained(Recipe(steps=400, validate_every=5, patience=3, rate=0.02), validation=random_labels)
    assert fitted.stopped == "patience"
    assert fitted.steps == fitted.best.step + 3 * 5
    assert fitted.steps < 400


def test_the_budget_is_optimiser_steps_and_the_last_step_is_validated() -> None:
    fitted = trained(Recipe(steps=7, validate_every=3))
    assert [seen.step for seen in fitted.history] == [3, 6, 7]
    assert (fitted.steps, fitted.stopped) == (7, "budget")


def test_stopping_on_accuracy_prefers_the_higher_accuracy() -> None:
    fitted = trained(Recipe(steps=60, validate_every=5, rate=0.01, stop_on="accuracy"))
    assert fitted.best.score == max(seen.score for seen in fitted.history)


def test_a_loss_that_is_no_number_ends_training_with_the_step_and_the_rate() -> None:
    with pytest.raises(TrainingDiverged, match=r"at step 5 of 40 .*a lower rate than 1e\+20 may help"):
        trained(Recipe(steps=40, validate_every=5, rate=1e20, optimizer="sgd"))


def test_loader_workers_change_nothing_but_who_prepares_the_batches() -> None:
    recipe = Recipe(steps=6, validate_every=3)
    alone, helped = trained(recipe), trained(recipe, workers=2)
    assert state_digest(alone.network) == state_digest(helped.network)
    assert alone.history == helped.history


def test_every_pass_shows_each_item_once_and_in_another_order() -> None:
    chosen = list(orders(10, 4, 6, np.random.default_rng(0)))
    assert [len(batch) for batch in chosen] == [4, 4, 2, 4, 4, 2]
    first, second = torch.cat(chosen[:3]), torch.cat(chosen[3:])
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(10))
    assert first.tolist() != second.tolist()
    assert len(list(orders(10, 4, 2, np.random.default_rng(0)))) == 2


def test_a_batch_holds_the_items_at_its_positions() -> None:
    some = items(6)
    (batch,) = batches(some, iter([torch.tensor([4, 1])]), 0)
    assert torch.equal(batch.planes, some.planes[[4, 1]])
    assert torch.equal(batch.targets, some.targets[[4, 1]])


@pytest.mark.parametrize(
    ("recipe", "kind", "setting"),
    [
        (Recipe(steps=1, optimizer="sgd", momentum=0.9), torch.optim.SGD, ("momentum", 0.9)),
        (Recipe(steps=1, optimizer="adam", rate=0.02), torch.optim.Adam, ("lr", 0.02)),
        (Recipe(steps=1, optimizer="adamw", weight_decay=0.1), torch.optim.AdamW, ("weight_decay", 0.1)),
    ],
)
def test_the_optimiser_is_the_recipes(recipe: Recipe, kind: type, setting: tuple[str, float]) -> None:
    optimizer = optimizer_of(recipe, network())
    assert type(optimizer) is kind
    assert optimizer.param_groups[0][setting[0]] == setting[1]


def test_only_parameters_that_need_a_gradient_are_trained() -> None:
    some = network()
    some.layers["conv1"].requires_grad_(False)
    trained_ids = {id(p) for p in optimizer_of(Recipe(steps=1), some).param_groups[0]["params"]}
    assert trained_ids == {id(p) for p in some.parameters()} - {id(p) for p in some.layers["conv1"].parameters()}


@pytest.mark.parametrize(
    ("schedule", "middle", "last"), [("constant", 1.0, 1.0), ("cosine", 0.5, 0.0), ("one-cycle", None, 0.0)]
)
def test_the_rate_follows_its_schedule(schedule: str, middle: float | None, last: float) -> None:
    recipe = Recipe.model_validate({"steps": 100, "schedule": schedule, "rate": 1.0, "optimizer": "sgd"})
    optimizer = optimizer_of(recipe, network())
    course = schedule_of(recipe, optimizer, 100)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        course.step()
    after = optimizer.param_groups[0]["lr"]
    assert after == pytest.approx(last, abs=1e-4)
    assert max(rates) == pytest.approx(1.0, abs=1e-3)
    if middle is not None:
        assert rates[50] == pytest.approx(middle, abs=1e-6)
    else:
        assert rates.index(max(rates)) == pytest.approx(30, abs=1)
        assert rates[0] == pytest.approx(1 / 25)


def test_asking_leaves_the_network_in_the_mode_that_it_was_in() -> None:
    some = network().train()
    first = logits_of(some, items(), "float32")
    assert some.training
    assert torch.equal(first, logits_of(some.eval(), items(), "float32"))
    assert not some.training


def test_a_sample_of_several_pieces_is_answered_by_their_mean_probability() -> None:
    some, shown = network(), items(12)
    alone = logits_of(some, shown, "float32").softmax(dim=1)
    whole = logits_of(some, Items(shown.planes, shown.targets, 3), "float32")
    assert torch.allclose(whole.exp(), alone.reshape(4, 3, 3).mean(dim=1), atol=1e-6)


def test_validation_counts_samples_and_not_their_pieces() -> None:
    shown = items(20, 1)
    pieces = Items(shown.planes.repeat_interleave(3, dim=0), shown.targets.repeat_interleave(3), 3)
    recipe = Recipe(steps=60, validate_every=60, rate=0.01)
    alone, threefold = trained(recipe, validation=shown).best, trained(recipe, validation=pieces).best
    assert threefold.score == alone.score > 0.8
    assert threefold.loss == pytest.approx(alone.loss, rel=1e-5)
