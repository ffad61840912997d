"""Which tags a study uses of a dataset that has more of them, and the card that this gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import ValidationInfo

from frostline.catalog import OWN_DATA, DatasetCard, TagChoice, dataset_card, dataset_cards
from frostline.errors import DataFault
from frostline.spec.columns import asked_of

Merge = Literal["synonyms"]


def usual_tags(name: str | None) -> int | None:
    """How many tags of the dataset called ``name`` are used where nothing is said; None where tags cannot be chosen."""
    card = dataset_cards().get(name or "")
    return card.tag_choice.count if card is not None and card.tag_choice is not None else None


def choice_of(name: str, tags: int | None, merge: Merge | None) -> TagChoice | None:
    """The choice that ``tags`` and ``merge`` make; None where the dataset lets no tags be chosen."""
    usual = usual_tags(name)
    return None if usual is None else TagChoice(tags or usual, merge)


def faults_of_tags(tags: int | None, merge: Merge | None, card: DatasetCard) -> list[str]:
    """Which of the two has no effect, for the dataset lets no tags be chosen, and what is right."""
    if card.tag_choice is not None:
        return []
    given = [key for key, value in (("tags", tags), ("merge", merge)) if value is not None]
    why, remedy = f"{card.name} has no tags to choose from", "remove it"
    if card.task == "tags":
        why, remedy = f"every tag that the {card.name} names is used", "remove it; what is not wanted, leave out there"
    return [f"{key} has no effect, for {why}; {remedy}" for key in given]


def card_told(facts: ValidationInfo) -> DatasetCard | None:
    """The card of the dataset that is being read; None where its faults are told elsewhere."""
    name, path = facts.data.get("name"), facts.data.get("path")
    if name is None or (name in OWN_DATA) != (path is not None):
        return None
    told = facts.data.get
    asked = asked_of(told("values"), told("scale"), told("columns"), told("files"))
    try:
        return dataset_card(name, path, replace(asked, tags=choice_of(name, told("tags"), told("merge"))))
    except DataFault:
        return None
