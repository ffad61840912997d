"""What frozen layers give for the items of a dataset: computed once a study, kept on disk, shared by all its trials.

Every item is computed in a chunk of the same neighbours, whoever asks for it, so that its activations never depend on
the trial, the share, the seed or the worker that was first. Test items are computed as well as others: a frozen layer
learns nothing from them.

========  ==========================================================================================
symbol    meaning
========  ==========================================================================================
part      a layer of a network, or its readout
depth     how many parts, input first, are frozen; activations are what the last of them gives
chunk     ``CHUNK`` items in a row of the ground, which are computed together
slice     a run of chunks that one worker computes while others do other slices
key       what decides the activations: weights and buffers of the parts, data, preprocessing, versions
========  ==========================================================================================
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor, nn

from frostline.data.moving import moved
from frostline.data.planes import Items, of_pieces
from frostline.data.rows import StoredRows
from frostline.data.samples import Samples
from frostline.errors import ActivationsFault, OutOfMemory
from frostline.networks.network import Network, state_digest
from frostline.spec.base import NUMERICS
from frostline.spec.network import NetworkSpec
from frostline.spec.recipe import Precision
from frostline.training.chunk_files import Place, locked, read_chunks
from frostline.training.evaluate import is_out_of_memory
from frostline.training.row_files import write_rows
from frostline.training.site import CHUNK, Site

SLICES = 16
NOT_OF_PLANES = {"split", "folds", "values", "scale", "columns", "files"}
"""What of a dataset moves no plane, or is in its digest already."""
ENDING = ".safetensors"
LIBRARIES = ("frostline", "torch", "numpy", "timm")


@dataclass(frozen=True, eq=False)
class Permafrost:
    """The lowest ``depth`` parts of ``network``, which are frozen, and what they give for the items of ``site``.

    ``spec`` is what ``network`` was built from: digests of weights do not tell activations or strides apart.
    ``digests`` are those of its parts, where they are known already.
    """

    site: Site
    network: Network
    depth: int
    spec: NetworkSpec
    digests: tuple[str, ...] | None = None

    def items(self, samples: Samples) -> Items:
        """What the frozen parts give for ``samples``, with their targets; computed now where nobody has before.

        Raises:
            ActivationsFault: it cannot be written.
            OutOfMemory: a chunk does not fit in memory.
        """
        rows = self.site.ground.rows_of(samples.ids)
        pieces = self.site.prepare.dataset.segments
        dataset = self.site.prepare.dataset
        return Items(self._stored(rows, pieces), of_pieces(samples.targets, pieces), pieces, dataset.task)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The key at each depth from 0, each including those below.

        Of what is described, a key tells only what differs from the defaults, as that of a trial does.
        """
        site = self.site
        told = {
            "numerics": NUMERICS,
            "versions": {name: version(name) for name in LIBRARIES},
            "network": self.spec.model_dump(mode="json", exclude_defaults=True),
            "data": site.ground.digest,
            "dataset": site.prepare.dataset.model_dump(mode="json", exclude=NOT_OF_PLANES, exclude_defaults=True),
            "mean": site.prepare.mean.tolist(),
            "deviation": site.prepare.deviation.tolist(),
            "precision": site.precision,
            "device": self._device.type,
            "machine": site.machine,
            "threads": torch.get_num_threads(),
            "chunk": CHUNK,
        }
        if site.view is not None:
            told |= {
                "augmentation": site.augmentation.model_dump(mode="json", exclude_defaults=True),
                "view": site.view,
            }
        keys = [_hashed(json.dumps(told, sort_keys=True))]
        keys += digests_of(self.network, self.depth) if self.digests is None else self.digests
        return tuple(_hashed("\n".join(keys[: depth + 1])) for depth in range(len(keys)))

    @property
    def _parts(self) -> list[tuple[str, nn.Module]]:
        return list(self.network.parts.items())[: self.depth]

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _stored(self, rows: Int64[np.ndarray, " item"], pieces: int) -> StoredRows:
        """The activations of the items at ``rows``, all of which are on disk afterwards.

        Raises:
            ActivationsFault: they cannot be kept, or somebody removed them meanwhile.
        """
        wanted = np.unique(rows // CHUNK)
        found = self._found(wanted, self.depth)
        if len(found) < len(wanted):
            self._complete(np.setdiff1d(wanted, list(found)))
            found = self._found(wanted, self.depth)
        if len(found) < len(wanted):
            raise ActivationsFault(
                f"{len(wanted) - len(found)} of {len(wanted)} chunks were removed from {self._folder().parent} while "
                "they were used; leave the folder alone until the run has ended, and run the study again"
            )
        files = list({id(place.file): place.file for place in found.values()}.values())
        number_of = {id(file): number for number, file in enumerate(files)}
        first = np.full((wanted[-1] + 1, 2), -1)
        for chunk, place in found.items():
            first[chunk] = number_of[id(place.file)], place.row
        at = first[rows // CHUNK]
        at[:, 1] += rows % CHUNK * pieces
        places = np.repeat(at, pieces, axis=0)
        places[:, 1] += np.tile(np.arange(pieces), len(rows))
        return StoredRows(tuple(file.rows for file in files), places, tuple(json.loads(files[0].told["axes"])))

    def _complete(self, missing: Int64[np.ndarray, " chunk"]) -> None:
        """Computes and keeps the ``missing`` chunks, first those slices that no other worker is at."""
        chunks = -(-len(self.site.ground) // CHUNK)
        slice_of = missing * SLICES // chunks
        busy = []
        for number in np.unique(slice_of).tolist():
            with locked(self._folder(number), fcntl.LOCK_EX | fcntl.LOCK_NB) as mine:
                if mine:
                    self._compute(number, missing[slice_of == number])
                else:
                    busy.append(number)
        for number in busy:
            with locked(self._folder(number), fcntl.LOCK_EX):
                self._compute(number, missing[slice_of == number])

    def _compute(self, number: int, chunks: Int64[np.ndarray, " chunk"]) -> None:
        """Computes and keeps those of ``chunks`` that are still missing, in one file of slice ``number``.

        Only whoever works on the slice removes what is damaged, so that nobody's new file is taken for it.
        """
        for path in self._folder(number).glob(f"*{ENDING}"):
            if read_chunks(path, self.site) is None:
                path.unlink(missing_ok=True)
        missing = np.setdiff1d(chunks, list(self._found(chunks, self.depth))).tolist()
        if not missing:
            return
        parts = self._activations(missing)
        first = next(parts)
        axes = _axes_of(first)
        stored = [axes.index(axis) for axis in range(first.dim())]
        pieces = self.site.prepare.dataset.segments
        count = sum(len(self.site.rows(chunk)) for chunk in missing) * pieces
        told = {"chunks": json.dumps(missing), "axes": json.dumps(axes)}
        name = hashlib.sha256(told["chunks"].encode()).hexdigest()[:20] + ENDING
        streamed = (part.permute(stored) for some in ((first,), parts) for part in some)
        write_rows(self._folder(number) / name, streamed, count, told)

    def _activations(self, chunks: Sequence[int]) -> Iterator[Tensor]:
        """What the frozen parts give for each of ``chunks``, going on from the deepest that is known of it."""
        wanted = np.array(chunks)
        known = [(depth, self._found(wanted, depth)) for depth in range(self.depth - 1, 0, -1)]
        modules = [part for _, part in self._parts]
        for chunk in chunks:
            depth, place = next(((depth, found[chunk]) for depth, found in known if chunk in found), (0, None))
            if place is None:
                given = self.site.planes(chunk)
            else:
                given = place.rows(len(self.site.rows(chunk)) * self.site.prepare.dataset.segments)
            yield _passed(modules[depth:], moved(given, self._device), self.site.precision)

    def _folder(self, number: int = 0, depth: int | None = None) -> Path:
        key = self.keys[self.depth if depth is None else depth]
        return self.site.folder / key / f"{number:02d}"

    def _found(self, chunks: Int64[np.ndarray, " chunk"], depth: int) -> dict[int, Place]:
        """Where those of ``chunks`` lie that are on disk at ``depth``; damaged files are passed over."""
        among, total = set(chunks.tolist()), -(-len(self.site.ground) // CHUNK)
        pieces = self.site.prepare.dataset.segments
        found: dict[int, Place] = {}
        for number in np.unique(chunks * SLICES // total).tolist():
            for path in sorted(self._folder(number, depth).glob(f"*{ENDING}")):
                read, row = read_chunks(path, self.site), 0
                for chunk in read.chunks if read else ():
                    if read and chunk in among:
                        found[chunk] = Place(read.file, row)
                    row += len(self.site.rows(chunk)) * pieces
        return found


def digests_of(network: Network, depth: int) -> tuple[str, ...]:
    """A digest of each of the lowest ``depth`` parts of ``network``, by name, weights and buffers."""
    return tuple(_hashed(f"{name} {state_digest(part)}") for name, part in list(network.parts.items())[:depth])


@torch.inference_mode()
def _passed(modules: Sequence[nn.Module], given: Tensor, precision: Precision) -> Tensor:
    try:
        with torch.autocast(given.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            for module in modules:
                given = module(given)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        said = f"{len(given)} planes at once did not fit in memory when what frozen layers give was computed"
        raise OutOfMemory(
            f"{said}; activations_gb: 0 in the study, in another folder (--to), computes batch by batch"
        ) from error
    return given


def _axes_of(given: Tensor) -> tuple[int, ...]:
    """Where each axis of ``given`` is found once its axes lie in the order of memory: channels last stays so."""
    if given.dim() == 4 and not given.is_contiguous() and given.is_contiguous(memory_format=torch.channels_last):
        return (0, 3, 1, 2)
    return tuple(range(given.dim()))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
