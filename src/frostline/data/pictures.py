"""An image file as a plane: eight bits a channel, red, green and blue, square.

| symbol | meaning | shape, unit |
|---|---|---|
| size | rows and columns of the plane | pixel |
| plane | the centre of the picture | channel row column, uint8, 0 black to 255 |
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from frostline.errors import DataFault

# Others are never tried: some of Pillow's readers start programs of their own.
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF")
DAMAGE = (
    OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError, struct.error,
    zlib.error,
)  # fmt: skip


def picture(path: Path, size: int) -> UInt8[Tensor, "channel row column"]:
    """The image at ``path`` in RGB, turned upright, its shorter side scaled to ``size`` and its centre cut out.

    What is transparent is put on white, sixteen bits are brought to eight by their scale, and of a moving image it is
    the first. Scaling is bicubic with antialiasing, as Pillow does it.

    Raises:
        DataFault: the file is empty, no image, damaged or cut short, holds more pixels than Pillow takes for safe, or
            has numbers without a known scale; the text has the path and the reason.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            return _square(_rgb(ImageOps.exif_transpose(image)), size)
    except UnidentifiedImageError:
        what = "is empty" if path.stat().st_size == 0 else f"is no image of a known format ({', '.join(FORMATS)})"
        raise DataFault(f"{path} {what}; put the right file there or remove it") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataFault(f"{path} is too large to be opened safely ({error}); scale it down") from None
    except DAMAGE as error:
        raise DataFault(f"{path} cannot be read: {error or type(error).__name__}; get the file again") from None


def _rgb(image: Image.Image) -> Image.Image:
    """``image`` in RGB, on white where it is transparent."""
    if image.mode in ("I", "F"):
        raise ValueError(f"its pixels are 32-bit numbers (mode {image.mode}) without a known scale")
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.float64)
        return Image.fromarray(np.round(values / 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _square(image: Image.Image, size: int) -> UInt8[Tensor, "channel row column"]:
    # Cutting while scaling reads what scaling first would, and a strip of 1 x 100,000 pixels never becomes huge.
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    square = image.resize((size, size), Image.Resampling.BICUBIC, box=box)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).contiguous()
