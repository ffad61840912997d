"""An augmentation says what befalls training items, and refuses what would say nothing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from frostline.spec.augmentation import Augmentation, Crop, Masks, Stripes


def test_an_augmentation_that_names_nothing_is_off() -> None:
    assert Augmentation().model_dump(exclude_defaults=True) == {}
    assert all(part is None for _, part in Augmentation())


def test_an_augmentation_reads_back_from_json_as_itself() -> None:
    some = Augmentation(flip="horizontal", crop=Crop(smallest_area=0.3), masks=Masks(time=Stripes(count=2, width=40)))
    assert Augmentation.model_validate_json(some.model_dump_json(exclude_defaults=True)) == some


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"masks": {}}, "masks hide nothing; give frequency, time or both, or remove them"),
        ({"masks": {"time": {"count": 0, "width": 3}}}, "masks.time.count\n.*greater than 0"),
        ({"masks": {"frequency": {"count": 1, "width": 0}}}, "masks.frequency.width\n.*greater than 0"),
        ({"masks": {"frequency": {"count": 1}}}, "masks.frequency.width\n.*Field required"),
        ({"shift": {"largest": 0.6}}, "shift.largest\n.*less than or equal to 0.5"),
        ({"shift": {"largest": 0.0}}, "shift.largest\n.*greater than 0"),
        ({"mixup": {"alpha": 0.0}}, "mixup.alpha\n.*greater than 0"),
        ({"crop": {"smallest_area": 1.0}}, "crop.smallest_area\n.*less than 1"),
        ({"rotation": {"largest_degrees": 181.0}}, "rotation.largest_degrees\n.*less than or equal to 180"),
        ({"flip": "vertical"}, "flip\n.*'horizontal'"),
        ({"cutout": {}}, "cutout\n.*Extra inputs"),
    ],
)
def test_an_augmentation_that_would_say_nothing_is_refused(content: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Augmentation.model_validate(content)
