"""What a person asks to be shown: a dataset by name, their own files, or the target of a study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pydantic import ValidationError

from frostline.catalog import OWN_DATA, DatasetCard, dataset_card, dataset_cards
from frostline.errors import DataFault, UnknownName
from frostline.look.extents import durations_s
from frostline.look.gather import files_folder
from frostline.presets import find_study, presets
from frostline.spec.dataset import Dataset
from frostline.spec.reading import Reading
from frostline.spec.spectrogram import Spectrogram
from frostline.spec.study import Study
from frostline.spec.study_file import load_study

USUAL_SIZE = 224
LONGEST_S = 10.0
TURNS = 3


@dataclass(frozen=True)
class Subject:
    """A dataset with its settings, the split seeds to show, and which of it was chosen here for want of a study."""

    name: str
    dataset: Dataset
    split_seeds: tuple[int, ...]
    share: float = 1.0
    validation: float = 0.1
    chosen: str = ""


def subject_of(name: str) -> Subject:
    """What ``name`` means: a dataset, ``folder:PATH`` or ``manifest:PATH``, or the target of a study file or a preset.

    A name that is both a dataset and a preset is the dataset.

    Raises:
        UnknownName: it is none of them; the text has the nearest name and the full list.
        DataFault, StudyFaults: the files, or the study, cannot be used.
    """
    kind, _, path = name.partition(":")
    if kind in OWN_DATA:
        if not path:
            raise DataFault(f"{name} names no files; write {kind}:PATH")
        return _bare(Path(path).absolute().stem, kind, path)
    if name in dataset_cards():
        return _bare(name, name, None)
    looks_own = "folder" if Path(name).is_dir() else "manifest" if Path(name).suffix in (".csv", ".parquet") else None
    if looks_own:
        raise DataFault(
            f"{name} is neither a dataset nor a study; to be shown your own files, write {looks_own}:{name}"
        )
    own = [f"{one}:PATH" for one in OWN_DATA]
    if not (Path(name).exists() or Path(name).suffix or "/" in name or name in presets()):
        raise UnknownName("dataset and no study", name, dict.fromkeys([*dataset_cards(), *own, *presets()]))
    return _of_study(Path(name).stem, load_study(find_study(name)))


def _of_study(name: str, study: Study) -> Subject:
    dataset = study.dataset
    varying = dataset.has_folds and "split" in study.vary
    seeds = study.seed_values[:TURNS] if varying else (study.fixed_seed,)
    return Subject(name, dataset, seeds, max(study.shares), study.validation, "They are as the study has them.")


def _bare(label: str, name: str, path: str | None) -> Subject:
    """A dataset without a study, with settings that suit most networks."""
    card = dataset_card(name, path)
    if card.kind == "planes":
        return _with_turns(label, Dataset(name=name), "They are as the dataset has them.")
    size = f"{USUAL_SIZE} x {USUAL_SIZE}"
    if card.kind == "images":
        return _with_turns(label, _dataset(name, path, None), f"Usual settings: size {size}.")
    if card.duration_s is not None:
        return _with_turns(
            label, _dataset(name, path, None), f"Usual settings: size {size}, {card.duration_s:g} s of each sound."
        )
    spectrogram = Spectrogram(duration_s=_usual_duration_s(card, Reading(name, path)))
    seconds = f"{spectrogram.duration_s:g} s of each sound, the median of the files and at most {LONGEST_S:g} s"
    said = f"Usual settings: size {size}, {seconds}."
    return _with_turns(label, _dataset(name, path, spectrogram), said)


def _with_turns(label: str, dataset: Dataset, chosen: str) -> Subject:
    turns = min(TURNS, dataset.fold_count) if dataset.has_folds else 1
    return Subject(label, dataset, tuple(range(turns)), chosen=chosen)


def _dataset(name: str, path: str | None, spectrogram: Spectrogram | None) -> Dataset:
    try:
        return Dataset(name=name, path=path, size=USUAL_SIZE, spectrogram=spectrogram)
    except ValidationError as error:
        reasons = "; ".join(str(detail["ctx"]["error"]) for detail in error.errors())
        remedy = "What the usual settings do not fit, a study file sets otherwise: write one, and show that"
        raise DataFault(f"{path or name} cannot be shown as it is: {reasons}.\n  {remedy}.") from None


def _usual_duration_s(card: DatasetCard, reading: Reading) -> float:
    """The median duration of the files that have one, to a hundredth of a second and at most ``LONGEST_S``."""
    assert card.listing is not None
    folder = files_folder(reading)
    durations = durations_s([folder / item.file for item in card.listing.items])
    if not durations:
        raise DataFault(f"{reading}: none of {len(card.listing.items)} files can be opened as a sound")
    return min(LONGEST_S, max(0.01, round(median(durations), 2)))
