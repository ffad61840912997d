"""What generator and critic learn from one another in one step.

| symbol | meaning | shape, unit |
|---|---|---|
| real, fake | scores of real and of synthetic planes by the critic | sample |
| penalty | half the mean squared norm of the critic's gradient at real planes | 1 |
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from frostline.augmentation.differentiable import DECISIONS, distorted
from frostline.augmentation.gan_networks import Critic, Players
from frostline.randomness import torch_stream
from frostline.spec.recipe import Precision
from frostline.spec.synthesis import AdversarialRecipe

MOMENTS = (0.0, 0.9)


@dataclass(frozen=True, eq=False)
class Turn:
    """What one step reads: real planes with their conditions, and what chance decides of the synthetic ones.

    The critic and the generator have latents and conditions of their own, in this order. ``draws`` are for real
    planes, synthetic ones of the critic and synthetic ones of the generator, in this order.
    """

    planes: Float[Tensor, "sample channel row column"]
    conditions: Shaped[Tensor, "sample ..."]
    latents: Float[Tensor, "two sample latent"]
    asked: tuple[Shaped[Tensor, "sample ..."], Shaped[Tensor, "sample ..."]]
    draws: Float[Tensor, "three sample decision"]


@dataclass(frozen=True, eq=False)
class Optimizers:
    """The optimisers of generator and critic."""

    generator: torch.optim.Optimizer
    critic: torch.optim.Optimizer


@dataclass(frozen=True)
class Rules:
    """By which recipe, and in which precision, a step is computed."""

    recipe: AdversarialRecipe
    precision: Precision


def optimizers_of(players: Players, recipe: AdversarialRecipe) -> Optimizers:
    """Adam for each of ``players``, at its own rate."""
    return Optimizers(
        torch.optim.Adam(players.generator.parameters(), lr=recipe.generator_rate, betas=MOMENTS, foreach=True),
        torch.optim.Adam(players.critic.parameters(), lr=recipe.critic_rate, betas=MOMENTS, foreach=True),
    )


def drawn(seed: int, step: int, batch: int, latent: int) -> tuple[Tensor, Tensor]:
    """Latents and draws of ``step``, which depend on no other step: a training goes on where it was ended."""
    generator = torch_stream(seed, "step", str(step))
    return torch.randn(2, batch, latent, generator=generator), torch.rand(3, batch, DECISIONS, generator=generator)


def take_step(players: Players, optimizers: Optimizers, turn: Turn, rules: Rules, step: int) -> Tensor:
    """The losses of critic and generator; afterwards both, and the running mean, have taken a step."""
    recipe = rules.recipe
    critic_loss = _critic_step(players, optimizers, turn, rules, step)
    optimizers.generator.zero_grad(set_to_none=True)
    players.critic.requires_grad_(False)
    with _mixed(turn.planes, rules.precision):
        made = players.generator(turn.latents[1], turn.asked[1])
        fake = players.critic(distorted(made, recipe.distortions, turn.draws[2]), turn.asked[1]).float()
    generator_loss = -fake.mean() if recipe.loss == "hinge" else F.softplus(-fake).mean()
    generator_loss.backward()
    players.critic.requires_grad_(True)
    optimizers.generator.step()
    _average(players, min(recipe.averaging, step / (step + 9)))
    return torch.stack([critic_loss.detach(), generator_loss.detach()])


def critic_loss_of(real: Tensor, fake: Tensor, recipe: AdversarialRecipe) -> Tensor:
    """The loss of a critic that gives these scores; 0 where it tells all apart by a margin (hinge)."""
    if recipe.loss == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def _critic_step(players: Players, optimizers: Optimizers, turn: Turn, rules: Rules, step: int) -> Tensor:
    recipe = rules.recipe
    optimizers.critic.zero_grad(set_to_none=True)
    with _mixed(turn.planes, rules.precision):
        with torch.no_grad():
            made = players.generator(turn.latents[0], turn.asked[0])
        shown = torch.cat([turn.planes, made.to(turn.planes.dtype)])
        conditions = torch.cat([turn.conditions, turn.asked[0]])
        shown = distorted(shown, recipe.distortions, turn.draws[:2].flatten(0, 1))
        real, fake = players.critic(shown, conditions).float().chunk(2)
    loss = critic_loss_of(real, fake, recipe)
    loss.backward()  # type: ignore[no-untyped-call]
    if recipe.penalty and step % recipe.penalty_every == 0:
        weighted = recipe.penalty * recipe.penalty_every * _penalty(players.critic, turn, recipe)
        weighted.backward()  # type: ignore[no-untyped-call]
    optimizers.critic.step()
    return loss


def _penalty(critic: Critic, turn: Turn, recipe: AdversarialRecipe) -> Tensor:
    """R1 of ``critic``, in float32 whatever the precision of the step: squares of small gradients vanish in less."""
    planes = turn.planes.detach().clone().requires_grad_(True)
    scores = critic(distorted(planes, recipe.distortions, turn.draws[0]), turn.conditions)
    (gradient,) = torch.autograd.grad(scores.sum(), planes, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean() / 2


def _mixed(planes: Tensor, precision: Precision) -> torch.autocast:
    return torch.autocast(planes.device.type, torch.bfloat16, enabled=precision == "bfloat16")


@torch.no_grad()
def _average(players: Players, kept: float) -> None:
    """Moves the running mean towards the generator, of which it keeps the part ``kept`` of itself."""
    averages: list[Tensor] = list(players.average.parameters())
    torch._foreach_lerp_(averages, list(players.generator.parameters()), 1 - kept)
