"""Every entry of a recipe does what plain torch does when it is written out by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from frostline.networks.network import Network, state_digest
from frostline.spec.recipe import Recipe
from frostline.tasks import classes
from frostline.training.evaluate import logits_of, outputs_of
from frostline.training.fit import Fitted
from frostline.training.optimizers import optimizer_of, schedule_of
from tests.training.lessons import close, frozen, items, network, normed, plain_step, plainly, trained

RATE = 0.05


def sgd(**changes: object) -> Recipe:
    values = {"steps": 7, "batch": 16, "validate_every": 7, "optimizer": "sgd", "rate": RATE}
    return Recipe.model_validate(values | changes)


def last(fitted: Fitted) -> Network:
    given = fitted.network
    given.load_state_dict(dict(fitted.states[fitted.steps]))
    return given


def by_hand(step: object = plain_step, batch: int = 16) -> Network:
    given = network()
    return plainly(given, torch.optim.SGD(given.parameters(), lr=RATE), 7, batch, step)  # type: ignore[arg-type]


def test_a_recipe_without_any_of_them_is_the_plain_loop_bit_for_bit() -> None:
    assert state_digest(last(trained(sgd()))) == state_digest(by_hand())


def test_clipping_bounds_the_norm_of_the_whole_gradient() -> None:
    norms: list[float] = []

    def clipped(given: Network, optimizer: torch.optim.Optimizer, planes: Tensor, targets: Tensor) -> None:
        plain_step(given, optimizer, planes, targets)
        norms.append(float(torch.nn.utils.clip_grad_norm_(given.parameters(), 0.5)))

    assert state_digest(last(trained(sgd(clip=0.5)))) == state_digest(by_hand(clipped))
    assert max(norms) > 0.5


def test_label_smoothing_is_part_of_the_training_loss_alone() -> None:
    def smoothed(given: Network, optimizer: torch.optim.Optimizer, planes: Tensor, targets: Tensor) -> None:
        F.cross_entropy(given(planes), targets, label_smoothing=0.2).backward()

    fitted = trained(sgd(label_smoothing=0.2))
    assert state_digest(last(fitted)) == state_digest(by_hand(smoothed))
    seen = items(20, 1)
    assert fitted.best.loss == float(F.cross_entropy(logits_of(fitted.network, seen, "float32"), seen.targets))


@pytest.mark.parametrize("parts", [2, 3, 16])
def test_a_batch_in_parts_takes_the_steps_of_the_whole_batch(parts: int) -> None:
    whole, divided = trained(sgd()), trained(sgd(accumulate=parts))
    assert 40 % 16 != 0, "the last batch of a pass must be smaller for this test to say anything"
    assert close(last(divided), last(whole), 1e-6)
    assert divided.history[0].train_loss == pytest.approx(whole.history[0].train_loss, rel=1e-6)


def test_parts_show_the_network_no_more_items_than_their_share_of_the_batch() -> None:
    given, seen = network(), list[int]()
    given.layers["conv1"].register_forward_hook(lambda module, inputs, outputs: seen.append(len(inputs[0])))
    seen.clear()
    # A deep copy keeps the hook and its list alike.
    trained(sgd(accumulate=3, steps=3), given)
    assert seen == [6, 5, 5, 6, 5, 5, 3, 3, 2, 20]


def test_rates_decay_from_the_head_downwards_by_a_factor_a_layer() -> None:
    given = network(depth=3)
    optimizer = optimizer_of(sgd(layer_decay=0.5), given)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    found = {name: rates[id(parameter)] for name, parameter in given.named_parameters()}
    expected = {"layers.conv1": RATE / 8, "layers.conv2": RATE / 4, "layers.conv3": RATE / 2, "head": RATE}
    assert len(found) == 8
    for name, rate in found.items():
        assert rate == pytest.approx(next(rate for part, rate in expected.items() if name.startswith(part)))


def test_the_readout_learns_like_the_topmost_layer() -> None:
    readout = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LayerNorm(16))
    given = Network(dict(network().layers.items()), readout, network().head)
    optimizer = optimizer_of(sgd(layer_decay=0.5), given)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert {rates[id(p)] for p in readout.parameters()} == {RATE / 2}
    assert {rates[id(p)] for p in given.layers["conv2"].parameters()} == {RATE / 2}


def test_decayed_rates_train_like_parameter_groups_written_by_hand() -> None:
    given = network()
    groups = [
        {"params": list(given.layers["conv1"].parameters()), "lr": RATE * 0.25},
        {"params": list(given.layers["conv2"].parameters()), "lr": RATE * 0.5},
        {"params": list(given.head.parameters()), "lr": RATE},
    ]
    expected = plainly(given, torch.optim.SGD(groups), 7, 16, plain_step)
    assert state_digest(last(trained(sgd(layer_decay=0.5)))) == state_digest(expected)


def rates_of(recipe: Recipe, steps: int) -> list[list[float]]:
    optimizer = optimizer_of(recipe, network())
    course, rates = schedule_of(recipe, optimizer, steps), list[list[float]]()
    for _ in range(steps):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        course.step()
    return rates


def test_the_rate_warms_up_in_equal_steps_and_then_stays() -> None:
    rates = [rate for (rate,) in rates_of(sgd(rate=1.0, warmup_steps=4), 8)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 1])


def test_a_cosine_spans_the_steps_after_the_warm_up() -> None:
    rates = [rate for (rate,) in rates_of(sgd(rate=1.0, warmup_steps=4, schedule="cosine"), 12)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, *(0.5 + 0.5 * math.cos(math.pi * i / 8) for i in range(8))])


def test_a_budget_shorter_than_the_warm_up_ends_on_the_way_up() -> None:
    rates = [rate for (rate,) in rates_of(sgd(rate=1.0, warmup_steps=4, schedule="cosine"), 3)]
    assert rates == pytest.approx([0.25, 0.5, 0.75])


@pytest.mark.parametrize(
    "course", [{"schedule": "cosine"}, {"schedule": "cosine", "warmup_steps": 3}, {"schedule": "one-cycle"}]
)
def test_every_schedule_keeps_the_layers_rates_in_proportion(course: dict[str, object]) -> None:
    for low, high, head in rates_of(sgd(layer_decay=0.5, **course), 9):
        assert (low, high) == (pytest.approx(head * 0.25), pytest.approx(head * 0.5))


def test_bfloat16_computes_outputs_by_mixed_precision_over_weights_in_float32() -> None:
    def mixed(given: Network, optimizer: torch.optim.Optimizer, planes: Tensor, targets: Tensor) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            outputs = given(planes)
        F.cross_entropy(outputs.float(), targets).backward()

    fitted = trained(sgd(precision="bfloat16"))
    assert state_digest(last(fitted)) == state_digest(by_hand(mixed))
    assert state_digest(last(fitted)) != state_digest(by_hand())
    assert {tensor.dtype for tensor in fitted.network.state_dict().values()} == {torch.float32}


def test_bfloat16_holds_for_evaluation_too_and_answers_in_float32() -> None:
    given, seen = network(), items()
    exact, rounded = logits_of(given, seen, "float32"), logits_of(given, seen, "bfloat16")
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert torch.allclose(exact, rounded, atol=0.1)
    fitted = trained(sgd(precision="bfloat16"))
    validation = items(20, 1)
    assert fitted.best.loss == float(
        classes.loss(logits_of(fitted.network, validation, "bfloat16"), validation.targets)
    )


class Noisy(torch.nn.Module):
    """A layer that draws from torch's own generator in training, as dropout does, and remembers its draws."""

    def __init__(self) -> None:
        super().__init__()
        self.draws: list[float] = []

    def __deepcopy__(self, memo: object) -> Noisy:
        return self

    def forward(self, planes: Tensor) -> Tensor:
        if self.training:
            self.draws.append(float(torch.rand(1)))
        return planes


def noise(seed: int) -> list[float]:
    noisy = Noisy()
    trained(sgd(), Network({"noisy": noisy}, torch.nn.Flatten(), torch.nn.Linear(64, 3)), seed)
    return noisy.draws


def test_noise_follows_the_seed_and_leaves_torchs_own_generator_alone() -> None:
    first = noise(0)
    torch.rand(3)
    assert noise(0) == first
    assert len(set(first + noise(1))) == 14
    given = normed(dropout=0.5)
    before = torch.get_rng_state()
    one, again = trained(sgd(), given), trained(sgd(), given)
    assert torch.equal(before, torch.get_rng_state())
    assert state_digest(one.network) == state_digest(again.network)


def test_a_frozen_prefix_keeps_no_activations_for_a_gradient() -> None:
    given = frozen(normed(), "low", "middle").train()
    planes = items().planes
    for name, layer in given.layers.items():
        planes = layer(planes)
        assert planes.requires_grad == (name == "high")
    assert numbers_kept(given) < numbers_kept(normed()) / 2


def numbers_kept(given: Network) -> int:
    """How many numbers a forward pass keeps for the gradient."""
    kept = list[int]()

    def count(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        outputs_of(given, items().planes, "float32")
    return sum(kept)
