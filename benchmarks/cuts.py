"""Nine trials of the published layer-cut study on three sides: plain loop, competent loop, `frostline run`.

    python benchmarks/cuts.py                                          # the whole, about 40 minutes on 2 cores
    python benchmarks/cuts.py --shares 0.001 --rounds 1                # to see that it runs
    python benchmarks/cuts.py --extrapolate 3                          # 3 passes of the plain loop at a share of 0.1

Fashion-MNIST under FROSTLINE_DATA, freeze and reset as in ``studies/fashion-fr.yaml``: a plain CNN pretrained on seven
classes learns three others; at most 40 passes in batches of 64, Adam at 1e-3, a validation a pass, patience 6, and the
test part at the end. The plain loop validates as published (``SIZES.md`` of the published files): on a fixed tenth of
the target's training items at every share; the other two on a tenth of the share, as Frostline does. The nine trials
are a grid of three shares by three cuts, drawn by a fixed seed: one of the cuts 0 and 1, one of 2 to 4, one of 5 and 6.
The same items train and test on every side, normalised by the same constants, and all start from one pretraining, which
is made first and not timed (`--weights` takes another's file).

Each side is a process of its own and is timed from its start to its end; Frostline's start-up, measuring and report
are in its time. Sides take turns, and which is first changes from round to round. Totals are medians over the rounds,
and a ratio is that of two totals. With `--extrapolate N` the plain loop takes N passes at shares of 0.1 and more, and
its time is what these cost a pass, times the passes that the competent loop took for the same trial, and the rest.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median

import torch
from plain_loop import Cell, Ended, Task

from frostline.catalog import dataset_card
from frostline.data.download import locate
from frostline.data.read import read
from frostline.data.samples import Samples
from frostline.data.splits import split
from frostline.randomness import stream
from frostline.shelf import Shelf
from frostline.spec.plan import plan
from frostline.spec.study_file import load_study

HERE = Path(__file__).parent
FROSTLINE = Path(sys.executable).with_name("frostline")
SIDES = ("plain", "competent", "frostline")
SHARES = (0.001, 0.01, 0.1)
CUTS = ((0, 1), (2, 3, 4), (5, 6))
SEED = 0
CLASSES = (5, 7, 9)
PASSES, PATIENCE, BATCH, RATE = 40, 6, 64, 1e-3
MEAN, DEVIATION = 0.286, 0.353
LONG_SHARE = 0.1
STUDY = """\
title: Layer cuts side by side
question: How long does each side take?
network: {name: plain_cnn, depth: 6, channels: 64, kernel: 3, activation: relu, pooling: average, pool_every: 2}
"""
PRETRAINING = f"""{STUDY}
dataset: {{name: fashion_mnist, classes: [0, 1, 2, 3, 4, 6, 8]}}
normalise: {{mean: [{MEAN}], deviation: [{DEVIATION}]}}
surgeries: {{scratch: r6}}
shares: [1.0]
seeds: 1
keep: best
recipe: {{optimizer: adam, rate: {RATE}, batch: {BATCH}, steps: 1000, validate_every: 40, patience: {PATIENCE}}}
"""


@dataclass(frozen=True)
class Run:
    """One side in one round: seconds from the start of its process to its end, and what its trials came to."""

    whole_s: float
    trials: tuple[Ended, ...]


@dataclass(frozen=True)
class Bench:
    """Where everything lies: the task of each loop, and the study file of the same cells."""

    folder: Path
    tasks: dict[str, Task]
    study: Path


def main() -> None:
    """Prints the seconds a trial and the accuracies of each side at each share, then the two ratios."""
    options = options_given()
    print(f"python {' '.join(sys.argv)}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before, Python {sys.version.split()[0]}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in ("frostline", "torch", "torchvision")), end="")
    print(f", {torch.cuda.get_device_name() if torch.cuda.is_available() else 'no GPU'}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = prepared(Path(folder), options)
        cuts = ", ".join(str(cut) for cut in drawn_cuts())
        print(
            f"{len(bench.tasks['competent'].cells)} trials: cuts {cuts} at shares {', '.join(map(str, options.shares))}"
        )
        runs = all_runs(bench, options)
    if options.extrapolate:
        runs["plain"] = [extrapolated(run, runs["competent"][0]) for run in runs["plain"]]
        print(f"plain loop at shares of {LONG_SHARE:g} and more: EXTRAPOLATED from {options.extrapolate} passes")
    for side, side_runs in runs.items():
        rows(side, side_runs, options)
    ours = median(run.whole_s for run in runs["frostline"])
    for side in ("competent", "plain"):
        print(f"ratio cuts-{side} {median(run.whole_s for run in runs[side]) / ours:.2f}")


def options_given() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, help="rounds of every side; 1 of the plain loop and 3 of the others")
    parser.add_argument("--shares", type=lambda text: tuple(map(float, text.split(","))), default=SHARES)
    parser.add_argument("--weights", type=Path, help="a pretraining's safetensors, instead of making one")
    parser.add_argument("--loader-workers", type=int, default=0, help="processes of the plain loop's DataLoader")
    parser.add_argument("--extrapolate", type=int, metavar="N", help="N passes of the plain loop at long shares")
    return parser.parse_args()


def drawn_cuts() -> tuple[int, ...]:
    """A low, a middle and a high cut."""
    draws = stream(SEED, "cuts")
    return tuple(int(draws.choice(group)) for group in CUTS)


def prepared(folder: Path, options: argparse.Namespace) -> Bench:
    """The weights, the study file and the task of the loops, in ``folder``."""
    weights = options.weights or pretrained(folder)
    study = folder / "cuts.yaml"
    study.write_text(
        f"{STUDY}"
        f"dataset: {{name: fashion_mnist, classes: {list(CLASSES)}}}\n"
        f"source: {{weights: {json.dumps(str(weights.absolute()))}}}\n"
        f"normalise: {{mean: [{MEAN}], deviation: [{DEVIATION}]}}\n"
        f"surgeries: {{FR: {{below: frozen, above: reset, cuts: {list(drawn_cuts())}}}}}\n"
        f"shares: {list(options.shares)}\n"
        "seeds: 1\n"
        f"recipe: {{optimizer: adam, rate: {RATE}, batch: {BATCH}, passes: {PASSES}, validate_every: pass, "
        f"patience: {PATIENCE}}}\n"
    )
    root, cells = torchvision_layout(folder / "torchvision"), cells_of(study, options.extrapolate)
    common = (str(root), str(weights.absolute()), CLASSES, MEAN, DEVIATION, BATCH, PATIENCE, RATE)
    fixed = fixed_validation(study)
    published = tuple(dataclasses.replace(cell, validation=fixed) for cell in cells)
    tasks = {"plain": Task(*common, options.loader_workers, published), "competent": Task(*common, 0, cells)}
    return Bench(folder, tasks, study)


def pretrained(folder: Path) -> Path:
    """The weights of one pretraining by Frostline, with the recipe of ``studies/fashion-fr.yaml``."""
    note("pretraining, not timed")
    study, results = folder / "pretraining.yaml", folder / "pretraining"
    study.write_text(PRETRAINING)
    subprocess.run([FROSTLINE, "run", study, "--to", results], check=True, stdout=subprocess.DEVNULL)
    return Shelf(results).weights_path(plan(load_study(study)).trials[0].key)


def torchvision_layout(root: Path) -> Path:
    """A folder with Fashion-MNIST's idx files unpacked where torchvision looks for them."""
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in locate(dataset_card("fashion_mnist")).glob("*ubyte.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return root


def fixed_validation(study: Path) -> tuple[int, ...]:
    """The tenth of all training items of the target that published runs validate on, whatever the share."""
    trial = plan(load_study(study)).entries[0].trial.model_copy(update={"share": 1.0})
    return places_of(split(read(trial.dataset.reading), trial).validation)


def places_of(part: Samples) -> tuple[int, ...]:
    """Where the items of ``part`` stand in the training file."""
    return tuple(int(name.rpartition("/")[2]) for name in part.ids)


def cells_of(study: Path, timed_passes: int | None) -> tuple[Cell, ...]:
    """The cells of ``study`` with the places of their items; long shares take ``timed_passes``, where that is given."""
    cells = []
    for entry in plan(load_study(study)).entries:
        splits = split(read(entry.trial.dataset.reading), entry.trial)
        places = places_of(splits.train), places_of(splits.validation)
        shortened = timed_passes if timed_passes and entry.share >= LONG_SHARE else PASSES
        cells.append(Cell(entry.arm.surgery.frozen_depth, entry.share, shortened, *places))
    return tuple(cells)


def all_runs(bench: Bench, options: argparse.Namespace) -> dict[str, list[Run]]:
    """Every run of every side; the side that is first changes from round to round."""
    rounds = {side: options.rounds or (1 if side == "plain" else 3) for side in SIDES}
    runs: dict[str, list[Run]] = {side: [] for side in SIDES}
    for number in range(max(rounds.values())):
        turn = number % len(SIDES)
        for side in (*SIDES[turn:], *SIDES[:turn]):
            if number < rounds[side]:
                note(f"round {number + 1}: {side}")
                runs[side].append(frostline_run(bench, number) if side == "frostline" else loop_run(bench, side))
                note(f"round {number + 1}: {side} took {runs[side][-1].whole_s:.1f} s")
    return runs


def loop_run(bench: Bench, side: str) -> Run:
    """One run of a loop; the competent one always takes all passes."""
    task = bench.tasks[side]
    if side != "plain":
        task = dataclasses.replace(task, cells=tuple(dataclasses.replace(cell, passes=PASSES) for cell in task.cells))
    path = bench.folder / f"{side}.json"
    path.write_text(json.dumps(dataclasses.asdict(task)))
    trials, began = [], time.perf_counter()
    with subprocess.Popen([sys.executable, HERE / f"{side}_loop.py", path], stdout=subprocess.PIPE, text=True) as done:
        for line in done.stdout or ():
            trials.append(Ended(**json.loads(line)))
            note(f"  {side}: {line.strip()}")
    if done.returncode:
        raise SystemExit(f"the {side} loop ended with status {done.returncode}")
    return Run(time.perf_counter() - began, tuple(trials))


def frostline_run(bench: Bench, number: int) -> Run:
    """One run of the command into an empty folder."""
    results = bench.folder / f"frostline-{number}"
    command = [FROSTLINE, "run", bench.study, "--to", results]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    whole_s = time.perf_counter() - began
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    note(f"  frostline: the same command with nothing left to do, report and all: {time.perf_counter() - began:.1f} s")
    with (results / "table.csv").open() as file:
        return Run(whole_s, tuple(ended(row, bench) for row in csv.DictReader(file)))


def ended(row: dict[str, str], bench: Bench) -> Ended:
    """A row of Frostline's table."""
    cut, share, seconds = int(row["frozen_depth"]), float(row["share"]), float(row["seconds"])
    cell = next(cell for cell in bench.tasks["competent"].cells if (cell.cut, cell.share) == (cut, share))
    passes = int(row["steps"]) // -(-len(cell.train) // BATCH)
    return Ended(cut, share, seconds, seconds, passes, float(row["accuracy"]))


def extrapolated(run: Run, passes: Run) -> Run:
    """``run`` with its long shares as if they had taken as many passes as those trials did in ``passes``."""
    taken = {(trial.cut, trial.share): trial.passes for trial in passes.trials}
    trials = []
    for trial in run.trials:
        if trial.share >= LONG_SHARE:
            count = taken[trial.cut, trial.share]
            more_s = trial.seconds_in_passes * (count / trial.passes - 1)
            trial = dataclasses.replace(trial, seconds=trial.seconds + more_s, passes=count, accuracy=float("nan"))
        trials.append(trial)
    more_s = sum(trial.seconds for trial in trials) - sum(trial.seconds for trial in run.trials)
    return Run(run.whole_s + more_s, tuple(trials))


def rows(side: str, runs: list[Run], options: argparse.Namespace) -> None:
    """Prints the totals of ``side``, and at each share the median seconds, the accuracy and the passes of a trial."""
    wholes = [run.whole_s for run in runs]
    print(f"\n{side}: {median(wholes):.1f} s in all ({min(wholes):.1f} to {max(wholes):.1f}, {len(runs)} rounds)")
    for share in options.shares:
        trials = [trial for run in runs for trial in run.trials if trial.share == share]
        accuracy, passes = mean(trial.accuracy for trial in trials), mean(trial.passes for trial in trials)
        print(
            f"  share {share:<6g} {median(trial.seconds for trial in trials):8.2f} s a trial, "
            f"accuracy {accuracy:.3f}, {passes:.0f} passes"
        )


def note(text: str) -> None:
    """Tells how far the benchmark is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
