"""How a study is computed is measured once, told in words, and never chosen again."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from pathlib import Path

import pytest
from PIL import Image
from safetensors.torch import save_file

from frostline import compiling, probe
from frostline.compiling import Taken
from frostline.errors import ActivationsFault, StoreMismatch, StudyFaults
from frostline.execute import execute
from frostline.executors.inline import Inline
from frostline.executors.processes import Processes
from frostline.job import Job
from frostline.keeping import Kept, needs, parts_in_words
from frostline.networks.build import build
from frostline.networks.network import Fit
from frostline.outcome import Failed, Finished
from frostline.probe import Cost, Disk, Sample, Setting, depth_costs
from frostline.seen import ACTIVATIONS
from frostline.spec.network import PlainCnn
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.spec.study_file import load_study
from frostline.store import Store, read_facts
from frostline.way import Way, way_of
from frostline.way_facts import FACT, FACT_IN_WORDS, in_words
from tests.data.test_own import manifest
from tests.test_prepare import Frostline, frostline
from tests.trials import settle, small_plan, small_study

__all__ = ["frostline"]
FREE = 100_000_000_000
SLOW = (Cost(1e-3, 4_000), Cost(3e-3, 1_000), Cost(5e-3, 1_000), Cost(6e-3, 100))
"""Layers that take so long that it pays to keep what any of them gives."""


@dataclass
class Machine:
    """What a machine would measure: seconds of a step by threads and precision, costs by depth, its disk."""

    cores: int = 4
    steps: dict[Setting, float] = field(default_factory=dict)
    costs: tuple[Cost, ...] = SLOW
    disk: Disk | None = field(default_factory=lambda: Disk(1e-9, 1e-10))
    free: int = FREE
    taken: Taken = field(default_factory=lambda: Taken(1.0, 1.0, 10.0))
    measured: list[Sample] = field(default_factory=list)

    def step_seconds(self, sample: Sample, settings: Sequence[Setting]) -> tuple[float, ...]:
        self.measured.append(sample)
        return tuple(self.steps.get(setting, 1.0) for setting in settings)

    def disk_seconds(self, *_: object) -> Disk:
        if self.disk is None:
            raise ActivationsFault("the disk is full")
        return self.disk


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose measurements a test decides."""
    made = Machine()
    monkeypatch.setattr(probe, "cores", lambda: made.cores)
    monkeypatch.setattr(probe, "step_seconds", made.step_seconds)
    monkeypatch.setattr(probe, "depth_costs", lambda *_: made.costs)
    monkeypatch.setattr(probe, "disk_seconds", made.disk_seconds)
    monkeypatch.setattr(compiling, "_seconds", lambda *_: made.taken.eager)
    monkeypatch.setattr(compiling, "tried", lambda *_: made.taken)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(FREE, 0, made.free))  # type: ignore[attr-defined]
    return made


LONG: dict[str, object] = {"steps": 3000, "validate_every": 300, "batch": 16}


def long_study(**changes: object) -> Study:
    """The small study with trainings that read their items often."""
    return small_study(**({"recipe": LONG} | changes))


def measured(folder: Path, study: Study | None = None) -> tuple[Way, str]:
    study = study or long_study()
    with Store(folder) as store:
        return way_of(study, plan(study), store, "cpu"), in_words(study, read_facts(store.folder))


