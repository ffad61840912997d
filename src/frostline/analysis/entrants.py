"""Which arms enter the comparison at a share, on which seeds, and what keeps the others out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from frostline.analysis.answers import right_answers
from frostline.analysis.comparisons import PRIMARY, Stopped, competing, stopped
from frostline.analysis.contest import Contest
from frostline.analysis.findings import Findings

VALIDATION = "validation_score"
Cost = tuple[float, float, float]


@dataclass(frozen=True)
class Entrant:
    """An arm with its names, the score of each finished seed, which run each is, and what the arm costs.

    ``trainable`` counts parameters, ``seconds`` is the median of a run, ``memory_bytes`` the highest peak of a run;
    what is not known is None.
    """

    arm: str
    names: str
    scores: Mapping[int, float]
    runs: Mapping[int, str]
    trainable: int | None
    seconds: float | None
    memory_bytes: int | None

    def __str__(self) -> str:
        return self.arm if self.names in (self.arm, "") else f"{self.arm} ({self.names})"

    @property
    def unchanged(self) -> bool:
        """Whether several seeds are one run, because nothing that the arm depends on varies."""
        return len(self.runs) > 1 and len(set(self.runs.values())) == 1

    @property
    def cost(self) -> tuple[Cost, str]:
        """What entrants are sorted by, cheapest first; an unknown cost comes after every known one."""
        known = (self.trainable, self.seconds, self.memory_bytes)
        first, second, third = (float("inf") if figure is None else float(figure) for figure in known)
        return (first, second, third), self.arm


@dataclass(frozen=True)
class Entered:
    """Who competes at ``share``, cheapest first, on which seeds, and who does not.

    ``seeds`` have finished in every entrant, ``seeds_left_out`` in some only. ``arms_left_out`` have fewer than two
    finished seeds although others have them, or so few that without them twice as many would be common to all.
    ``one_run`` are single runs, which the seeds do not change: nothing is known of their spread, so that they compete
    only where all arms are such. ``ruled_out`` are the arms that a race has stopped: their few seeds shorten no
    comparison.
    """

    share: float
    entrants: tuple[Entrant, ...]
    seeds: tuple[int, ...]
    seeds_left_out: tuple[int, ...]
    arms_left_out: tuple[Entrant, ...]
    one_run: tuple[Entrant, ...]
    ruled_out: Mapping[str, Stopped]

    def entrant(self, arm: str) -> Entrant | None:
        """The entrant called ``arm``; None where it does not compete."""
        return next((entrant for entrant in self.entrants if entrant.arm == arm), None)

    def contest(self, findings: Findings) -> Contest | None:
        """The comparison of the entrants on their common seeds; None where there is no such seed."""
        if not self.seeds:
            return None
        keys = [entrant.runs[seed] for entrant in self.entrants for seed in self.seeds]
        right = right_answers(findings.book, keys)
        shape = (len(self.entrants), len(self.seeds))
        return Contest(
            arms=tuple(entrant.arm for entrant in self.entrants),
            seeds=self.seeds,
            scores=np.array([[entrant.scores[seed] for seed in self.seeds] for entrant in self.entrants]),
            runs=numbered(keys).reshape(shape),
            right=None if right is None else right.reshape(*shape, -1),
            terms=findings.terms,
            stopped=len(self.ruled_out),
        )


def entered(findings: Findings, share: float) -> Entered:
    """Who competes at ``share``."""
    here = competing(findings.frame[findings.frame["share"] == share])
    never = {arm: far for (arm, _), far in stopped(here).items()}
    everyone = [entrant for entrant in _everyone(here) if entrant.arm not in never]
    one_run = [entrant for entrant in everyone if entrant.scores and entrant.unchanged]
    changing = [entrant for entrant in everyone if entrant not in one_run] or one_run
    if not any(entrant.scores for entrant in changing):
        changing = everyone
    most = min(2, max((len(entrant.scores) for entrant in changing), default=0))
    compared = _sharing([entrant for entrant in changing if most and len(entrant.scores) >= most])
    some = {seed for entrant in compared for seed in entrant.scores}
    common = tuple(sorted(_common(compared)))
    return Entered(
        share=share,
        entrants=tuple(sorted(compared, key=lambda entrant: entrant.cost)),
        seeds=common,
        seeds_left_out=tuple(sorted(some.difference(common))),
        arms_left_out=tuple(entrant for entrant in changing if entrant not in compared),
        one_run=tuple(one_run),
        ruled_out=never,
    )


def validated(findings: Findings, entered: Entered, contest: Contest) -> tuple[Contest, int] | None:
    """The same contest on validation figures, and how many validation items each run has at least.

    None where one of the runs has no such figure.
    """
    frame = findings.frame
    here = frame[(frame["share"] == entered.share) & frame["seed"].isin(contest.seeds)]
    here = here.set_index(["arm", "seed"]).reindex([(arm, seed) for arm in contest.arms for seed in contest.seeds])
    figures, items = here[VALIDATION], here["n_validation"]
    if figures.isna().any() or items.isna().any():
        return None
    scores = figures.to_numpy(dtype=np.float64).reshape(contest.scores.shape)
    terms, seeds, arms = contest.terms, contest.seeds, contest.arms
    return Contest(arms, seeds, scores, contest.runs, None, terms, contest.stopped), int(items.min())


def _sharing(entrants: Sequence[Entrant]) -> list[Entrant]:
    """``entrants`` without those that finished so few seeds that twice as many are common to all others."""
    held = list(entrants)
    while len(held) > 2:
        without = {place: len(_common(held[:place] + held[place + 1 :])) for place in range(len(held))}
        place = max(without, key=lambda place: without[place])
        if without[place] < 2 * max(1, len(_common(held))):
            break
        del held[place]
    return held


def _common(entrants: Sequence[Entrant]) -> set[int]:
    """The seeds that have finished in all of ``entrants``."""
    return set.intersection(*(set(entrant.scores) for entrant in entrants)) if entrants else set()


def numbered(keys: Sequence[str]) -> np.ndarray:
    """A number for each of ``keys``, equal where they are equal."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys])


