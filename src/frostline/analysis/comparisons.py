"""What an arm gains over training from scratch, seed by seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from frostline.analysis.estimates import Estimate, OneRun, accuracy_summary, gain_summary
from frostline.randomness import stream

SCRATCH = re.compile(r"r[1-9][0-9]*")
PRIMARY = "accuracy"
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
    """How much more accurate ``arm`` is than scratch at ``share``: the mean of the differences over common seeds.

    ``seeds`` are those finished in both arms; ``left_out`` those of the arm or of scratch that lack their partner,
    except where a race has stopped the arm (``arm_stopped``) or scratch (``scratch_stopped``) before them.
    ``difference`` counts each different pair of runs once, and is None where no seed is common.
    """

    arm: str
    share: float
    difference: Estimate | OneRun | None
    seeds: tuple[int, ...]
    left_out: tuple[int, ...]
    arm_stopped: bool
    scratch_stopped: bool


def scratch_arm(frame: pd.DataFrame) -> str | None:
    """The arm of ``frame`` that resets every layer, or None where there is none to gain over."""
    return next((arm for arm in frame["arm"].unique() if SCRATCH.fullmatch(arm)), None)


def means(frame: pd.DataFrame, level: float) -> dict[tuple[str, float], Estimate | OneRun | None]:
    """The mean accuracy of each arm at each share over its finished runs, each once; None where none has finished."""
    once = distinct_runs(frame)
    return {
        (arm, share): accuracy_summary(
            list(finished(once, arm, share).values()), level, stream(0, "mean", arm, repr(share))
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
    rows = frame[(frame["arm"] == arm) & (frame["share"] == share)]
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


def _gain(frame: pd.DataFrame, cell: tuple[str, float], scratch: str, level: float) -> Gain:
    arm, share = cell
    ours, theirs = finished(frame, arm, share), finished(frame, scratch, share)
    common = tuple(sorted(ours.keys() & theirs.keys()))
    pairs = distinct_seeds(common, runs(frame, arm, share), runs(frame, scratch, share))
    here = frame[frame["arm"].isin([arm, scratch]) & (frame["share"] == share)]
    gone = here[here["status"] == "stopped"]
    return Gain(
        arm=arm,
        share=share,
        difference=gain_summary(differences(ours, theirs, pairs), level, stream(0, "gain", arm, repr(share))),
        seeds=common,
        left_out=tuple(
            sorted({int(seed) for seed in here["seed"]} - {int(seed) for seed in gone["seed"]} - set(common))
        ),
        arm_stopped=arm in set(gone["arm"]),
        scratch_stopped=scratch in set(gone["arm"]),
    )
