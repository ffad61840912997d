"""How many trials a race runs, and whether it decides as the whole design does, on three simulated scenarios.

    python benchmarks/racing.py

Seven arms. Seven equal ones; one that is two deviations better than six equal others; and means and deviations of the
published Fashion-MNIST study (regular FR, cuts 0 to 6, ``FashionMNIST__cuts_regular_classes_FR.json``), with as many
seeds as were published at each share. Values are drawn independently; the published runs of one seed are correlated up
to 0.8 at 0.1 % of the data, which would help a race.

"Best stopped" counts studies in which some truly best arm was stopped: 5 % is what the level allows. "Same choice" is
where the arm with the highest mean over all seeds was not stopped; it then has the highest mean of the survivors too.
"Same set" is where the survivors are those that one look at all seeds leaves; "left" counts them, in the race and in
the whole design. "Least" is what a race would run that knew all values beforehand and stopped at its first look every
arm that the whole design rules out: no race in which survivors run all their seeds runs less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frostline.analysis.elimination import FIRST, Elimination, Sample, eliminate, looks
from frostline.randomness import stream

REPEATS = 1000
ALPHA = 0.05


@dataclass(frozen=True)
class Scenario:
    """Mean accuracy and deviation of each arm, and how many seeds each is planned with."""

    name: str
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    seeds: int


SCENARIOS = (
    Scenario("null", (0.8,) * 7, (0.03,) * 7, 25),
    Scenario("clear winner", (0.86, *(0.8,) * 6), (0.03,) * 7, 25),
    Scenario(
        "published, 0.1 %",
        (0.77083, 0.78047, 0.8117, 0.81987, 0.83738, 0.83542, 0.81477),
        (0.02832, 0.02371, 0.02574, 0.04563, 0.02424, 0.02827, 0.03062),
        25,
    ),
    Scenario(
        "published, 1 %",
        (0.80505, 0.80269, 0.84112, 0.86536, 0.8747, 0.87064, 0.8553),
        (0.02958, 0.02837, 0.0236, 0.01977, 0.01618, 0.01799, 0.01253),
        25,
    ),
    Scenario(
        "published, 10 %",
        (0.80548, 0.81871, 0.83384, 0.87345, 0.88343, 0.87393, 0.85714),
        (0.04138, 0.03635, 0.03525, 0.02803, 0.028, 0.01825, 0.01468),
        20,
    ),
    Scenario(
        "published, 50 %",
        (0.85778, 0.86649, 0.88437, 0.93954, 0.94297, 0.94213, 0.90664),
        (0.05005, 0.03932, 0.05794, 0.00323, 0.00126, 0.00297, 0.01574),
        5,
    ),
    Scenario(
        "published, 100 %",
        (0.9474, 0.9489, 0.95288, 0.96034, 0.95544, 0.9582, 0.93042),
        (0.00586, 0.0083, 0.00321, 0.00208, 0.00434, 0.00079, 0.01044),
        5,
    ),
)


@dataclass(frozen=True)
class Study:
    """One simulated study: its race, what the whole design leaves, and the truly best and the highest arm."""

    scenario: Scenario
    race: Elimination
    whole: Elimination
    best: frozenset[int]
    highest: int

    @property
    def trials(self) -> int:
        """How many trials the race has run."""
        planned = self.scenario.seeds
        return len(self.race.racing) * planned + sum(verdict.seeds for verdict in self.race.verdicts)


def main() -> None:
    """Prints a line a scenario, and last how much fewer trials a race of the published study runs."""
    print(f"{REPEATS} studies each, level {1 - ALPHA:g}")
    heads = (f"{'seeds':>6}{'trials run':>12}{'least':>8}", f"{'best stopped':>14}{'same choice':>13}{'same set':>10}")
    print(f"{'':18}{''.join(heads)}{'left':>12}")
    trials = whole = 0.0
    for scenario in SCENARIOS:
        studies = list(simulated(scenario))
        run, planned = np.mean([study.trials for study in studies]), scenario.seeds * len(scenario.means)
        if scenario.name.startswith("published"):
            trials, whole = trials + run, whole + planned
        print(line(studies, run / planned))
    print(f"all published shares together: {trials / whole:.1%} of {whole:g} trials")
    print(f"ratio racing {whole / trials:.2f}")


def simulated(scenario: Scenario) -> Iterator[Study]:
    """Studies drawn from ``scenario``, the same at every call."""
    draws, means = stream(0, "racing", scenario.name), np.array(scenario.means)
    best = frozenset(np.flatnonzero(means == means.max()).tolist())
    for _ in range(REPEATS):
        noise = draws.standard_normal((len(means), scenario.seeds)) * np.array(scenario.deviations)[:, None]
        sample = Sample.of(means[:, None] + noise)
        raced = eliminate(sample, ALPHA, looks(scenario.seeds))
        whole = eliminate(sample, ALPHA, (scenario.seeds,))
        yield Study(scenario, raced, whole, best, int(sample.values.mean(axis=1).argmax()))


def line(studies: list[Study], run: float) -> str:
    """What became of ``studies``, which ran that part of their trials."""
    stopped = np.mean([not study.best <= set(study.race.racing) for study in studies])
    choice = np.mean([study.highest in study.race.racing for study in studies])
    same = np.mean([study.race.racing == study.whole.racing for study in studies])
    left = np.mean([len(study.race.racing) for study in studies])
    without = np.mean([len(study.whole.racing) for study in studies])
    scenario, arms = studies[0].scenario, len(studies[0].scenario.means)
    least = (without + (arms - without) * min(FIRST, scenario.seeds) / scenario.seeds) / arms
    return (
        f"{scenario.name:18}{scenario.seeds:6}{run:12.1%}{least:8.1%}{stopped:14.1%}{choice:13.1%}{same:10.1%}"
        f"{left:6.2f}/{without:.2f}"
    )


if __name__ == "__main__":
    main()
