"""Synthetic items come of the training part alone, are made once, and tell what they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

import frostline.augmentation.synthesize as module
from frostline.augmentation.conditions import Outside, asked, told_as
from frostline.augmentation.fidelity import fidelity
from frostline.augmentation.gan_networks import Critic
from frostline.augmentation.rendering import StoredPlanes, render
from frostline.augmentation.sample_sheet import Lettering, Shown, caption, write_sheet
from frostline.augmentation.scale import Scale
from frostline.augmentation.synthesize import forged, generator_folder, record_of, synthesized
from frostline.data.read import read
from frostline.data.splits import SealedSamples, Splits, split
from frostline.errors import DataFault, GeneratorFailed, LeakFound, StoreMismatch
from frostline.randomness import torch_stream
from frostline.spec.dataset import Dataset
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.synthesis import AdversarialRecipe, Forging, GeneratorSizes, Synthesis
from tests.augmentation.toys import CPU
from tests.trials import HIGH, transfer

VALUES = torch.tensor([[-0.5, 0.0], [0.5, 0.2], [0.1, -0.4]])


def forging(**changes: object) -> Forging:
    usual: dict[str, object] = {
        "recipe": AdversarialRecipe(steps=4, batch=8).resolved(40),
        "sizes": GeneratorSizes(latent=4, width=4, widest=8),
        "number": 20,
    }
    return Forging.model_validate(usual | changes)


def synthesis(**changes: object) -> Synthesis:
    return Synthesis(dataset=HIGH, forging=forging(**changes), share=0.1)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return split(read(HIGH.reading), transfer("r3", share=0.1))


@pytest.fixture(scope="module")
def folder(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    synthesized(synthesis(), splits, path, CPU)
    return path


def test_synthetic_items_have_targets_and_ids_and_lie_in_the_range_of_real_ones(folder: Path, splits: Splits) -> None:
    items = synthesized(synthesis(), splits, folder, CPU)
    planes = items.planes[:]
    assert planes.shape == (20, 1, 8, 8) and planes.dtype == torch.float32
    assert float(planes.min()) >= 0 and float(planes.max()) <= float(splits.train.planes.max())
    assert torch.bincount(items.targets).tolist() == [4, 4, 4, 4, 4]
    assert items.ids.tolist()[:2] == [f"synthetic/{synthesis().key}/0", f"synthetic/{synthesis().key}/1"]


def test_what_was_made_once_is_never_made_again(folder: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    before = synthesized(synthesis(), splits, folder, CPU)
    monkeypatch.setattr(module, "trained", None)
    monkeypatch.setattr(module, "render", None)
    again = synthesized(synthesis(), splits, folder, CPU)
    assert torch.equal(again.planes[:], before.planes[:]) and torch.equal(again.targets, before.targets)


def test_another_number_of_items_comes_of_the_same_generator_and_begins_alike(
    folder: Path, splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "trained", None)
    few = synthesized(synthesis(conditions="resampled"), splits, folder, CPU)
    more = synthesized(synthesis(conditions="resampled", number=33), splits, folder, CPU)
    assert torch.equal(more.planes[:20], few.planes[:]) and torch.equal(more.targets[:20], few.targets)


def test_shuffled_items_are_the_resampled_ones_under_the_targets_of_others(folder: Path, splits: Splits) -> None:
    fit = synthesized(synthesis(conditions="resampled"), splits, folder, CPU)
    control = synthesized(synthesis(conditions="shuffled"), splits, folder, CPU)
    assert torch.equal(control.planes[:], fit.planes[:])
    assert not torch.equal(control.targets, fit.targets)
    assert torch.equal(control.targets.sort().values, fit.targets.sort().values)


def test_a_generator_has_learned_from_the_training_part_alone(folder: Path, splits: Splits) -> None:
    record = record_of(generator_folder(folder, synthesis()))
    assert record is not None and record.learned == tuple(splits.train.ids.tolist())
    sealed = Splits(splits.train, splits.validation, _Unopened(splits.test.open()))
    assert len(forged(synthesis(seed=3), sealed, folder, CPU).looks) == 4


class _Unopened(SealedSamples):
    def open(self) -> object:  # type: ignore[override]
        raise AssertionError("the test part was opened")


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_generator_that_has_seen_what_is_held_out_is_refused(folder: Path, splits: Splits, part: str) -> None:
    seen, unseen = splits.train.take(np.arange(3)), splits.train.take(np.arange(3, len(splits.train)))
    held = {"validation": splits.validation, "test": splits.test}
    other = Splits(unseen, **(held | {part: seen if part == "validation" else SealedSamples(seen)}))
    with pytest.raises(LeakFound, match=f"3 items stand in the training of a generator and in {part}, the first is"):
        synthesized(synthesis(), other, folder, CPU)


def test_a_generator_of_other_items_is_not_mixed_in(folder: Path, splits: Splits) -> None:
    fewer = Splits(splits.train.take(np.arange(50)), splits.validation, splits.test)
    with pytest.raises(StoreMismatch, match=r"in this folder has learned from \d+ items of another split; use another"):
        synthesized(synthesis(), fewer, folder, CPU)


def test_a_generator_that_has_failed_fails_whoever_needs_it_with_its_reason(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {"generator_rate": 1e-12, "critic_rate": 0.005}
    dead = synthesis(recipe=AdversarialRecipe(steps=60, batch=8, look_every=2, patience=2, distortions=(), **rates))
    with pytest.raises(GeneratorFailed, match=r"has failed: .* look"):
        synthesized(dead, splits, tmp_path, CPU)
    monkeypatch.setattr(module, "trained", None)
    with pytest.raises(GeneratorFailed, match=r"Change synthesis in the study, or remove .* to try again"):
        synthesized(dead, splits, tmp_path, CPU)
    assert not list((tmp_path / "synthetic").glob("*"))


def test_a_share_with_fewer_items_than_a_batch_is_refused_in_words(splits: Splits, tmp_path: Path) -> None:
    large = synthesis(recipe=AdversarialRecipe(steps=2, batch=900).resolved(40))
    with pytest.raises(GeneratorFailed, match="are fewer than a batch of 900 of the generator; use batch"):
        synthesized(large, splits, tmp_path, CPU)


def test_a_damaged_record_says_what_to_remove(folder: Path, splits: Splits) -> None:
    home = generator_folder(folder, synthesis(seed=9))
    home.mkdir(parents=True)
    (home / "record.json").write_text(json.dumps({"key": 1}))
    with pytest.raises(DataFault, match="is damaged; remove the folder"):
        forged(synthesis(seed=9), splits, folder, CPU)


def test_curves_and_samples_lie_beside_a_generator(folder: Path) -> None:
    home = generator_folder(folder, synthesis())
    curves = (home / "curves.csv").read_text().splitlines()
    assert curves[0] == "step,critic_loss,generator_loss,separation,variety,freedom" and len(curves) == 5
    assert (home / "samples.png").read_bytes().startswith(b"\x89PNG")
    left = {path.name for path in home.iterdir()}
    weights = {"generator.safetensors", "critic.safetensors"}
    assert left == {"lock", "record.json", "curves.csv", "samples.png"} | weights


def test_the_critic_is_kept_beside_its_generator(folder: Path, splits: Splits) -> None:
    own = forged(synthesis(), splits, folder, CPU)
    critic = Critic(own.subject, synthesis().forging.sizes)
    critic.load_state_dict(load_file(generator_folder(folder, synthesis()) / "critic.safetensors"))


def test_a_condition_is_written_as_its_class_or_on_the_scale_of_the_annotation() -> None:
    names, values = ("valence", "arousal"), torch.tensor([0.5, -1.0])
    assert caption(torch.tensor(1), ("low", "high")) == "high"
    assert caption(values, names) == caption(values, names, (-1.0, 1.0)) == "valence +0.50, arousal -1.00"
    assert caption(values, names, (1.0, 9.0)) == "valence 7.00, arousal 1.00"


def test_captions_that_are_longer_than_their_planes_do_not_run_into_one_another(tmp_path: Path) -> None:
    shown, widths = Shown(torch.rand(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64)), []
    for name in ("short", "a class that is called by very many words"):
        write_sheet(tmp_path / "sheet.png", shown, shown, Lettering((name,), "top"))
        with Image.open(tmp_path / "sheet.png") as sheet:
            widths.append(sheet.width)
    longest = ImageDraw.Draw(Image.new("L", (1, 1))).textlength("a class that is called by very many words")
    assert widths[0] < 4 * longest < widths[1]


def test_rendered_planes_are_those_of_the_generator_to_half_a_step(
    folder: Path, splits: Splits, tmp_path: Path
) -> None:
    forger = forged(synthesis(), splits, folder, CPU)
    conditions = torch.arange(37) % 5
    rendered = render(forger, conditions, tmp_path / "planes.npy", seed=2)
    latents = torch_stream(2, "latents")
    with torch.inference_mode():
        parts = [torch.randn(16, 4, generator=latents) for _ in range(3)]
        expected = forger.scale.outward(forger.generator(torch.cat(parts)[:37], conditions))
    assert torch.allclose(rendered[:], expected, atol=16 / 65534 + 1e-5)
    assert torch.equal(rendered[torch.tensor([30, 2])], rendered[:][[30, 2]]) and len(rendered) == 37


def test_a_rendering_that_ends_early_leaves_nothing(
    folder: Path, splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forger = forged(synthesis(), splits, folder, CPU)
    called: list[int] = []

    def ended(latents: Tensor, conditions: Tensor) -> Tensor:
        called.append(len(latents))
        if len(called) == 2:
            raise KeyboardInterrupt
        return torch.zeros(len(latents), 1, 8, 8)

    monkeypatch.setattr(forger.generator, "forward", ended)
    with pytest.raises(KeyboardInterrupt):
        render(forger, torch.zeros(40, dtype=torch.int64), tmp_path / "planes.npy", seed=0)
    assert called == [16, 16] and not list(tmp_path.iterdir())


def test_planes_of_another_size_come_back_in_that_of_the_dataset(tmp_path: Path) -> None:
    np.save(tmp_path / "planes.npy", np.full((3, 1, 4, 5), 32767, dtype="<i2"))
    stored = StoredPlanes(tmp_path / "planes.npy", Scale(-80.0, 0.0, (4, 5), (8, 9)))
    assert torch.equal(stored[:2], torch.zeros(2, 1, 8, 9))


def test_uniform_values_lie_between_those_of_the_training_items() -> None:
    drawn = asked(forging(), VALUES, 500).conditions
    assert bool((drawn >= VALUES.amin(dim=0)).all()) and bool((drawn <= VALUES.amax(dim=0)).all())
    assert drawn.dtype == torch.float32 and float(drawn[:, 0].min()) < -0.45 and float(drawn[:, 0].max()) > 0.45


def test_conditions_outside_the_training_items_are_marked_and_kept_or_clipped() -> None:
    kept = asked(forging(between=(-1.0, 1.0)), VALUES, 200)
    clipped = asked(forging(between=(-1.0, 1.0), outside="clipped"), VALUES, 200)
    low, high = VALUES.amin(dim=0), VALUES.amax(dim=0)
    assert float(kept.conditions.max()) > 0.5 and torch.equal(clipped.conditions, kept.conditions.clamp(low, high))
    assert torch.equal(kept.outside, (kept.conditions != clipped.conditions).any(dim=1))
    assert torch.equal(kept.outside, clipped.outside) and 0 < int(kept.outside.sum()) < 200


def test_conditions_are_asked_for_on_the_scale_of_the_annotation() -> None:
    on_scale = asked(forging(between=(3.0, 7.0)), VALUES, 200, scale=(1.0, 9.0)).conditions
    assert torch.equal(on_scale, asked(forging(between=(-0.5, 0.5)), VALUES, 200).conditions)


@pytest.mark.parametrize(("outside", "done"), [("kept", ", and nothing was learned there"), ("clipped", "; they were")])
def test_what_lies_outside_is_told_in_the_record_of_the_generator(
    splits: Splits, tmp_path: Path, outside: str, done: str
) -> None:
    values = (torch.arange(len(splits.train)) % 5 / 5 - 0.4)[:, None].repeat(1, 5)
    rated = Splits(replace(splits.train, targets=values), splits.validation, splits.test)
    many = synthesis(between=(-1.0, 1.0), outside=outside)
    for wanted in (many, many, synthesis()):
        synthesized(wanted, rated, tmp_path, CPU)
    record = record_of(generator_folder(tmp_path, many))
    assert record is not None
    (told,) = record.outside
    assert told.synthesis == many.key and 0 < told.outside <= told.asked == 20
    said = "of 20 conditions lie outside the training items, whose values go from (-0.4, -0.4, "
    assert said in str(told) and done in str(told)


def test_the_range_of_what_was_learned_is_told_in_words() -> None:
    one = Outside(synthesis="x", outside=1, asked=9, clipped=False, low=(1.5, 2.0), high=(8.0, 7.25))
    assert str(one) == (
        "1 of 9 conditions lies outside the training items, whose values go from (1.5, 2) to (8, 7.25), and nothing "
        "was learned there."
    )


def test_classes_have_no_order_to_draw_between() -> None:
    with pytest.raises(ValueError, match="between has no effect with classes, which have no order; remove it"):
        asked(forging(between=(-1.0, 1.0)), torch.tensor([0, 1]), 4)


def test_no_shuffled_item_keeps_its_own_condition() -> None:
    conditions = torch.arange(50)
    assert torch.equal(told_as(forging(conditions="resampled"), conditions), conditions)
    dealt = told_as(forging(conditions="shuffled"), conditions)
    assert bool((dealt != conditions).all()) and torch.equal(dealt.sort().values, conditions)


def test_a_shuffled_class_says_nothing_of_the_class_of_its_plane() -> None:
    conditions = torch.arange(6000) % 3
    dealt = told_as(forging(conditions="shuffled"), conditions)
    pairs = torch.bincount(conditions * 3 + dealt, minlength=9) / 6000
    assert torch.allclose(pairs, torch.full((9,), 1 / 9), atol=0.012)


@pytest.mark.slow
@pytest.mark.real_data
def test_a_generator_of_spoken_digits_learns_without_collapse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    sound = Spectrogram(rate_hz=8000, window=512, hop=128, bands=64, duration_s=1.0)
    digits = Dataset(name="fsdd", size=64, spectrogram=sound)
    splits = split(read(digits.reading), transfer("r3", dataset=digits, share=0.2))
    sizes = GeneratorSizes(latent=32, width=8, widest=64, size=(32, 32))
    recipe = AdversarialRecipe(steps=160).resolved(len(splits.train))
    items = Synthesis(dataset=digits, forging=forging(recipe=recipe, sizes=sizes, number=200), share=0.2)
    made = synthesized(items, splits, tmp_path, CPU)
    record = record_of(generator_folder(tmp_path, items))
    assert record is not None and record.failed is None
    last = record.looks[-5:]
    assert min(look.variety for look in last) > 0.4 and max(look.separation for look in last) < 0.9

    def coarse(planes: Tensor) -> np.ndarray:
        return F.adaptive_avg_pool2d(planes.float(), 8).flatten(1).numpy()

    told = fidelity(coarse(made.planes[:]), coarse(splits.train.planes), coarse(splits.validation.planes))
    nothing = fidelity(coarse(made.planes[:]) * 0 - 40, coarse(splits.train.planes), coarse(splits.validation.planes))
    assert told.frechet < 0.5 * nothing.frechet and told.copied == 0
