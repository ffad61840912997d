"""What augmentation does to a batch, kind by kind, and what it leaves alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from frostline.augmentation.apply import Draws, augmented, draws_of
from frostline.augmentation.batch import Batch
from frostline.augmentation.geometry import cropped, flipped, rotated, shifted
from frostline.augmentation.masking import masked
from frostline.data.planes import Items
from frostline.spec.augmentation import Augmentation, Crop, Masks, Mixup, Rotation, Shift, Stripes

EVERYTHING: dict[str, object] = {
    "flip": "horizontal",
    "rotation": {"largest_degrees": 20.0},
    "crop": {"smallest_area": 0.4},
    "shift": {"largest": 0.5},
    "masks": {"frequency": {"count": 2, "width": 3}, "time": {"count": 1, "width": 4}},
    "mixup": {"alpha": 0.4},
}


def planes(count: int = 12, channels: int = 2, rows: int = 9, columns: int = 14, seed: int = 0) -> Tensor:
    return torch.rand(count, channels, rows, columns, generator=torch.Generator().manual_seed(seed)) + 0.1


def items(count: int = 12) -> Items:
    return Items(planes(count), torch.arange(count) % 3)


def shown(content: dict[str, object], draws: Draws | None = None, some: Items | None = None) -> Batch:
    return augmented(some or items(), Augmentation.model_validate(content), draws or draws_of(5), 3)


def draw(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_without_augmentation_a_batch_is_what_it_was_bit_for_bit() -> None:
    some = items()
    batch = shown({}, some=some)
    assert batch.planes is some.planes and batch.targets is some.targets


@pytest.mark.parametrize("kind", EVERYTHING)
def test_every_kind_changes_the_batch_follows_the_seed_and_leaves_the_items_alone(kind: str) -> None:
    some, untouched = items(), items()
    content = {kind: EVERYTHING[kind]}
    first, second = shown(content, draws_of(5), some), shown(content, draws_of(5), some)
    other = shown(content, draws_of(6), some)
    assert torch.equal(first.planes, second.planes)
    assert not torch.equal(first.planes, some.planes) and not torch.equal(first.planes, other.planes)
    assert torch.equal(some.planes, untouched.planes) and torch.equal(some.targets, untouched.targets)


@pytest.mark.parametrize("kind", EVERYTHING)
def test_one_kind_moves_no_draw_of_another(kind: str) -> None:
    alone, together = draws_of(5), draws_of(5)
    shown({kind: EVERYTHING[kind]}, alone)
    shown(EVERYTHING, together)
    assert alone[kind].random() == together[kind].random()  # type: ignore[index]
    untouched = draws_of(5)
    for other in EVERYTHING.keys() - {kind}:
        assert alone[other].random() == untouched[other].random()  # type: ignore[index]


def test_no_two_kinds_draw_alike() -> None:
    assert len({generator.random() for generator in draws_of(5).values()}) == 6


def test_each_batch_is_augmented_anew() -> None:
    draws = draws_of(5)
    assert not torch.equal(shown(EVERYTHING, draws).planes, shown(EVERYTHING, draws).planes)


def test_kinds_follow_one_another_in_the_order_that_the_study_is_told() -> None:
    some, draws = items(), draws_of(5)
    expected = flipped(some.planes, draws["flip"])
    expected = rotated(expected, Rotation(largest_degrees=20), draws["rotation"])
    expected = cropped(expected, Crop(smallest_area=0.4), draws["crop"])
    expected = shifted(expected, Shift(largest=0.5), draws["shift"])
    both = Masks(frequency=Stripes(count=2, width=3), time=Stripes(count=1, width=4))
    expected = masked(expected, both, draws["masks"])
    without_mixup = {kind: content for kind, content in EVERYTHING.items() if kind != "mixup"}
    assert torch.equal(shown(without_mixup).planes, expected)


def test_flipping_changes_about_half_of_the_items_and_twice_is_the_identity() -> None:
    some = planes(400)
    once = flipped(some, draw())
    mirrored = (once == some.flip(3)).flatten(1).all(dim=1)
    assert 160 < int(mirrored.sum()) < 240
    assert torch.equal(once[~mirrored], some[~mirrored])
    assert torch.equal(flipped(once, draw()), some)


@given(st.integers(0, 10_000), st.floats(0.01, 0.5), st.integers(2, 30))
def test_a_shift_is_a_permutation_of_columns_within_its_limit(seed: int, largest: float, columns: int) -> None:
    some = planes(6, columns=columns, seed=seed)
    moved = shifted(some, Shift(largest=largest), draw(seed))
    furthest = int(largest * columns)
    for before, after in zip(some, moved, strict=True):
        fitting = [move for move in range(-furthest, furthest + 1) if torch.equal(before.roll(move, 2), after)]
        assert fitting


def test_shifts_go_to_both_sides_up_to_the_limit() -> None:
    ramp = torch.arange(10.0).expand(300, 1, 2, 10)
    firsts = shifted(ramp, Shift(largest=0.3), draw())[:, 0, 0, 0]
    assert set(firsts.tolist()) == {0.0, 1.0, 2.0, 3.0, 7.0, 8.0, 9.0}


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 20))
def test_masks_hide_no_more_lines_than_their_widths(seed: int, count: int, width: int) -> None:
    some, means = planes(8, seed=seed), planes(8, seed=seed).mean(dim=(2, 3), keepdim=True)
    stripes = Stripes(count=count, width=width)
    rows_hidden = masked(some, Masks(frequency=stripes), draw(seed)) == means
    columns_hidden = masked(some, Masks(time=stripes), draw(seed)) == means
    for hidden, line in ((rows_hidden, 3), (columns_hidden, 2)):
        whole = hidden.all(dim=line)
        assert torch.equal(whole, hidden.any(dim=line)), "a mask hides whole rows or columns"
        assert torch.equal(whole[:, 0], whole[:, 1]), "and the same ones in every channel"
        assert int(whole[:, 0].sum(dim=1).max()) <= count * width


def test_a_single_mask_is_one_stripe_of_every_width_up_to_the_largest() -> None:
    some = planes(600, channels=1)
    after = masked(some, Masks(time=Stripes(count=1, width=4)), draw())
    hidden = (after != some).any(dim=2)[:, 0]
    assert set(hidden.sum(dim=1).tolist()) == {0, 1, 2, 3, 4}
    edges = (hidden[:, 1:] & ~hidden[:, :-1]).sum(dim=1) + hidden[:, 0]
    assert int(edges.max()) == 1
    assert hidden.any(dim=0).all(), "every column is hidden in some item"
    assert len({tuple(row) for row in hidden.tolist()}) > 20, "each item has its own"


def test_what_is_hidden_is_the_mean_of_its_channel_and_the_rest_is_untouched() -> None:
    some = planes()
    after = masked(some, Masks(frequency=Stripes(count=2, width=3)), draw())
    changed = after != some
    assert changed.any()
    assert torch.equal(after[changed], some.mean(dim=(2, 3), keepdim=True).expand_as(some)[changed])


@given(st.integers(0, 10_000), st.floats(0.01, 10))
def test_mixed_targets_sum_to_one_and_weigh_planes_alike(seed: int, alpha: float) -> None:
    targets = torch.arange(8)
    drawn = augmented(
        Items(F.one_hot(targets, 8).float().reshape(8, 1, 2, 4), targets),
        Augmentation(mixup=Mixup(alpha=alpha)),
        draws_of(seed),
        9,
    )
    assert drawn.targets.shape == (8, 9)
    assert torch.allclose(drawn.targets.sum(dim=1), torch.ones(8))
    assert torch.allclose(drawn.planes.reshape(8, 8), drawn.targets[:, :8])
    assert ((drawn.targets > 0).sum(dim=1) <= 2).all()


def test_the_weights_of_mixup_are_drawn_from_its_beta_distribution_one_for_each_item() -> None:
    targets = torch.arange(2000)
    drawn = augmented(
        Items(torch.zeros(2000, 1, 1, 1), targets), Augmentation(mixup=Mixup(alpha=0.4)), draws_of(1), 2000
    )
    weights = drawn.targets[targets, targets]
    assert float(weights.mean()) == pytest.approx(0.5, abs=0.03)
    assert float(weights.var()) == pytest.approx(1 / (4 * (2 * 0.4 + 1)), abs=0.015)
    assert len(set(weights.tolist())) > 1900


@pytest.mark.parametrize("shape", [(9, 14), (14, 9), (8, 8), (1, 20)])
def test_a_crop_keeps_the_size_and_stays_within_the_values_of_the_plane(shape: tuple[int, int]) -> None:
    some = planes(20, rows=shape[0], columns=shape[1])
    after = cropped(some, Crop(smallest_area=0.1), draw())
    assert after.shape == some.shape
    assert (after <= some.amax(dim=(2, 3), keepdim=True) + 1e-6).all()
    assert (after >= some.amin(dim=(2, 3), keepdim=True) - 1e-6).all()


def test_a_crop_shows_a_part_of_the_stated_area_and_aspect_anywhere_in_the_plane() -> None:
    row, column = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    maps = torch.stack([row, column]).expand(500, 2, 64, 96)
    after = cropped(maps, Crop(smallest_area=0.25), draw())
    heights = (after[:, 0, 40, 48] - after[:, 0, 24, 48]) * 64 / 16
    widths = (after[:, 1, 32, 60] - after[:, 1, 32, 36]) * 96 / 24
    areas, aspects = heights * widths / (64 * 96), widths / heights
    assert float(areas.min()) > 0.24 and float(areas.max()) <= 1.001
    assert float(areas.median()) == pytest.approx(0.6, abs=0.06)
    whole = (heights > 63.9) | (widths > 95.9)
    assert float(aspects[~whole].min()) > 0.74 and float(aspects[~whole].max()) < 1.34
    centres = after[:, 1, 32, 48] / 96
    assert float(centres.min()) < 0.4 and float(centres.max()) > 0.6
    assert heights.min() > 0 and widths.min() > 0, "a crop mirrors nothing"


def test_a_rotation_turns_within_its_limit_and_keeps_pixels_square() -> None:
    row, column = torch.meshgrid(torch.arange(21.0) - 10, torch.arange(41.0) - 20, indexing="ij")
    maps = torch.stack([row, column]).expand(300, 2, 21, 41)
    after = rotated(maps, Rotation(largest_degrees=30), draw())
    along = after[:, :, 10, 25] - after[:, :, 10, 20]
    down = after[:, :, 13, 20] - after[:, :, 10, 20]
    angles = torch.atan2(along[:, 0], along[:, 1]) * 180 / math.pi
    assert torch.allclose(along.norm(dim=1), torch.tensor(5.0), atol=1e-3)
    assert torch.allclose((along * down).sum(dim=1), torch.zeros(300), atol=1e-2)
    assert 28 < float(angles.max()) <= 30.001 and -30.001 <= float(angles.min()) < -28
    assert torch.allclose(after[:, :, 10, 20], torch.zeros(2), atol=1e-4), "the centre stays where it is"


def test_what_a_rotation_turns_in_from_outside_is_zero() -> None:
    corners = rotated(torch.ones(50, 1, 16, 16), Rotation(largest_degrees=45), draw())[:, 0, 0, 0]
    assert float(corners.min()) == 0
