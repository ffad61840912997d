"""What frozen layers give is computed once for every item, kept, and never taken for what other layers give."""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from frostline.data.ground import ground_of
from frostline.data.planes import preprocessing
from frostline.data.rows import StoredRows
from frostline.data.samples import Corpus, Samples, corpus
from frostline.errors import ActivationsFault, OutOfMemory
from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.spec.dataset import Dataset
from frostline.spec.network import NetworkSpec, PlainCnn, Timm
from frostline.spec.published import Statistics
from frostline.spec.trial import Normalisation
from frostline.training.permafrost import CHUNK, Permafrost, Site
from frostline.training.row_files import read_rows

FORK = multiprocessing.get_context("fork")
CNN = PlainCnn(name="plain_cnn", depth=3, channels=4)
FAMILIES = {
    "cnn": CNN,
    "vit": Timm(name="timm", model="test_vit", patch=4),
    "resnet": Timm(name="timm", model="test_resnet"),
    "efficientnet": Timm(name="timm", model="test_efficientnet"),
}
DIGITS = Dataset(name="digits")
forking = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def samples(part: str, count: int) -> Samples:
    """Noise in the ten classes of the digits."""
    generator = torch.Generator().manual_seed(count)
    planes = torch.randint(0, 17, (count, 1, 8, 8), generator=generator).to(torch.uint8)
    ids = np.array([f"{part}/{place}" for place in range(count)])
    return Samples(planes, torch.arange(count) % 10, ids, ids)


WHOLE = corpus(samples("train", 150), samples("test", 50))
ITEMS = 200
CHUNKS = -(-ITEMS // CHUNK)


def network_of(spec: NetworkSpec = CNN, seed: int = 1) -> Network:
    return build(spec, Fit(1, 8, 10, len(spec.layer_names)), seed)


def permafrost(
    folder: Path, depth: int = 2, spec: NetworkSpec = CNN, whole: Corpus = WHOLE, network: Network | None = None
) -> Permafrost:
    """The lowest parts of a network, over every item of ``whole`` as it is."""
    site = Site(folder, ground_of(whole, tuple(range(10))), preprocessing(DIGITS, "unit", whole.train), "float32")
    network = network_of(spec) if network is None else network
    frozen = Network(dict(network.layers.items()), network.readout, network.head, list(network.parts)[:depth])
    return Permafrost(site, frozen.eval(), depth, spec)


def given(frost: Permafrost, wanted: Samples) -> Tensor:
    """The rows of ``wanted``, all of them in memory."""
    planes = frost.items(wanted).planes
    assert isinstance(planes, StoredRows)
    return planes[:]


@torch.no_grad()
def directly(frost: Permafrost, wanted: Samples) -> Tensor:
    """What the frozen parts give for ``wanted``, without keeping anything."""
    planes = frost.site.prepare.planes(wanted)
    for part in list(frost.network.parts.values())[: frost.depth]:
        planes = part(planes)
    return planes


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


def chunks_in(folder: Path) -> Counter[int]:
    """How often each chunk stands in the files under ``folder``."""
    files = [read_rows(path) for path in files_of(folder)]
    return Counter(chunk for file in files if file is not None for chunk in json.loads(file.told["chunks"]))


def calls(frost: Permafrost) -> Counter[str]:
    """A count of the items that pass through each part from now on."""
    counted: Counter[str] = Counter()

    def count(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
            counted[name] += len(arguments[0])

        return hook

    for name, part in frost.network.parts.items():
        part.register_forward_pre_hook(count(name))
    return counted


@pytest.mark.parametrize("spec", FAMILIES.values(), ids=FAMILIES.keys())
def test_rows_are_what_the_frozen_parts_give(tmp_path: Path, spec: NetworkSpec) -> None:
    # Whole chunks of one part: there the batch is the same.
    wanted = WHOLE.train.take(np.arange(CHUNK, 2 * CHUNK))
    for depth in (1, 3, len(spec.layer_names) + 1):
        frost = permafrost(tmp_path / str(depth), depth, spec)
        found, expected = given(frost, wanted), directly(frost, wanted)
        assert torch.equal(found, expected), depth


def test_rows_come_with_the_targets_of_their_items_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    frost = permafrost(tmp_path)
    some = WHOLE.train.take(np.array([140, 3, 77, 12]))
    items = frost.items(some)
    assert torch.equal(items.targets, some.targets) and items.pieces == 1
    assert torch.allclose(given(frost, some), directly(frost, some), rtol=0, atol=1e-6)


def test_convolutions_keep_channels_last(tmp_path: Path) -> None:
    frost = permafrost(tmp_path, 2, FAMILIES["resnet"])
    assert given(frost, WHOLE.test).is_contiguous(memory_format=torch.channels_last)


def test_in_bfloat16_rows_are_kept_in_half_the_room(tmp_path: Path) -> None:
    frost = permafrost(tmp_path)
    coarse = replace(frost, site=replace(frost.site, precision="bfloat16"))
    found = given(coarse, WHOLE.test)
    assert found.dtype is torch.bfloat16
    assert torch.allclose(found.float(), directly(frost, WHOLE.test), rtol=0, atol=0.05)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(spec, id=name, marks=[pytest.mark.slow] if name in ("vit", "efficientnet") else [])
        for name, spec in FAMILIES.items()
    ],
)
def test_each_depth_goes_on_from_the_one_below_bit_for_bit(tmp_path: Path, spec: NetworkSpec) -> None:
    names = [*spec.layer_names, "readout"]
    for depth in range(1, len(names) + 1):
        frost = permafrost(tmp_path / "step by step", depth, spec)
        counted = calls(frost)
        found = given(frost, WHOLE.test)
        assert set(counted) == {names[depth - 1]}
        assert torch.equal(found, given(permafrost(tmp_path / f"at once {depth}", depth, spec), WHOLE.test)), depth


