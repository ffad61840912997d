"""The VGG tagger of MagnaTagATune: what it computes, what its published weights hear, and on what it can be trained."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from frostline.data.sounds import decode, resampled
from frostline.data.spectrogram import log_mel
from frostline.errors import WeightsFault
from frostline.networks.build import build
from frostline.networks.mtt_vgg import BANDS, FRAMES, published_tagger
from frostline.networks.network import Fit, state_digest
from frostline.networks.published import locate, refuse_unfit
from frostline.networks.weights import load_into, read_weights
from frostline.run import run_trial
from frostline.spec.mtt_vgg import LEAST_ROWS, MttVgg
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.trial import Seeds, WeightsFile
from tests.trials import HIGH, QUICK, job, transfer

TINY = MttVgg(name="mtt_vgg", channels=4)
RATE_HZ = 16_000
CONVENTION = Spectrogram(rate_hz=RATE_HZ, window=512, hop=256, bands=BANDS, level="compressed")


def by_hand(tensors: Mapping[str, Tensor], planes: Tensor) -> Tensor:
    """The logits of the published network for ``planes`` (sample, 1, frame, band), written out."""

    def norm(name: str, values: Tensor) -> Tensor:
        mean, variance, scale, offset = (
            tensors[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (values - mean) / torch.sqrt(variance + 1e-3) * scale + offset

    values = norm("bn_in", planes)
    pools = [((4, 1), (2, 2)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((4, 4), (4, 4))]
    for layer, (window, stride) in enumerate(pools):
        values = F.conv2d(values, tensors[f"convs.{layer}.weight"], tensors[f"convs.{layer}.bias"], padding=1)
        values = F.max_pool2d(norm(f"bns.{layer}", values.relu()), window, stride)
    flat = torch.stack([sample.permute(1, 2, 0).reshape(-1) for sample in values])
    return flat @ tensors["head.weight"].T + tensors["head.bias"]


def published(path: Path, channels: int, features: int, outputs: int = 3, **said: str) -> Mapping[str, Tensor]:
    """Random weights with the names of the published file, saved at ``path`` with ``said`` as metadata."""
    generator = torch.Generator().manual_seed(0)
    tensors: dict[str, Tensor] = {
        "head.weight": torch.randn(outputs, features, generator=generator) / features,
        "head.bias": torch.randn(outputs, generator=generator),
    }
    norms = {"bn_in": 1, **{f"bns.{layer}": channels for layer in range(5)}}
    for name, width in norms.items():
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{name}.{part}"] = torch.rand(width, generator=generator) + 0.5
        tensors[f"{name}.num_batches_tracked"] = torch.tensor(0)
    for layer in range(5):
        shape = (channels, channels if layer else 1, 3, 3)
        tensors[f"convs.{layer}.weight"] = torch.randn(shape, generator=generator) / 3
        tensors[f"convs.{layer}.bias"] = torch.randn(channels, generator=generator) / 3
    save_file(tensors, path, metadata=said)
    return tensors


def tagged(sound: np.ndarray) -> list[str]:
    """The five likeliest tags of ``sound`` at 16 kHz, averaged over its windows of 3 s."""
    tagger = published_tagger(weights())
    plane = log_mel(torch.from_numpy(sound)[None], CONVENTION)[0]
    pieces = plane[:, : plane.shape[1] // FRAMES * FRAMES].unflatten(1, (-1, FRAMES)).transpose(0, 1)[:, None]
    with torch.no_grad():
        likely = tagger.network(pieces).sigmoid().mean(0).topk(5).indices
    return [tagger.tags[number] for number in likely.tolist()]


def weights() -> Path:
    return Path(os.environ["FROSTLINE_DATA"]) / "weights" / "mtt_vgg.safetensors"


def test_answers_are_those_of_the_network_written_out(tmp_path: Path) -> None:
    tensors = published(tmp_path / "w.safetensors", channels=4, features=4 * 2 * 2)
    network = build(TINY, Fit(1, 132, 3, 5), seed=0).eval()
    load_into(network, read_weights(tmp_path / "w.safetensors"), tmp_path)
    planes = torch.rand(2, 1, 132, 132, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(network(planes), by_hand(tensors, planes.transpose(2, 3)))


@pytest.mark.real_data
def test_the_published_tagger_answers_as_the_network_written_out() -> None:
    tagger = published_tagger(weights())
    planes = 5 * torch.rand(2, 1, BANDS, FRAMES, generator=torch.Generator().manual_seed(1))
    assert len(tagger.tags) == 50 and not tagger.network.training
    torch.testing.assert_close(
        tagger.network(planes), by_hand(load_file(weights()), planes.transpose(2, 3)), rtol=1e-4, atol=1e-4
    )


@pytest.mark.real_data
def test_a_piano_piece_is_heard_as_piano() -> None:
    piece = "Chrono_SNES_Chrono_Trigger_Millenial_Fair.ogg"
    recording = decode(Path(os.environ["FROSTLINE_DATA"]) / "vgmidi_va" / "audio" / piece)
    assert {"piano", "classical", "solo"} <= set(tagged(resampled(recording, RATE_HZ).samples[: 10 * RATE_HZ]))


@pytest.mark.real_data
def test_beats_under_a_sawtooth_are_heard_as_electronic_music() -> None:
    time = np.arange(9 * RATE_HZ) / RATE_HZ
    beat = time % 0.46
    kick = np.sin(2 * np.pi * (50 * beat + 4 * (1 - np.exp(-30 * beat)))) * np.exp(-8 * beat)
    noise = np.random.default_rng(0).normal(size=len(time))
    hat = noise * np.exp(-60 * ((time + 0.23) % 0.46))
    notes = np.array([55.0, 55.0, 65.4, 49.0])[(time // 0.46 % 4).astype(int)]
    saw = 2 * (notes * time % 1) - 1
    assert {"techno", "electronic", "beat"} & set(tagged((0.6 * kick + 0.15 * hat + 0.2 * saw).astype(np.float32)))


def test_the_convention_of_the_published_weights_is_that_of_librosa() -> None:
    sound = np.random.default_rng(0).normal(size=RATE_HZ).astype(np.float32) / 10
    power = librosa.feature.melspectrogram(y=sound, sr=RATE_HZ, n_fft=512, hop_length=256, n_mels=96)
    expected = np.log10(10_000 * power + 1)
    np.testing.assert_allclose(log_mel(torch.from_numpy(sound)[None], CONVENTION)[0].numpy(), expected, atol=1e-4)


def test_silence_is_0_in_the_convention_of_the_published_weights() -> None:
    assert not log_mel(torch.zeros(1, RATE_HZ), CONVENTION).any()


def test_a_compressed_level_has_no_reference() -> None:
    with pytest.raises(ValidationError, match="reference would have no effect with level: compressed; remove it"):
        Spectrogram(level="compressed", reference="one")


def test_the_published_head_reads_two_positions_in_time() -> None:
    assert TINY.shapes(FRAMES, BANDS) == ((92, 48), (46, 24), (23, 12), (11, 6), (2, 1))


@pytest.mark.parametrize("size", [LEAST_ROWS, 97, 132])
def test_sizes_foretell_what_the_layers_give(size: int) -> None:
    network = build(TINY, Fit(1, size, 3, 5), seed=0)
    planes = torch.rand(1, 1, size, size)
    for expected, layer in zip(TINY.shapes(size, size), network.layers.values(), strict=True):
        planes = layer.eval()(planes)
        assert tuple(planes.shape[2:]) == expected
    assert network.head(network.readout(planes)).shape == (1, 3)


def test_planes_that_poolings_leave_nothing_of_are_refused() -> None:
    assert TINY.fault_on(LEAST_ROWS) is None
    assert TINY.fault_on(65) == "mtt_vgg needs planes of at least 66 rows, not 65; set the dataset's size"


def test_a_network_without_its_topmost_layers_reads_what_is_left() -> None:
    network = build(TINY, Fit(3, 66, 5, 2), seed=0)
    assert list(network.layers) == ["conv1", "conv2"]
    assert network(torch.rand(2, 3, 66, 66)).shape == (2, 5)


def test_the_norm_on_the_planes_belongs_to_the_first_layer() -> None:
    first, *others = build(TINY, Fit(1, 66, 3, 5), seed=0).layers.values()
    norms = [[part.num_features for part in layer.modules() if isinstance(part, nn.BatchNorm2d)] for layer in
             (first, *others)]  # fmt: skip
    assert norms == [[1, 4], [4], [4], [4], [4]]


def test_fresh_kernels_are_those_of_glorot_and_biases_are_0() -> None:
    network = build(MttVgg(name="mtt_vgg", channels=32), Fit(1, 66, 10, 5), seed=0)
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    assert len(convolutions) == 5
    for convolution in convolutions:
        bound = (6 / (9 * (convolution.in_channels + convolution.out_channels))) ** 0.5
        found = convolution.weight.detach()
        assert float(found.abs().max()) <= bound
        assert float(found.std()) == pytest.approx(bound / 3**0.5, rel=0.1)
        assert convolution.bias is not None and not convolution.bias.any()


def test_the_weights_of_a_layer_depend_on_the_seed_and_not_on_the_layers_beside_it() -> None:
    before = torch.get_rng_state()
    whole, cut, other = (build(TINY, Fit(1, 66, 3, kept), seed) for kept, seed in ((5, 1), (2, 1), (5, 2)))
    assert torch.equal(before, torch.get_rng_state())
    for name in cut.layers:
        assert state_digest(cut.layers[name]) == state_digest(whole.layers[name])
    assert all(state_digest(other.layers[name]) != state_digest(whole.layers[name]) for name in whole.layers)


def test_a_tensor_that_is_left_over_or_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    tensors = dict(published(path, channels=128, features=256))
    tensors["bns.5.weight"] = tensors.pop("bns.4.weight")
    save_file(tensors, path, metadata={"tags": json.dumps(["piano", "guitar", "harp"])})
    with pytest.raises(WeightsFault) as caught:
        published_tagger(path)
    assert str(caught.value) == (
        f"{path} does not fit the network\n"
        "  not in the file: layers.conv5.norm.weight\n"
        "  not in the network: layers.conv6.norm.weight"
    )


@pytest.mark.parametrize("said", [{}, {"tags": "piano"}, {"tags": '{"piano": 1}'}])
def test_weights_that_do_not_name_their_tags_are_no_tagger(tmp_path: Path, said: dict[str, str]) -> None:
    path = tmp_path / "w.safetensors"
    published(path, channels=1, features=2, **said)
    with pytest.raises(WeightsFault, match=r"does not name its tags; expected a list of names under tags in its meta"):
        published_tagger(path)


def test_a_published_head_is_not_put_on_positions_that_it_does_not_know(tmp_path: Path) -> None:
    ref = str(tmp_path / "w.safetensors")
    published(Path(ref), channels=4, features=8)
    with pytest.raises(WeightsFault) as caught:
        refuse_unfit(ref, TINY, Fit(1, 128, 3, 5), "kept")
    assert str(caught.value) == (
        f"{ref}: its head reads 2 x 1 positions (time, frequency), and planes of 128 x 128 leave 1 x 2; use head: new"
    )
    refuse_unfit(ref, TINY, Fit(1, 128, 3, 5), "new")


def test_planes_of_three_channels_do_not_fit_the_published_weights(tmp_path: Path) -> None:
    ref = str(tmp_path / "w.safetensors")
    published(Path(ref), channels=4, features=8)
    with pytest.raises(
        WeightsFault, match=r"layers.conv1.conv.weight is \(4, 1, 3, 3\), the network has \(4, 3, 3, 3\)"
    ):
        refuse_unfit(ref, TINY, Fit(3, 66, 3, 5), "new")


def test_weights_are_found_in_the_folder_of_the_users_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(tmp_path / "w.safetensors", channels=1, features=2)
    monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path))
    assert locate("data:w.safetensors") == tmp_path / "w.safetensors"
    with pytest.raises(WeightsFault, match=r"no weights file at .*other\.safetensors$"):
        locate("data:other.safetensors")
    monkeypatch.delenv("FROSTLINE_DATA")
    with pytest.raises(WeightsFault, match=r"lies in the folder of your data; set FROSTLINE_DATA to that folder$"):
        locate("data:w.safetensors")


@pytest.mark.parametrize("norms", ["stored", "re-estimated", "tuned"])
def test_published_weights_are_transferred_to_pictures_and_audited(tmp_path: Path, norms: str) -> None:
    path = tmp_path / "w.safetensors"
    published(path, channels=4, features=8)
    dataset = HIGH.model_copy(update={"size": 66, "resize": "interpolate"})
    recipe = QUICK.model_copy(update={"norms": norms})
    trial = transfer(
        "f2r3", TINY, dataset=dataset, start=WeightsFile(weights=str(path)), recipe=recipe, seeds=Seeds(weights=1)
    )
    outcome = run_trial(job(trial, tmp_path))
    assert outcome.start == "published"
    assert "3 reset layers differ from the start" in outcome.audit
