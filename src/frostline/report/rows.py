"""The table of a report: every arm at every share, each figure with its interval and its number of runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from frostline.analysis.comparisons import (
    Gain,
    Stopped,
    cells,
    distinct_runs,
    gains,
    means,
    reference_arm,
    scratch_arm,
    stopped,
    unchanged,
)
from frostline.analysis.estimates import Estimate, OneRun, summary
from frostline.analysis.findings import Findings
from frostline.analysis.frost_line import percent
from frostline.randomness import stream

NOTHING = "nothing finished"
ABSENT = "\N{EM DASH}"
ONE_RUN = "one run: no interval"
UNCHANGED_PAIR = "one pair: the seeds change neither arm"
UNCHANGED = "n = 1 run: the seeds do not change this arm"
ARM_STOPPED = "\N{DAGGER}"
SCRATCH_STOPPED = "\N{DOUBLE DAGGER}"


@dataclass(frozen=True)
class Cell:
    """One cell of the table: what it says, what it is sorted by (empty: last), and how it is set."""

    text: str
    order: str
    kind: str


def marks(frame: pd.DataFrame) -> list[str]:
    """What the marks beside the figures of a race mean, each that the table has; none where no arm was stopped."""
    never, scratch = stopped(frame), scratch_arm(frame)
    said = []
    if never:
        said.append(
            f"{ARM_STOPPED} Stopped by the race: the figure rests on n of the planned seeds, those by which the arm "
            "was ruled out, and is biased low."
        )
    if any(arm == scratch for arm, _ in never):
        said.append(
            f"{SCRATCH_STOPPED} The race stopped the arm from scratch: the gain rests on the seeds on which scratch "
            "looked bad, and is biased high."
        )
    return said


def columns(findings: Findings) -> tuple[str, ...]:
    """The headings of the table; those that no row of ``findings`` could fill are absent."""
    return ("share", "arm", "names", findings.terms.metric.words, *_optional(findings.frame))


def rows(findings: Findings) -> list[tuple[Cell, ...]]:
    """One row for each arm and share of ``findings``, in its order, a cell for each of ``columns``."""
    frame, level = findings.frame, findings.terms.level
    found = means(findings)
    gained = {(gain.arm, gain.share): gain for gain in gains(findings)}
    never = stopped(frame)
    optional = _optional(frame)
    made = []
    for arm, share in cells(frame):
        here = frame[(frame["arm"] == arm) & (frame["share"] == share)]
        told = {
            **_compared(gained.get((arm, share)), arm, frame),
            "trainable parameters": _parameters(here),
            "seconds": _seconds(distinct_runs(here), level),
        }
        alone = UNCHANGED if unchanged(frame, arm, share) else ONE_RUN
        made.append(
            (
                Cell(percent(share), repr(share), "figure"),
                Cell(arm, arm, "figure"),
                Cell(str(here["names"].iloc[0]), str(here["names"].iloc[0]), "names"),
                _marked(_cell(found[arm, share], "{:.3f}", alone), never.get((arm, share))),
                *(told[heading] for heading in optional),
            )
        )
    return made


def shown(estimate: Estimate | OneRun | None, form: str, alone: str = ONE_RUN) -> str:
    """``estimate`` with its interval and number of runs; a single run with ``alone``, which says why it has none."""
    match estimate:
        case None:
            return NOTHING
        case OneRun():
            return f"{form.format(estimate.value)} ({alone})"
        case Estimate():
            low, high = form.format(estimate.low), form.format(estimate.high)
            return f"{form.format(estimate.value)} [{low}, {high}] n = {estimate.n}"


def _optional(frame: pd.DataFrame) -> list[str]:
    compared = list(_compared(None, "", frame)) if reference_arm(frame) is not None else []
    filled = {"trainable parameters": "parameters_trainable", "seconds": "seconds"}
    return compared + [heading for heading, column in filled.items() if frame[column].notna().any()]


def _cell(estimate: Estimate | OneRun | None, form: str, alone: str = ONE_RUN) -> Cell:
    return Cell(shown(estimate, form, alone), "" if estimate is None else repr(estimate.value), "figure")


def _marked(cell: Cell, never: Stopped | None) -> Cell:
    """``cell`` with a mark, and how many seeds were planned, where a race has stopped its arm."""
    if never is None:
        return cell
    planned = f" of {never.planned}" if " n = " in cell.text else ""
    return replace(cell, text=f"{cell.text}{planned} {ARM_STOPPED}")


def _over(frame: pd.DataFrame) -> str | None:
    """What the gains of ``frame`` are over, in words; None where nothing is gained over anything."""
    return reference_arm(frame) if scratch_arm(frame) is None else "scratch"


def _compared(gain: Gain | None, arm: str, frame: pd.DataFrame) -> dict[str, Cell]:
    """The cells that tell ``gain`` of ``arm``, by their headings.

    There is no gain of the arm that the others gain over, nor of a control, which is compared with what it controls.
    """
    over = _over(frame)
    alone = Cell(f"{over} itself", "0", "figure") if arm == reference_arm(frame) else Cell(ABSENT, "", "figure")
    p, corrected, effect = (None, None, None) if gain is None else (gain.p, gain.corrected, gain.effect)
    return {
        f"gain over {over}": alone if gain is None else _gain(gain),
        "p": _number(p, "{:.2g}"),
        "corrected p": _number(corrected, "{:.2g}"),
        "effect size (d)": _number(effect, "{:+.2f}"),
    }


def _number(value: float | None, form: str) -> Cell:
    return Cell(ABSENT, "", "figure") if value is None else Cell(form.format(value), repr(value), "figure")


def _gain(gain: Gain) -> Cell:
    if gain.difference is None:
        return Cell("no seed finished in both", "", "figure")
    lost = f" (unpaired: seed {', '.join(map(str, gain.left_out))})" if gain.left_out else ""
    text = shown(gain.difference, "{:+.3f}", UNCHANGED_PAIR if len(gain.seeds) > 1 else ONE_RUN).replace(
        " n = ", " pairs = "
    )
    mark = (ARM_STOPPED if gain.arm_stopped else "") + (SCRATCH_STOPPED if gain.scratch_stopped else "")
    return Cell(f"{text}{lost} {mark}".rstrip(), repr(gain.difference.value), "figure wrapped")


def _parameters(here: pd.DataFrame) -> Cell:
    counts = sorted({int(count) for count in here["parameters_trainable"].dropna()})
    return Cell(", ".join(f"{count:,}" for count in counts) or NOTHING, str(counts[0]) if counts else "", "figure")


def _seconds(here: pd.DataFrame, level: float) -> Cell:
    values = [float(value) for value in here["seconds"].dropna()]
    found = summary(values, level, stream(0, "seconds", *map(repr, values)))
    if isinstance(found, Estimate):
        found = replace(found, low=max(0.0, found.low))
    return replace(_cell(found, "{:.3g}"), kind="wrapped")
