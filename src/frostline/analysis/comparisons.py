"""What an arm gains over a reference, seed by seed, and whether so many pairs can show it at all.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
n         different pairs of runs: seeds finished in the arm and in the reference     1
m         comparisons of the declared family, those without a figure included         1
p         chance of a difference at least as large, were there none                   1
========  ==========================================================================  ============
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from frostline.analysis.crossed import VarianceShares, over_seeds_and_items
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.findings import Findings, Terms, estimate_of, mean_of, p_of, score_interval
from frostline.analysis.pairs import attainable_words, effect_size, holm, smallest_p
from frostline.analysis.table import ADDITION
from frostline.randomness import stream

SCRATCH = re.compile(r"r[1-9][0-9]*")
TUNED = re.compile(r"t[1-9][0-9]*")
PRIMARY = "score"
"""The column that arms are compared by."""


@dataclass(frozen=True)
class Stopped:
    """A race has run ``seeds`` of the ``planned`` seeds of an arm at a share, and then ruled it out."""

    seeds: int
    planned: int

    def __str__(self) -> str:
        return f"{self.seeds} of {self.planned} seeds run"


@dataclass(frozen=True)
class Gain:
    """How much higher ``arm`` scores than ``reference`` at ``share``: the mean of the differences over common seeds.

    ``seeds`` are those finished in both arms; ``left_out`` those of the arm or of the reference that lack their
    partner, except where a race has stopped the arm (``arm_stopped``) or the reference (``scratch_stopped``) before
    them. ``difference`` counts each different pair of runs once, and is None where no seed is common.

    ``p`` is that of the exact sign flip over the pairs; where the interval also speaks of other test items, or of runs
    that share items, it is never below the p-value of that interval. ``corrected`` is ``p`` after Holm's correction for
    the ``family`` comparisons, ``smallest`` the least that so many pairs could ever give it, and ``effect`` the mean
    difference in standard deviations over the pairs (Cohen's d_z), None where all pairs agree. ``p`` and ``corrected``
    are None for fewer than two pairs, and where a race ended the pairs because of what they showed.
    """

    arm: str
    reference: str
    share: float
    difference: Estimate | OneRun | None
    seeds: tuple[int, ...]
    left_out: tuple[int, ...]
    arm_stopped: bool
    scratch_stopped: bool
    p: float | None
    effect: float | None
    corrected: float | None = None
    family: int = 1

    @property
    def pairs(self) -> int:
        """How many different pairs of runs there are."""
        return 0 if self.difference is None else self.difference.n

    @property
    def smallest(self) -> float:
        """The smallest corrected p-value that so many pairs could give in this family."""
        return min(1.0, smallest_p(self.pairs) * self.family)


def scratch_arm(frame: pd.DataFrame) -> str | None:
    """The arm of ``frame`` that resets every layer, or None where there is none to gain over."""
    return next((arm for arm in frame["arm"].unique() if SCRATCH.fullmatch(arm)), None)


def reference_arm(frame: pd.DataFrame) -> str | None:
    """What the arms of ``frame`` gain over: scratch, else the arm that tunes every layer, else None."""
    return scratch_arm(frame) or next((arm for arm in frame["arm"].unique() if TUNED.fullmatch(arm)), None)


def competing(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``frame`` whose arms a user may choose: those of no control. Results of others have no controls."""
    return frame if "control" not in frame else frame[frame["control"].isna() | frame["control"].eq("")]


def without_additions(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``frame`` whose arms train on their own items alone, as all do where a study has no additions."""
    return frame if ADDITION not in frame else frame[frame[ADDITION].isna() | frame[ADDITION].eq("")]


def means(findings: Findings) -> dict[tuple[str, float], Estimate | OneRun | None]:
    """The mean score of each arm at each share over its finished runs, each once; None where none has finished.

    Its interval speaks of other seeds and, where the answers to single test items are known, of other test items.
    """
    once = distinct_runs(findings.frame)
    return {cell: _mean(findings, cell, finished(once, *cell)) for cell in cells(findings.frame)}


def gains(findings: Findings) -> tuple[Gain, ...]:
    """The gain of every other arm over the reference at every share; none where the study has no such arm.

    Controls are left out: each is compared with the arm that it controls, which is another family.
    """
    frame = competing(findings.frame)
    reference = reference_arm(frame)
    if reference is None:
        return ()
    found = [gain_over(findings, cell, reference) for cell in cells(frame) if cell[0] != reference]
    return _corrected(found, findings.terms)


def gain_over(findings: Findings, cell: tuple[str, float], reference: str) -> Gain:
    """What the arm and share of ``cell`` gain over ``reference``, as a comparison by itself: nothing is corrected."""
    (arm, share), frame, terms = cell, findings.frame, findings.terms
    ours, theirs = finished(frame, arm, share), finished(frame, reference, share)
    common = tuple(sorted(ours.keys() & theirs.keys()))
    pairs = distinct_seeds(common, runs(frame, arm, share), runs(frame, reference, share))
    values = differences(ours, theirs, pairs)
    right = findings.differences(arm, reference, share, pairs) if len(pairs) > 1 else None
    found = estimate_of(values, right, terms, stream(0, "gain", arm, repr(share)))
    here = frame.loc[frame["arm"].isin([arm, reference]) & (frame["share"] == share), ["arm", "seed", "status"]]
    gone = here[here["status"] == "stopped"]
    tested = len(pairs) > 1 and gone.empty
    return Gain(
        arm=arm,
        reference=reference,
        share=share,
        difference=found.clipped(-terms.metric.span, terms.metric.span) if isinstance(found, Estimate) else found,
        seeds=common,
        left_out=tuple(
            sorted({int(seed) for seed in here["seed"]} - {int(seed) for seed in gone["seed"]} - set(common))
        ),
        arm_stopped=arm in set(gone["arm"]),
        scratch_stopped=reference in set(gone["arm"]),
        p=p_of(values, mean_of(np.array(values), right, terms.overlap)) if tested else None,
        effect=effect_size(values),
    )


def attainable_sentence(gain: Gain, terms: Terms) -> str:
    """In plain words: the smallest p-value that the pairs of ``gain`` allow, and how many seeds it would take if more.

    It speaks of the number of pairs alone, so that one sentence holds for all gains with as many.
    """
    return attainable_words(gain.pairs, gain.family, terms.alpha)


def variance_parts(findings: Findings, arm: str, share: float) -> VarianceShares | None:
    """Which part of the variance of the mean of ``arm`` at ``share`` is due to what.

    None where fewer than two different runs have finished, where the answers to single items are not known, and where
    all answers are equal, so that there is no variance to divide. A part whose estimate would be negative is 0.
    """
    seeds = tuple(finished(distinct_runs(findings.frame), arm, share))
    right = findings.right(arm, share, seeds) if len(seeds) > 1 else None
    if right is None or min(right.shape) < 2:
        return None
    return over_seeds_and_items(right).shares


def cells(frame: pd.DataFrame) -> list[tuple[str, float]]:
    """Each arm and share of ``frame`` once, in its order."""
    pairs = frame[["arm", "share"]].drop_duplicates()
    return [(str(arm), float(share)) for arm, share in zip(pairs["arm"], pairs["share"], strict=True)]


def finished(frame: pd.DataFrame, arm: str, share: float) -> dict[int, float]:
    """The score of each finished seed of ``arm`` at ``share``, in ascending order of the seeds."""
    here = (frame["arm"] == arm) & (frame["share"] == share)
    rows = frame.loc[here & (frame["status"] == "finished") & frame[PRIMARY].notna(), ["seed", PRIMARY]]
    return dict(sorted((int(seed), float(value)) for seed, value in zip(rows["seed"], rows[PRIMARY], strict=True)))


def stopped(frame: pd.DataFrame) -> dict[tuple[str, float], Stopped]:
    """The arms and shares of ``frame`` that a race has stopped before their last seed, and how far they came."""
    counts = frame["status"].eq("stopped").groupby([frame["arm"], frame["share"]], sort=False).agg(["sum", "size"])
    counts = counts[counts["sum"] > 0]
    return {
        (str(arm), float(share)): Stopped(int(planned - never), int(planned))
        for (arm, share), never, planned in zip(counts.index, counts["sum"], counts["size"], strict=True)
    }


def distinct_runs(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``frame`` with each trial once, at its first seed; a row without a key is a run of its own."""
    return frame[frame["key"].isna() | ~frame["key"].duplicated()]


def runs(frame: pd.DataFrame, arm: str, share: float) -> dict[int, str]:
    """What tells the run of each seed of ``arm`` at ``share`` from others: its key, or the seed where it has none."""
    rows = frame.loc[(frame["arm"] == arm) & (frame["share"] == share), ["seed", "key"]]
    named = zip(rows["seed"], rows["key"], rows["key"].isna(), strict=True)
    return {int(seed): f"seed {seed}" if unnamed else str(key) for seed, key, unnamed in named}


def distinct_seeds(seeds: Iterable[int], *told: Mapping[int, str]) -> tuple[int, ...]:
    """The first of ``seeds`` for each different combination of the runs that ``told`` names for it."""
    first: dict[tuple[str, ...], int] = {}
    for seed in seeds:
        first.setdefault(tuple(run[seed] for run in told), seed)
    return tuple(first.values())


def unchanged(frame: pd.DataFrame, arm: str, share: float) -> bool:
    """True where several seeds of ``arm`` at ``share`` are one run, because nothing that it depends on varies."""
    told = runs(frame, arm, share)
    return len(told) > 1 and len(set(told.values())) == 1


def differences(left: dict[int, float], right: dict[int, float], seeds: Sequence[int]) -> list[float]:
    """``left`` minus ``right``, seed by seed."""
    return [left[seed] - right[seed] for seed in seeds]


def _mean(findings: Findings, cell: tuple[str, float], values: Mapping[int, float]) -> Estimate | OneRun | None:
    arm, share = cell
    figures, terms = list(values.values()), findings.terms
    right = findings.right(arm, share, tuple(values)) if len(values) > 1 else None
    if right is not None:
        return score_interval(mean_of(np.array(figures), right, terms.overlap), terms)
    found = estimate_of(figures, None, terms, stream(0, "mean", arm, repr(share)))
    return found.clipped(terms.metric.low, terms.metric.high) if isinstance(found, Estimate) else found


def _corrected(found: Sequence[Gain], terms: Terms) -> tuple[Gain, ...]:
    """``found`` with the p-values of each family corrected; a gain without one counts as a comparison all the same."""
    told: dict[tuple[str, float], Gain] = {}
    for share in {gain.share if terms.family == "share" else None for gain in found}:
        family = [gain for gain in found if share in (None, gain.share)]
        steps = holm([1.0 if gain.p is None else gain.p for gain in family])
        told |= {
            (gain.arm, gain.share): replace(gain, family=len(family), corrected=None if gain.p is None else step)
            for gain, step in zip(family, steps, strict=True)
        }
    return tuple(told[gain.arm, gain.share] for gain in found)
