"""An excerpt of the recording beside each item that a page lists, for those who ask for it; an offer for the others."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from frostline.analysis.findings import Findings
from frostline.errors import DataFault
from frostline.report.item_errors import ANCHOR, TITLE
from frostline.report.section import Heard, Section
from frostline.report.wanted import Audio
from frostline.spec.dataset import Dataset
from frostline.spec.plan import Plan

if TYPE_CHECKING:
    from frostline.data.excerpts import Excerpt

SILENT = {
    "images": "is of pictures",
    "planes": "comes as planes, and the recordings that these may be of are not known",
}
OFFER = (
    "`frostline report STUDY --audio` writes this page with an excerpt of its recording to listen to beside each of "
    "these items; the page grows by at most 0.1 MB an item."
)
NOTHING_LISTED = "Excerpts were asked for, and there is nothing to listen to: no item is listed here."
NOTHING_KNOWN = (
    "Excerpts were asked for, and there is nothing to listen to: of no single test item is it known what a trial "
    "predicts. They can be had once a trial has finished and its predictions are kept."
)


@dataclass(frozen=True)
class Recordings:
    """Where the recordings of ``dataset`` lie: the file of each item below ``folder``."""

    dataset: Dataset
    folder: Path
    files: Mapping[str, str]


def refuse_silent(dataset: Dataset, audio: Audio) -> None:
    """Nothing, unless excerpts are asked for.

    Raises:
        DataFault: they are, and ``dataset`` has no recordings.
    """
    if audio == "asked" and dataset.card.kind != "sounds":
        raise DataFault(
            f"--audio: there is nothing to hear, for {dataset.name} {SILENT[dataset.card.kind]}; leave --audio out"
        )


def recordings_of(dataset: Dataset, audio: Audio) -> Recordings | None:
    """Where the recordings of ``dataset`` lie, where excerpts are asked for; else None.

    Raises:
        DataFault: it has no recordings, or they are not found.
    """
    refuse_silent(dataset, audio)
    if audio == "offered":
        return None
    from frostline.data.read import listed

    listing, folder = listed(dataset.reading)
    return Recordings(dataset, folder, {item.id: item.file for item in listing.items})


def offered(section: Section, dataset: Dataset) -> Section:
    """``section``, a list of items, with a sentence on how to listen to them where they are recordings."""
    if section.table is None or dataset.card.kind != "sounds":
        return section
    return replace(section, paragraphs=[*section.paragraphs, OFFER])


def audible(section: Section, there: Recordings, contents: Mapping[str, str]) -> Section:
    """``section`` with an excerpt of each item that it lists, or why there is none, and with what they are.

    ``contents`` are the sha256 of the files that the study has read, as far as they are known: another file under the
    same name is not played.
    """
    if section.table is None:
        silent = NOTHING_KNOWN if section.empty else NOTHING_LISTED
        return replace(section, paragraphs=[*section.paragraphs, silent])
    heard = [_heard(row[0], there, contents) for row in section.table.rows]
    return replace(section, paragraphs=[*section.paragraphs, _told(heard, there.dataset)], heard=heard)


def nothing_listed() -> Section:
    """The list of items where there is none."""
    return Section(ANCHOR, TITLE)


def contents_of(plan: Plan, findings: Findings) -> dict[str, str]:
    """The sha256 of the file of each item of the dataset of ``plan``, as its trials have read it."""
    keys = {entry.trial.key for entry in plan.entries}
    digests = {one.data_digest for key, one in findings.trained.items() if key in keys}
    kept = findings.kept
    rosters = [kept.items(one) for one in digests if kept is not None and kept.items_path(one).is_file()]
    return {
        str(name): str(content)
        for roster in rosters
        if "contents" in roster
        for name, content in zip(roster["ids"], roster["contents"], strict=True)
    }


def _heard(name: str, there: Recordings, contents: Mapping[str, str]) -> Heard:
    if name not in there.files:
        return _silent(f"{there.dataset.name} no longer lists {name}")
    file = there.files[name]
    path = there.folder / file
    if not path.is_file():
        return _silent(f"{file} is no longer there")
    from frostline.data.cache import digest_of_file
    from frostline.data.excerpts import excerpt

    sound = there.dataset.sound
    assert sound.duration_s is not None
    try:
        if contents.get(name, digest := digest_of_file(path)) != digest:
            return _silent(f"{file} is no longer the file that the study has read")
        made = excerpt(path, sound, sound.duration_s)
    except (DataFault, OSError) as fault:
        return _silent(str(fault).replace(str(path), file))
    address = f"data:audio/mpeg;base64,{base64.b64encode(made.mp3).decode()}"
    return Heard(f"Excerpt of {name}, {_when(made)}", _when(made), address)


def _silent(reason: str) -> Heard:
    return Heard("", f"no excerpt: {reason}", "")


def _when(made: Excerpt) -> str:
    """From when to when in the recording: ``0 to 1.5 and 8.5 to 10 of 10 s``."""
    if made.spans_s == ((0.0, made.whole_s),):
        return f"all {_short(made.whole_s)} s"
    spans = [f"{_short(first)} to {_short(last)}" for first, last in made.spans_s]
    first = f"{', '.join(spans[:-1])} and " if len(spans) > 1 else ""
    return f"{first}{spans[-1]} of {_short(made.whole_s)} s"


def _short(seconds: float) -> str:
    """``seconds`` to a hundredth, without zeros at the end."""
    return f"{seconds:.2f}".rstrip("0").rstrip(".")


def _told(heard: list[Heard], dataset: Dataset) -> str:
    """What the excerpts are, how many there are, and what they make of the page."""
    from frostline.data.excerpts import MOST_S, RATE_HZ

    there = [one for one in heard if one.address]
    megabytes = sum(len(one.address) for one in there) / 1e6
    count = f"All {len(heard)}" if len(there) == len(heard) else f"{len(there)} of the {len(heard)}"
    return (
        f"{count} items can be listened to: at most {MOST_S:g} s of what a trial is given of the "
        "recording, segments with a short silence between them, and below it from when to when that is; mono, "
        f"MP3 at {RATE_HZ:,} Hz, {megabytes:.2g} MB of this page. Licence of the recordings: {dataset.card.licence}."
    )