class Watching(Inline):
    """Notes what the store holds when the first jobs are handed out, and fails them all."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.ways: set[Way] = set()

    def map(self, stacks: Sequence[Sequence[Job]]) -> Iterator[tuple[Finished | Failed, ...]]:
        self.held = self.held or read_facts(stacks[0][0].folder)
        self.ways |= {job.way for (job,) in stacks}
        return ((Failed(key=job.trial.key, error="broken on purpose", traceback=""),) for (job,) in stacks)


def test_the_way_stands_in_the_store_before_the_first_trial_and_is_never_chosen_again(
    tmp_path: Path, machine: Machine
) -> None:
    watching, study = Watching(), long_study(shares=(0.3,), seeds=1)
    for _ in range(2):
        with Store(tmp_path) as store:
            list(execute(study, plan(study), store, watching))
        machine.costs = tuple(Cost(1e-9, cost.size_bytes) for cost in SLOW)
        machine.steps = {Setting(4, "float32"): 1e-6}
    assert {FACT, FACT_IN_WORDS} <= watching.held.keys()
    assert watching.ways == {Way(stored=frozenset({1, 2, 4}))}
    assert read_facts(tmp_path)[FACT_IN_WORDS] == watching.held[FACT_IN_WORDS]
    assert len(machine.measured) == 1


def test_a_store_that_holds_another_way_keeps_it(tmp_path: Path, machine: Machine) -> None:
    with Store(tmp_path) as store:
        settle(store, frozenset({3}))
    before = read_facts(tmp_path)[FACT]
    assert measured(tmp_path)[0] == Way(stored=frozenset({3}))
    assert read_facts(tmp_path)[FACT] == before
    assert machine.measured == []


def test_room_that_is_written_otherwise_when_a_study_goes_on_is_refused(tmp_path: Path, machine: Machine) -> None:
    measured(tmp_path)
    with pytest.raises(
        StoreMismatch,
        match=r"(?s)activations_gb was absent, is now 0\n.*chosen once: write it as before, or name another folder",
    ):
        measured(tmp_path, long_study(activations_gb=0))
    assert measured(tmp_path)[0].stored


AUTO = {"steps": 6, "validate_every": 3, "batch": 16, "precision": "auto"}


@pytest.mark.parametrize(("half", "chosen"), [(0.79, "bfloat16"), (0.81, "float32"), (2.0, "float32")])
def test_auto_is_bfloat16_only_where_that_is_clearly_faster(
    tmp_path: Path, machine: Machine, half: float, chosen: str
) -> None:
    machine.steps = {Setting(1, "bfloat16"): half}
    way, said = measured(tmp_path, long_study(recipe=AUTO))
    assert way.precision == chosen
    took = f"a training step of 16 planes takes 1 s in float32 and {'2 s' if half > 1 else f'{half * 1e3:g} ms'}"
    assert f"Precision: auto is {chosen} ({took} in bfloat16)." in said


def test_precision_that_is_written_is_not_measured(tmp_path: Path, machine: Machine) -> None:
    machine.cores = 1
    way, said = measured(tmp_path, long_study(recipe=AUTO | {"precision": "bfloat16"}))
    assert machine.measured == []
    assert way.precision == "float32"
    assert "Precision: bfloat16, as written." in said


def test_auto_in_a_recipe_that_is_run_later_is_measured_with_the_others(tmp_path: Path, machine: Machine) -> None:
    machine.steps = {Setting(1, "bfloat16"): 0.5}
    study = small_study(recipe="first", recipes={"first": AUTO | {"precision": "float32"}, "later": AUTO})
    assert measured(tmp_path, study)[0].precision == "bfloat16"


def test_auto_is_one_precision_for_all_trials_and_the_same_keys_whatever_it_is(
    tmp_path: Path, machine: Machine
) -> None:
    study = small_study(recipe=AUTO, surgeries={"FR": "f1r2"}, shares=(0.1,), seeds=1)
    outcomes: dict[str, dict[str, Finished | Failed]] = {}
    for half in (0.5, 1.0):
        machine.steps = {Setting(1, "bfloat16"): half}
        with Store(tmp_path / str(half)) as store, Inline() as pool:
            list(execute(study, plan(study), store, pool))
            outcomes[str(half)] = store.outcomes()
    precisions = [
        {outcome.environment.precision for outcome in kept.values() if isinstance(outcome, Finished)}
        for kept in outcomes.values()
    ]
    assert precisions == [{"bfloat16"}, {"float32"}]
    assert outcomes["0.5"].keys() == outcomes["1.0"].keys()


@pytest.mark.parametrize(
    ("together", "seeds", "threads"),
    [(0.19, 2, 4), (0.21, 2, 1), (0.5, 2, 1), (0.79, 1, 4), (0.81, 1, 1), (math.inf, 1, 1)],
)
def test_all_cores_work_at_one_trial_where_that_clearly_does_more_trials(
    tmp_path: Path, machine: Machine, together: float, seeds: int, threads: int
) -> None:
    machine.steps = {Setting(4, "float32"): together}
    study = small_study(surgeries={"scratch": "r3"}, source=None, shares=(0.1, 0.3)[:seeds], seeds=seeds)
    way, said = measured(tmp_path, study)
    assert way.threads == threads
    assert f"Threads: {threads} a trial (a training step of" in said
    assert f"; {seeds**2} trials can run side by side)." in said


def test_one_core_works_by_one_thread_and_so_does_the_host_of_an_accelerator(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.cores = 1
    assert "Threads: 1 a trial (there is one core)." in measured(tmp_path)[1]
    machine.cores = 4
    monkeypatch.setattr(probe, "let_go", lambda device: None)
    with Store(tmp_path / "other") as store:
        way = way_of(small_study(), small_plan(), store, "cuda:0")
        assert way == Way("cuda:0", 1, "float32", way.stored)
        assert "Threads: 1 a trial (the work is done by cuda:0)." in in_words(small_study(), read_facts(store.folder))


@pytest.mark.parametrize(
    ("device", "seeds", "taken", "compiled"),
    [
        ("cuda:0", 2, Taken(1.0, 0.1, 1.0), True),
        ("cuda:0", 2, Taken(1.0, 1.0, 1.0), False),
        ("cpu", 2, Taken(1.0, 0.1, 1.0), False),
        ("cuda:0", 4, Taken(1.0, 0.1, 1.0), False),
    ],
)
def test_steps_are_compiled_on_an_accelerator_where_it_pays_and_nothing_is_stacked_and_never_chosen_again(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, device: str, seeds: int, taken: Taken,
    compiled: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(probe, "let_go", lambda device: None)
    monkeypatch.setattr("frostline.stacking.measured", lambda *_: (4 if seeds == 4 else 1, list[str]()))
    study = long_study(seeds=seeds)
    with Store(tmp_path) as store:
        for machine.taken in (taken, Taken(1.0, 1.1 - taken.compiled, 1.0)):
            assert way_of(study, plan(study), store, device).compiled == compiled
        said = in_words(study, read_facts(store.folder))
    told = re.findall(r"^Training steps: (not )?compiled \(a step of 16 planes takes 1e\+03 ms", said, re.MULTILINE)
    assert told == ([] if device == "cpu" or seeds == 4 else ["" if compiled else "not "])


def test_the_trial_that_shows_the_most_planes_is_the_one_that_is_measured(tmp_path: Path, machine: Machine) -> None:
    study = small_study(recipe={"passes": 2, "batch": 500}, shares=(0.1, 1.0, 0.3), surgeries={"FR": "f1r2"})
    measured(tmp_path, study)
    batches = {trial.recipe.batch for trial in plan(study).trials}
    assert len(batches) == 3
    assert {sample.trial.recipe.batch for sample in machine.measured} == {max(batches)}


class Counted:
    """A worker that fails each stack at once in this process, and counts how many of them there are."""

    made = 0
    dead = False

    def __init__(self) -> None:
        self.connection, self.far = Pipe()
        type(self).made += 1

    def lease(self, stack: Sequence[Job]) -> None:
        self.far.send(tuple(Failed(key=job.trial.key, error="broken on purpose", traceback="") for job in stack))

    def outcomes(self) -> tuple[Finished | Failed, ...]:
        outcomes: tuple[Failed, ...] = self.connection.recv()
        return outcomes

    def end(self) -> None:
        self.connection.close()
        self.far.close()


@pytest.mark.parametrize(
    ("asked", "threads", "workers"), [(None, 1, 4), (None, 2, 2), (None, 4, 1), (None, 9, 1), (3, 4, 3)]
)
def test_as_many_workers_as_the_cores_are_enough_for_unless_their_number_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: int | None, threads: int, workers: int
) -> None:
    monkeypatch.setattr("frostline.executors.processes.cores", lambda: 4)
    monkeypatch.setattr("frostline.executors.processes._Worker", Counted)
    monkeypatch.setattr(Counted, "made", 0)
    stacks = [[Job(trial, tmp_path, "none", Way(threads=threads))] for trial in small_plan().trials[:8]]
    with Processes(asked) as pool:
        assert len(list(pool.map(stacks))) == 8
    assert Counted.made == workers


def test_frozen_layers_are_recomputed_where_that_is_asked_for(tmp_path: Path, machine: Machine) -> None:
    way, said = measured(tmp_path, long_study(activations_gb=0))
    assert way.stored == frozenset()
    assert "Frozen layers recomputed in every training, as activations_gb: 0 asks." in said


def test_frozen_layers_that_take_long_are_kept(tmp_path: Path, machine: Machine) -> None:
    way, said = measured(tmp_path)
    assert way.stored == {1, 2, 4}
    assert "Frozen layers computed once and kept on disk: conv1 (1 ms an item to compute, 0.0004 ms to read, " in said
    assert ", conv1 and conv2 (" in said and ", all 3 layers with the readout (" in said
    assert "recomputed" not in said


def test_parts_are_named_by_their_layers_and_the_readout_is_no_layer() -> None:
    names = "stem", "block1", "block2", "top"
    said = [parts_in_words(depth, names) for depth in range(1, 6)]
    assert said == ["stem", "stem and block1", "stem to block2", "stem to top", "all 4 layers with the readout"]
    assert parts_in_words(2, ["dense1"]) == "dense1 with the readout"


def test_where_room_is_short_the_depths_that_save_the_most_a_byte_are_kept_and_the_others_told_with_numbers(
    tmp_path: Path, machine: Machine
) -> None:
    sizes = {depth: need.pieces * SLOW[depth - 1].size_bytes for depth, need in needs(plan(long_study())).items()}
    gb = 1.05 * sizes[1] / 1e9
    way, said = measured(tmp_path, long_study(activations_gb=gb))
    assert sizes[1] > sizes[2] + sizes[4]
    assert way.stored == {2, 4}
    assert "Frozen layers recomputed in every training, for lack of room: conv1 (1 ms an item to compute, " in said
    (needed,) = re.findall(r"To keep all of that takes (\S+) MB, ", said)
    assert 1 < float(needed) * 1e6 / sum(sizes.values()) < 1.05
    assert f"and {gb * 1e3:.3g} MB may be used (by activations_gb): write activations_gb: 0.01, have the room, " in said
    assert "and start in another folder." in said


@pytest.mark.parametrize(
    ("free", "gb", "told"),
    [
        (4_000_000, None, "and 1 MB may be used (a quarter of what is free)"),
        (4_000_000, 5.0, "and 3.6 MB may be used (nine tenths of what is free)"),
        (FREE, 1e-3, "and 1 MB may be used (by activations_gb)"),
    ],
)
def test_what_bounds_the_room_is_told(tmp_path: Path, machine: Machine, free: int, gb: float | None, told: str) -> None:
    machine.free = free
    _, said = measured(tmp_path, long_study() if gb is None else long_study(activations_gb=gb))
    assert told in said


def test_without_activations_gb_ten_gigabytes_may_be_used(tmp_path: Path, machine: Machine) -> None:
    machine.costs = tuple(replace(cost, size_bytes=10_000_000) for cost in SLOW)
    machine.disk = Disk(1e-13, 1e-13)
    assert "and 10 GB may be used (unless activations_gb allows more): write activations_gb: " in measured(tmp_path)[1]


def test_on_a_full_disk_everything_is_recomputed(tmp_path: Path, machine: Machine) -> None:
    machine.disk = None
    way, said = measured(tmp_path)
    assert way.stored == frozenset()
    assert "for lack of room: conv1 (1 ms an item to compute, unknown to read, " in said


def test_a_depth_whose_reading_takes_about_as_long_as_computing_it_is_recomputed(
    tmp_path: Path, machine: Machine
) -> None:
    machine.disk = Disk(1e-9, 0.9 * 1e-3 / 4_000)
    way, said = measured(tmp_path)
    assert way.stored == {2, 4}
    told = "Frozen layers recomputed in every training, for reading takes about as long: "
    assert f"{told}conv1 (1 ms an item to compute, 0.9 ms to read, " in said


def test_a_depth_that_is_hardly_read_is_recomputed(tmp_path: Path, machine: Machine) -> None:
    machine.costs = tuple(Cost(1e-7, cost.size_bytes) for cost in SLOW)
    machine.disk = Disk(1e-12, 1e-12)
    way, said = measured(tmp_path)
    assert way.stored == frozenset()
    assert "for too few readings would pay for keeping them: conv1 (0.0001 ms an item to compute, " in said


def test_depths_that_do_not_fit_in_memory_are_recomputed(tmp_path: Path, machine: Machine) -> None:
    machine.costs, machine.steps = SLOW[:1], dict.fromkeys([Setting(1, "float32"), Setting(4, "float32")], math.inf)
    way, said = measured(tmp_path)
    assert (way.stored, way.threads) == ({1}, 1)
    assert "memory for as many items as are computed at once: conv1 and conv2, all 3 layers with the readout." in said
    assert "a training step of 16 planes takes more memory than there is on one thread" in said


@pytest.mark.parametrize(("views", "stored"), [(None, set()), (2, {1, 2, 4})])
def test_only_items_that_always_look_the_same_are_kept(
    tmp_path: Path, machine: Machine, views: int | None, stored: set[int]
) -> None:
    augmentation = {"flip": "horizontal"} | ({} if views is None else {"views": views})
    way, said = measured(tmp_path, long_study(augmentation=augmentation))
    assert way.stored == stored
    told = "Frozen layers recomputed in every training, for augmentation shows them something else each time."
    assert (told in said) == (not stored)


def test_a_study_that_freezes_nothing_says_nothing_of_frozen_layers(tmp_path: Path, machine: Machine) -> None:
    way, said = measured(tmp_path, long_study(surgeries={"scratch": "r3", "full": "t3"}))
    assert way.stored == frozenset()
    assert "rozen" not in said


def test_of_a_chain_only_the_training_that_freezes_needs_what_frozen_layers_give() -> None:
    (depth, need), *others = needs(small_plan(surgeries={"LP-FT": "f3>t3"})).items()
    assert (depth, others) == (4, [])
    assert need.trials == 4


def test_seeds_that_see_the_same_rows_of_the_same_network_need_no_more_room() -> None:
    few, many = (
        needs(small_plan(vary=("weights", "batches"), source={"weights": "w.safetensors"}, seeds=seeds))[1]
        for seeds in (1, 5)
    )
    assert many.pieces == few.pieces
    assert many.reads == pytest.approx(5 * few.reads)


def test_a_trial_that_may_lose_patience_is_counted_on_for_no_longer() -> None:
    whole: dict[str, object] = {"steps": 60, "validate_every": 3, "batch": 16}
    long, short, brief = (
        needs(small_plan(recipe=recipe))[1].reads for recipe in (whole, whole | {"patience": 1}, whole | {"steps": 6})
    )
    assert short == brief < long


def test_no_more_is_written_than_was_counted_on(tmp_path: Path) -> None:
    assert_bounded(tmp_path / "one", small_study(surgeries=KEPT, shares=(0.03, 0.3), seeds=1))
    once = small_study(surgeries=KEPT, shares=(0.05,), seeds=2, vary=("share",), normalise="standard")
    assert_bounded(tmp_path / "other", once)


def test_no_more_is_written_than_was_counted_on_where_folds_take_turns_and_items_have_views(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
    rows: list[dict[str, object]] = [
        {"path": f"{n}.png", "label": "ab"[n % 2], "fold": n // 2 % 9 % 3} for n in range(400)
    ]
    dataset = {"name": "manifest", "path": str(manifest(tmp_path / "own", rows)), "size": 8, "channels": 1}
    for n in range(len(rows)):
        Image.new("L", (8, 8), n % 251).save(tmp_path / "own" / f"{n}.png")
    augmentation = {"flip": "horizontal", "views": 2}
    study = small_study(dataset=dataset, surgeries=KEPT, shares=(0.02,), seeds=1, augmentation=augmentation)
    assert_bounded(tmp_path / "study", study)


KEPT = {"FR": "f1r2", "probe": "f3"}


def assert_bounded(folder: Path, study: Study) -> None:
    written, counted = written_and_counted(folder, study)
    assert 0 < written <= counted


def written_and_counted(folder: Path, study: Study) -> tuple[int, float]:
    """The bytes that a run of ``study`` writes where each depth is kept, and the bound on them."""
    planned = plan(study)
    with Store(folder) as store, Inline() as pool:
        settle(store, frozenset({1, 4}))
        outcomes = list(execute(study, planned, store, pool))
    assert all(isinstance(outcome, Finished) for outcome in outcomes), outcomes
    sample = Sample(planned.trials[-1], probe.torch.device("cpu"))
    costs = depth_costs(sample, 2, 4, Setting(1, "float32"))
    disk = Disk(0.0, 0.0)
    counted = [Kept(depth, costs[depth - 1], disk, need).size for depth, need in needs(planned).items()]
    written = sum(path.stat().st_size for path in (folder / ACTIVATIONS).rglob("*") if path.is_file())
    return written, sum(counted)


FILE = """
title: Digits
question: How deep?
source: {weights: start.safetensors}
dataset: {name: digits}
network: {name: plain_cnn, depth: 1, channels: 2}
surgeries: {probe: f1}
seeds: 1
recipe: {steps: 2, validate_every: 1, batch: 4}
"""


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("activations_gb: -1", r"line 10 *activations_gb: must be greater than or equal to 0 \(got -1"),
        ("activations_gb: much", "line 10 *activations_gb: "),
        ("activations_gb: .nan", "line 10 *activations_gb: "),
    ],
)
def test_room_that_is_no_room_is_refused_in_words(tmp_path: Path, written: str, message: str) -> None:
    (tmp_path / "study.yaml").write_text(FILE + written + "\n")
    with pytest.raises(StudyFaults, match=message):
        load_study(tmp_path / "study.yaml")


def test_a_precision_that_is_unknown_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(FILE.replace("batch: 4", "batch: 4, precision: half"))
    told = (
        "recipe.precision: 'half' is none of 'float32', 'bfloat16', 'auto'|recipe.precision: .*'float32', 'bfloat16' or"
    )
    with pytest.raises(StudyFaults, match=told):
        load_study(tmp_path / "study.yaml")


def test_a_run_tells_once_at_its_start_how_it_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frostline: Frostline
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(FILE)
    start = build(PlainCnn(name="plain_cnn", depth=1, channels=2), Fit(1, 8, 10, 1), seed=0)
    save_file({name: part.contiguous() for name, part in start.state_dict().items()}, "start.safetensors")
    status, _, told = frostline("run", "study.yaml", "--executor", "inline")
    assert status == 0, told
    words = read_facts(Path("results/study"))[FACT_IN_WORDS]
    assert told.count(words) == 1
    assert told.index(words) < told.index("1 done")
    assert frostline("run", "study.yaml", "--executor", "inline")[2] == ""
