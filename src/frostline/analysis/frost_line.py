"""Which arm to choose at each share, and which arms the runs cannot tell from it.

========  ==========================================================  ==========
symbol    meaning                                                     unit
========  ==========================================================  ==========
m         number of other arms, those that a race stopped included     1
level     confidence of all m comparisons together                    1
========  ==========================================================  ==========
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from frostline.analysis.comparisons import Stopped, differences, distinct_seeds, finished, runs, stopped, unchanged
from frostline.analysis.estimates import Estimate, OneRun, accuracy_summary, student_mean
from frostline.randomness import stream

OPTIMISM = (
    "The arm was chosen on the same test items on which it is reported here, so that the highest mean is optimistic: "
    "expect somewhat less on new data."
)


@dataclass(frozen=True)
class Contestant:
    """An arm, its names, the accuracy of each of its finished seeds, and what tells their runs apart."""

    arm: str
    names: str
    accuracies: dict[int, float]
    runs: dict[int, str]

    def __str__(self) -> str:
        return self.arm if self.names == self.arm else f"{self.arm} ({self.names})"

    def values(self, seeds: list[int]) -> list[float]:
        """The accuracy of each different run among ``seeds``."""
        return [self.accuracies[seed] for seed in distinct_seeds(seeds, self.runs)]


@dataclass(frozen=True)
class Recommendation:
    """The arm with the highest mean at ``share``, and the arms that the runs cannot tell from it.

    ``best`` and ``estimate`` are None where nothing has finished, and ``estimate`` is a single run where one seed is
    all there is or the seeds do not change the arm. ``one_run`` are the compared arms that the seeds do not change.
    ``seeds`` are those on which every compared arm has finished; ``seeds_left_out`` have finished in some of them only.
    ``arms_left_out`` have fewer than two finished seeds, although others have them. ``ruled_out`` are the arms that a
    race has stopped at this share: they are no contestants, so that their few seeds shorten no comparison.
    """

    share: float
    best: str | None
    estimate: Estimate | OneRun | None
    ties: tuple[str, ...]
    beaten: tuple[str, ...]
    seeds: tuple[int, ...]
    seeds_left_out: tuple[int, ...]
    arms_left_out: tuple[str, ...]
    one_run: tuple[str, ...]
    ruled_out: Mapping[str, Stopped]


def recommend(frame: pd.DataFrame, level: float) -> list[Recommendation]:
    """One recommendation for each share of ``frame``, in ascending order.

    The arm with the highest mean over the common seeds ties with every arm whose paired Student's t interval of the
    difference, at a level corrected for the m other arms (Bonferroni), contains 0. Whatever arm is truly the best is
    then among the recommended one and its ties with confidence of at least ``level`` (for normal differences).

    After a race this is said of the arms that it left. Those that it stopped still count in m: so, while none of them
    would have had the highest mean, the others tie or do not as if every arm had run all its seeds.
    """
    never = stopped(frame)
    shares = sorted({float(share) for share in frame["share"]})
    return [
        _at(frame, share, level, {arm: cell for (arm, at), cell in never.items() if at == share}) for share in shares
    ]


def sentence(recommendation: Recommendation) -> str:
    """The recommendation in plain words, with figure, interval and number of runs, and with all that was left out."""
    return " ".join([_verdict(recommendation), *_omissions(recommendation)])


def percent(share: float) -> str:
    """``share`` as a percentage without superfluous digits."""
    return f"{share * 100:.6g} %"


def _at(frame: pd.DataFrame, share: float, level: float, never: Mapping[str, Stopped]) -> Recommendation:
    arms = [arm for arm in _everyone(frame, share) if arm.arm not in never]
    most = min(2, max((len(arm.accuracies) for arm in arms), default=0))
    compared = [arm for arm in arms if most and len(arm.accuracies) >= most]
    left_out = tuple(str(arm) for arm in arms if arm not in compared)
    some = {seed for arm in compared for seed in arm.accuracies}
    common = sorted(some.intersection(*(arm.accuracies for arm in compared)))
    best = max(compared, key=lambda arm: fmean(arm.values(common))) if common else None
    others = [arm for arm in compared if best is not None and arm is not best]
    corrected = 1 - (1 - level) / max(1, len(others) + len(never))
    ties = [other for other in others if best is not None and _tied(best, other, common, corrected)]
    values = [] if best is None else best.values(common)
    return Recommendation(
        share=share,
        best=None if best is None else str(best),
        estimate=accuracy_summary(values, level, stream(0, "mean", best.arm if best else "", repr(share))),
        ties=tuple(map(str, ties)),
        beaten=tuple(str(arm) for arm in others if arm not in ties),
        seeds=tuple(common),
        seeds_left_out=tuple(sorted(some.difference(common))),
        arms_left_out=left_out,
        one_run=tuple(str(arm) for arm in compared if unchanged(frame, arm.arm, share)),
        ruled_out=never,
    )


def _everyone(frame: pd.DataFrame, share: float) -> list[Contestant]:
    """Every arm of ``frame`` at ``share``, stopped or not."""
    rows = frame[frame["share"] == share].drop_duplicates("arm")
    return [
        Contestant(str(arm), str(names), finished(frame, str(arm), share), runs(frame, str(arm), share))
        for arm, names in zip(rows["arm"], rows["names"], strict=True)
    ]


def _tied(best: Contestant, other: Contestant, seeds: list[int], level: float) -> bool:
    """True where the runs cannot tell ``other`` from ``best``, which fewer than two different pairs never can."""
    pairs = distinct_seeds(seeds, best.runs, other.runs)
    if len(pairs) < 2:
        return True
    return student_mean(differences(best.accuracies, other.accuracies, pairs), level).low <= 0


def _verdict(found: Recommendation) -> str:
    share = f"With {percent(found.share)} of the target data"
    match found.estimate:
        case None:
            return f"{share}: nothing can be said; no seed has finished in the arms to be compared."
        case OneRun(value=value) if len(found.seeds) < 2:
            return (
                f"{share}: one seed: no interval, nothing can be said (its highest accuracy is {value:.3f}, n = 1, "
                f"by {found.best})."
            )
        case OneRun(value=value) if len(found.one_run) > len(found.ties) + len(found.beaten):
            return (
                f"{share}: n = 1 run: the seeds do not change any arm: no interval, nothing can be said (the highest "
                f"accuracy is {value:.3f}, by {found.best})."
            )
        case OneRun(value=value):
            figure = f"accuracy {value:.3f} (n = 1 run: the seeds do not change this arm, no interval)"
        case Estimate(value=value, low=low, high=high, n=n, level=level):
            figure = f"accuracy {value:.3f} [{low:.3f}, {high:.3f}] ({level * 100:g} % interval, n = {n} seeds)"
    return _compared(found, share, figure)


def _compared(found: Recommendation, share: str, figure: str) -> str:
    """The recommended arm with its ``figure`` against the other arms."""
    if found.ties:
        return f"{share}: undecided between {found.best}, {', '.join(found.ties)}; highest mean {found.best}, {figure}."
    left = " that the race left" if found.ruled_out else ""
    if found.beaten:
        others = "the other arm" if len(found.beaten) == 1 else f"all {len(found.beaten)} other arms"
        return f"{share}: {found.best}, {figure}; told apart from {others}{left}."
    if found.ruled_out and not found.arms_left_out:
        return f"{share}: {found.best}, {figure}; the only arm{left}."
    return f"{share}: {found.best}, {figure}; no other arm to compare it with."


def _omissions(found: Recommendation) -> list[str]:
    said = []
    if found.one_run and (found.ties or found.beaten) and len(found.one_run) <= len(found.ties) + len(found.beaten):
        said.append(
            f"n = 1 run: the seeds do not change {', '.join(found.one_run)}; with other seeds of what is fixed the "
            "comparison may come out differently."
        )
    if found.seeds_left_out:
        seeds = ", ".join(map(str, found.seeds_left_out))
        said.append(f"Compared on seeds that finished in every arm (n = {len(found.seeds)}); left out: seed {seeds}.")
    if found.arms_left_out:
        said.append(f"Not compared, for want of finished seeds: {', '.join(found.arms_left_out)}.")
    if found.ruled_out:
        said.append(f"Ruled out by the race on validation figures: {_ruled_out(found.ruled_out)}.")
    return said


def _ruled_out(arms: Mapping[str, Stopped]) -> str:
    """``r6, f1r5 (4 of 10 seeds run); t6 (6 of 10 seeds run)``: the arms that came equally far, told together."""
    together: dict[Stopped, list[str]] = {}
    for arm, far in sorted(arms.items(), key=lambda pair: pair[1].seeds):
        together.setdefault(far, []).append(arm)
    return "; ".join(f"{', '.join(names)} ({far})" for far, names in together.items())
