"""Whether accuracies are of the items they are said to be of, and what is left of them without training items."""

from __future__ import annotations

import numpy as np
import pandas as pd

from frostline.analysis.audit_questions import Questions
from frostline.analysis.audit_words import counted, listed, points, share_cell, titles
from frostline.analysis.compared import TEST, arms_at, highest_at, means_at, shares_of
from frostline.analysis.implied_size import LARGEST, SURE, Implied, fits, implied_size
from frostline.analysis.overlap import Sizes, impossible, without_overlap
from frostline.analysis.published_results import Published
from frostline.analysis.verdicts import Finding, Table

SIZE = "How many items were the accuracies measured on?"
OVERLAP = "Are training items among the test items?"
NAMED = "Are the accuracies counts of the test items that the files name?"
NOT_USED = "The number is not used any further."


def implied(results: Published) -> Implied:
    """The number of items that the accuracies of ``results`` imply."""
    return implied_size(_accuracies(results), results.digits[TEST])


def official_part(results: Published, found: Implied, asked: Questions) -> Finding:
    """Whether the accuracies are counts of the official test part, or of the training part, or of neither."""
    if not found.sure or found.items is None:
        if asked.test_size is not None and not _fits(results, asked.test_size):
            return Finding("wrong", SIZE, _no_counts(results, found, asked))
        also = f" Counts of the official test part{_size(asked.test_size)} they can be, too." if asked.test_size else ""
        return Finding("unknown", SIZE, f"{_not_found(found)}{also}")
    text = f"Every accuracy is a whole number of {found.items:,} items ({_counted(found)}; {_odds(found.chance)})."
    is_test, is_train = (_is_of(results, found, size) for size in (asked.test_size, asked.train_size))
    if is_test:
        return Finding("holds", SIZE, f"{text} It is the size of the official test part{_size(asked.test_size)}.")
    if is_train:
        other = f", not of the official test part{_size(asked.test_size)}" if asked.test_size else ""
        return Finding(
            "wrong", SIZE, f"{text} It is the size of the official training part{_size(asked.train_size)}{other}."
        )
    if asked.test_size is None:
        told = f"; it is not that of the training part{_size(asked.train_size)}" if asked.train_size else ""
        return Finding("unknown", SIZE, f"{text} Give the official size with --test-size to compare it{told}.")
    neither = f" nor of the training part{_size(asked.train_size)}" if asked.train_size else ""
    return Finding(
        "wrong", SIZE, f"{text} It is not the size of the official test part{_size(asked.test_size)}{neither}."
    )


def named_sizes(results: Published, asked: Questions) -> tuple[Finding, ...]:
    """Whether the accuracies are counts of the test items that the files name; nothing where they name none."""
    rows, digits = _named(results), results.digits[TEST]
    if rows.empty:
        return ()
    wrong = {items: _misfit(here, digits, items) for items, here in _by_items(rows)}
    numbers = listed([f"{items:,}" for items in wrong])
    faults = [fault for fault in wrong.values() if fault]
    if faults:
        found = implied_size(rows[TEST].tolist(), digits)
        return (Finding("wrong", NAMED, f"They cannot be: {'; '.join(faults)}. {_smallest(found)} {NOT_USED}"),)
    if asked.test_size is not None and set(wrong) != {asked.test_size}:
        return (Finding("wrong", NAMED, f"The files name {numbers} items, and --test-size {asked.test_size:,}."),)
    if max(wrong) >= 10**digits:
        text = (
            f"The accuracies print {counted(digits, 'digit')}, too few to tell counts of {numbers} items from others."
        )
        return (Finding("unknown", NAMED, text),)
    return (Finding("holds", NAMED, f"Every accuracy is a whole number of {numbers} items."),)


def test_items(results: Published, found: Implied, asked: Questions) -> dict[float, int]:
    """How many test items a figure is of at each share where that is known: never a number that the figures refute.

    The unseen ones where training items are removed; else what the files name, what the accuracies imply, or what is
    given.
    """
    shares = shares_of(results.frame)
    if asked.sizes is not None and not impossible(results.frame, asked.sizes, results.digits):
        return {share: asked.sizes.evaluated - asked.sizes.train[share] for share in shares}
    named, digits = _named(results), results.digits[TEST]
    if not named.empty and not any(_misfit(here, digits, items) for items, here in _by_items(named)):
        return {float(str(share)): int(here["n_test"].min()) for share, here in named.groupby("share")}
    if found.sure and found.items is not None:
        return dict.fromkeys(shares, found.items)
    if asked.test_size is not None and _fits(results, asked.test_size):
        return dict.fromkeys(shares, asked.test_size)
    return {}


def overlap(results: Published, found: Finding, sizes: Sizes | None) -> tuple[Finding, ...]:
    """The accuracies on unseen items where ``sizes`` are given; else what would be needed to find them.

    Nothing where ``found`` says that the items are those of the official test part.
    """
    frame = results.frame
    if sizes is None:
        if found.verdict == "holds":
            return ()
        text = "If they are, they can be removed exactly, given the number of items evaluated (--evaluated-size), the "
        if frame["train_score"].isna().all():
            return (
                Finding(
                    "unknown", OVERLAP, f"{text}training items at each share, and training accuracies in the files."
                ),
            )
        return (Finding("unknown", OVERLAP, f"{text}training items at each share (--sizes); no size is guessed."),)
    if reasons := impossible(frame, sizes, results.digits):
        return (Finding("wrong", "Are the given sizes those of these runs?", f"They are not: {'; '.join(reasons)}."),)
    return _corrected(frame, without_overlap(frame, sizes), sizes)


