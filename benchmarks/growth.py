"""How time and memory grow with the number of trials and with the data. Goal: no worse than linear.

    python benchmarks/growth.py           # 10 to 10,000 trials, 1,000 to 100,000 planes
    python benchmarks/growth.py --small   # the smaller sizes, to see that it runs

(a) **Trials.** A study of 5 arms at 2 shares, with as many seeds as make the size, and one pretraining. Its outcomes
are made up, of the length that real ones have; all else is real: the plan, a store on disk to which each outcome is
appended in a transaction of its own, reading them back, the summary of the state, the table, and the page with its
figures and files.

(b) **Data.** Planes of 1 x 28 x 28 in memory (made up, three classes of Fashion-MNIST, nine tenths to train on), passed
to the functions that a trial calls beside its arithmetic: the digest of the corpus, the split with its checks,
preprocessing with statistics of the training part, the digest of the split, and the predictions kept on disk.

(c) **What is kept.** The same planes through the store of activations: two frozen layers of 8 channels.

Each size has a fresh process, so that its highest resident memory is its own (Linux: VmHWM); what it held before it
began (libraries, and in (b) the raw planes) is taken off. An exponent is the slope between the two largest sizes in
logarithms of both: 1 is linear, 0 is constant. Time is that of the processor, which other work on the machine moves
less than the clock; the clock, with its waits for the disk, has a row of its own. What grows by less than 1 MiB or
20 ms counts as constant, and less than that is no start to grow from.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from frostline.analysis.table import table
from frostline.data.ground import ground_of
from frostline.data.planes import preprocessing
from frostline.data.samples import Samples, corpus
from frostline.data.splits import split
from frostline.networks.build import build
from frostline.networks.network import Fit, Network
from frostline.outcome import ClassFigures, ClassMetrics, Environment, Finished, ParameterCounts, Validation
from frostline.report.page import write_report
from frostline.shelf import Shelf
from frostline.spec.network import PlainCnn
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.spec.trial import Trial
from frostline.store import Store, read_outcomes
from frostline.summary import status_summary
from frostline.training.permafrost import Permafrost
from frostline.training.site import Site

TRIALS = (10, 100, 1_000, 10_000)
PLANES = (1_000, 10_000, 100_000)
CELLS_A_SEED = 10
CLASSES = (5, 7, 9)
VALIDATIONS = 15
MIB = 2**20
MEMORY, CLOCK = "memory", "all steps, by the clock"
LEAST_BYTES, LEAST_S = MIB, 0.02
STUDY: dict[str, object] = {
    "title": "Growth",
    "question": "How do time and memory grow?",
    "source": {"dataset": {"name": "fashion_mnist", "classes": (0, 1, 2, 3, 4, 6, 8)}},
    "dataset": {"name": "fashion_mnist", "classes": CLASSES},
    "network": {"name": "plain_cnn", "depth": 6},
    "surgeries": {"FR": {"below": "frozen", "above": "reset", "cuts": (0, 1, 3, 4, 6)}},
    "shares": (0.1, 1.0),
    "recipe": {"passes": 40},
}

Steps = dict[str, float]


def main() -> None:
    """Prints both tables and the worst exponent, or, given a kind and a size, the figures of that size as JSON."""
    if len(sys.argv) == 3:
        kind, size = sys.argv[1], int(sys.argv[2])
        torch.set_num_threads(1)
        print(json.dumps(MEASURES[kind](size)))
        return
    print(f"python {' '.join(sys.argv)}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before, torch {torch.__version__}, one thread")
    sizes = {"trials": TRIALS, "planes": PLANES, "kept": PLANES}
    if "--small" in sys.argv[1:]:
        sizes = {kind: several[:-1] for kind, several in sizes.items()}
    worst = max(grown(kind, several) for kind, several in sizes.items())
    print(f"\nratio growth {worst:.2f}")


def grown(kind: str, sizes: tuple[int, ...]) -> float:
    """Prints a row a step with its figure at each size, and how it grows; the worst exponent of them."""
    found = {size: in_a_fresh_process(kind, size) for size in sizes}
    print(f"\n{'seconds, ' + kind:34s}{''.join(f'{size:>10,d}' for size in sizes)}  exponent")
    exponents = []
    for step in found[sizes[0]]:
        values = [found[size][step] for size in sizes]
        unit = MIB if step == MEMORY else 1
        exponents.append(exponent(sizes[-2:], values[-2:], LEAST_BYTES if step == MEMORY else LEAST_S))
        label = f"{step}, MiB" if step == MEMORY else step
        print(f"  {label:32s}{''.join(f'{value / unit:10.3f}' for value in values)}{exponents[-1]:10.2f}", flush=True)
    return max(exponents)


def exponent(sizes: tuple[int, ...], values: list[float], least: float) -> float:
    """The power of the size that leads from the first value to the last; 0 where they differ by less than ``least``."""
    if values[-1] - values[0] <= least:
        return 0.0
    return math.log(values[-1] / max(values[0], least)) / math.log(sizes[-1] / sizes[0])


def in_a_fresh_process(kind: str, size: int) -> Steps:
    """The seconds of each step and the bytes of all, measured in a process of its own."""
    print(f"{kind}: {size:,}", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, __file__, kind, str(size)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def trials_of(size: int) -> Steps:
    """What planning, keeping and reporting of ``size`` trials took."""
    steps: Steps = {}
    with tempfile.TemporaryDirectory() as name, measured(steps):
        folder = Path(name)
        with timed(steps, "plan"):
            study = Study.model_validate(STUDY | {"seeds": max(1, size // CELLS_A_SEED)})
            planned = plan(study)
            trials = planned.trials
        with Store(folder) as store, timed(steps, "outcomes appended to the store"):
            for number, trial in enumerate(trials):
                store.append(trial, finished(trial, number))
        with timed(steps, "outcomes read back"):
            outcomes = read_outcomes(folder)
        with timed(steps, "summary of the state"):
            status_summary(planned, outcomes, folder)
        with timed(steps, "table"):
            frame = table(planned, outcomes)
        with timed(steps, "page, figures and files"):
            write_report(study, planned, frame, folder)
    return steps


def finished(trial: Trial, number: int) -> Finished:
    """A made-up outcome of ``trial`` with a history of the usual length."""
    noise = float(np.random.Generator(np.random.PCG64(number)).normal(0, 0.01))
    accuracy = 0.9 + 0.005 * trial.surgery.frozen_depth + noise
    seen = [Validation(step=40 * turn, train_loss=0.2, loss=0.3, score=accuracy) for turn in range(1, VALIDATIONS)]
    figures = tuple(ClassFigures(name=name, precision=0.9, recall=0.9, f1=0.9, support=1000) for name in "abc")
    rows = ((900, 50, 50), (50, 900, 50), (50, 50, 900))
    return Finished(
        key=trial.key,
        metrics=ClassMetrics(
            accuracy=accuracy, macro_f1=accuracy, nll=0.4, calibration_error=0.03, classes=figures, confusion=rows
        ),
        train_score=0.95,
        best_validation=seen[-1],
        history=tuple(seen),
        steps=40 * VALIDATIONS,
        stopped="patience",
        n_train=162,
        n_validation=18,
        n_test=3000,
        parameters=ParameterCounts(total=187_000, trainable=187_000, frozen=0),
        start="self-pretrained" if trial.start is not None else "none",
        start_digest="0" * 64,
        split_digest="0" * 64,
        data_digest="0" * 64,
        weights_digest="0" * 64,
        audit=("splits disjoint by id and by group",),
        environment=Environment(frostline="0", python="3", torch="2", device="cpu", threads=1, cpu="made up"),
        seconds=1.0 + noise,
        peak_memory_bytes=MIB,
    )


def planes_of(size: int) -> Steps:
    """What reading, splitting and preparing ``size`` planes for one trial took beside its arithmetic."""
    steps: Steps = {}
    study = Study.model_validate(STUDY | {"shares": (1.0,), "seeds": 1, "normalise": "standard"})
    trial = plan(study).trials[-1]
    parts = made_up(size - size // 10, "train"), made_up(size // 10, "test")
    with tempfile.TemporaryDirectory() as name, measured(steps):
        with timed(steps, "digest of the corpus"):
            whole = corpus(*parts)
        with timed(steps, "split"):
            splits = split(whole, trial)
        with timed(steps, "preprocessing"):
            prepare = preprocessing(trial.dataset, trial.normalise, splits.train)
            held = [prepare(part) for part in (splits.train, splits.validation, splits.test.open())]
        with timed(steps, "digest of the split, predictions"):
            learned = np.concatenate([splits.train.ids, splits.validation.ids])
            logits = np.zeros((len(splits.test), len(CLASSES)), np.float32)
            kept = {"test_ids": splits.test.ids, "targets": held[-1].targets.numpy(), "logits": logits}
            Shelf(Path(name)).keep_predictions(splits.digest, kept | {"learned_ids": learned})
    return steps


def made_up(items: int, part: str) -> Samples:
    """So many planes of noise, of the classes in turn."""
    draws = np.random.Generator(np.random.PCG64(items))
    planes = torch.from_numpy(draws.integers(0, 256, (items, 1, 28, 28), np.uint8))
    targets = torch.tensor(CLASSES)[torch.arange(items) % len(CLASSES)]
    names = np.array([f"fashion_mnist/{part}/{number:06d}" for number in range(items)])
    return Samples(planes, targets, names, names)


def kept_of(size: int) -> Steps:
    """What two frozen layers give for ``size`` planes took to compute and keep, and to read in batches.

    Memory is what the process itself holds, beside the pages of mapped files, which the system takes back at will.
    """
    steps: Steps = {}
    spec = PlainCnn(name="plain_cnn", depth=2, channels=8)
    network = build(spec, Fit(1, 28, len(CLASSES), 2), seed=0)
    frozen = Network(dict(network.layers.items()), network.readout, network.head, list(network.layers)).eval()
    whole = corpus(made_up(size - size // 10, "train"), made_up(size // 10, "test"))
    dataset = plan(Study.model_validate(STUDY | {"seeds": 1})).trials[-1].dataset
    ground = ground_of(whole, CLASSES)
    ground.rows_of(whole.test.ids)
    before, began = memory_bytes("RssAnon"), time.perf_counter()
    most = before
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name), ground, preprocessing(dataset, "unit", whole.train), "float32")
        with timed(steps, "computed and kept"):
            items = Permafrost(site, frozen, 2, spec).items(whole.train)
        with timed(steps, "read in batches"):
            for start in range(0, len(items), 64):
                assert len(items.planes[slice(start, start + 64)])
                most = max(most, memory_bytes("RssAnon"))
    return steps | {CLOCK: time.perf_counter() - began, MEMORY: most - before}


MEASURES: dict[str, Callable[[int], Steps]] = {"trials": trials_of, "planes": planes_of, "kept": kept_of}


@contextmanager
def timed(steps: Steps, step: str) -> Iterator[None]:
    """Puts the processor's seconds of what happens inside under ``step``."""
    began = time.process_time()
    yield
    steps[step] = time.process_time() - began


@contextmanager
def measured(steps: Steps) -> Iterator[None]:
    """Puts the seconds of all that happens inside by the clock, and the most bytes held less those held before."""
    before, began = memory_bytes("VmRSS"), time.perf_counter()
    Path("/proc/self/clear_refs").write_text("5")  # sets VmHWM back to VmRSS (proc(5))
    yield
    steps[CLOCK] = time.perf_counter() - began
    steps[MEMORY] = memory_bytes("VmHWM") - before


def memory_bytes(which: str) -> int:
    """A line of the memory that Linux counts for this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(which)).split()[1])


if __name__ == "__main__":
    main()
