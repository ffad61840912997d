"""Synthetic items of one training share: made once a study, kept in its folder, shared by all trials of that share.

| where | what |
|---|---|
| ``generators/KEY/`` | a generator, its looks and its samples (``gan_files``) |
| ``synthetic/KEY.npy`` | the planes that it was asked for, ``synthetic/KEY.npz`` their targets, written last |
"""

from __future__ import annotations

import csv
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Shaped
from safetensors.torch import load_file, save_file
from torch import Tensor

from frostline.augmentation.conditions import Outside, asked, told_as, told_outside
from frostline.augmentation.gan import Bench, Forger, Material, trained
from frostline.augmentation.gan_files import CURVES, RECORD, SHEET, TRAINING, WEIGHTS, keep_critic, whole
from frostline.augmentation.gan_health import Look
from frostline.augmentation.gan_networks import Generator, Subject
from frostline.augmentation.rendering import StoredPlanes, render
from frostline.augmentation.sample_sheet import Shown, lettering_of, write_sheet
from frostline.augmentation.scale import Scale
from frostline.data.leaks import refuse_overlap
from frostline.data.splits import Splits
from frostline.errors import DataFault, GeneratorFailed, StoreMismatch
from frostline.outcome import Record
from frostline.randomness import torch_noise
from frostline.spec.synthesis import ConditionKind, Synthesis

GENERATORS, SYNTHETIC = "generators", "synthetic"
SHOWN = 9


class GeneratorRecord(Record):
    """What is known of a generator: what it has learned from, what was seen of it, and why it failed, where it has.

    ``outside`` tells, of each synthesis that asked it for such, of conditions where it has learned nothing.
    """

    key: str
    learned: tuple[str, ...]
    split_digest: str
    failed: str | None = None
    channels: int = 0
    kind: ConditionKind = "classes"
    outputs: int = 0
    low: float = 0.0
    high: float = 0.0
    grid: tuple[int, int] = (0, 0)
    own: tuple[int, int] = (0, 0)
    looks: tuple[Look, ...] = ()
    outside: tuple[Outside, ...] = ()


@dataclass(frozen=True, eq=False)
class Synthetic:
    """Synthetic items: planes as the dataset stores its own, in a file, their targets, ids that tell what they are."""

    planes: StoredPlanes
    targets: Shaped[Tensor, "item ..."]
    ids: Shaped[np.ndarray, " item"]

    def __len__(self) -> int:
        return len(self.targets)


def generator_folder(folder: Path, synthesis: Synthesis) -> Path:
    """Where, in the ``folder`` of a study, the generator of ``synthesis`` lies."""
    return folder / GENERATORS / synthesis.generator_key


def synthesized(synthesis: Synthesis, splits: Splits, folder: Path, device: torch.device) -> Synthetic:
    """The synthetic items of ``synthesis`` beside the training part of ``splits``; made now where nobody has before.

    The generator sees the training part alone. Whatever ends the process, nothing half-made is left: the next one goes
    on, or begins again, to the same items.

    Raises:
        GeneratorFailed: the generator could not be trained, now or when it was tried before; the text says why.
        LeakFound: what lies in ``folder`` has learned from an item that validates or tests.
        StoreMismatch: what lies there has learned from other items.
    """
    planes, targets = _files(synthesis, folder)
    with alone(generator_folder(folder, synthesis)):
        # Whoever has the planes needs no generator, but has to know what it has learned from.
        forger = forged(synthesis, splits, folder, device)
        if not (planes.exists() and targets.exists()):
            _render(synthesis, splits, forger, folder)
    with np.load(targets, allow_pickle=False) as arrays:
        told = torch.from_numpy(arrays["targets"])
    ids = np.array([synthesis.id_of(number) for number in range(len(told))])
    return Synthetic(StoredPlanes(planes, forger.scale), told, ids)


def forged(synthesis: Synthesis, splits: Splits, folder: Path, device: torch.device) -> Forger:
    """The generator of ``synthesis``, trained on the training part of ``splits`` now where nobody has before.

    Raises:
        GeneratorFailed: it could not be trained, now or when it was tried before.
        LeakFound: what lies in ``folder`` has learned from an item that validates or tests.
        StoreMismatch: what lies there has learned from other items.
    """
    home = generator_folder(folder, synthesis)
    record = record_of(home)
    if record is None:
        return _trained(synthesis, splits, home, device)
    _refuse_foreign(record, splits)
    if record.failed is not None:
        raise _failed(record.failed, synthesis, home)
    scale = _scale_of(record)
    subject = Subject(record.channels, scale.grid, record.kind, record.outputs)
    with torch_noise(0, "replaced"):
        generator = Generator(subject, synthesis.forging.sizes)
    generator.load_state_dict(load_file(home / WEIGHTS))
    return Forger(generator.to(device).eval(), subject, scale, record.looks)


