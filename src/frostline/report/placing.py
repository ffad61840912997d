"""A picture as it stands on the page: drawn in place, in colours that follow the page, with its files to download."""

from __future__ import annotations

import base64
import colorsys
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from frostline.report.drawing import Picture

TAG = re.compile(r"<[^>]*>")
REFERENCE = re.compile(r'(\bid="|\bhref="#|url\(#)')
COLOUR = re.compile(r"(?<=: )#([0-9a-f]{6})\b")
TYPES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv;charset=utf-8"}
WIDEST = 1.5
"""A drawing is enlarged by at most so much: beyond it the letters would be larger than those of the page."""

COLOURED, DIMMEST = 0.3, 0.55
"""From which saturation on a colour is none of the greys, and how light it is on a dark page at least."""


@dataclass(frozen=True)
class Placed:
    """A picture on the page: drawn in place, and the address of each of its files by its ending."""

    picture: Picture
    inline: Markup
    addresses: Mapping[str, str]


def placed(picture: Picture) -> Placed:
    """``picture`` ready for the page: without the head of a file, its ids its own, described, its colours variables.

    The files to download keep the light colours and are the same bytes as those in the folder of the report.
    """
    text = picture.svg.decode()
    drawing = TAG.sub(lambda tag: _own(tag[0], picture.name), text[text.index("<svg") :])
    widest = WIDEST * float(text.partition(' width="')[2].partition("pt")[0])
    opened = f'<svg style="max-width: {widest:g}pt" role="img" aria-label="{escape(picture.alt)}"'
    addresses = {
        ending: f"data:{TYPES[ending]};base64,{base64.b64encode(data).decode()}"
        for ending, data in picture.files.items()
    }
    return Placed(picture, Markup(drawing.replace("<svg", opened, 1)), addresses)


def dark_colours(pictures: Iterable[Picture]) -> dict[str, str]:
    """For each colour of ``pictures``, black and white, six digits each, the colour that stands for it on a dark page.

    Hue and saturation stay; lightness is turned around, so that what stood out from white stands out from dark grey.
    A colour proper, which stands for something, is never darker than ``DIMMEST``.
    """
    found = {"000000", "ffffff"}
    for picture in pictures:
        for tag in TAG.findall(picture.svg.decode()):
            found.update(COLOUR.findall(tag))
    return {colour: _dark(colour) for colour in sorted(found)}


def _own(tag: str, name: str) -> str:
    """``tag`` with ids that only this picture has, and with variables for its colours."""
    return COLOUR.sub(r"var(--x\g<1>, #\g<1>)", REFERENCE.sub(rf"\g<1>{name}-", tag))


def _dark(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    lightness = 0.10 + 0.82 * (1 - lightness)
    turned = colorsys.hls_to_rgb(hue, max(lightness, DIMMEST) if saturation > COLOURED else lightness, saturation)
    return "".join(f"{round(255 * part):02x}" for part in turned)
