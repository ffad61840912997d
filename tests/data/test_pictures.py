"""An image of any kind becomes eight bits of red, green and blue; a damaged one is refused with its path and reason."""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from frostline.data.pictures import picture
from frostline.errors import DataFault


def colours(path: Path) -> list[tuple[int, ...]]:
    """The four corners of a picture of 2 x 2, row by row."""
    return [tuple(pixel) for pixel in picture(path, 2).permute(1, 2, 0).reshape(4, 3).tolist()]


RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def grey(*values: int) -> list[tuple[int, ...]]:
    return [(value,) * 3 for value in values]


class TestModes:
    def test_red_green_and_blue_are_kept(self, tmp_path: Path) -> None:
        image = Image.new("RGB", (2, 2), RED)
        image.putpixel((1, 0), BLUE)
        image.save(tmp_path / "a.png")
        plane = picture(tmp_path / "a.png", 2)
        assert plane.dtype == torch.uint8 and plane.shape == (3, 2, 2) and plane.is_contiguous()
        assert colours(tmp_path / "a.png") == [RED, BLUE, RED, RED]

    def test_grey_becomes_three_equal_channels(self, tmp_path: Path) -> None:
        Image.fromarray(np.array([[0, 10], [20, 255]], np.uint8)).save(tmp_path / "a.png")
        assert colours(tmp_path / "a.png") == grey(0, 10, 20, 255)

    def test_sixteen_bits_are_scaled_and_not_clipped(self, tmp_path: Path) -> None:
        Image.fromarray(np.array([[0, 257], [25_600, 65_535]], np.uint16)).save(tmp_path / "a.png")
        Image.fromarray(np.array([[0, 257], [25_600, 65_535]], np.uint16)).save(tmp_path / "a.tif")
        assert colours(tmp_path / "a.png") == colours(tmp_path / "a.tif") == grey(0, 1, 100, 255)

    def test_transparency_is_put_on_white(self, tmp_path: Path) -> None:
        image = Image.new("RGBA", (2, 2), (*RED, 255))
        image.putpixel((0, 0), (*BLACK, 0))
        image.putpixel((1, 1), (*BLACK, 51))
        image.save(tmp_path / "a.png")
        assert colours(tmp_path / "a.png") == [WHITE, RED, RED, (204, 204, 204)]

    def test_a_palette_is_looked_up_and_its_transparent_colour_is_white(self, tmp_path: Path) -> None:
        image = Image.new("P", (2, 2), 0)
        image.putpalette([*RED, *BLUE, *BLACK])
        image.putpixel((1, 0), 1)
        image.putpixel((0, 1), 2)
        image.save(tmp_path / "a.png", transparency=2)
        assert colours(tmp_path / "a.png") == [RED, BLUE, WHITE, RED]

    def test_four_inks_become_their_colour(self, tmp_path: Path) -> None:
        Image.new("CMYK", (2, 2), (0, 255, 255, 0)).save(tmp_path / "a.tif")
        assert colours(tmp_path / "a.tif") == [RED] * 4

    def test_a_moving_image_gives_its_first(self, tmp_path: Path) -> None:
        frames = [Image.new("RGB", (2, 2), colour) for colour in (RED, BLUE)]
        frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
        assert colours(tmp_path / "a.gif") == [RED] * 4

    def test_an_image_lying_on_its_side_is_turned_upright(self, tmp_path: Path) -> None:
        image = Image.new("RGB", (2, 2), RED)
        image.putpixel((0, 0), BLUE)
        notes = Image.Exif()
        notes[0x0112] = 6  # turn by a quarter, clockwise
        image.save(tmp_path / "a.png", exif=notes)
        assert colours(tmp_path / "a.png") == [RED, BLUE, RED, RED]


class TestSize:
    @pytest.mark.parametrize(("width", "height"), [(80, 40), (40, 80)])
    def test_it_is_what_scaling_the_shorter_side_and_then_cutting_gives(
        self, tmp_path: Path, width: int, height: int
    ) -> None:
        values = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(values).save(tmp_path / "a.png")
        scaled = Image.fromarray(values).resize((width // 2, height // 2), Image.Resampling.BICUBIC)
        left, top = (scaled.width - 20) // 2, (scaled.height - 20) // 2
        expected = np.asarray(scaled.crop((left, top, left + 20, top + 20)))
        found = picture(tmp_path / "a.png", 20).permute(1, 2, 0).numpy()
        assert np.allclose(found.astype(int), expected, atol=1)  # scaling rounds after each of its two passes

    def test_a_small_image_is_enlarged(self, tmp_path: Path) -> None:
        Image.new("RGB", (3, 2), BLUE).save(tmp_path / "a.png")
        assert picture(tmp_path / "a.png", 8).flatten(1).unique(dim=1).flatten().tolist() == [0, 0, 255]

    def test_a_long_strip_costs_no_long_image(self, tmp_path: Path) -> None:
        Image.new("L", (200_000, 1), 7).save(tmp_path / "a.png")
        assert picture(tmp_path / "a.png", 224).unique().tolist() == [7]


def png(width: int, height: int) -> bytes:
    """The beginning of a PNG that says it has that size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return start + struct.pack(">I", 9) + b"IDAT"


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "is empty; put the right file there or remove it"),
            (b"no image at all", "is no image of a known format (JPEG, PNG, BMP, WEBP, TIFF, GIF); put the right file"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no image of a known format"),
            (png(0, 5), "is no image of a known format"),
            (png(50_000, 50_000), "is too large to be opened safely (Image size (2500000000 pixels) exceeds limit"),
            (png(9, 9), "cannot be read: "),
        ],
    )
    def test_a_file_that_is_no_image_is_refused_with_its_path(
        self, tmp_path: Path, content: bytes, reason: str
    ) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(content)
        with pytest.raises(DataFault, match=rf"^{re.escape(f'{path} {reason}')}"):
            picture(path, 8)

    @pytest.mark.parametrize("ending", ["jpg", "png", "bmp", "webp", "tif", "gif"])
    def test_a_file_cut_short_is_refused(self, tmp_path: Path, ending: str) -> None:
        path = tmp_path / f"a.{ending}"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(path)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(DataFault, match=r"cannot be read: .+; get the file again|is no image of a known format"):
            picture(path, 8)

    def test_numbers_without_a_scale_are_refused(self, tmp_path: Path) -> None:
        Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tif")
        with pytest.raises(
            DataFault, match=r"a.tif cannot be read: its pixels are 32-bit numbers \(mode F\) without a"
        ):
            picture(tmp_path / "a.tif", 2)

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataFault, match=r"a.png cannot be read: .*No such file"):
            picture(tmp_path / "a.png", 2)


@pytest.mark.real_data
def test_real_photographs_keep_their_brightness() -> None:
    path = Path(os.environ["FROSTLINE_DATA"]) / "caltech101_30" / "Faces" / "image_0000.jpg"
    small, large = picture(path, 64).float(), picture(path, 160).float()
    assert large.shape == (3, 160, 160)
    assert torch.allclose(small.mean(dim=(1, 2)), large.mean(dim=(1, 2)), atol=1.0)
