"""What a trial costs beside the arithmetic of data, model and optimiser. Goal: 50 ms a trial.

    python benchmarks/overhead.py                  # handwritten digits, 1,797 items
    python benchmarks/overhead.py fashion_mnist    # 70,000 items, found under FROSTLINE_DATA

A study whose trials take one optimiser step, with a network of one narrow layer, runs through executor and store.
Beside it, in the same run and in turn, the bare arithmetic of the same trials is done in plain torch: the items of the
share are picked and scaled, a network is drawn, one step of Adam is taken, and training, validation and test items are
passed through. The difference is the overhead: splits and their checks, random streams, digests, the freeze audit,
metrics, files and the database. It is given a trial, as the median of 5 rounds. Reading the dataset, once a process, is
not in it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from frostline.catalog import dataset_card
from frostline.data.read import read
from frostline.execute import execute
from frostline.executors.inline import Inline
from frostline.outcome import Failed
from frostline.spec.plan import Plan, plan
from frostline.spec.portion import portion
from frostline.spec.study import Study
from frostline.spec.trial import Trial
from frostline.store import Store

ROUNDS = 5
SEEDS = 10
WIDTH = 4
SHARE = 0.1


def main() -> None:
    """Prints the time of a trial, of its bare arithmetic, and of what lies between."""
    name = sys.argv[1] if len(sys.argv) > 1 else "digits"
    torch.set_num_threads(1)
    study = study_on(name)
    planned = plan(study)
    read(study.dataset.reading)
    whole_s, bare_s = [], []
    for number in range(ROUNDS + 1):
        whole, bare = trials_s(study, planned), arithmetic_s(planned)
        if number:  # the first round warms up
            whole_s.append(whole)
            bare_s.append(bare)
    over_s = [whole - bare for whole, bare in zip(whole_s, bare_s, strict=True)]
    print(f"{name}: {len(planned.trials)} trials a round, {ROUNDS} rounds")
    print(f"a trial {1e3 * median(whole_s):.1f} ms, its bare arithmetic {1e3 * median(bare_s):.1f} ms")
    print(f"overhead {1e3 * min(over_s):.1f} to {1e3 * max(over_s):.1f} ms a trial")
    print(f"seconds overhead_a_trial_{name} {median(over_s):.4f}")


def study_on(name: str) -> Study:
    """From the lower half of the classes to the upper one: pretraining, scratch and probe, ten seeds."""
    classes = tuple(range(len(dataset_card(name).class_names)))
    half = len(classes) // 2
    return Study.model_validate(
        {
            "title": "Overhead",
            "question": "What does a trial cost beside its arithmetic?",
            "source": {"dataset": {"name": name, "classes": classes[:half]}},
            "dataset": {"name": name, "classes": classes[half:]},
            "network": {"name": "mlp", "depth": 1, "width": WIDTH},
            "surgeries": {"scratch": "r1", "probe": "f1"},
            "shares": (SHARE,),
            "seeds": SEEDS,
            "recipe": {"steps": 1, "validate_every": 1},
            "device": "cpu",
        }
    )


def trials_s(study: Study, planned: Plan) -> float:
    """Seconds a trial takes from the plan to its stored outcome."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store, Inline() as executor:
        began = time.perf_counter()
        outcomes = list(execute(study, planned, store, executor))
        duration_s = time.perf_counter() - began
    failed = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    if failed:
        raise SystemExit(f"{len(failed)} trials failed, the first for: {failed[0]}")
    return duration_s / len(outcomes)


def arithmetic_s(planned: Plan) -> float:
    """Seconds the bare arithmetic of a trial takes."""
    places = {trial.key: places_of(trial) for trial in planned.trials}
    began = time.perf_counter()
    for trial in planned.trials:
        arithmetic(trial, places[trial.key])
    return (time.perf_counter() - began) / len(planned.trials)


def places_of(trial: Trial) -> dict[str, Tensor]:
    """Positions of as many training, validation and test items as ``trial`` has, in no order."""
    corpus, dataset = read(trial.dataset.reading), trial.dataset
    held = portion(dataset.pools(trial.seeds.split), trial.share, trial.validation)
    counts = {"train": sum(held.train), "validation": sum(held.validation)}
    tested = torch.isin(corpus.test.targets, torch.tensor(dataset.class_indices)).nonzero().flatten()
    return {part: torch.randperm(len(corpus.train))[:count] for part, count in counts.items()} | {"test": tested}


def arithmetic(trial: Trial, places: dict[str, Tensor]) -> None:
    """The items at ``places``, one step of Adam and a pass over every part, in plain torch."""
    corpus, card = read(trial.dataset.reading), dataset_card(trial.dataset.name)
    labels = len(trial.dataset.class_indices)
    planes, targets = {}, {}
    for part, chosen in places.items():
        samples = corpus.test if part == "test" else corpus.train
        planes[part] = samples.planes[chosen].float() / card.full_scale
        targets[part] = samples.targets[chosen] % labels
    values = planes["train"][0].numel()
    network = nn.Sequential(nn.Flatten(), nn.Linear(values, WIDTH), nn.ReLU(), nn.Linear(WIDTH, labels))
    optimizer = torch.optim.Adam(network.parameters(), lr=trial.recipe.rate, foreach=True)
    batch = torch.randperm(len(planes["train"]))[: trial.recipe.batch]
    F.cross_entropy(network(planes["train"][batch]), targets["train"][batch]).backward()
    optimizer.step()
    with torch.inference_mode():
        for part, chosen in planes.items():
            answers = torch.cat([network(some) for some in chosen.split(256)])
            F.cross_entropy(answers, targets[part])


if __name__ == "__main__":
    main()
