"""What an arm gains over training from scratch, seed by seed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from frostline.analysis.estimates import Estimate, OneRun, accuracy_summary, summary
from frostline.randomness import stream

SCRATCH = re.compile(r"r[1-9][0-9]*")
PRIMARY = "accuracy"
"""The column that arms are compared by."""


@dataclass(frozen=True)
class Gain:
    """How much more accurate ``arm`` is than scratch at ``share``: the mean of the differences over common seeds.

    ``seeds`` are those finished in both arms; ``left_out`` those of the arm or of scratch that lack their partner.
    ``difference`` is None where no seed is common.
    """

    arm: str
    share: float
    difference: Estimate | OneRun | None
    seeds: tuple[int, ...]
    left_out: tuple[int, ...]


def scratch_arm(frame: pd.DataFrame) -> str | None:
    """The arm of ``frame`` that resets every layer, or None where there is none to gain over."""
    return next((arm for arm in frame["arm"].unique() if SCRATCH.fullmatch(arm)), None)


def means(frame: pd.DataFrame, level: float) -> dict[tuple[str, float], Estimate | OneRun | None]:
    """The mean accuracy of each arm at each share over its finished seeds; None where none has finished."""
    return {
        (arm, share): accuracy_summary(
            list(finished(frame, arm, share).values()), level, stream(0, "mean", arm, repr(share))
        )
        for arm, share in cells(frame)
    }


def gains(frame: pd.DataFrame, level: float) -> tuple[Gain, ...]:
    """The gain of every other arm over scratch at every share; none where the study has no scratch arm."""
    scratch = scratch_arm(frame)
    if scratch is None:
        return ()
    return tuple(_gain(frame, (arm, share), scratch, level) for arm, share in cells(frame) if arm != scratch)


def cells(frame: pd.DataFrame) -> list[tuple[str, float]]:
    """Each arm and share of ``frame`` once, in its order."""
    pairs = frame[["arm", "share"]].drop_duplicates()
    return [(str(arm), float(share)) for arm, share in zip(pairs["arm"], pairs["share"], strict=True)]


def finished(frame: pd.DataFrame, arm: str, share: float) -> dict[int, float]:
    """The accuracy of each finished seed of ``arm`` at ``share``, in ascending order of the seeds."""
    rows = frame[(frame["arm"] == arm) & (frame["share"] == share) & (frame["status"] == "finished")]
    return dict(sorted((int(seed), float(value)) for seed, value in zip(rows["seed"], rows[PRIMARY], strict=True)))


def differences(left: dict[int, float], right: dict[int, float], seeds: Sequence[int]) -> list[float]:
    """``left`` minus ``right``, seed by seed."""
    return [left[seed] - right[seed] for seed in seeds]


def _gain(frame: pd.DataFrame, cell: tuple[str, float], scratch: str, level: float) -> Gain:
    arm, share = cell
    ours, theirs = finished(frame, arm, share), finished(frame, scratch, share)
    common = tuple(sorted(ours.keys() & theirs.keys()))
    here = frame[frame["arm"].isin([arm, scratch]) & (frame["share"] == share)]
    return Gain(
        arm=arm,
        share=share,
        difference=summary(differences(ours, theirs, common), level, stream(0, "gain", arm, repr(share))),
        seeds=common,
        left_out=tuple(sorted({int(seed) for seed in here["seed"]} - set(common))),
    )
