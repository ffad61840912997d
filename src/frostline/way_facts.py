"""What a store calls the way of a study, and what was measured for it."""

from __future__ import annotations

from collections.abc import Mapping

from frostline.spec.base import key_of
from frostline.spec.study import Study

FACT = "way"
FACT_FIRST = "way measured first for"
FACT_IN_WORDS = "way in words"
FACT_ROOM = "activations_gb"


def in_words(study: Study, facts: Mapping[str, str]) -> str:
    """What was measured and chosen for ``study``, as the ``facts`` of its store have it; nothing where nothing was."""
    return facts.get(FACT_IN_WORDS + kind_of(study, facts.get(FACT_FIRST)), "")


def kind_of(study: Study, first: str | None) -> str:
    """What tells facts about ``study`` from those about another one that ran in the same folder first."""
    subject = subject_of(study)
    return "" if first in (None, subject) else f" for {subject}"


def subject_of(study: Study) -> str:
    """A name of what is measured: another network, dataset or recipe takes other times."""
    measured = (study.network, study.dataset, study.recipe_of(study.recipe))
    return key_of("way", {type(part).__name__: part.model_dump(mode="json") for part in measured})
