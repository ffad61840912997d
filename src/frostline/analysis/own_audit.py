"""Our own study, audited before its page is written: was it split, tested and trained as the page says?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np

from frostline.analysis.convergence import trained_alike
from frostline.analysis.frost_line import percent
from frostline.analysis.metric import METRICS, Metric
from frostline.analysis.own_splits import Sides, in_common, sides_of
from frostline.analysis.verdicts import Finding
from frostline.data.duplicates import TOLERANCE
from frostline.outcome import Failed, Finished
from frostline.spec.plan import Plan
from frostline.spec.portion import portion
from frostline.spec.study import Study

LISTED = 3


def own_audit(study: Study, plan: Plan, outcomes: Mapping[str, Finished | Failed], folder: Path) -> tuple[Finding, ...]:
    """What the audit of ``study`` finds, from its ``outcomes`` and from the ids that its ``folder`` keeps.

    Splits are checked again by the ids that each trial noted, not by what made them. Nothing is decoded, and of trials
    that were split alike the ids are read once.
    """
    ended = {t.key: found for t in plan.trials if isinstance(found := outcomes.get(t.key), Finished)}
    if not ended:
        return (Finding("unknown", "the study", "No trial has finished, so that there is nothing to audit yet."),)
    sides = sides_of(plan.trials, ended, folder)
    split = (_disjoint(sides), *_groups(sides), _real(sides, ended), _inside(sides)) if sides else ()
    tested = (*_starts(sides), _near(sides, study.margin, METRICS[study.dataset.task])) if sides else ()
    return (*_unread(sides, ended), *split, *tested, *trained_alike(plan, ended))


def _unread(sides: Sequence[Sides], ended: Mapping[str, Finished]) -> tuple[Finding, ...]:
    """That some trials cannot be checked, where that is so."""
    absent = len(ended) - sum(len(side.trials) for side in sides)
    if not absent:
        return ()
    text = (
        f"Of {absent} of {len(ended)} finished trials the folder does not keep the ids of their items, or not those of "
        "the whole data set, as an older version left it. Each checked its own split when it ran; to have that checked "
        "again here, run the study in a new folder."
    )
    return (Finding("unknown", "the items of every trial", text),)


def _disjoint(sides: Sequence[Sides]) -> Finding:
    """Whether no item stands on two sides of a split."""
    subject = "training, validation and test part share no item"
    faults = [f"the ids kept of {side} are not those that it noted when it ran" for side in sides if not side.noted]
    for side in sides:
        for (one, left), (other, right) in combinations(_parts(side), 2):
            both = np.intersect1d(left, right)
            if len(both):
                first = side.roster.ids[both[0]]
                faults.append(f"{_items(len(both))} of {side} in {one} and in {other}, the first is {first}")
    if faults:
        return Finding("wrong", subject, _sentence(faults))
    return Finding("holds", subject, f"Checked by id in {_splits(sides)}, against the digests that the trials noted.")


def _groups(sides: Sequence[Sides]) -> Iterator[Finding]:
    """Whether no group stands on two sides of a split, where items are grouped."""
    grouped = [(side, side.roster.groups) for side in sides if side.roster.groups is not None]
    parted = [(side, n, first) for side, groups in grouped for n, first in [_parted(side, groups)] if n]
    chosen = [told for told in parted if told[0].trials[0].dataset.splitting == "stratified"]
    faults = [f"{_groups_counted(n)} of {side} on two sides, the first is {first}" for side, n, first in parted]
    subject = "training, validation and test part share no group"
    if len(parted) > len(chosen):
        yield Finding("wrong", subject, _sentence(faults))
    elif chosen:
        most = max(n for _, n, _ in chosen)
        text = f"The study parts groups by choice (split: stratified): up to {_groups_counted(most)} on two sides"
        yield Finding("cannot be shown", subject, f"{text}. Its figures say nothing about items of new groups.")
    elif grouped:
        yield Finding("holds", subject, f"Checked in {_splits([side for side, _ in grouped])} of grouped items.")


def _parted(side: Sides, groups: np.ndarray) -> tuple[int, str]:
    """How many groups stand on two sides, and the first of them."""
    own = groups != side.roster.ids
    held = [np.unique(groups[part][own[part]]) for _, part in _parts(side)]
    names, counts = np.unique(np.concatenate(held), return_counts=True)
    parted = names[counts > 1]
    return len(parted), str(parted[0]) if len(parted) else ""


def _real(sides: Sequence[Sides], ended: Mapping[str, Finished]) -> Finding:
    """Whether every item is one of its dataset, but for synthetic ones that train beside real ones."""
    forged = [count for side in sides for trial in side.trials if (count := ended[trial.key].n_synthetic)]
    subject = "no synthetic item validates or tests" if forged else "no item is synthetic"
    faults = [
        f"{_items(len(side.strangers))} of {side} not of its data set, the first is {side.strangers[0]}"
        for side in sides
        if side.strangers
    ]
    if faults:
        return Finding("wrong", subject, _sentence(faults))
    if not forged:
        text = f"Every item that trained, validated or tested in {_splits(sides)} is, by its id, one of its data set."
        return Finding("holds", subject, text)
    counted = str(forged[0]) if len(set(forged)) == 1 else f"{min(forged)} to {max(forged)}"
    trials = sum(len(side.trials) for side in sides)
    text = (
        f"In {len(forged)} of {_trials(trials)} {counted} synthetic items trained beside real ones. Every real item "
        f"that trained, and every item that validated or tested, in {_splits(sides)} is one of its data set."
    )
    return Finding("holds", subject, text)


def _inside(sides: Sequence[Sides]) -> Finding:
    """Whether training and validation together take no more than the share, and each share holds the smaller ones."""
    subject, faults = "validation is part of the share", list[str]()
    nested: dict[object, dict[float, Sides]] = {}
    for side in sides:
        trial = side.trials[0]
        held = portion(trial.dataset.pools(trial.seeds.split), trial.share, trial.validation)
        allowed, got = (sum(held.train), sum(held.validation)), (len(side.train), len(side.validation))
        if got[0] > allowed[0] or got[1] > allowed[1]:
            faults.append(f"{side} took {got[0]} + {got[1]} items where its share allows {allowed[0]} + {allowed[1]}")
        drawn = (trial.dataset, trial.seeds.split, trial.seeds.share, trial.validation)
        nested.setdefault(drawn, {})[trial.share] = side
    for by_share in nested.values():
        for small, large in pairwise(by_share[share] for share in sorted(by_share)):
            for part in ("train", "validation"):
                lost = np.setdiff1d(getattr(small, part), getattr(large, part))
                if len(lost):
                    faults.append(f"{_items(len(lost))} of {small} no longer in the {part} part of the larger {large}")
    if faults:
        return Finding("wrong", subject, _sentence(faults))
    text = f"In {_splits(sides)}, training and validation items together are no more than the share allows, and a "
    return Finding("holds", subject, f"{text}larger share holds the items of the smaller ones of its seed.")


def _starts(sides: Sequence[Sides]) -> Iterator[Finding]:
    """Whether no trial was tested on what a start of it had learned from, where there are such starts."""
    pairs = [(side, start) for side in sides for start in _starts_of(side, sides)]
    leaks = [(side, start, seen) for side, start in pairs if len(seen := in_common(side, start))]
    subject = "no start has learned from a test item"
    if leaks:
        yield Finding(
            "wrong",
            subject,
            _sentence(
                [
                    f"{_items(len(seen))} of the test part of {side} learned by its start, {start}, "
                    f"the first is {side.roster.ids[seen[0]]}"
                    for side, start, seen in leaks
                ]
            ),
        )
    elif pairs:
        text = "What each start learned from was held, item by item, against the test part of every trial that began"
        yield Finding("holds", subject, f"{text} with it, in {_splits(sides)}.")


def _starts_of(side: Sides, sides: Sequence[Sides]) -> list[Sides]:
    """The sides of all that the trials of ``side`` start from, near and far."""
    keys = {ancestor.key for trial in side.trials for ancestor in trial.ancestors}
    return [other for other in sides if any(trial.key in keys for trial in other.trials)]


def _near(sides: Sequence[Sides], margin: float, metric: Metric) -> Finding:
    """How many test items have a near duplicate among what the trial, or a start of it, learned from."""
    subject = "near duplicates across the split are none, or too few to matter"
    found = [(side, *_alike(side, _starts_of(side, sides))) for side in sides]
    worst, near, examples = max(found, key=lambda told: len(told[1]) / max(1, len(told[0].test)))
    what = f"planes that differ by at most {percent(TOLERANCE)} of the range of values, as a root mean square"
    if not len(near):
        text = f"None of the test items of {_splits(sides)} has a near duplicate ({what}) among the items learned from."
        return Finding("holds", subject, f"{text} Planes of different data sets are not compared.")
    part = len(near) / len(worst.test)
    counts = [len(places) for _, places, _ in found]
    text = (
        f"Up to {len(near)} of {len(worst.test)} test items ({part * 100:.3g} %) have a near duplicate ({what}) among "
        f"the items that a trial or its start learned from, {sum(counts) / len(counts):.3g} on average over "
        f"{_splits(sides)}; for example {'; '.join(examples)}. {_moved(part, margin, metric)} Planes of different data "
        "sets are not compared."
    )
    return Finding("cannot be shown" if part > margin or not metric.counted else "holds", subject, text)


def _moved(part: float, margin: float, metric: Metric) -> str:
    """What that part of the test items can do to the score."""
    if not metric.counted:
        return f"How far so few items can move {metric.words} is not known, as it is no count of items."
    return f"They can move an accuracy by {part * 100:.3g} points at most; the margin is {margin * 100:.3g}."


def _alike(side: Sides, starts: Sequence[Sides]) -> tuple[np.ndarray, list[str]]:
    """The places of test items with a near duplicate among what was learned from, and the first of them in words."""
    ids, families = side.roster.ids, side.roster.families
    learned = np.concatenate([side.learned, *(start.learned for start in starts if start.roster is side.roster)])
    related = learned[families[learned] >= 0]
    near = side.test[np.isin(families[side.test], families[related])]
    other = {int(families[place]): ids[place] for place in related[::-1].tolist()}
    return near, [f"{ids[place]} and {other[int(families[place])]}" for place in near[:LISTED].tolist()]


def _parts(side: Sides) -> tuple[tuple[str, np.ndarray], ...]:
    return (("training", side.train), ("validation", side.validation), ("the test part", side.test))


def _splits(sides: Sequence[Sides]) -> str:
    trials = sum(len(side.trials) for side in sides)
    return f"{len(sides)} {'split' if len(sides) == 1 else 'splits'} of {_trials(trials)}"


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _groups_counted(count: int) -> str:
    return "1 group" if count == 1 else f"{count} groups"


def _sentence(faults: Sequence[str]) -> str:
    """The first of ``faults``, and how many more there are."""
    more = f"; and {len(faults) - LISTED} more such faults" if len(faults) > LISTED else ""
    told = "; ".join(faults[:LISTED])
    return f"{told[0].upper()}{told[1:]}{more}."