def test_a_depth_goes_on_from_the_deepest_that_is_known_of_each_chunk(tmp_path: Path) -> None:
    given(permafrost(tmp_path, 1), WHOLE.train.take(np.arange(2 * CHUNK)))
    given(permafrost(tmp_path, 2), WHOLE.train.take(np.arange(CHUNK, 2 * CHUNK)))
    frost = permafrost(tmp_path, 3)
    counted = calls(frost)
    given(frost, WHOLE.train.take(np.arange(3 * CHUNK)))
    assert counted == {"conv1": CHUNK, "conv2": 2 * CHUNK, "conv3": 3 * CHUNK}


def test_only_chunks_that_nobody_has_asked_for_are_computed(tmp_path: Path) -> None:
    frost = permafrost(tmp_path)
    counted = calls(frost)
    first = given(frost, WHOLE.train.take(np.array([0, 70])))
    assert counted["conv1"] == 2 * CHUNK and chunks_in(tmp_path) == {0: 1, 2: 1}
    again = given(frost, WHOLE.train.take(np.array([71, 1, 0, 33, 70])))
    assert counted["conv1"] == 3 * CHUNK and chunks_in(tmp_path) == {0: 1, 1: 1, 2: 1}
    assert torch.equal(again[[2, 4]], first)
    given(frost, WHOLE.train)
    given(frost, WHOLE.test)
    assert counted["conv1"] == ITEMS and chunks_in(tmp_path) == dict.fromkeys(range(CHUNKS), 1)
    given(permafrost(tmp_path), WHOLE.test)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_item_has_the_same_bits_whoever_asked_first(tmp_path: Path) -> None:
    few, many = permafrost(tmp_path / "few"), permafrost(tmp_path / "many")
    for place in (5, 149, 40):
        given(few, WHOLE.train.take(np.array([place])))
    given(many, WHOLE.train)
    assert torch.equal(given(few, WHOLE.train), given(many, WHOLE.train))


def changed(frost: Permafrost, part: str, attribute: str) -> Permafrost:
    """``frost`` with one number of a tensor of ``part`` moved by the least that float32 can tell."""
    network = copy.deepcopy(frost.network)
    tensor = network.parts[part].state_dict()[attribute]
    with torch.no_grad():
        tensor.view(-1)[0] = torch.nextafter(tensor.view(-1)[0], torch.tensor(9.0))
    return replace(frost, network=network)


def prepared(frost: Permafrost, dataset: Dataset, normalise: Normalisation, train: Samples) -> Permafrost:
    return replace(frost, site=replace(frost.site, prepare=preprocessing(dataset, normalise, train)))


