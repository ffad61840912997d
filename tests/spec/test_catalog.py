from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from frostline import catalog
from frostline.errors import FrostlineError, UnknownName


def test_a_card_is_found_by_the_name_it_carries() -> None:
    assert {name: card.name for name, card in catalog.dataset_cards().items()} == {
        name: name for name in catalog.dataset_cards()
    }


def test_a_wrong_name_is_answered_with_the_nearest_and_the_full_list() -> None:
    known = ", ".join(sorted([*catalog.dataset_cards(), *catalog.OWN_DATA]))
    with pytest.raises(UnknownName) as unknown:
        catalog.dataset_card("fashion-mnist")
    assert str(unknown.value) == (
        f"no dataset is called 'fashion-mnist'; did you mean 'fashion_mnist'?; known: {known}"
    )


def test_another_package_cannot_take_the_name_of_a_built_in_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = EntryPoint("digits", "frostline.data.cards:CARDS", "frostline.datasets")
    monkeypatch.setattr(catalog, "entry_points", lambda group: [mine])
    with pytest.raises(FrostlineError, match="the dataset 'digits' of another package clashes with one of the same"):
        catalog.dataset_cards.__wrapped__()


def test_code_is_what_its_reference_names() -> None:
    assert catalog.load_code("frostline.catalog:dataset_card") is catalog.dataset_card
