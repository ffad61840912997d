"""Whether two players still learn from one another: looks at them during training, and what is wrong in a row of looks.

| symbol | meaning | unit |
|---|---|---|
| separation | part of all pairs of a real and a synthetic plane in which the real one scores higher | 1 |
| variety | mean distance between synthetic planes over that between real ones, under equal conditions | 1 |
| freedom | mean distance between synthetic planes of one condition over that between all of them | 1 |
| losses | mean losses of critic and generator since the look before | 1 |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from frostline.augmentation.differentiable import DECISIONS, distorted
from frostline.augmentation.gan_networks import Players
from frostline.augmentation.scale import Scale
from frostline.outcome import Record
from frostline.randomness import torch_stream
from frostline.spec.synthesis import AdversarialRecipe

PROBED = 32
"""So many real and so many synthetic planes are looked at."""
AT_ONCE = 16
TINY = 1e-12
ALIKE = 0.1
"""Planes whose variety is below this hardly differ."""


class Look(Record):
    """What a look at the players after ``step`` steps saw."""

    step: int
    critic_loss: float
    generator_loss: float
    separation: float
    variety: float
    freedom: float


@dataclass(frozen=True, eq=False)
class Probe:
    """What every look of a training looks at: the same real planes, conditions, latents and distortions."""

    planes: Float[Tensor, "sample channel row column"]
    conditions: Shaped[Tensor, "sample ..."]
    latents: Float[Tensor, "sample latent"]
    draws: Float[Tensor, "two sample decision"]

    def scaled(self, scale: Scale) -> Probe:
        """The same probe with its planes between -1 and 1."""
        return replace(self, planes=scale.inward(self.planes))

    def to(self, device: torch.device) -> Probe:
        """The same probe on ``device``."""
        moved = (part.to(device) for part in (self.planes, self.conditions, self.latents, self.draws))
        return Probe(*moved)


def probe_of(planes: Tensor, conditions: Tensor, latent: int, seed: int) -> Probe:
    """The probe of a training on ``planes`` under ``conditions``: up to ``PROBED`` of them, drawn by ``seed``."""
    generator = torch_stream(seed, "probe")
    chosen = torch.randperm(len(planes), generator=generator)[:PROBED]
    latents = torch.randn(len(chosen), latent, generator=generator)
    draws = torch.rand(2, len(chosen), DECISIONS, generator=generator)
    return Probe(planes[chosen], conditions[chosen], latents, draws)


@torch.no_grad()
def look(players: Players, probe: Probe, recipe: AdversarialRecipe, step: int, losses: Sequence[Tensor]) -> Look:
    """What is to be seen of ``players``, which stay as they are; ``losses`` are those since the look before."""
    training = players.critic.training
    players.critic.eval()
    made, again = (_made(players, probe, latents) for latents in (probe.latents, probe.latents.roll(1, dims=0)))

    def scores(planes: Tensor, draws: Tensor) -> Tensor:
        def of_part(part: slice) -> Tensor:
            shown = distorted(planes[part], recipe.distortions, draws[part])
            scored: Tensor = players.critic(shown, probe.conditions[part])
            return scored

        return _in_parts(of_part, len(planes))

    real, fake = scores(probe.planes, probe.draws[0]), scores(made, probe.draws[1])
    players.critic.train(training)
    apart = (real[:, None] > fake).double() + (real[:, None] == fake).double() / 2
    critic_loss, generator_loss = torch.stack(list(losses)).double().mean(dim=0).tolist()
    return Look(
        step=step,
        critic_loss=critic_loss,
        generator_loss=generator_loss,
        separation=float(apart.mean()),
        variety=_spread(made) / max(_spread(probe.planes), TINY),
        freedom=_distance(made, again) / max(_spread(made), TINY),
    )


def what_is_wrong(looks: Sequence[Look], patience: int) -> str | None:
    """Why the training that ``looks`` have seen, the last at its end so far, has failed; None where it has not."""
    last = looks[-1]
    if not (math.isfinite(last.critic_loss) and math.isfinite(last.generator_loss) and math.isfinite(last.variety)):
        return (
            f"at step {last.step} the losses are {last.critic_loss:g} (critic) and {last.generator_loss:g} "
            "(generator); lower rates may help"
        )
    row = looks[-patience:]
    if len(row) < patience:
        return None
    where = f"in {patience} looks in a row, from step {row[0].step} to {last.step},"
    if all(one.separation == 1 for one in row):
        return (
            f"{where} the critic told every real plane from every synthetic one, so that the generator has nothing "
            "to learn from; a lower critic_rate, a penalty or more distortions may help"
        )
    if all(one.variety < ALIKE for one in row):
        return (
            f"{where} synthetic planes hardly differed (variety {last.variety:.3g}, below {ALIKE:g} of that of real "
            "ones): the generator has collapsed; lower rates or a penalty may help"
        )
    return None


def _in_parts(of_part: Callable[[slice], Tensor], count: int) -> Tensor:
    return torch.cat([of_part(slice(start, start + AT_ONCE)) for start in range(0, count, AT_ONCE)]).float()


def _spread(planes: Tensor) -> float:
    """The mean distance of each of ``planes`` from the next one, round a circle."""
    return _distance(planes, planes.roll(1, dims=0))


def _distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).flatten(1).float().norm(dim=1).mean())


def _made(players: Players, probe: Probe, latents: Tensor) -> Tensor:
    return _in_parts(lambda part: players.generator(latents[part], probe.conditions[part]), len(latents))
