"""Compiled steps learn what plain ones learn, touch no frozen layer, draw the same noise, and never fail in silence."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor, nn

from frostline.errors import BatchTooSmall, NotCompiled
from frostline.networks.network import Network, state_digest
from frostline.spec.recipe import Recipe
from frostline.training import stepping
from frostline.training.fit import Fitted, Lesson, fit
from frostline.training.stepping import SWITCHES, computed
from tests.training.lessons import frozen, items, network, normed

pytestmark = pytest.mark.usefixtures("unchecked")
RECIPE = Recipe(steps=6, validate_every=1, batch=16)
PLAIN_SGD = RECIPE.model_copy(update={"optimizer": "sgd", "rate": 0.01})
"""For biases under a batch norm, whose gradient is nothing but rounding: Adam makes whole steps of that."""
TOLERANCE = 1e-5
"""The most that a loss of the first steps may differ, as a part of it (measured: 1e-7)."""
TOLERANCE_HALF = 1e-2
"""The same where it is computed in bfloat16, which rounds to 4e-3 (measured: 1e-3)."""


def compiled(given: Network, recipe: Recipe = RECIPE, seed: int = 0) -> Fitted:
    return fit(given, Lesson(items(), items(20, 1)), recipe, seed, "best", "compiled")


def plain(given: Network, recipe: Recipe = RECIPE, seed: int = 0) -> Fitted:
    return fit(given, Lesson(items(), items(20, 1)), recipe, seed, "best", "eager")


def losses(fitted: Fitted) -> list[float]:
    return [loss for seen in fitted.history for loss in (seen.train_loss, seen.loss)]


@pytest.mark.slow
def test_compiled_steps_lose_what_plain_ones_lose_and_leave_the_network_untouched() -> None:
    given = network()
    before = state_digest(given)
    assert losses(compiled(given)) == pytest.approx(losses(plain(given)), rel=TOLERANCE)
    assert state_digest(given) == before


@pytest.mark.slow
def test_compiled_steps_draw_the_noise_of_dropout_from_the_stream_of_the_seed_as_plain_ones_do() -> None:
    given = normed(dropout=0.5)
    first, second = (compiled(given, PLAIN_SGD, seed) for seed in (0, 1))
    assert losses(first) == pytest.approx(losses(plain(given, PLAIN_SGD)), rel=TOLERANCE)
    assert losses(second) == pytest.approx(losses(plain(given, PLAIN_SGD, 1)), rel=TOLERANCE)
    assert losses(compiled(given, PLAIN_SGD)) == losses(first) != losses(second)


@pytest.mark.slow
def test_compiled_steps_move_no_bit_of_a_frozen_layer_and_all_others() -> None:
    given = frozen(normed(dropout=0.5), "low")
    trained = compiled(given).network
    assert state_digest(trained.layers["low"]) == state_digest(given.layers["low"])
    assert torch.equal(trained.train().layers["low"](items().planes), given.train().layers["low"](items().planes))
    for name in ("middle", "high"):
        assert state_digest(trained.layers[name]) != state_digest(given.layers[name])


@pytest.mark.slow
def test_parts_of_batches_in_bfloat16_are_compiled_too() -> None:
    recipe = RECIPE.model_copy(update={"precision": "bfloat16", "accumulate": 3})
    assert losses(compiled(network(), recipe)) == pytest.approx(losses(plain(network(), recipe)), rel=TOLERANCE_HALF)


@pytest.mark.slow
def test_a_shape_beyond_the_bound_is_an_error_and_not_computed_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    torch._dynamo.reset()
    monkeypatch.setattr(stepping, "MANY", 1)
    with pytest.raises(NotCompiled, match=r"^a training step could not be compiled \(FailOnRecompileLimitHit: "):
        compiled(network())


@pytest.mark.slow
def test_without_a_compiler_nothing_is_compiled_and_that_is_told() -> None:
    import torch._inductor.config

    torch._dynamo.reset()
    absent = torch._inductor.config.patch({"cpp.cxx": ("/absent",)})
    with absent, pytest.raises(NotCompiled, match="No working C\\+\\+ compiler found"):
        compiled(network(), RECIPE.model_copy(update={"batch": 17}))


class Undecided(nn.Module):
    """A layer that does one thing or another, depending on what it is shown: no compiler knows which."""

    def forward(self, planes: Tensor) -> Tensor:
        return planes * 2 if planes.sum() > 0 else planes


@pytest.mark.slow
def test_what_cannot_be_compiled_is_an_error_that_says_how_to_do_without() -> None:
    given = Network({"undecided": Undecided()}, nn.Flatten(), nn.Linear(64, 3))
    remedy = re.escape("with TORCH_COMPILE_DISABLE=1 a study in another folder (--to) compiles nothing")
    with pytest.raises(NotCompiled, match=rf"^a training step could not be compiled \(.*\w+: .+\); {remedy}$"):
        compiled(given)
    assert plain(given).steps == RECIPE.steps


@pytest.mark.slow
def test_a_batch_norm_with_a_single_item_is_told_alike_where_it_is_compiled() -> None:
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(1))
    given = Network({"pooled": pooled}, nn.Flatten(), nn.Linear(1, 3))
    with pytest.raises(
        BatchTooSmall, match="a batch norm cannot learn from one item: a batch of 40 in 40 parts leaves"
    ):
        compiled(given, RECIPE.model_copy(update={"batch": 40, "accumulate": 40}))


@pytest.mark.parametrize("name", SWITCHES)
def test_a_study_whose_steps_are_compiled_does_not_go_on_where_compiling_is_switched_off(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    said = f"^{name}=1 switches compiling off; unset it, or set it before a study begins in its folder$"
    with pytest.raises(NotCompiled, match=said):
        compiled(network())


def test_plain_steps_are_those_of_the_network_itself_and_compiled_ones_share_all_that_it_holds() -> None:
    given = network()
    with computed(given, "eager") as learner:
        assert learner is given
    with computed(given, "compiled") as learner:
        assert learner is not given
        assert [id(one) for one in learner.parameters()] == [id(one) for one in given.parameters()]
        assert torch._dynamo.config.recompile_limit == stepping.MANY
    assert torch._dynamo.config.recompile_limit < stepping.MANY