def record_of(home: Path) -> GeneratorRecord | None:
    """What is known of the generator in the folder ``home``; None where none was ever trained to its end.

    Raises:
        DataFault: the record is damaged.
    """
    try:
        return GeneratorRecord.model_validate_json((home / RECORD).read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        said = f"{home / RECORD} is damaged; remove the folder {home}, and the generator is trained again"
        raise DataFault(said) from None


def material_of(synthesis: Synthesis, splits: Splits) -> Material:
    """The training part of ``splits`` as a generator reads it; of classes or values, as its targets are."""
    targets = splits.train.targets
    outputs = targets.shape[1] if targets.is_floating_point() else synthesis.dataset.outputs
    return Material(splits.train.planes, targets, outputs)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """While it lasts, this process alone works in the folder ``home``; one that ends lets go, however it ends."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "lock").open("a")
    except OSError as error:
        raise DataFault(f"{home} cannot be written ({error.strerror or error}); make room there") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _trained(synthesis: Synthesis, splits: Splits, home: Path, device: torch.device) -> Forger:
    ids = tuple(splits.train.ids.tolist())
    blank = GeneratorRecord(key=synthesis.generator_key, learned=ids, split_digest=splits.digest)
    try:
        forger = trained(material_of(synthesis, splits), synthesis.forging, Bench(home, device))
    except GeneratorFailed as failure:
        _keep(home, blank.model_copy(update={"failed": str(failure)}))
        raise _failed(str(failure), synthesis, home) from None
    scale, subject = forger.scale, forger.subject
    told = {"low": scale.low, "high": scale.high, "grid": scale.grid, "own": scale.own, "looks": forger.looks}
    told |= {"channels": subject.channels, "kind": subject.kind, "outputs": subject.outputs}
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in forger.generator.state_dict().items()}
    whole(home / WEIGHTS, lambda path: save_file(weights, path))
    keep_critic(home)
    _draw(home, splits, synthesis, forger)
    _keep(home, blank.model_copy(update=told))
    (home / TRAINING).unlink(missing_ok=True)
    return forger


def _keep(home: Path, record: GeneratorRecord) -> None:
    whole(home / RECORD, lambda path: path.write_text(record.model_dump_json()))


def _note(home: Path, told: Outside) -> None:
    """Keeps ``told`` in the record of the generator in ``home``, in the place of what was told of the same items."""
    record = record_of(home)
    assert record is not None
    others = tuple(one for one in record.outside if one.synthesis != told.synthesis)
    _keep(home, record.model_copy(update={"outside": (*others, told)}))


def _failed(reason: str, synthesis: Synthesis, home: Path) -> GeneratorFailed:
    return GeneratorFailed(
        f"the generator {synthesis.generator_key} of these synthetic items has failed: {reason}. "
        f"Change synthesis in the study, or remove {home} to try again"
    )


def _refuse_foreign(record: GeneratorRecord, splits: Splits) -> None:
    for part, samples in (("validation", splits.validation), ("test", splits.test)):
        refuse_overlap("the training of a generator", part, record.learned, samples.ids, "item")
    if record.split_digest != splits.digest:
        raise StoreMismatch(
            f"the generator {record.key} in this folder has learned from {len(record.learned)} items of another split; "
            f"use another folder (--to), or remove {GENERATORS} and {SYNTHETIC} there"
        )


def _scale_of(record: GeneratorRecord) -> Scale:
    return Scale(record.low, record.high, record.grid, record.own)


def _files(synthesis: Synthesis, folder: Path) -> tuple[Path, Path]:
    """Where, in the ``folder`` of a study, planes and targets of ``synthesis`` lie."""
    return folder / SYNTHETIC / f"{synthesis.key}.npy", folder / SYNTHETIC / f"{synthesis.key}.npz"


def _render(synthesis: Synthesis, splits: Splits, forger: Forger, folder: Path) -> None:
    forging, learned, (planes, targets) = synthesis.forging, splits.train.targets, _files(synthesis, folder)
    found = asked(forging, learned, forging.count(len(splits.train)), synthesis.dataset.card.scale)
    render(forger, found.conditions, planes, forging.seed)
    if (told := told_outside(synthesis, learned, found)) is not None:
        _note(generator_folder(folder, synthesis), told)
    arrays = {"targets": told_as(forging, found.conditions).numpy(), "conditions": found.conditions.numpy()}

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    whole(targets, write)


def _draw(home: Path, splits: Splits, synthesis: Synthesis, forger: Forger) -> None:
    """The curves of the training as a table, and real beside synthetic planes, of the same conditions."""

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(Look.model_fields)
            table.writerows(one.model_dump().values() for one in forger.looks)

    whole(home / CURVES, write)
    shown = splits.train.take(np.unique(np.linspace(0, len(splits.train) - 1, SHOWN).astype(np.int64)))
    made = render(forger, shown.targets, home / "shown.npy", synthesis.forging.seed)
    lettering = lettering_of(synthesis.dataset)
    write_sheet(home / SHEET, Shown(shown.planes, shown.targets), Shown(made[:], shown.targets), lettering)
    (home / "shown.npy").unlink()
