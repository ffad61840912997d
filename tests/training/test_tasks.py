"""The one loop trains tags and values too, each by its own loss and to its own score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from frostline.augmentation.apply import augmented, draws_of
from frostline.catalog import Task
from frostline.data.planes import Items
from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.randomness import stream
from frostline.spec.augmentation import NOTHING, Augmentation, Mixup
from frostline.spec.network import PlainCnn
from frostline.spec.recipe import Mixture, Recipe
from frostline.tasks import tags
from frostline.training.batches import orders
from frostline.training.evaluate import logits_of
from frostline.training.fit import Lesson, fit
from frostline.training.stackable import refuse_unequal, stackable

Loss = Callable[[Tensor, Tensor], Tensor]


def network(outputs: int = 2) -> Network:
    return build(PlainCnn(name="plain_cnn", depth=1, channels=4), Fit(1, 8, outputs, 1), seed=3)


def items(task: Task, count: int = 48, seed: int = 0) -> Items:
    """Noise of which the left half tells the first tag or value and the right half the second."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(count, 2, generator=generator) * 2 - 1
    targets = (values > 0.3).float() if task == "tags" else values
    noise = 0.2 * torch.rand(count, 1, 8, 8, generator=generator)
    return Items(noise + values.repeat_interleave(4, dim=1)[:, None, None, :], targets, task=task)


def lesson(task: Task, augmentation: Augmentation = NOTHING) -> Lesson:
    return Lesson(items(task), items(task, 30, 1), augmentation=augmentation)


@pytest.mark.parametrize(
    ("task", "how"),
    [
        ("tags", {}),
        ("tags", {"loss": "focal", "weights": "balanced", "stop_on": "score"}),
        ("values", {}),
        ("values", {"loss": "ccc", "stop_on": "score"}),
        ("values", {"loss": Mixture(mae=1.0, ccc=0.5)}),
    ],
)
def test_tags_and_values_are_learned_and_the_best_by_the_recipe_is_restored(task: Task, how: dict[str, object]) -> None:
    recipe = Recipe(steps=60, validate_every=10, batch=16, rate=0.02, **how)  # type: ignore[arg-type]
    fitted = fit(network(), lesson(task), recipe, 0, "best")
    assert fitted.best.score > 0.9
    figures = [(-seen.score, seen.loss) if recipe.stop_on == "score" else (seen.loss,) for seen in fitted.history]
    assert fitted.best == fitted.history[figures.index(min(figures))]


@pytest.mark.parametrize(
    ("task", "how", "loss"),
    [
        ("tags", {}, F.binary_cross_entropy_with_logits),
        ("values", {}, F.mse_loss),
        ("values", {"loss": "mae"}, F.l1_loss),
        (
            "tags",
            {"weights": "balanced"},
            lambda x, y: F.binary_cross_entropy_with_logits(x, y, pos_weight=tags.balance_of(items("tags").targets)),
        ),
    ],
)
@pytest.mark.parametrize("augmentation", [NOTHING, Augmentation(mixup=Mixup(alpha=0.4))])
def test_a_training_is_the_plain_loop(
    task: Task, how: dict[str, object], loss: Loss, augmentation: Augmentation
) -> None:
    given, shown, draws = network(), items(task), draws_of(0)
    optimizer = torch.optim.SGD(given.parameters(), lr=0.1)
    for chosen in orders(48, 16, 5, stream(0, "batches")):
        batch = augmented(
            replace(shown, planes=shown.planes[chosen], targets=shown.targets[chosen]), augmentation, draws, 0
        )
        optimizer.zero_grad()
        loss(given(batch.planes), batch.targets).backward()
        optimizer.step()
    recipe = Recipe(steps=5, validate_every=5, batch=16, optimizer="sgd", rate=0.1, **how)  # type: ignore[arg-type]
    fitted = fit(network(), lesson(task, augmentation), recipe, 0, "checkpoints")
    for name, tensor in fitted.states[5].items():
        assert torch.allclose(tensor, given.state_dict()[name], atol=1e-6)


def test_mixup_mixes_tags_and_values_as_planes_and_in_no_other_way() -> None:
    values = torch.linspace(-1, 1, 9)
    told = Items(values.reshape(9, 1, 1, 1), torch.stack([values, (values > 0).float()], dim=1), task="values")
    drawn = augmented(told, Augmentation(mixup=Mixup(alpha=1.0)), draws_of(2), 0)
    assert torch.allclose(drawn.targets[:, 0], drawn.planes.flatten())
    assert not torch.equal(drawn.targets, told.targets) and ((drawn.targets >= -1) & (drawn.targets <= 1)).all()


def test_a_batch_in_parts_takes_the_step_of_the_whole() -> None:
    recipe = Recipe(steps=4, validate_every=4, batch=16, optimizer="sgd", rate=0.1)
    whole = fit(network(), lesson("tags"), recipe, 0, "checkpoints")
    parts = fit(network(), lesson("tags"), recipe.model_copy(update={"accumulate": 3}), 0, "checkpoints")
    for name, tensor in whole.states[4].items():
        assert torch.allclose(tensor, parts.states[4][name], atol=1e-6)


@pytest.mark.parametrize("task", ["tags", "values"])
def test_the_pieces_of_a_sample_have_one_answer_and_one_target(task: Task) -> None:
    some = items(task, 12)
    pieces = replace(some, targets=some.targets[:4].repeat_interleave(3, dim=0), pieces=3)
    answers, each = logits_of(network(), pieces, "float32"), logits_of(network(), some, "float32")
    likely = torch.sigmoid if task == "tags" else torch.nn.Identity()
    assert torch.allclose(likely(answers), likely(each).reshape(4, 3, 2).mean(dim=1), atol=1e-6)
    assert torch.equal(pieces.sample_targets, some.targets[:4])


def test_tags_and_values_are_not_stacked() -> None:
    lessons, recipe = [lesson("tags"), lesson("tags")], Recipe(steps=1, validate_every=1)
    with pytest.raises(ValueError, match="training 1: its items have tags, which are trained one training at a time"):
        refuse_unequal([network(), network()], lessons, recipe, [0, 1])
    reason = stackable(network(), Recipe(steps=1, loss="focal"), NOTHING)
    assert reason == "its loss is computed for one training at a time"
