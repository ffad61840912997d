"""The test items that the arm which is shown in detail tells worst: a list for each task."""

from __future__ import annotations

from frostline.analysis.frost_line import percent
from frostline.analysis.mistakes import MistaggedItem, MistaggedItems, Sure, WrongItem, WrongItems
from frostline.analysis.predicted import Predicted
from frostline.analysis.verdicts import Table
from frostline.report.section import Section

ANCHOR = "errors"
TITLE = "The largest errors"
MOST_ITEMS = 15
MEANS = "Probabilities are means over the runs that were tested on the item."

Errors = Predicted | WrongItems | MistaggedItems


def largest_errors(found: Errors | None) -> Section:
    """The test items that are told worst, an item a row, its id first; empty where nothing is known of single items."""
    match found:
        case None:
            return Section(ANCHOR, TITLE)
        case Predicted():
            return _of_numbers(found)
        case WrongItems():
            return _of_classes(found)
        case MistaggedItems():
            return _of_tags(found)


def _of_numbers(found: Predicted) -> Section:
    """The test items whose mean prediction is farthest from the truth."""
    tested, mean = found.tested.tolist(), found.mean
    rows = [
        (
            found.ids[place],
            *(f"{side[place, value]:.3g}" for value in range(len(found.names)) for side in (found.true, mean)),
            str(tested[place]),
        )
        for place in found.farthest(MOST_ITEMS)
    ]
    columns = ("item", *(f"{side} {name}" for name in found.names for side in ("true", "predicted")), "runs")
    told = (
        f"The {len(rows)} of {len(found.ids):,} test items whose mean prediction by {_whose(found)} is farthest from "
        "the truth, the farthest first. A prediction is the mean over the runs that were tested on the item; distances "
        "count each number in standard deviations of its true values."
    )
    return Section(ANCHOR, TITLE, [told], table=Table(columns, tuple(rows)))


def _of_classes(found: WrongItems) -> Section:
    """The test items that most runs took for another class."""
    if not found.worst:
        return Section(
            ANCHOR, TITLE, [f"No run of {_whose(found)} took any of the {found.tested:,} test items for another class."]
        )
    told = (
        f"Of {found.tested:,} test items {found.wrong:,} were taken for another class by at least one run of "
        f"{_whose(found)}. These are the {len(found.worst)} that the largest part of their runs got wrong, and among "
        f"equals first those whose true class was believed least. {MEANS}"
    )
    columns = ("item", "true class", "most often taken for", "wrong runs", "probability of the true class")
    return Section(ANCHOR, TITLE, [told], table=Table(columns, tuple(map(_wrong, found.worst))))


def _of_tags(found: MistaggedItems) -> Section:
    """The test items whose tags were told worst."""
    told = (
        f"The {len(found.worst)} of {found.tested:,} test items whose tags {_whose(found)} told worst: those of the "
        "highest loss (minus the logarithm of the probability of what is true, mean over tags and runs, in nats), the "
        f"highest first. Tags that the item has stand before those that it has not, with their probabilities. {MEANS}"
    )
    columns = ("item", "its tags, least expected first", "tags it has not, most expected first", "loss", "runs")
    return Section(ANCHOR, TITLE, [told], table=Table(columns, tuple(map(_mistagged, found.worst))))


def _whose(found: Errors) -> str:
    return f"{found.arm} with {percent(found.share)} of the target data"


def _wrong(item: WrongItem) -> tuple[str, ...]:
    return (item.id, item.true, item.called, f"{item.wrong} of {item.tested}", f"{item.probability:.2g}")


def _mistagged(item: MistaggedItem) -> tuple[str, ...]:
    return (item.id, _sure(item.missed), _sure(item.imagined), f"{item.loss:.2f}", str(item.tested))


def _sure(tags: Sure) -> str:
    return ", ".join(f"{name} ({probability:.2g})" for name, probability in tags) or "none"
