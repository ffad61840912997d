"""What an audit is asked beyond the figures: claims to check, a baseline, and sizes that the files do not state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from frostline.analysis.comparisons import scratch_arm
from frostline.analysis.implied_size import digits_of
from frostline.analysis.overlap import Sizes
from frostline.analysis.published_tables import NUMBER
from frostline.analysis.verdicts import visible
from frostline.data.tables import read_table
from frostline.errors import DataFault, FrostlineError, nearest

BASELINES = ("scratch", "from_scratch", "freeze_none", "none", "no_freezing", "baseline")
CLAIM = re.compile(r"(?P<higher>.+?)\s*>\s*(?P<lower>.+?)(?:\s+p\s*(?P<sign>[=<])\s*(?P<p>\S+))?", re.DOTALL)


@dataclass(frozen=True)
class Claim:
    """``higher`` is said to lie above ``lower``, both arms of the table; ``p`` is the claimed p-value, if any.

    ``most`` is the largest p-value that bears the claimed one out: what rounds to it, or the bound itself.
    """

    text: str
    higher: str
    lower: str
    p: float | None
    most: float = 1.0

    @property
    def arms(self) -> set[str]:
        """The two arms, in no order."""
        return {self.higher, self.lower}


@dataclass(frozen=True)
class Asked:
    """What the words of a command ask for, before any of it is checked."""

    against: str | None = None
    claims: tuple[str, ...] = ()
    test_size: int | None = None
    train_size: int | None = None
    sizes: Path | None = None
    evaluated_size: int | None = None


@dataclass(frozen=True)
class Questions:
    """What an audit is asked, every arm of it in the table.

    ``baseline`` is the arm that all are compared with, None where there is none: then all are compared with all.
    ``test_size`` and ``train_size`` are those of the official parts, ``sizes`` what the overlap is removed by.
    """

    baseline: str | None
    claims: tuple[Claim, ...] = ()
    test_size: int | None = None
    train_size: int | None = None
    sizes: Sizes | None = None


def questions(asked: Asked, frame: pd.DataFrame) -> Questions:
    """What is ``asked`` of the results in ``frame``.

    Raises:
        FrostlineError: every part of it that cannot be answered, with what was got and what would be right.
    """
    faults: list[str] = []
    names = arm_names(frame)
    baseline = _baseline(names, frame)
    if asked.against is not None:
        baseline = _arm(asked.against, names, "--against", faults)
    claims = tuple(claim for text in asked.claims if (claim := _claim(text, names, faults)) is not None)
    sizes = _sizes(asked, frame, faults)
    if faults:
        count = "1 reason" if len(faults) == 1 else f"{len(faults)} reasons"
        raise FrostlineError("\n  ".join([f"the audit cannot be made as asked for {count}:", *faults]))
    return Questions(baseline, claims, asked.test_size, asked.train_size, sizes)


def arm_names(frame: pd.DataFrame) -> dict[str, str]:
    """The arm that each name stands for: its own, and every name that a file gives it."""
    rows = frame.drop_duplicates("arm")
    names = {
        name: str(arm)
        for arm, told in zip(rows["arm"], rows["names"], strict=True)
        for name in (str(told).split(" = ") if str(told) != str(arm) else ())
    }
    return names | {str(arm): str(arm) for arm in rows["arm"]}


def _baseline(names: Mapping[str, str], frame: pd.DataFrame) -> str | None:
    """The arm trained from scratch, or else the one called after a baseline."""
    if (scratch := scratch_arm(frame)) is not None:
        return scratch
    plain = {re.sub(r"[\s-]+", "_", name.lower()): arm for name, arm in names.items()}
    return next((plain[name] for name in BASELINES if name in plain), None)


def _arm(text: str, names: Mapping[str, str], where: str, faults: list[str]) -> str | None:
    if text not in names:
        faults.append(f"{where}: no arm is called {text!r}{nearest(text, names)}; known: {visible(', '.join(names))}")
    return names.get(text)


def _claim(text: str, names: Mapping[str, str], faults: list[str]) -> Claim | None:
    """The claim that ``text`` makes, or None where it is none; what is wrong with it is added to ``faults``."""
    where = f"--claim {text!r}"
    parts = CLAIM.fullmatch(text.strip())
    if parts is None:
        faults.append(f"{where}: expected 'ARM > ARM' or 'ARM > ARM p=0.03'")
        return None
    higher, lower = (_arm(parts[side], names, where, faults) for side in ("higher", "lower"))
    p = _number(parts["p"]) if parts["p"] else None
    if parts["p"] and (p is None or not 0 < p <= 1):
        faults.append(f"{where}: p: got {parts['p']!r}, expected a number above 0, at most 1")
        return None
    if higher is None or lower is None:
        return None
    if higher == lower:
        faults.append(f"{where}: {parts['higher']} and {parts['lower']} are one arm; expected two")
        return None
    if p is None:
        return Claim(text, higher, lower, None)
    return Claim(text, higher, lower, p, p if parts["sign"] == "<" else p + 0.5 * 10.0 ** -digits_of([parts["p"]]))


def _sizes(asked: Asked, frame: pd.DataFrame, faults: list[str]) -> Sizes | None:
    if asked.sizes is None and asked.evaluated_size is None:
        return None
    if asked.sizes is None or asked.evaluated_size is None:
        given, lacking = ("--sizes", "--evaluated-size") if asked.sizes else ("--evaluated-size", "--sizes")
        faults.append(f"{given}: has no effect without {lacking}; give both, as no size is guessed")
        return None
    if frame["train_score"].isna().all():
        faults.append("--sizes: the files have no training accuracy, without which no overlap can be removed")
        return None
    try:
        train = read_sizes(asked.sizes)
    except DataFault as fault:
        faults.append(f"--sizes: {fault}")
        return None
    if unsized := sorted(set(frame["share"]) - train.keys()):
        told = ", ".join(f"{share:g}" for share in unsized)
        faults.append(f"--sizes: {asked.sizes.name} has no number of training items for share {told}; give every one")
        return None
    return Sizes(asked.evaluated_size, train)


def read_sizes(path: Path) -> dict[float, int]:
    """How many items a run was trained on at each share, from a CSV (share, train_items) or YAML (share: number).

    Raises:
        DataFault: it cannot be read, or every entry that is no share with a number of items, or stands twice.
    """
    pairs = _csv_pairs(path) if path.suffix.lower() == ".csv" else _yaml_pairs(path)
    faults: list[str] = []
    sizes = dict[float, int]()
    for share_text, items_text in pairs:
        share, items = _number(share_text), _number(items_text)
        if share is None or not 0 < share <= 1:
            faults.append(f"share: got {share_text!r}, expected a number above 0, at most 1")
        elif items is None or items < 1 or items != int(items):
            faults.append(f"share {share_text}: got {items_text!r} items, expected a whole number from 1")
        elif share in sizes:
            faults.append(f"share {share_text}: stands twice, expected once")
        else:
            sizes[share] = int(items)
    if faults:
        raise DataFault(f"{path.name}: {'; '.join(faults)}")
    return sizes


def _csv_pairs(path: Path) -> list[tuple[str, str]]:
    table = read_table(path)
    if missing := [name for name in ("share", "train_items") if name not in table.columns]:
        raise DataFault(f"{path.name} has no column {', '.join(missing)}; expected share, train_items")
    return [(row.cells["share"], row.cells["train_items"]) for row in table.rows]


def _yaml_pairs(path: Path) -> list[tuple[str, str]]:
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataFault(f"{path} cannot be read ({error.strerror}); give a CSV or YAML file") from None
    except (UnicodeDecodeError, YAMLError) as error:
        raise DataFault(
            f"{path.name} is no YAML ({str(error).splitlines()[0]}); expected 'share: items' lines"
        ) from None
    if not isinstance(content, dict) or not content:
        raise DataFault(f"{path.name}: expected a line 'share: items' for each share, such as '0.1: 2645'")
    return [(str(share), str(items)) for share, items in content.items()]


def _number(text: str) -> float | None:
    """The number that ``text`` writes in plain digits, None where it is none."""
    value = float(text) if NUMBER.fullmatch(text) else None
    return value if value is not None and isfinite(value) else None
