"""What the options of the command line say of a study, as one value, and every fault of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frostline.errors import Fault, StudyFaults
from frostline.spec.study import Narrowing
from frostline.spec.surgery import Surgery


@dataclass(frozen=True)
class Options:
    """The options that narrow a study, as they were typed; None and empty where they were not."""

    shares: str | None
    seeds: int | None
    seed: int | None
    arms: Sequence[str]
    recipe: str | None
    stand_ins: Sequence[str]

    @property
    def typed(self) -> str:
        """What was typed, told in one order: ``--shares 0.1 --seeds 2 --arm r4``; empty where nothing was."""
        several = {"--arm": self.arms, "--stand-in": self.stand_ins}
        one = {"--shares": self.shares, "--seeds": self.seeds, "--seed": self.seed, "--recipe": self.recipe}
        said = [f"{name} {value}" for name, value in one.items() if value is not None]
        return " ".join([*said, *(f"{name} {value}" for name, values in several.items() for value in values)])

    @property
    def given(self) -> list[str]:
        """The options that were typed, as they are spelt."""
        spelt = {
            "--shares": self.shares,
            "--seeds": self.seeds,
            "--seed": self.seed,
            "--arm": self.arms or None,
            "--recipe": self.recipe,
            "--stand-in": self.stand_ins or None,
        }
        return [name for name, value in spelt.items() if value is not None]


def narrowing(options: Options) -> Narrowing:
    """The part of a study that ``options`` choose.

    Raises:
        StudyFaults: every option that cannot be read, with what was got and what would be right.
    """
    faults: list[Fault] = []
    shares = _shares(options.shares, faults)
    if options.seeds is not None and options.seed is not None:
        faults.append(Fault("--seed", "names one seed and --seeds a number of them; use one of the two"))
    arms = tuple(arm for text in options.arms if (arm := _surgery(text, faults)) is not None)
    pairs = [pair for text in options.stand_ins if (pair := _stand_in(text, faults)) is not None]
    stand_ins = dict(pairs)
    if len(stand_ins) < len(pairs):
        faults.append(Fault("--stand-in", "names a dataset twice; give each one stand-in"))
    if faults:
        raise StudyFaults("the command line", faults)
    seeds = (options.seed,) if options.seed is not None else options.seeds
    return Narrowing(shares, seeds, arms or None, options.recipe, stand_ins)


def _shares(text: str | None, faults: list[Fault]) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        faults.append(
            Fault("--shares", f"must be numbers from 0 to 1 with commas between them, as 0.01,0.1 (got {text!r})")
        )
        return None


def _surgery(text: str, faults: list[Fault]) -> Surgery | None:
    try:
        return Surgery.parse(text)
    except ValueError as error:
        faults.append(Fault("--arm", str(error)))
        return None


def _stand_in(text: str, faults: list[Fault]) -> tuple[str, str] | None:
    name, equals, other = text.partition("=")
    if name and equals and other:
        return name, other
    faults.append(Fault("--stand-in", f"must be NAME=OTHER, as cifar10=cifar10_subset (got {text!r})"))
    return None
