"""The files of a study folder by key: predictions, weights, and what is known of the items of its datasets.

| where | what |
|---|---|
| ``weights/KEY.safetensors`` | the best weights of a trial, ``weights/KEY/step-000100.safetensors`` its checkpoints |
| ``predictions/KEY.npz`` | ids, targets and logits of the test items; ids, groups and contents the trial learned from |
| ``items/DIGEST.npz`` | of every item of a dataset: id, group, content, and family of near duplicates |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frostline.whole_files import replace_whole

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

TESTED = ("test_ids", "targets", "logits", "task", "scale")


@dataclass(frozen=True, eq=False)
class Learned:
    """The items that a trial learned from: ids, the groups that the dataset gives them, the sha256 of their files.

    ``groups`` is None where nothing is grouped and ``contents`` where no item has a file of its own; both are None
    where an older version kept the predictions.
    """

    ids: np.ndarray
    groups: np.ndarray | None
    contents: np.ndarray | None


@dataclass(frozen=True)
class Shelf:
    """The files of a study folder by key: each moved into place from a temporary name, whole or not at all."""

    folder: Path

    def weights_path(self, key: str) -> Path:
        """Where the best weights of the trial ``key`` lie."""
        return self.folder / "weights" / f"{key}.safetensors"

    def checkpoints(self, key: str) -> dict[int, Path]:
        """The checkpoints of the trial ``key``, by step."""
        return {
            int(path.stem.removeprefix("step-")): path
            for path in sorted((self.folder / "weights" / key).glob("step-*"))
        }

    def predictions_path(self, key: str) -> Path:
        """Where the predictions of the trial ``key`` lie."""
        return self.folder / "predictions" / f"{key}.npz"

    def keep_weights(self, key: str, state: Mapping[str, Tensor], step: int | None = None) -> None:
        """Keeps the best weights of a trial, or those of the checkpoint at ``step``."""
        from safetensors.torch import save_file

        path = (
            self.weights_path(key) if step is None else self.folder / "weights" / key / f"step-{step:06d}.safetensors"
        )
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
        replace_whole(path, lambda temporary: save_file(tensors, temporary))

    def items_path(self, digest: str) -> Path:
        """Where what is known of the items of the dataset with that ``digest`` lies."""
        return self.folder / "items" / f"{digest}.npz"

    def keep_predictions(self, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keeps the predictions of a trial and what it learned from."""
        _keep_arrays(self.predictions_path(key), arrays)

    def keep_items(self, digest: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keeps what is known of the items of a dataset."""
        _keep_arrays(self.items_path(digest), arrays)

    def predictions(self, key: str) -> dict[str, np.ndarray]:
        """The predictions of the trial ``key``: test_ids, targets, logits, and ``learned_*``, which it learned from."""
        return _arrays(self.predictions_path(key))

    def tested(self, key: str) -> dict[str, np.ndarray]:
        """The test_ids, targets and logits of the trial ``key``, without what it learned from.

        Of tags and values also the ``task``, and of values the annotation's ``scale`` where it has one.
        """
        return _arrays(self.predictions_path(key), TESTED)

    def items(self, digest: str) -> dict[str, np.ndarray]:
        """What is known of the items of a dataset: ids and families, and groups and contents where it has them."""
        return _arrays(self.items_path(digest))

    def tested_ids(self, key: str) -> np.ndarray:
        """The ids of the items that the trial ``key`` was tested on; its answers are not read."""
        return _arrays(self.predictions_path(key), ("test_ids",))["test_ids"]

    def learned(self, key: str) -> Learned:
        """The items that the trial ``key`` learned from: those it trained on and those it validated on."""
        import numpy as np

        with np.load(self.predictions_path(key), allow_pickle=False) as arrays:
            groups, contents = (
                _wide(arrays[name]) if name in arrays else None for name in ("learned_groups", "learned_contents")
            )
            return Learned(_wide(arrays["learned_ids"]), groups, contents)


def _keep_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    import numpy as np

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **{name: _narrow(array) for name, array in arrays.items()})

    replace_whole(path, write)


def _arrays(path: Path, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Those of the arrays ``names`` that the file at ``path`` has, or all that it has."""
    import numpy as np

    with np.load(path, allow_pickle=False) as arrays:
        return {name: _wide(arrays[name]) for name in names or arrays.files if name in arrays}


def _narrow(array: np.ndarray) -> np.ndarray:
    """``array``, its text as UTF-8, which takes a quarter of the room."""
    import numpy as np

    return np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array


def _wide(array: np.ndarray) -> np.ndarray:
    """``array`` as it was before ``_narrow``."""
    import numpy as np

    return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
