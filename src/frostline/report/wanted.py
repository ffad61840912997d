"""What a user says of a page beside the study that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Audio = Literal["offered", "asked"]
"""Whether excerpts to listen to are asked for, or only offered."""


@dataclass(frozen=True)
class Wanted:
    """The options that chose a part of the study, and whether the page is to have excerpts to listen to."""

    narrowed_by: str = ""
    audio: Audio = "offered"


PLAIN = Wanted()
"""The page of a whole study without excerpts."""
