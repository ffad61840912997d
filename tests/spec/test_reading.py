"""What a reading is called: a name that no other reading of the same dataset has."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from frostline.catalog import Asked, TagChoice
from frostline.spec.reading import Reading

PLAIN = Reading("manifest", "songs.csv")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(), "manifest (songs.csv)"),
        (Asked(values=("valence", "arousal")), "manifest (songs.csv, valence, arousal)"),
        (Asked(values=("mood",), scale=(1.0, 9.0)), "manifest (songs.csv, mood, scale 1.0 to 9.0)"),
        (Asked(columns=(("label", "genre"),)), "manifest (songs.csv, label called genre)"),
        (Asked(files="audio"), "manifest (songs.csv, files in audio)"),
        (Asked(tags=TagChoice(5, "synonyms")), "manifest (songs.csv, 5 tags, synonyms merged)"),
    ],
)
def test_a_reading_is_told_with_all_that_is_asked_of_it_and_not_more(asked: Asked, told: str) -> None:
    assert str(replace(PLAIN, asked=asked)) == told


def test_two_readings_of_one_manifest_by_other_columns_are_called_otherwise() -> None:
    genre, mood = (replace(PLAIN, asked=Asked(columns=(("label", name),))) for name in ("genre", "mood"))
    assert str(genre) != str(mood)


def test_no_choice_of_what_is_asked_is_left_out_of_the_name() -> None:
    """A field that is added to ``Asked`` later must be told, too."""
    other = Asked(("mood",), (0.0, 1.0), (("label", "genre"),), "audio", TagChoice(5))
    for one in fields(Asked):
        changed = replace(Asked(), **{one.name: getattr(other, one.name)})
        assert str(replace(PLAIN, asked=changed)) != str(PLAIN), one.name