def _corrected(frame: pd.DataFrame, clean: pd.DataFrame, sizes: Sizes) -> tuple[Finding, ...]:
    shares = shares_of(clean)
    published, unseen = ({share: means_at(one, share) for share in shares} for one in (frame, clean))
    lost = {share: [published[share][arm] - unseen[share][arm] for arm in unseen[share]] for share in shares}
    names = titles(frame)
    bests = tuple(
        (
            share_cell(share, clean),
            f"{sizes.train[share]:,}",
            f"{sizes.evaluated - sizes.train[share]:,}",
            *(names[str(highest_at(one, share))] for one in (frame, clean)),
            points(float(np.mean(lost[share]))),
            points(max(lost[share])),
        )
        for share in shares
    )
    least, most = min(map(min, lost.values())), max(map(max, lost.values()))
    moved = [share for share in shares if highest_at(frame, share) != highest_at(clean, share)]
    text = (
        f"If the training items lie among the {sizes.evaluated:,} evaluated, the right answers on unseen items are a "
        "difference of whole counts, and they come out possible in every run. Published means lie "
        f"{least * 100:.2f} to {most * 100:.2f} points above those on unseen items. The highest mean is another arm at "
        f"{len(moved)} of {counted(len(shares), 'share')}. All comparisons below are of the figures on unseen items."
    )
    columns = ("share", "trained on", "unseen", "best as published", "best on unseen", "too high", "at most")
    best = Finding("wrong", "Training items are among the test items", text, Table(columns, bests))
    return (best, *_tables(clean, published, names))


def _tables(clean: pd.DataFrame, published: dict[float, dict[str, float]], names: dict[str, str]) -> list[Finding]:
    """Corrected figures, six shares a table: the mean on unseen items, and how many points lower it is."""
    shares = shares_of(clean)
    found = []
    for start in range(0, len(shares), 5):
        part = shares[start : start + 5]
        means = {share: means_at(clean, share) for share in part}
        arms = dict.fromkeys(arm for share in part for arm in arms_at(clean, share))
        rows = tuple(
            (names[arm], *(_cell(means[share].get(arm), published[share].get(arm)) for share in part)) for arm in arms
        )
        table = Table(("arm", *(share_cell(share, clean) for share in part)), rows)
        told = "On unseen items, in per cent; in brackets how many points higher the published figure is."
        found.append(Finding("wrong", "Published accuracies, and those on unseen items", told, table))
    return found


def _cell(mean: float | None, published: float | None) -> str:
    return "" if mean is None or published is None else f"{mean * 100:.2f} ({(published - mean) * 100:.2f})"


def _accuracies(results: Published) -> list[float]:
    frame = results.frame
    return [float(value) for value in frame.loc[frame["status"] == "finished", TEST]]


def _is_of(results: Published, found: Implied, size: int | None) -> bool:
    """True where the accuracies may be counts of ``size`` items: they fit it, and are not all counts of far fewer."""
    if size is None:
        return False
    return _fits(results, size) and found.chance_of_multiple(size) > SURE


def _size(items: int | None) -> str:
    return "" if items is None else f" ({items:,})"


def _counted(found: Implied) -> str:
    return f"{counted(found.figures, 'different figure')} of {counted(found.digits, 'digit')}"


def _no_counts(results: Published, found: Implied, asked: Questions) -> str:
    """That the accuracies are no counts of the official size, with one that is none, and what size they may be of."""
    size, accuracies = asked.test_size or 0, _accuracies(results)
    first = next(one for one in accuracies if not fits([one], found.digits, size))
    train = asked.train_size
    fit = f" Counts of the training part{_size(train)} they can be." if train and _fits(results, train) else ""
    return (
        f"They cannot be counts of the official test part{_size(size)}: {first:.{found.digits}f} is none. "
        f"{_smallest(found)}{fit} {NOT_USED}"
    )


def _smallest(found: Implied) -> str:
    """The smallest size that fits, and what else the figures may be."""
    if found.items is None:
        return f"No size up to {LARGEST:,} fits: they are means over several runs, or of several sizes, or rounded."
    return (
        f"The smallest size that fits is {found.items:,} ({_counted(found)}), unless they are means over several runs."
    )


def _fits(results: Published, size: int) -> bool:
    return fits(_accuracies(results), results.digits[TEST], size)


def _named(results: Published) -> pd.DataFrame:
    """The finished runs of which the files name the number of test items."""
    frame = results.frame
    return frame[(frame["status"] == "finished") & frame[TEST].notna() & frame["n_test"].notna()]


def _by_items(rows: pd.DataFrame) -> list[tuple[int, pd.DataFrame]]:
    return [(int(str(items)), here) for items, here in rows.groupby("n_test")]


def _misfit(rows: pd.DataFrame, digits: int, items: int) -> str:
    """The first accuracy of ``rows`` that is no count of ``items``, with its run; empty where all are."""
    for accuracy, arm, seed in zip(rows[TEST], rows["arm"], rows["seed"], strict=True):
        if not fits([float(accuracy)], digits, items):
            return f"{accuracy:.{digits}f} ({arm}, seed {seed}) is no count of {items:,}"
    return ""


def _odds(chance: float) -> str:
    if chance < 1e-9:
        return "random figures would fit so few items less than once in a thousand million times"
    return f"random figures would fit so few items with a chance of {chance:.2g} at most"


def _not_found(found: Implied) -> str:
    if found.figures == 0:
        return "No accuracy is other than 0 or 1, which any number of items can give."
    figures = _counted(found)
    if found.items is None:
        return (
            f"No number up to {LARGEST:,} makes every accuracy a whole number of items ({figures}): runs differ in "
            "their number of test items, or the figures are means, or they were rounded before they were printed."
        )
    chance = f"random figures might as well, with a chance of up to {found.chance:.2g}"
    return f"{found.items:,} items fit, but {chance} ({figures})."
