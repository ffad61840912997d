"""What a report says first: which trials are not there, and which files could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from frostline.analysis.comparisons import cells, distinct_runs
from frostline.analysis.frost_line import percent
from frostline.spec.plan import Entry, Plan
from frostline.spec.surgery import Surgery

LISTED = 20
PRETRAINING = ("pretraining", "pretrainings")
EARLIER_STEP = ("earlier step of a chain", "earlier steps of chains")
"""What trials start from and the table has no row for, as one and as several."""


@dataclass(frozen=True)
class LeftOut:
    """What could not be used of one dataset: in a sentence, the first files with their reasons, and how many more."""

    said: str
    files: tuple[str, ...]
    more: int


def left_out(plan: Plan, facts: Mapping[str, str]) -> list[LeftOut]:
    """What was left out of each dataset in files that ``plan`` reads, as the ``facts`` of its store have it.

    Nothing is said of a dataset of which no fact tells: it does not lie in files, or nothing was run yet.
    """
    readings = sorted({trial.dataset.reading for trial in plan.trials}, key=str)
    short = [f"{reading.name} ({reading.path})" if reading.path else reading.name for reading in readings]
    found = []
    for reading, name in zip(readings, short, strict=True):
        kept = facts.get(f"left out of {reading}")
        if kept is not None:
            files = kept.split("\n") if kept else []
            said = _left_out(len(files), name if short.count(name) == 1 else str(reading))
            found.append(LeftOut(said, tuple(files[:LISTED]), max(0, len(files) - LISTED)))
    return found


def completeness(plan: Plan, frame: pd.DataFrame) -> str:
    """How many trials of the study have finished, failed and are missing, and what is known of those they start from.

    Trials that a race never runs are told apart, and a trial that fills several cells counts once. The table has no row
    for a pretraining and for the first training of a chain that is no arm itself; only a finished trial that started
    from one proves that it has finished.
    """
    once = distinct_runs(frame)
    counts = once["status"].value_counts()
    finished, never = (int(counts.get(status, 0)) for status in ("finished", "stopped"))
    if finished + never == len(once):
        whose = "that the race called for" if never else "of the study"
        said = f"Nothing: all {finished} trials {whose} have finished{_starts_finished(plan, frame)}."
        said += f" {_never_run(never)}" if never else ""
    else:
        parts = [f"{int(counts.get(status, 0))} {status}" for status in ("failed", "missing", "finished")]
        parts += [f"{never} not run, for the race had ruled out their arms"] if never else []
        said = f"Of {len(once)} trials of the study: {', '.join(parts)}."
        kinds = [what[1] for what, keys in _unlisted(plan.entries, frame).items() if keys]
        said += f" Its {' and '.join(kinds)} are not counted here." if kinds else ""
    if len(once) == len(frame):
        return said
    return f"{said} They fill {len(frame)} cells: where the seeds do not change an arm, several seeds are one trial."


def troubles(frame: pd.DataFrame) -> list[str]:
    """One sentence for each reason of failure with the cells it struck, then one for each place with arms missing."""
    said = []
    for error, struck in frame[frame["status"] == "failed"].groupby("error", sort=False):
        said.append(f"failed: {error}: {'; '.join(_places(struck))}")
    absent = frame[frame["status"] == "missing"]
    return said + [f"missing (never run, or not yet): {place}" for place in _places(absent)]


def _left_out(files: int, name: str) -> str:
    match files:
        case 0:
            return f"No file of {name} was left out."
        case 1:
            return f"1 file of {name} could not be used and was left out."
        case _:
            return f"{files} files of {name} could not be used and were left out."


def _never_run(count: int) -> str:
    if count == 1:
        return "1 trial was not run, for the race had ruled out its arm."
    return f"{count} trials were not run, for the race had ruled out their arms."


def _starts_finished(plan: Plan, frame: pd.DataFrame) -> str:
    """Words for the trials outside the table where finished trials prove all of them finished; else none."""
    done, never = (set(frame.loc[frame["status"] == status, "key"]) for status in ("finished", "stopped"))
    proven = _unlisted([entry for entry in plan.entries if entry.trial.key in done], frame)
    if proven != _unlisted([entry for entry in plan.entries if entry.trial.key not in never], frame):
        return ""
    counted = [_has_finished(what, len(keys)) for what, keys in proven.items() if keys]
    return "".join(f", and so {said}" for said in counted)


def _has_finished(what: tuple[str, str], count: int) -> str:
    return (
        f"has the {what[0]} that they start from" if count == 1 else f"have the {count} {what[1]} that they start from"
    )


def _unlisted(entries: Iterable[Entry], frame: pd.DataFrame) -> dict[tuple[str, str], set[str]]:
    """The keys of what ``entries`` start from and ``frame`` has no row for, by what it is."""
    listed = set(frame["key"].dropna())
    found: dict[tuple[str, str], set[str]] = {PRETRAINING: set(), EARLIER_STEP: set()}
    for entry in entries:
        steps = _steps_before(entry.arm.surgery)
        for place, ancestor in enumerate(entry.trial.ancestors):
            if ancestor.key not in listed:
                found[EARLIER_STEP if place < steps else PRETRAINING].add(ancestor.key)
    return found


def _steps_before(surgery: Surgery) -> int:
    """How many surgeries ``surgery`` comes after."""
    return 0 if surgery.after is None else 1 + _steps_before(surgery.after)


def _places(frame: pd.DataFrame) -> list[str]:
    """``f3r3, f4r2 at 1 %, seed 0, 2``: the arms of ``frame`` that lie together in share and seeds, told together."""
    together: dict[tuple[float, str], list[str]] = {}
    for arm, share in cells(frame):
        seeds = frame[(frame["arm"] == arm) & (frame["share"] == share)]["seed"]
        together.setdefault((share, ", ".join(str(int(seed)) for seed in seeds)), []).append(arm)
    return [f"{', '.join(arms)} at {percent(share)}, seed {seeds}" for (share, seeds), arms in together.items()]
