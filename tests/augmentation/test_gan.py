"""A generator learns what it is shown, goes on where it was ended, and is found out when it learns nothing."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import frostline.augmentation.gan as gan
from frostline.augmentation.adversarial import MOMENTS, Rules, Turn, drawn, optimizers_of, take_step
from frostline.augmentation.differentiable import DECISIONS, distorted
from frostline.augmentation.fidelity import frechet
from frostline.augmentation.gan import Forger, Material, positions, refuse_few, subject_of, trained, turns
from frostline.augmentation.gan_health import Look, what_is_wrong
from frostline.augmentation.gan_networks import Players, Subject, grids_of, players
from frostline.augmentation.scale import scale_of
from frostline.errors import GeneratorFailed
from frostline.randomness import torch_stream
from frostline.spec.synthesis import Forging, GeneratorSizes
from tests.augmentation.toys import CPU, SIZES, bands_of, bench, forging, levels_of, slopes, squares

HEALTHY = Look(step=1, critic_loss=1.0, generator_loss=0.0, separation=0.7, variety=0.9, freedom=0.9)


@torch.no_grad()
def made(forger: Forger, conditions: Tensor) -> Tensor:
    latents = torch.randn(len(conditions), SIZES.latent, generator=torch_stream(1, "test"))
    return forger.scale.outward(forger.generator(latents, conditions))


def flat(planes: Tensor) -> np.ndarray:
    array: np.ndarray = planes.flatten(1).numpy()
    return array


def test_a_generator_learns_the_planes_of_values(tmp_path: Path) -> None:
    held = slopes(200, seed=5)
    planes = made(trained(slopes(200), forging(90), bench(tmp_path)), held.conditions)
    right = (levels_of(planes) - held.conditions).abs().mean(dim=1) < 0.3
    assert float(right.float().mean()) > 0.8
    nothing = held.planes.mean(dim=0, keepdim=True).expand_as(held.planes)
    assert frechet(flat(held.planes), flat(planes)) < 0.2 * frechet(flat(held.planes), flat(nothing))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_generator_learns_the_distribution_under_each_class(tmp_path: Path, seed: int) -> None:
    held, given = squares(300, seed=5), forging(800, averaging=0.99).model_copy(update={"seed": seed})
    forger = trained(squares(300), given, bench(tmp_path))
    planes = made(forger, held.conditions)
    assert float((bands_of(planes) == held.conditions).float().mean()) > 0.95
    nothing = held.planes.mean(dim=0, keepdim=True).expand_as(held.planes)
    assert frechet(flat(held.planes), flat(planes)) < 0.5 * frechet(flat(held.planes), flat(nothing))
    assert forger.looks[-1].freedom > 0.5


def test_planes_never_leave_the_range_of_the_training_items(tmp_path: Path) -> None:
    material = squares(32)
    planes = made(trained(material, forging(2), bench(tmp_path)), material.conditions)
    assert float(planes.min()) >= float(material.planes.min()) and float(planes.max()) <= float(material.planes.max())
    scale = scale_of(material.planes, (5, 6))
    assert scale.inward(material.planes).shape == (32, 1, 5, 6)
    assert scale.outward(scale.inward(material.planes)).shape == material.planes.shape


def test_a_training_that_was_killed_goes_on_to_the_same_end_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = forging(12, look_every=3, penalty_every=2)
    whole = trained(squares(40), given, bench(tmp_path / "whole"))

    def killed(*arguments: object) -> Tensor:
        if arguments[-1] == 8:
            raise KeyboardInterrupt
        return take_step(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(gan, "take_step", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(squares(40), given, bench(tmp_path / "killed", keep_every=1))
    steps: list[int] = []

    def counted(*arguments: object) -> Tensor:
        steps.append(int(arguments[-1]))  # type: ignore[call-overload]
        return take_step(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(gan, "take_step", counted)
    resumed = trained(squares(40), given, bench(tmp_path / "killed", keep_every=1))
    assert steps == [7, 8, 9, 10, 11, 12]
    assert resumed.looks == whole.looks
    states = whole.generator.state_dict()
    assert all(torch.equal(tensor, states[name]) for name, tensor in resumed.generator.state_dict().items())


def test_a_damaged_checkpoint_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "training.safetensors").write_bytes(b"half a file")
    assert [look.step for look in trained(squares(40), forging(2), bench(tmp_path)).looks] == [2]


def test_a_killed_generator_is_found_out(tmp_path: Path) -> None:
    dead = forging(60, generator_rate=1e-12, look_every=1, patience=6)
    with pytest.raises(GeneratorFailed, match=r"in 6 looks in a row, from step \d+ to \d+, the critic told every real"):
        trained(squares(64), dead, bench(tmp_path))


def looks(**changes: float) -> Sequence[Look]:
    return [HEALTHY.model_copy(update={"step": step} | changes) for step in range(1, 5)]


def test_a_collapse_and_a_loss_that_is_no_number_are_told_apart_from_health() -> None:
    assert what_is_wrong(looks(), 3) is None
    assert what_is_wrong([*looks(variety=0.01)[:3], *looks()], 3) is None
    assert what_is_wrong(looks(separation=1.0)[:2], 3) is None
    assert "from step 2 to 4, synthetic planes hardly differed (variety 0.01" in str(
        what_is_wrong(looks(variety=0.01), 3)
    )
    assert "at step 4 the losses are nan (critic)" in str(what_is_wrong(looks(critic_loss=float("nan")), 3))


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (0, "there is no real training item, so that a generator has nothing to learn from; use a larger share"),
        (1, "1 training item is fewer than a batch of 16 of the generator; use a larger share"),
        (9, "9 training items are fewer than a batch of 16 of the generator; use batch: 9 or less, or a larger share"),
    ],
)
def test_too_few_items_are_refused_in_words(items: int, said: str) -> None:
    with pytest.raises(GeneratorFailed) as caught:
        refuse_few(items, 16)
    assert str(caught.value) == said


def test_planes_that_cannot_be_learned_are_refused_in_words(tmp_path: Path) -> None:
    flat_planes = Material(torch.full((20, 1, 4, 4), 3.0), torch.zeros(20, dtype=torch.int64), 1)
    with pytest.raises(GeneratorFailed, match="every number of the training planes is 3; there is nothing to generate"):
        trained(flat_planes, forging(2), bench(tmp_path))
    broken = Material(torch.full((20, 1, 4, 4), float("nan")), flat_planes.conditions, 1)
    with pytest.raises(GeneratorFailed, match="some training planes hold numbers that are not finite"):
        trained(broken, forging(2), bench(tmp_path))


def test_passes_go_end_to_end_in_whole_batches_wherever_they_begin() -> None:
    reading = positions(10, 4, seed=0, after=0)
    steps = [next(reading).tolist() for _ in range(10)]
    seen = [place for step in steps for place in step]
    assert sorted(seen[:10]) == sorted(seen[10:20]) == [*range(10)] and seen[:10] != seen[10:20]
    later = positions(10, 4, seed=0, after=7)
    assert [next(later).tolist() for _ in range(3)] == steps[7:]


def test_the_stages_of_a_spectrogram_reach_its_own_rows_and_columns() -> None:
    assert grids_of((128, 1292)) == ((4, 41), (8, 81), (16, 162), (32, 323), (64, 646), (128, 1292))
    assert grids_of((3, 3)) == ((2, 2), (3, 3))
    both = players(Subject(2, (9, 21), "values", 2), GeneratorSizes(latent=3, width=2, widest=4), seed=0)
    planes = both.generator(torch.zeros(4, 3), torch.zeros(4, 2))
    assert planes.shape == (4, 2, 9, 21) and both.critic(planes, torch.zeros(4, 2)).shape == (4,)


def plain_step(both: Players, optimizers: Sequence[torch.optim.Adam], turn: Turn, forging: Forging, step: int) -> None:
    """A step as one would write it with nothing but torch: hinge loss, R1 at every second step, a running mean."""
    of_generator, of_critic = optimizers
    with torch.no_grad():
        fakes = both.generator(turn.latents[0], turn.asked[0])
    scores = both.critic(torch.cat([turn.planes, fakes]), torch.cat([turn.conditions, turn.asked[0]]))
    real, fake = scores[: len(fakes)], scores[len(fakes) :]
    loss = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    if step % 2 == 0:
        planes = turn.planes.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(both.critic(planes, turn.conditions).sum(), planes, create_graph=True)
        loss = loss + 2 * forging.recipe.penalty * gradient.flatten(1).square().sum(dim=1).mean() / 2
    of_critic.zero_grad()
    loss.backward()
    of_critic.step()
    of_generator.zero_grad()
    (-both.critic(both.generator(turn.latents[1], turn.asked[1]), turn.asked[1]).mean()).backward()
    of_generator.step()
    with torch.no_grad():
        kept = min(0.95, step / (step + 9))
        for average, current in zip(both.average.parameters(), both.generator.parameters(), strict=True):
            average.mul_(kept).add_(current, alpha=1 - kept)


def test_a_step_is_that_of_the_plain_loop() -> None:
    material, given = squares(40), forging(4, penalty_every=2, penalty=0.5)
    scale = scale_of(material.planes, None)
    ours = players(subject_of(material, scale), SIZES, seed=0)
    plain = copy.deepcopy(ours)
    optimizers = optimizers_of(ours, given.recipe)
    theirs = [
        torch.optim.Adam(network.parameters(), lr=rate, betas=MOMENTS)
        for network, rate in ((plain.generator, 1e-3), (plain.critic, 2e-3))
    ]
    reading = turns(material, scale, given, CPU, after=0)
    for step in range(1, 5):
        turn = next(reading)
        take_step(ours, optimizers, turn, Rules(given.recipe, "float32"), step)
        plain_step(plain, theirs, turn, given, step)
    for one, other in ((ours.average, plain.average), (ours.critic, plain.critic)):
        state = other.state_dict()
        assert all(torch.allclose(tensor, state[name], atol=2e-4) for name, tensor in one.state_dict().items())


def test_distortions_are_draws_of_each_item_and_let_gradients_through() -> None:
    planes = torch.rand(3, 1, 8, 8, generator=torch_stream(0, "planes")).requires_grad_()
    _, draws = drawn(0, 1, 3, 4)
    assert draws.shape == (3, 3, DECISIONS)
    kinds = ("level", "shift", "cutout")
    together = distorted(planes, kinds, draws[0])
    alone = torch.cat([distorted(planes[i : i + 1], kinds, draws[0][i : i + 1]) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-6)
    together.sum().backward()
    assert planes.grad is not None and float(planes.grad.abs().sum()) > 0
    middle = torch.full((3, DECISIONS), 0.5)
    assert torch.allclose(distorted(planes, ("level", "shift"), middle), planes)
    assert torch.equal(distorted(planes, ("cutout",), middle)[:, :, 2:7, 2:7], torch.zeros(3, 1, 5, 5))
    up = middle.clone()
    up[:, 2] = 0.99
    shifted = distorted(planes, ("shift",), up)
    assert torch.equal(shifted[:, :, :-1], planes[:, :, 1:]) and bool((shifted[:, :, -1] == -1).all())


def test_bce_learns_as_well_as_hinge_but_otherwise(tmp_path: Path) -> None:
    material = squares(40)
    one = trained(material, forging(2, loss="bce"), bench(tmp_path / "bce"))
    other = trained(material, forging(2), bench(tmp_path / "hinge"))
    assert one.looks[0].critic_loss == pytest.approx(2 * np.log(2), abs=0.3)
    assert one.looks != other.looks