SHIFTED = Statistics(mean=(0.5,), deviation=(0.5,))
OTHERS: dict[str, Callable[[Permafrost], Permafrost]] = {
    "a weight": lambda frost: changed(frost, "stem", "conv1.0.weight"),
    "a buffer of a norm": lambda frost: changed(frost, "block1", "bn1.running_mean"),
    "the depth": lambda frost: replace(frost, depth=3),
    "the architecture": lambda frost: replace(frost, spec=FAMILIES["efficientnet"]),
    "published statistics": lambda frost: prepared(frost, DIGITS, SHIFTED, WHOLE.train),
    "fitted statistics": lambda frost: prepared(frost, DIGITS, "standard", WHOLE.train),
    "the size": lambda frost: prepared(frost, Dataset(name="digits", size=16), "unit", WHOLE.train),
    "how it is reached": lambda frost: prepared(
        frost, Dataset(name="digits", size=16, resize="interpolate"), "unit", WHOLE.train
    ),
    "the classes": lambda frost: prepared(frost, Dataset(name="digits", classes=(0, 1)), "unit", WHOLE.train),
    "the data": lambda frost: replace(
        frost, site=replace(frost.site, ground=ground_of(corpus(WHOLE.test, WHOLE.train), tuple(range(10))))
    ),
    "the precision": lambda frost: replace(frost, site=replace(frost.site, precision="bfloat16")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_whatever_moves_activations_moves_the_key(tmp_path: Path, other: Callable[[Permafrost], Permafrost]) -> None:
    frost = permafrost(tmp_path, 2, FAMILIES["resnet"])
    assert other(frost).keys[other(frost).depth] != frost.keys[2]


def test_no_two_of_these_share_a_key(tmp_path: Path) -> None:
    frost = permafrost(tmp_path, 2, FAMILIES["resnet"])
    assert len({other(frost).keys[other(frost).depth] for other in OTHERS.values()}) == len(OTHERS)


class LaterDataset(Dataset):
    """A dataset as a later version may have it: with a field more, whose default means what was before."""

    later: int = 0


class LaterCnn(PlainCnn):
    """A network with a field more."""

    later: int = 0


def test_a_field_that_comes_later_moves_no_key_where_it_has_its_default(tmp_path: Path) -> None:
    frost = permafrost(tmp_path)

    def keys(dataset: Dataset, spec: NetworkSpec) -> tuple[str, ...]:
        return replace(prepared(frost, dataset, "unit", WHOLE.train), spec=spec).keys

    network = {"name": "plain_cnn", "depth": 3, "channels": 4}
    usual = keys(LaterDataset(name="digits"), LaterCnn.model_validate(network))
    assert usual == frost.keys
    assert keys(LaterDataset(name="digits", later=1), CNN)[2] != frost.keys[2]
    assert keys(DIGITS, LaterCnn.model_validate({**network, "later": 1}))[2] != frost.keys[2]


def test_statistics_of_other_training_items_move_the_key(tmp_path: Path) -> None:
    one, other = (
        prepared(permafrost(tmp_path), DIGITS, "standard", WHOLE.train.take(np.arange(count))) for count in (50, 60)
    )
    assert one.keys[0] != other.keys[0]


@pytest.mark.parametrize("library", ["frostline", "torch", "numpy", "timm"])
def test_another_version_of_a_library_moves_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    before = permafrost(tmp_path).keys
    monkeypatch.setattr("frostline.training.permafrost.version", lambda name: "0" if name == library else "same")
    other = permafrost(tmp_path).keys
    monkeypatch.setattr("frostline.training.permafrost.version", lambda name: "same")
    same = permafrost(tmp_path).keys
    assert len({keys[2] for keys in (before, other, same)}) == 3


def test_another_edition_of_the_mathematics_moves_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = permafrost(tmp_path).keys[2]
    monkeypatch.setattr("frostline.training.permafrost.NUMERICS", 99)
    assert permafrost(tmp_path).keys[2] != before


def test_another_number_of_threads_moves_the_key(tmp_path: Path) -> None:
    before, usual = permafrost(tmp_path).keys[2], torch.get_num_threads()
    torch.set_num_threads(usual + 1)
    try:
        assert permafrost(tmp_path).keys[2] != before
    finally:
        torch.set_num_threads(usual)


@pytest.mark.parametrize("part", ["block2", "readout", "head"])
def test_what_lies_above_the_depth_does_not_move_the_key(tmp_path: Path, part: str) -> None:
    spec = FAMILIES["vit"]
    frost = permafrost(tmp_path, 2, spec)
    network = copy.deepcopy(frost.network)
    moved = network.head if part == "head" else network.parts[part]
    with torch.no_grad():
        for parameter in moved.parameters():
            parameter.add_(1)
    assert replace(frost, network=network).keys == frost.keys


def test_a_network_that_has_lost_its_upper_layers_shares_what_is_below(tmp_path: Path) -> None:
    whole, short = network_of(FAMILIES["vit"]), build(FAMILIES["vit"], Fit(1, 8, 10, 3), 1)
    for name, layer in short.layers.items():
        layer.load_state_dict(whole.layers[name].state_dict())
    frosts = [permafrost(tmp_path, 2, FAMILIES["vit"], network=network) for network in (whole, short)]
    assert frosts[0].keys == frosts[1].keys


def test_networks_of_other_weights_get_rows_of_their_own(tmp_path: Path) -> None:
    one = permafrost(tmp_path, network=network_of(seed=1))
    other = permafrost(tmp_path, network=network_of(seed=2))
    given(one, WHOLE.train)
    counted = calls(other)
    found = given(other, WHOLE.test)
    assert counted["conv1"] > 0
    assert torch.allclose(found, directly(other, WHOLE.test), rtol=0, atol=1e-6)
    assert not torch.allclose(found, directly(one, WHOLE.test), atol=1e-2)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut short": cut_short,
    "garbage": lambda path: path.write_bytes(b"garbage" * 999),
    "empty": lambda path: path.write_bytes(b""),
    "another header": lambda path: path.write_bytes(path.read_bytes().replace(b'"rows"', b'"sowr"', 1)),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("depth", [1, 2])
def test_a_damaged_file_is_removed_and_made_again(tmp_path: Path, damage: Callable[[Path], object], depth: int) -> None:
    given(permafrost(tmp_path, 1), WHOLE.train)
    before = given(permafrost(tmp_path, depth), WHOLE.train)
    for path in files_of(tmp_path):
        damage(path)
    frost = permafrost(tmp_path, depth)
    counted = calls(frost)
    assert torch.equal(given(frost, WHOLE.train), before)
    # The 150 items to train on lie in five chunks.
    assert counted["conv1"] == 5 * CHUNK
    assert chunks_in(tmp_path) == dict.fromkeys(range(5), 1)
    assert all(read_rows(path) is not None for path in files_of(tmp_path / frost.keys[depth]))


def test_work_in_place_on_what_was_given_changes_no_file_and_no_later_row(tmp_path: Path) -> None:
    frost = permafrost(tmp_path)
    planes = frost.items(WHOLE.train).planes
    bits = {path: path.read_bytes() for path in files_of(tmp_path)}
    before = planes[:].clone()
    planes[:].zero_()
    planes[torch.arange(9)].add_(1)
    deeper = permafrost(tmp_path, 3, network=with_work_in_place())
    given(deeper, WHOLE.train)
    assert all(path.read_bytes() == kept for path, kept in bits.items())
    assert torch.equal(planes[:], before)
    assert torch.equal(given(permafrost(tmp_path), WHOLE.train), before)


class InPlace(nn.Module):
    """A layer that changes what it is given."""

    def forward(self, planes: Tensor) -> Tensor:
        return planes.zero_()


def with_work_in_place() -> Network:
    """The usual network, but for a third layer that changes what it is given."""
    network = network_of()
    layers = dict(network.layers.items()) | {"conv3": InPlace()}
    return Network(layers, network.readout, network.head)


class Refusing(nn.Module):
    """A layer that cannot be computed, for the reason ``said``."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.said = said

    def forward(self, planes: Tensor) -> Tensor:
        raise RuntimeError(self.said)


def refusing(folder: Path, said: str) -> Permafrost:
    return permafrost(folder, 1, network=Network({"conv1": Refusing(said)}, nn.Flatten(), nn.Linear(64, 10)))


def test_a_chunk_that_does_not_fit_in_memory_is_told_with_its_remedy(tmp_path: Path) -> None:
    said = (
        "32 planes at once did not fit in memory when what frozen layers give was computed; activations_gb: 0 in the "
        r"study, in another folder \(--to\), computes batch by batch"
    )
    with pytest.raises(OutOfMemory, match=said):
        given(refusing(tmp_path, "CUDA out of memory. Tried to allocate"), WHOLE.train)
    assert files_of(tmp_path) == []


def test_another_error_of_a_layer_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        given(refusing(tmp_path, "mat1 and mat2 shapes cannot be multiplied"), WHOLE.train)


class Slow(nn.Module):
    """A layer that takes a while for each chunk, and notes in a file that it has begun."""

    def __init__(self, note: Path, delay_s: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.note, self.delay_s = note, delay_s

    def forward(self, planes: Tensor) -> Tensor:
        with self.note.open("a") as note:
            note.write(".")
        time.sleep(self.delay_s)
        return F.avg_pool2d(planes, 2)


@dataclass(frozen=True)
class Workers:
    """Processes that ask for the same at once, and the files where each notes the chunks that it computes."""

    folder: Path

    def frost(self, name: str, delay_s: float) -> Permafrost:
        network = Network({"conv1": Slow(self.folder / name, delay_s)}, nn.Flatten(), nn.Linear(16, 10))
        return permafrost(self.folder / "activations", 1, network=network)

    def ask(self, name: str, delay_s: float) -> None:
        """Asks for everything, and keeps what was given."""
        frost = self.frost(name, delay_s)
        rows = torch.cat([given(frost, WHOLE.train), given(frost, WHOLE.test)])
        np.save(self.folder / f"{name}.npy", rows.numpy())

    def begun(self, name: str) -> int:
        note = self.folder / name
        return note.stat().st_size if note.exists() else 0


@forking
def test_workers_that_want_the_same_at_once_compute_each_chunk_once_in_all(tmp_path: Path) -> None:
    workers = Workers(tmp_path)
    children = [FORK.Process(target=workers.ask, args=(name, 0.02)) for name in ("one", "other")]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert workers.begun("one") + workers.begun("other") == CHUNKS
    assert chunks_in(tmp_path) == dict.fromkeys(range(CHUNKS), 1)
    assert np.array_equal(np.load(tmp_path / "one.npy"), np.load(tmp_path / "other.npy"))


@forking
def test_a_worker_that_is_killed_at_work_leaves_its_slice_to_the_others(tmp_path: Path) -> None:
    workers = Workers(tmp_path)
    stuck = FORK.Process(target=workers.ask, args=("stuck", 600.0))
    stuck.start()
    while not workers.begun("stuck"):
        assert stuck.is_alive()
        time.sleep(0.005)
    other = FORK.Process(target=workers.ask, args=("other", 0.0))
    other.start()
    # The other does what it can, and then waits for the slice of the one that is stuck.
    while workers.begun("other") < 4:
        assert other.is_alive()
        time.sleep(0.005)
    assert not (tmp_path / "other.npy").exists()
    stuck.kill()
    stuck.join()
    other.join()
    assert other.exitcode == 0
    expected = torch.cat([directly(workers.frost("mine", 0.0), part) for part in (WHOLE.train, WHOLE.test)])
    assert np.array_equal(np.load(tmp_path / "other.npy"), expected.numpy())
    assert chunks_in(tmp_path) == dict.fromkeys(range(CHUNKS), 1)


def test_what_is_removed_while_it_is_used_is_told_and_never_taken_for_another_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frost = permafrost(tmp_path, 1)
    complete = Permafrost._complete

    def and_lose_one(self: Permafrost, missing: np.ndarray) -> None:
        complete(self, missing)
        files_of(tmp_path)[0].unlink()

    monkeypatch.setattr(Permafrost, "_complete", and_lose_one)
    with pytest.raises(
        ActivationsFault, match=r"\d+ of \d+ chunks were removed from .* while they were used; leave the"
    ):
        frost.items(WHOLE.train)
