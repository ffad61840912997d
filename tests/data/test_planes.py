"""What a network sees of a plane is what the study states."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from frostline.data.planes import Items, fitted, preprocessing
from frostline.data.read import read
from frostline.data.recordings import esc10_listing
from frostline.data.samples import Samples
from frostline.data.sounds import planes_of
from frostline.data.splits import split
from frostline.spec.dataset import Dataset
from frostline.spec.published import Statistics
from frostline.spec.reading import Reading
from frostline.spec.spectrogram import Spectrogram
from frostline.tasks.task import of_samples
from tests.data.test_own import touch
from tests.data.test_splits import collection, listed
from tests.trials import transfer


def test_planes_are_scaled_to_one_by_the_full_scale_of_their_dataset() -> None:
    digits = read(Reading("digits")).train
    planes = preprocessing(Dataset(name="digits"), "unit", digits)(digits).planes
    assert planes.dtype is torch.float32
    assert float(planes.min()) == 0
    assert float(planes.max()) == 1


def test_standard_normalisation_takes_mean_and_deviation_from_the_training_items_alone() -> None:
    digits = read(Reading("digits"))
    some = digits.train.take(np.arange(50))
    prepare = preprocessing(Dataset(name="digits"), "standard", some)
    planes = prepare(some).planes
    assert float(planes.mean()) == pytest.approx(0, abs=1e-5)
    assert float(planes.std(correction=0)) == pytest.approx(1, abs=1e-5)
    assert float(prepare(digits.test).planes.mean()) != pytest.approx(0, abs=1e-5)


def test_a_smaller_plane_is_padded_in_the_middle_and_one_channel_becomes_several_equal_ones() -> None:
    raw = torch.full((2, 1, 8, 8), 16, dtype=torch.uint8)
    planes = fitted(raw, Dataset(name="digits", channels=3, size=11))
    assert planes.shape == (2, 3, 11, 11)
    assert torch.equal(planes[:, 0], planes[:, 2])
    assert float(planes[0, 0, 1:9, 1:9].min()) == 1
    assert float(planes.sum()) == 2 * 3 * 64


def test_interpolation_keeps_a_constant_plane_constant() -> None:
    raw = torch.full((1, 1, 8, 8), 8, dtype=torch.uint8)
    planes = fitted(raw, Dataset(name="digits", size=5, resize="interpolate"))
    assert planes.shape == (1, 1, 5, 5)
    assert torch.allclose(planes, torch.tensor(0.5))


HALF = Statistics(mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
ROUGH = Spectrogram(rate_hz=8000, window=512, hop=256, bands=20, duration_s=1.0)
SOUNDS = Dataset(name="esc10", size=32, channels=3, spectrogram=ROUGH)


def heard(planes: Tensor) -> Samples:
    """Recordings with these planes (sample segment band frame), of the classes 0, 1, 0, ..."""
    names = np.array([f"recording {number}" for number in range(len(planes))])
    return Samples(planes, torch.arange(len(planes)) % 2, names, names)


@pytest.fixture(scope="module")
def clips() -> Samples:
    """Six real clips of rain and sea waves, two pieces of a second each."""
    home = Path(os.environ["FROSTLINE_DATA"]) / "esc10"
    wet = [item for item in esc10_listing(home).items if item.label in (2, 3)][:48:8]
    two = ROUGH.model_copy(update={"segments": 2})
    return heard(torch.stack([planes_of(home / item.file, two, 1.0) for item in wet]))


@pytest.mark.real_data
def test_each_piece_of_a_real_recording_reaches_from_0_to_1(clips: Samples) -> None:
    planes = preprocessing(in_pieces(2), "unit", clips)(clips).planes
    assert planes.shape == (12, 3, 32, 32)
    assert torch.equal(planes.amin(dim=(1, 2, 3)), torch.zeros(12))
    assert torch.equal(planes.amax(dim=(1, 2, 3)), torch.ones(12))
    assert float(clips.planes.min()) < -30


def in_pieces(segments: int) -> Dataset:
    return SOUNDS.model_copy(update={"spectrogram": ROUGH.model_copy(update={"segments": segments})})


@pytest.mark.real_data
def test_given_statistics_are_really_applied_to_real_batches(clips: Samples) -> None:
    before = preprocessing(in_pieces(2), "unit", clips)(clips).planes
    after = preprocessing(in_pieces(2), HALF, clips)(clips).planes
    assert (float(after.min()), float(after.max())) == (-1, 1)
    assert torch.equal(after, (before - 0.5) / 0.5)
    uneven = Statistics(mean=(0.1, 0.2, 0.3), deviation=(0.5, 0.25, 2.0))
    seen = preprocessing(in_pieces(2), uneven, clips)(clips).planes
    for channel, (mean, deviation) in enumerate(zip(uneven.mean, uneven.deviation, strict=True)):
        told = (float(before[:, channel].mean()) - mean) / deviation
        assert float(seen[:, channel].mean()) == pytest.approx(told, abs=1e-5)
        spread = float(before[:, channel].std()) / deviation
        assert float(seen[:, channel].std()) == pytest.approx(spread, rel=1e-4)


@pytest.mark.real_data
def test_one_channel_of_sound_becomes_three_equal_ones(clips: Samples) -> None:
    planes = preprocessing(in_pieces(2), HALF, clips)(clips).planes
    assert torch.equal(planes[:, 0], planes[:, 1])
    assert torch.equal(planes[:, 0], planes[:, 2])
    alone = in_pieces(2).model_copy(update={"channels": None})
    assert torch.equal(preprocessing(alone, HALF, clips)(clips).planes[:, 0], planes[:, 0])


@pytest.mark.parametrize("level", [0.0, -80.0, -100.0, -13.815510749816895])
def test_a_constant_plane_is_0_throughout_though_scaling_rounds(level: float) -> None:
    silent = heard(torch.full((2, 1, 20, 32), level))
    for size in (17, 32, 64):
        planes = preprocessing(SOUNDS.model_copy(update={"size": size}), "unit", silent)(silent).planes
        assert torch.allclose(planes, torch.zeros(()), atol=1e-6), size
        assert float(planes.abs().max()) == 0


def test_a_quiet_difference_is_not_taken_for_a_constant_plane() -> None:
    quiet = torch.full((2, 1, 20, 32), -100.0)
    quiet[:, :, 10:] += 0.01
    planes = preprocessing(SOUNDS, "unit", heard(quiet))(heard(quiet)).planes
    assert float(planes.max()) == 1


def test_a_channel_that_is_constant_in_training_keeps_its_scale() -> None:
    flat = heard(torch.zeros(2, 1, 20, 32))
    assert torch.equal(preprocessing(SOUNDS, "standard", flat).deviation, torch.ones(3))


def test_statistics_of_other_channels_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"^statistics of 3 channels do not fit planes of 2$"):
        preprocessing(SOUNDS.model_copy(update={"channels": 2}), HALF, heard(torch.zeros(2, 1, 20, 32)))


def test_the_pieces_of_a_recording_follow_each_other_with_its_target() -> None:
    raw = torch.rand(3, 4, 20, 32, generator=torch.Generator().manual_seed(0))
    items = preprocessing(in_pieces(4), "unit", heard(raw))(heard(raw))
    assert (len(items), items.pieces) == (12, 4)
    assert items.targets.tolist() == [0] * 4 + [1] * 4 + [0] * 4
    assert items.sample_targets.tolist() == [0, 1, 0]
    alone = preprocessing(in_pieces(1), "unit", heard(raw[1, 2:3][None]))(heard(raw[1, 2:3][None]))
    assert torch.equal(items.planes[6], alone.planes[0])


def test_preprocessing_leaves_the_samples_as_they_were() -> None:
    raw = torch.rand(2, 1, 20, 32, generator=torch.Generator().manual_seed(0))
    kept = raw.clone()
    preprocessing(SOUNDS, HALF, heard(raw))(heard(raw))
    assert torch.equal(raw, kept)


def test_the_answers_to_the_pieces_of_a_recording_are_averaged_as_probabilities() -> None:
    logits = torch.tensor([[2.0, 0.0], [-1.0, 3.0], [0.5, 0.5], [0.0, -4.0]])
    answered = of_samples(logits, 2, "classes")
    by_hand = torch.stack([logits[:2].softmax(dim=1).mean(dim=0), logits[2:].softmax(dim=1).mean(dim=0)])
    assert torch.allclose(answered.exp(), by_hand)
    assert torch.equal(of_samples(logits, 1, "classes"), logits)


def test_no_piece_of_a_recording_is_in_two_parts(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{name}/{number}.wav" for name in ("cat", "dog") for number in range(6)))
    dataset = Dataset(name="folder", path=str(tmp_path), size=32, channels=3, folds=3, spectrogram=ROUGH).model_copy(
        update={"spectrogram": ROUGH.model_copy(update={"segments": 3})}
    )
    whole = collection(listed(dataset))
    told = torch.arange(12.0)[:, None, None, None] + torch.linspace(0, 0.5, 3 * 20 * 32).reshape(3, 20, 32)
    whole = type(whole)(
        Samples(told, whole.samples.targets, whole.samples.ids, whole.samples.groups), whole.listed, (), ""
    )
    splits = split(whole, transfer("r3", dataset=dataset, share=1.0))
    parts = [splits.train, splits.validation, splits.test.open()]
    seen: list[Items] = [preprocessing(dataset, "unit", splits.train)(part) for part in parts]
    assert [len(items) for items in seen] == [12, 12, 12]
    recordings = [{int(value) for value in part.planes.floor().unique()} for part in parts]
    assert sum(map(len, recordings)) == len(set.union(*recordings)) == 12