def _everyone(here: pd.DataFrame) -> list[Entrant]:
    """Every arm of ``here``, the rows of one share, stopped or not; read in one pass, as a page asks often."""
    names, scores, told = dict[str, str](), dict[str, dict[int, float]](), dict[str, dict[int, str]]()
    done = (here["status"].eq("finished") & here[PRIMARY].notna()).tolist()
    columns = (here[column].tolist() for column in ("arm", "names", "seed", "key", PRIMARY))
    for arm, named, seed, key, score, is_done in zip(*columns, done, strict=True):
        names.setdefault(arm, named)
        told.setdefault(arm, {})[int(seed)] = f"seed {seed}" if pd.isna(key) else str(key)
        scores.setdefault(arm, {})
        if is_done:
            scores[arm][int(seed)] = float(score)
    costs = _costs(here[done])
    return [
        Entrant(arm, named, dict(sorted(scores[arm].items())), told[arm], *costs.get(arm, (None, None, None)))
        for arm, named in names.items()
    ]


def _costs(done: pd.DataFrame) -> dict[str, tuple[int | None, float | None, int | None]]:
    """Trainable parameters, seconds and bytes of each arm of the finished rows ``done``."""
    arms = done.groupby("arm")
    trainable, memory = (arms[column].max() for column in ("parameters_trainable", "peak_memory_bytes"))
    columns = zip(trainable.index, trainable, arms["seconds"].median(), memory, strict=True)
    return {
        str(arm): (
            None if pd.isna(count) else int(count),
            None if pd.isna(seconds) else float(seconds),
            None if pd.isna(peak) else int(peak),
        )
        for arm, count, seconds, peak in columns
    }
