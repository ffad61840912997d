"""What a reader has to know of data that lies in files: what its listing says, and what its counts leave open."""

from __future__ import annotations

from collections.abc import Mapping

from frostline.spec.dataset import Dataset
from frostline.spec.plan import Plan


def noted(plan: Plan, facts: Mapping[str, str]) -> list[str]:
    """What is known of the files of each dataset of ``plan``, as the ``facts`` of its store have it.

    That is what its listing says of itself, and how many recordings are shorter than what is taken of each.
    """
    told = []
    for reading in sorted({trial.dataset.reading for trial in plan.trials}, key=str):
        told += [f"Of {reading.name}: {line}." for line in facts.get(f"notes of {reading}", "").splitlines()]
        short = facts.get(f"short in {reading}")
        told += [f"Of {short}."] if short else []
    return told


def counts_of_the_list(dataset: Dataset, facts: Mapping[str, str]) -> list[str]:
    """That items are counted as they are listed, where not all files that are listed could be used."""
    gone = facts.get(f"left out of {dataset.reading}", "")
    if not gone:
        return []
    files = len(gone.splitlines())
    said = "1 file of it" if files == 1 else f"{files:,} files of it"
    return [
        f"Counts of items are here those of the list of {dataset.name}. {said} could not be used, so that runs had "
        "fewer; what each trained, validated and tested on stands in table.csv."
    ]
