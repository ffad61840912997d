"""The spectrogram transformer: what it computes, how it is drawn, and that surgeries hold on it as elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import nn

from frostline.listed import layers_of
from frostline.networks.build import build
from frostline.networks.network import Fit, Network, parameter_counts, state_digest
from frostline.networks.spectrogram_transformer import Block, Patches
from frostline.run import run_trial
from frostline.shelf import Shelf
from frostline.spec.network import SpectrogramTransformer
from tests.trials import job, transfer

TINY = SpectrogramTransformer(name="spectrogram_transformer", depth=2, width=6, heads=2, patch=4)
OBLONG = (8, 13)


def tiny(outputs: int = 3, kept: int = 3, seed: int = 0) -> Network:
    return build(TINY, Fit(2, OBLONG, outputs, kept), seed).eval()


def planes(count: int = 2) -> torch.Tensor:
    return torch.rand(count, 2, *OBLONG, generator=torch.Generator().manual_seed(0))


def test_as_it_stands_it_has_six_million_parameters_on_half_a_minute_of_sound() -> None:
    spec = SpectrogramTransformer(name="spectrogram_transformer")
    network = build(spec, Fit(1, (128, 1292), 2, 7), seed=0)
    assert list(network.layers) == ["patch", "block1", "block2", "block3", "block4", "block5", "block6"]
    assert parameter_counts(network).total == 6_256_226


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_it_takes_planes_that_are_not_square_to_its_outputs_at_every_depth(kept: int) -> None:
    network = tiny(outputs=5, kept=kept)
    assert tuple(network.layers) == TINY.layer_names[:kept]
    assert network(planes()).shape == (2, 5)


def test_a_token_is_a_patch_at_its_place_and_zeros_fill_the_last_ones() -> None:
    layer = tiny().layers["patch"]
    assert isinstance(layer, Patches)
    grid = F.pad(planes(1)[0], (0, 3)).unfold(1, 4, 4).unfold(2, 4, 4)  # channel, row and column of patches, in a patch
    by_hand = torch.stack(
        [
            (layer.embed.weight * grid[:, row, column]).sum(dim=(1, 2, 3)) + layer.embed.bias
            for row in range(2)
            for column in range(4)
        ]
    )
    torch.testing.assert_close(layer(planes(1))[0], by_hand + layer.places[0])


def test_a_block_computes_what_the_layer_of_torch_does() -> None:
    block = tiny().layers["block1"]
    assert isinstance(block, Block)
    own = block.state_dict()
    theirs = nn.TransformerEncoderLayer(6, 2, 24, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
    names = {
        "self_attn.in_proj_": "attention.asked.",
        "self_attn.out_proj.": "attention.joined.",
        "linear1.": "dense.wide.",
        "linear2.": "dense.narrow.",
        "norm1.": "before_attention.",
        "norm2.": "before_dense.",
    }
    theirs.load_state_dict(
        {name + part: own[ours + part] for name, ours in names.items() for part in ("weight", "bias")}
    )
    tokens = torch.rand(3, 5, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(block(tokens), theirs.eval()(tokens))


def test_the_head_reads_the_average_of_the_normalised_tokens() -> None:
    tokens = torch.rand(2, 5, 6, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(tiny().readout(tokens), F.layer_norm(tokens, (6,)).mean(dim=1))


def test_the_weights_of_a_layer_do_not_depend_on_the_layers_beside_it() -> None:
    deep, cut, other = tiny(), tiny(outputs=7, kept=2), tiny(seed=1)
    for name in cut.layers:
        assert state_digest(cut.layers[name]) == state_digest(deep.layers[name]) != state_digest(other.layers[name])


def test_weights_are_drawn_narrowly_biases_are_zero_and_norms_change_nothing() -> None:
    wide = TINY.model_copy(update={"width": 64})
    network = build(wide, Fit(2, OBLONG, 3, 3), seed=0)
    for name, parameter in network.named_parameters():
        if "before" in name or "readout" in name:
            assert bool((parameter == (0 if name.endswith("bias") else 1)).all()), name
        elif name.endswith("bias"):
            assert bool((parameter == 0).all()), name
        else:
            assert float(parameter.detach().abs().max()) <= 0.04 and 0.01 < float(parameter.detach().std()) < 0.03, name


def test_building_it_touches_no_global_random_state() -> None:
    before = torch.get_rng_state()
    tiny()
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("surgery", ["f1t2", "f2r1", "f1t1x1"])
def test_trials_freeze_tune_reset_and_remove_its_layers(surgery: str, tmp_path: Path) -> None:
    trial = transfer(surgery, TINY)
    assert trial.start is not None
    for one in (trial.start, trial):
        run_trial(job(one, tmp_path))  # type: ignore[arg-type]
    assert Shelf(tmp_path).weights_path(trial.key).is_file()


def test_a_width_that_its_heads_cannot_share_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"width must be a multiple of heads, 5 \(got 288\)"):
        SpectrogramTransformer(name="spectrogram_transformer", heads=5)


def test_planes_smaller_than_a_patch_are_refused() -> None:
    assert TINY.fault_on((4, 9)) is None
    said = "planes of 3 x 9 are smaller than a patch of 4; set the size or network.patch"
    assert TINY.fault_on((3, 9)) == said


def test_its_layers_are_listed() -> None:
    assert layers_of("spectrogram_transformer").startswith(
        "spectrogram_transformer: depth: 6, which a study may change"
    )
