"""What a person asks to be shown: a dataset by name, their own files, or the target of a study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from frostline.catalog import OWN_DATA, dataset_cards
from frostline.errors import DataFault, UnknownName
from frostline.look.gather import files_folder
from frostline.presets import find_study, presets
from frostline.spec.dataset import Dataset
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

    @property
    def folder(self) -> Path:
        """The folder that its files are relative to."""
        return files_folder(self.dataset.reading)


def subject_of(name: str) -> Subject:
    """The dataset called ``name``, or the folder or manifest of ``folder:PATH`` and ``manifest:PATH``, or the target
    of the study file or preset ``name``; a name that is a dataset and a preset is the dataset.

    Raises:
        UnknownName: it is none of them; the text has the nearest name and the full list.
        DataFault, StudyFaults: the files, or the study, cannot be used.
    """
    kind, _, path = name.partition(":")
    if kind in OWN_DATA:
        if not path:
            raise DataFault(f"{name} names no files; write {kind}:PATH, as {kind}:photographs")
        return _bare(Path(path).absolute().stem, kind, path)
    if name in dataset_cards():
        return _bare(name, name, None)
    if name not in presets() and (hint := _own_files(name)):
        raise DataFault(f"{name} is {hint}:{name}" if hint in OWN_DATA else hint)
    study_path = find_study(name) if _is_study(name) else None
    if study_path is None:
        own = [f"{one}:PATH" for one in OWN_DATA]
        raise UnknownName("dataset and no study", name, dict.fromkeys([*dataset_cards(), *own, *presets()]))
    return _of_study(Path(name).stem, load_study(study_path))
