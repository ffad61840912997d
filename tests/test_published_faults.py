"""The faults of the published study of GAN augmentation, each tried on the real code, which refuses it.

That study fitted its GAN to all songs, pooled real and synthetic items before it split them, so that 64 % of what it
evaluated was synthetic, cut songs into segments that stood on both sides, and wrote labels over others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from frostline.augmentation.gan_files import RECORD
from frostline.augmentation.synthesize import generator_folder
from frostline.catalog import _own_card
from frostline.data.read import read
from frostline.data.splits import SealedSamples, Splits, split
from frostline.errors import LeakFound, StoreMismatch
from frostline.execute import execute
from frostline.executors.inline import Inline
from frostline.outcome import Failed, Finished
from frostline.run import attempt, ready
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.spec.synthesis import AdversarialRecipe, Forging, GeneratorSizes
from frostline.spec.trial import Trial
from frostline.store import Store
from tests.trials import HIGH, job, small_study, transfer

FORGING = Forging(
    recipe=AdversarialRecipe(steps=2, batch=8).resolved(60), sizes=GeneratorSizes(latent=4, width=4, widest=4), number=9
)


@pytest.fixture(autouse=True)
def _own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))


def own_study(folder: Path, rows: Sequence[Mapping[str, object]], **changes: object) -> Study:
    """A study from scratch of a manifest of these rows and of pictures of noise."""
    for number, row in enumerate(rows):
        path = folder / str(row["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            points = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(points).save(path)
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    (folder / "songs.csv").write_text("\n".join(lines) + "\n")
    for cache in (read, _own_card):
        cache.cache_clear()
    dataset = {"name": "manifest", "path": str(folder / "songs.csv"), "size": 8, "channels": 1}
    usual: dict[str, object] = {"dataset": dataset, "source": None, "surgeries": {"scratch": "r3"}, "shares": (1.0,)}
    return small_study(**(usual | {"seeds": 1} | changes))


def songs(count: int = 12) -> list[dict[str, object]]:
    """Songs of two classes in three folds."""
    return [{"path": f"{n}.png", "label": "ab"[n % 2], "fold": n // 4 % 3} for n in range(count)]


@pytest.mark.parametrize(("fold", "part"), [(0, "test"), (1, "validation")])
def test_pooling_before_the_split_puts_no_synthetic_item_among_what_is_evaluated(
    tmp_path: Path, fold: int, part: str
) -> None:
    made = {"path": f"synthetic/{'0' * 16}/7.png", "label": "a", "fold": fold}
    (trial,) = plan(own_study(tmp_path, [*songs(), made])).trials
    outcome = attempt(job(trial, tmp_path))
    assert isinstance(outcome, Failed)
    assert f"1 synthetic item stands in {part}, the first is 'synthetic/" in outcome.error
    assert "synthetic items may only train" in outcome.error


def test_synthetic_items_train_and_all_that_is_evaluated_is_real(tmp_path: Path) -> None:
    trial = transfer("r3", share=0.1, synthesis=FORGING)
    one, splits = ready(job(trial, tmp_path)), split(read(HIGH.reading), trial)
    assert len(one.lesson.train) == len(splits.train) + 9
    assert one.lesson.validation.sample_targets.tolist() == splits.validation.targets.tolist()
    outcome = attempt(job(trial, tmp_path))
    assert isinstance(outcome, Finished)
    assert (outcome.n_synthetic, outcome.n_test) == (9, len(splits.test)) and outcome.split_digest == splits.digest


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_gan_fitted_on_all_songs_fails_every_trial_that_needs_it(tmp_path: Path, part: str) -> None:
    trial = transfer("r3", share=0.1, synthesis=FORGING)
    assert isinstance(attempt(job(trial, tmp_path)), Finished)
    splits = split(read(HIGH.reading), trial)
    record = generator_folder(tmp_path, trial.made) / RECORD  # type: ignore[arg-type]
    told, held = json.loads(record.read_text()), {"validation": splits.validation, "test": splits.test}[part]
    assert not set(told["learned"]) & {*splits.validation.ids.tolist(), *splits.test.ids.tolist()}
    record.write_text(json.dumps(told | {"learned": [*told["learned"], *held.ids.tolist()]}))
    outcome = attempt(job(trial, tmp_path))
    assert isinstance(outcome, Failed)
    assert f"{len(held)} items stand in the training of a generator and in {part}, the first is" in outcome.error


def test_a_gan_is_fitted_anew_for_each_share_and_each_split(tmp_path: Path) -> None:
    def made(**changes: object) -> str:
        trial: Trial = transfer("r3", synthesis=FORGING, **changes)
        assert trial.made is not None
        return trial.made.generator_key

    keys = {made(), made(share=0.1), made(seeds={"split": 1}), made(seeds={"share": 1}), made(validation=0.2)}
    assert len(keys) == 5
    assert made(seeds={"weights": 1, "batches": 1}) == made()


def test_segments_of_a_song_in_two_parts_are_refused_before_anything_trains(tmp_path: Path) -> None:
    segments = [{**row, "group": f"song {n % 6}"} for n, row in enumerate(songs())]
    with pytest.raises(ValidationError, match=r"group 'song 0' stands in fold .* and .*; put it into one of them"):
        plan(own_study(tmp_path, segments))


def test_segments_of_a_song_on_two_sides_of_a_split_are_refused_whoever_split_them() -> None:
    splits = split(read(HIGH.reading), transfer("r3", share=0.1))

    def grouped(part: object, songs: int) -> object:
        return type(splits.train)(
            part.planes,
            part.targets,
            part.ids,
            np.array([f"song {n % songs}" for n in range(len(part.ids))]),  # type: ignore[attr-defined]
        )

    train, test = grouped(splits.train, 7), SealedSamples(grouped(splits.test.open(), 5))  # type: ignore[arg-type]
    with pytest.raises(LeakFound, match="5 groups stand in training and in test, the first is 'song 0'"):
        Splits(train, splits.validation, test)  # type: ignore[arg-type]


def test_a_song_with_two_labels_is_refused(tmp_path: Path) -> None:
    rows = [*songs(), {"path": "0.png", "label": "b", "fold": 0}]
    with pytest.raises(ValidationError, match=r"0.png stands in .* already; keep one of the two"):
        plan(own_study(tmp_path, rows))


def test_labels_overwritten_after_the_first_run_stop_the_study(tmp_path: Path) -> None:
    def run(rows: Sequence[Mapping[str, object]]) -> list[Finished | Failed]:
        study = own_study(tmp_path / "own", rows)
        with Store(tmp_path) as store, Inline() as pool:
            return list(execute(study, plan(study), store, pool))  # type: ignore[arg-type]

    (outcome,) = run(songs())
    assert isinstance(outcome, Finished), outcome
    swapped = [{**row, "label": "ba"[n % 2]} for n, row in enumerate(songs())]
    with pytest.raises(StoreMismatch, match=r"(?s)data of manifest .* was \w+, is now \w+\n.*Restore the data"):
        run(swapped)


def test_synthetic_items_write_no_label_over_a_real_one(tmp_path: Path) -> None:
    trial = transfer("r3", share=0.1, synthesis=FORGING.model_copy(update={"conditions": "shuffled"}))
    splits = split(read(HIGH.reading), trial)
    before = splits.train.targets.clone()
    lesson = ready(job(trial, tmp_path)).lesson
    assert torch.equal(lesson.train.targets[: len(before)], before)
