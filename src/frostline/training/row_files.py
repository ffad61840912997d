"""Files of rows: one tensor each in the safetensors layout, written as a stream, whole or not at all, read by mapping.

========  ==========================================================================  ==================
symbol    meaning                                                                     shape, type
========  ==========================================================================  ==================
row       what frozen layers give for one piece, its axes in the order of memory      any, one dtype
told      what stands beside the rows: text by name                                   names and texts
========  ==========================================================================  ==================
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from frostline.errors import ActivationsFault
from frostline.whole_files import begun

ROWS = "rows"
LENGTH_BYTES = 8
ALIGNED_BYTES = 64
NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}
TYPES = {name: kind for kind, name in NAMES.items()}


@dataclass(frozen=True, eq=False)
class RowFile:
    """The rows of a file, mapped and not read until they are asked for, and what stands beside them."""

    rows: Tensor
    told: Mapping[str, str]


def write_rows(path: Path, parts: Iterable[Tensor], count: int, told: Mapping[str, str]) -> None:
    """Writes ``parts``, ``count`` rows in all, to ``path`` one after the other: no more than one of them is in memory.

    The file has its name only when all of it is on the disk, so that neither a killed process nor a power failure
    leaves half a file behind.

    Raises:
        ActivationsFault: the disk is full, or the folder cannot be written.
    """
    try:
        with begun(path) as temporary, temporary.open("xb") as file:
            written = 0
            for part in parts:
                if not written:
                    file.write(_header(part, count, told))
                file.write(_raw(part).data)
                written += len(part)
            assert written == count, (written, count)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> ActivationsFault:
    """What is said where ``path`` cannot be written because of ``error``."""
    return ActivationsFault(
        f"{path} cannot be written ({error.strerror or error}); make room there and run the study again, or "
        "bound what is kept by activations_gb in the study (0 keeps nothing), in another folder (--to)"
    )


def read_rows(path: Path) -> RowFile | None:
    """The rows at ``path``; None where the file is gone, cut short or not one of ours.

    Once it is mapped the file is closed: however many there are, none stays open.

    Raises:
        ActivationsFault: it is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            size = os.fstat(file.fileno()).st_size
            if not 0 < length < size:
                return None
            header = json.loads(file.read(length))
            entry, told = header[ROWS], dict(header["__metadata__"])
            begin = LENGTH_BYTES + length
            kind = TYPES[entry["dtype"]]
            if begin + math.prod(entry["shape"]) * kind.itemsize != size:
                return None
        mapped = torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8)
        return RowFile(mapped[begin:].view(kind).view(entry["shape"]), told)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ActivationsFault(f"{path} cannot be read ({error.strerror or error}); run the study again") from None
    except (ValueError, KeyError, TypeError, RuntimeError):
        return None


def _header(part: Tensor, count: int, told: Mapping[str, str]) -> bytes:
    size = count * part[0].numel() * part.element_size()
    entry = {"dtype": NAMES[part.dtype], "shape": [count, *part.shape[1:]], "data_offsets": [0, size]}
    text = json.dumps({"__metadata__": dict(told), ROWS: entry}).encode()
    text += b" " * (-(LENGTH_BYTES + len(text)) % ALIGNED_BYTES)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text


def _raw(part: Tensor) -> np.ndarray:
    part = part.detach().cpu().contiguous()
    return (part.view(torch.uint16) if part.dtype == torch.bfloat16 else part).numpy()
