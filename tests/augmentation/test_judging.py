"""Synthetic items are judged by a network that knows nothing of the target, against items that validate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from frostline.augmentation.judging import fidelity_of, fidelity_path, judged
from frostline.augmentation.synthesize import Synthetic
from frostline.data.planes import preprocessing
from frostline.data.read import read
from frostline.data.samples import Samples
from frostline.data.splits import SealedSamples, Splits, split
from frostline.errors import DataFault
from frostline.networks.network import Network, state_digest
from frostline.outcome import Finished
from frostline.run import attempt
from frostline.spec.synthesis import AdversarialRecipe, Forging, GeneratorSizes
from tests.augmentation.toys import CPU
from tests.trials import HIGH, job, pretraining, transfer

FORGING = Forging(
    recipe=AdversarialRecipe(steps=2, batch=8).resolved(60), sizes=GeneratorSizes(latent=4, width=4, widest=4), number=9
)


class Given:
    """Planes as if a generator had made them."""

    def __init__(self, planes: torch.Tensor) -> None:
        self.planes = planes

    def __len__(self) -> int:
        return len(self.planes)

    def __getitem__(self, chosen: object) -> torch.Tensor:
        return self.planes[chosen]  # type: ignore[index]


class _Unopened(SealedSamples):
    def open(self) -> Samples:
        raise AssertionError("the test part was opened")


@pytest.fixture(scope="module")
def splits() -> Splits:
    found = split(read(HIGH.reading), transfer("r3", share=0.3))
    return Splits(found.train, found.validation, _Unopened(found.test.open()))


def network() -> Network:
    """A backbone whose features are the planes themselves, behind a norm that evaluation leaves as it is."""
    return Network({"norm": nn.BatchNorm2d(1), "flat": nn.Flatten()}, nn.Identity(), nn.Linear(64, 2))


def given(planes: torch.Tensor) -> Synthetic:
    return Synthetic(Given(planes), torch.zeros(len(planes), dtype=torch.int64), np.arange(len(planes)))  # type: ignore[arg-type]


def test_copies_of_what_was_learned_are_found_out_and_noise_is_far_from_real_items(splits: Splits) -> None:
    prepare, backbone = preprocessing(HIGH, "unit", splits.train), network()
    before = state_digest(backbone)
    copies = judged(given(splits.train.planes[:30].float()), splits, prepare, backbone, CPU)
    noise = judged(given(torch.rand(30, 1, 8, 8) * 16), splits, prepare, backbone, CPU)
    assert copies is not None and noise is not None
    assert copies.copied == 1 and copies.closeness == pytest.approx(0, abs=1e-6) and copies.precision > 0.9
    assert noise.copied == 0 and noise.precision < 0.1 and noise.frechet > 3 * copies.frechet
    assert (copies.n_made, copies.n_learned, copies.n_held) == (30, len(splits.train), len(splits.validation))
    assert state_digest(backbone) == before and backbone.training


def test_too_few_items_are_not_judged(splits: Splits) -> None:
    prepare = preprocessing(HIGH, "unit", splits.train)
    assert judged(given(torch.rand(3, 1, 8, 8)), splits, prepare, network(), CPU) is None


def test_the_first_trial_that_starts_from_another_dataset_judges_once_for_all(tmp_path: Path) -> None:
    scratch = transfer("r3", synthesis=FORGING)
    assert scratch.made is not None
    assert isinstance(attempt(job(scratch, tmp_path)), Finished)
    assert fidelity_of(tmp_path, scratch.made) is None
    assert isinstance(attempt(job(pretraining(), tmp_path)), Finished)
    first = attempt(job(transfer("f1r2", synthesis=FORGING), tmp_path))
    found, path = fidelity_of(tmp_path, scratch.made), fidelity_path(tmp_path, scratch.made)
    assert isinstance(first, Finished) and found is not None
    assert (found.n_made, found.n_learned, found.n_held) == (9, first.n_train, first.n_validation)
    path.write_text(found.model_copy(update={"recall": 0.25}).model_dump_json())
    again = attempt(job(transfer("f1r2", synthesis=FORGING), tmp_path))
    kept = fidelity_of(tmp_path, scratch.made)
    assert kept is not None and kept.recall == 0.25 and again == first
    path.write_text("{")
    with pytest.raises(DataFault, match="is damaged; remove it"):
        fidelity_of(tmp_path, scratch.made)
