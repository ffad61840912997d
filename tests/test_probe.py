"""What computing costs is measured without leaving a trace, on as much as fits in memory."""

from __future__ import annotations

import copy
import errno
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from frostline.errors import ActivationsFault
from frostline.networks.network import Network, state_digest
from frostline.probe import FEW, Sample, Setting, cores, depth_costs, disk_seconds, fastest, step_seconds
from frostline.spec.recipe import Precision
from frostline.store import Store
from frostline.whole_files import PARTIAL
from tests.trials import QUICK, transfer

CPU = torch.device("cpu")
PLAIN = Setting(1, "float32")


@pytest.fixture(autouse=True)
def _untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measurements whose number and size do not depend on how fast the machine is."""
    monkeypatch.setattr("frostline.probe.LONG_S", 1e3)
    monkeypatch.setattr("frostline.probe.RUNS", 3)


def sample(**changes: object) -> Sample:
    return Sample(transfer("f1r2", recipe=QUICK.model_copy(update=changes)), CPU)


def watched(made: Sample, watch: Callable[[Tensor], None]) -> list[nn.Module]:
    """Lets ``watch`` see what enters each part of the network; a copy of the network is watched as well."""
    parts = list(made.network.parts.values())
    for part in parts:
        part.register_forward_pre_hook(lambda _, given: watch(given[0]))
    return parts


def test_a_step_is_measured_in_every_setting_and_leaves_everything_as_it_was() -> None:
    made = sample()
    made.network.eval().requires_grad_(False)
    before, threads, state = state_digest(made.network), torch.get_num_threads(), torch.random.get_rng_state()
    taken = step_seconds(made, [Setting(1, "bfloat16"), Setting(2, "float32")])
    assert len(taken) == 2
    assert all(0 < seconds < math.inf for seconds in taken)
    assert (state_digest(made.network), torch.get_num_threads()) == (before, threads)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not made.network.training
    assert not any(parameter.requires_grad for parameter in made.network.parameters())


@pytest.mark.parametrize(("changes", "most"), [({}, 16), ({"accumulate": 4}, 4), ({"batch": 1}, FEW)])
def test_a_step_is_measured_on_the_parts_of_a_batch_and_on_no_single_plane(
    changes: dict[str, object], most: int
) -> None:
    made, seen = sample(**changes), list[int]()
    watched(made, lambda planes: seen.append(len(planes)))
    step_seconds(made, [PLAIN])
    assert (min(seen), max(seen)) == (FEW, most)


def refuse_more(planes: Tensor) -> None:
    if len(planes) > FEW:
        raise RuntimeError("can't allocate memory: you tried to allocate too much")


def test_what_does_not_fit_in_memory_takes_infinitely_long_and_other_errors_are_told() -> None:
    made = sample()
    watched(made, refuse_more)
    assert step_seconds(made, [PLAIN]) == (math.inf,)
    broken = sample()

    def break_it(_: Tensor) -> None:
        raise RuntimeError("broken")

    watched(broken, break_it)
    with pytest.raises(RuntimeError, match="broken"):
        step_seconds(broken, [PLAIN])


@pytest.mark.parametrize(("precision", "size"), [("float32", 4), ("bfloat16", 2)])
def test_each_depth_costs_what_its_activations_take(precision: Precision, size: int) -> None:
    made = sample()
    costs = depth_costs(made, 8, 4, Setting(1, precision))
    planes, numbers = made.planes(1), list[int]()
    for part in made.network.eval().parts.values():
        planes = part(planes)
        numbers.append(planes.numel())
    assert [cost.size_bytes for cost in costs] == [size * number for number in numbers]
    seconds = [cost.seconds for cost in costs]
    assert seconds == sorted(seconds)
    assert depth_costs(made, 8, 2, PLAIN)[1].size_bytes == 4 * numbers[1]


def test_depths_from_the_first_that_does_not_fit_in_memory_have_no_cost() -> None:
    made = sample()
    list(made.network.parts.values())[2].register_forward_pre_hook(lambda _, given: refuse_more(given[0]))
    assert len(depth_costs(made, 8, 4, PLAIN)) == 2


def test_a_network_that_is_measured_is_not_put_into_another_mode() -> None:
    made = sample()
    network: Network = made.network.train()
    before = copy.deepcopy(network)
    depth_costs(made, 4, 4, PLAIN)
    assert network.training
    assert state_digest(network) == state_digest(before)


@pytest.mark.parametrize("piece_bytes", [2, 4_000, 9_000_000])
def test_the_disk_is_measured_in_a_file_that_is_gone_afterwards(tmp_path: Path, piece_bytes: int) -> None:
    disk = disk_seconds(tmp_path, piece_bytes, 1)
    assert 0 < disk.read_s < 1
    assert 0 < disk.write_s < 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_a_killed_measurement_left_is_removed_when_the_study_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path) -> None:
        raise KeyboardInterrupt(path.name)

    monkeypatch.setattr("frostline.probe.read_rows", killed)
    monkeypatch.setattr("frostline.probe.uuid.uuid4", lambda: type("Named", (), {"hex": "left"}))
    with pytest.raises(KeyboardInterrupt, match=rf"^{PARTIAL}left$"):
        disk_seconds(tmp_path, 8, 1)
    (tmp_path / f"{PARTIAL}left").touch()
    with Store(tmp_path):
        assert not (tmp_path / f"{PARTIAL}left").exists()


def test_a_disk_that_is_full_is_told_and_nothing_is_left_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("frostline.training.row_files.os.fsync", full)
    with pytest.raises(ActivationsFault, match=r"cannot be written \(No space left on device\)"):
        disk_seconds(tmp_path, 8, 1)
    assert list(tmp_path.iterdir()) == []


def test_what_is_compared_is_measured_in_turns_and_the_shortest_counts() -> None:
    order: list[str] = []
    taken = fastest([lambda: order.append("a"), lambda: order.append("b")], CPU)
    assert len(taken) == 2
    assert order == ["a", "b"] * 3


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1
