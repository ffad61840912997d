"""The generators that the folder of a study has, with what was seen of each while it learned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frostline.analysis.frost_line import percent
from frostline.outcome import Fidelity
from frostline.spec.plan import Plan
from frostline.spec.synthesis import Synthesis


@dataclass(frozen=True)
class LookSeen:
    """What a look during the training of a generator saw (``augmentation.gan_health``)."""

    step: int
    critic_loss: float
    generator_loss: float
    separation: float
    variety: float
    freedom: float


@dataclass(frozen=True, eq=False)
class Generator:
    """A generator of a study: for which additions, share and seeds it is, what was seen of it, why it failed if it has.

    ``outside`` tells, addition by addition, of conditions where it has learned nothing. ``sheet`` is its picture of
    real beside synthetic planes. ``near`` tells how near the items of the first addition come to real ones, None where
    that was not measured.
    """

    synthesis: Synthesis
    additions: tuple[str, ...]
    seeds: tuple[int, ...]
    learned: int
    looks: tuple[LookSeen, ...]
    failed: str | None
    outside: tuple[str, ...]
    sheet: bytes | None
    near: Fidelity | None = None

    @property
    def name(self) -> str:
        """What the generator is called in a legend."""
        return f"{written(self.additions)} at {percent(self.synthesis.share)}"

    @property
    def verdict(self) -> str:
        """Whether it was well, in words; nobody can tell where there were fewer looks than its patience asks for."""
        if self.failed is not None:
            return f"failed: {self.failed}"
        looks, patience = len(self.looks), self.synthesis.forging.recipe.patience
        if looks < patience:
            return f"not judged: {looks} of the {patience} looks that it takes to find it dead"
        return "no collapse, no dead critic"


def written(additions: Collection[str]) -> str:
    """``gan, gan shuffled``; what has no name is given to all arms."""
    return ", ".join(one for one in additions if one) or "all arms"


def seeds_in_words(seeds: Sequence[int]) -> str:
    """``seed 0``, or ``seeds 0, 1``."""
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def generators_of(plan: Plan, folder: Path) -> tuple[Generator, ...]:
    """The generators of ``plan`` that the ``folder`` of its study has, each once, in the order of the plan."""
    used: dict[str, tuple[Synthesis, dict[str, None], dict[int, None]]] = {}
    asked: dict[str, dict[str, None]] = {}
    for entry in plan.entries:
        if (made := entry.trial.made) is not None:
            asked.setdefault(made.key, {})[entry.arm.addition] = None
            _, additions, seeds = used.setdefault(made.generator_key, (made, {}, {}))
            additions[entry.arm.addition] = None
            seeds[entry.seed] = None
    found = (
        _generator(folder, made, tuple(additions), tuple(seeds), asked) for made, additions, seeds in used.values()
    )
    return tuple(one for one in found if one is not None)


def _generator(
    folder: Path,
    made: Synthesis,
    additions: tuple[str, ...],
    seeds: tuple[int, ...],
    asked: Mapping[str, Collection[str]],
) -> Generator | None:
    # Imports torch, which no other page needs.
    from frostline.augmentation.gan_files import SHEET
    from frostline.augmentation.judging import fidelity_of
    from frostline.augmentation.synthesize import generator_folder, record_of

    home = generator_folder(folder, made)
    record = record_of(home)
    if record is None:
        return None
    looks = tuple(LookSeen(**look.model_dump()) for look in record.looks)
    where = f"at {percent(made.share)}, {seeds_in_words(seeds)}"
    told = [(asked[one.synthesis], one) for one in record.outside if one.synthesis in asked]
    outside = tuple(f"{written(names)} {where}: {one}" for names, one in told)
    sheet = (home / SHEET).read_bytes() if (home / SHEET).is_file() else None
    near = fidelity_of(folder, made)
    return Generator(made, additions, seeds, len(record.learned), looks, record.failed, outside, sheet, near)
