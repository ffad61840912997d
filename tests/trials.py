"""Small trials on the digits, for tests of everything that runs them."""

from __future__ import annotations

from pathlib import Path

from frostline.job import Job
from frostline.spec.dataset import Dataset
from frostline.spec.network import Mlp, NetworkSpec, PlainCnn
from frostline.spec.plan import Plan, plan
from frostline.spec.recipe import Recipe
from frostline.spec.study import Study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Seeds, Trial
from frostline.store import Store
from frostline.way import WAY, Way
from frostline.way_facts import FACT

TINY_CNN = PlainCnn(name="plain_cnn", depth=3, channels=4)
TINY_MLP = Mlp(name="mlp", depth=3, width=8)
QUICK = Recipe(steps=6, validate_every=3, batch=16)
LOW = Dataset(name="digits", classes=(0, 1, 2, 3, 4))
HIGH = Dataset(name="digits", classes=(5, 6, 7, 8, 9))


def pretraining(network: NetworkSpec = TINY_CNN, seed: int = 0) -> Trial:
    """A network trained from scratch on the low digits."""
    surgery = Surgery.parse(f"r{len(network.layer_names)}")
    seeds = Seeds(split=seed, share=seed, weights=seed, batches=seed)
    return Trial(dataset=LOW, network=network, surgery=surgery, recipe=QUICK, seeds=seeds)


def transfer(surgery: str, network: NetworkSpec = TINY_CNN, **changes: object) -> Trial:
    """A transfer from the low digits to the high ones, or training from scratch where ``surgery`` keeps nothing."""
    parsed = Surgery.parse(surgery)
    values: dict[str, object] = {
        "dataset": HIGH,
        "network": network,
        "surgery": parsed,
        "recipe": QUICK,
        "share": 0.2,
        "start": pretraining(network) if parsed.needs_start else None,
    }
    return Trial.model_validate(values | changes)


def job(trial: Trial, folder: Path) -> Job:
    """``trial`` as a job on the CPU that keeps its best weights in ``folder``."""
    return Job(trial, folder, "best")


def settle(store: Store, stored: frozenset[int] = frozenset({2, 4}), stacked: int = 1) -> None:
    """Lets ``store`` hold a way as if it had been measured: what a measurement chooses may differ from day to day."""
    store.hold({FACT: WAY.dump_json(Way(stored=stored, stacked=stacked)).decode()}, "")


def small_study(**changes: object) -> Study:
    """A study of six arms on the digits, two shares and two seeds: thirteen surgeries' worth of trials in seconds."""
    values: dict[str, object] = {
        "title": "Small",
        "question": "How deep?",
        "source": {"dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4)}},
        "dataset": {"name": "digits", "classes": (5, 6, 7, 8, 9)},
        "network": {"name": "plain_cnn", "depth": 3, "channels": 4},
        "surgeries": {"scratch": "r3", "FR": {"below": "frozen", "above": "reset"}},
        "shares": (0.1, 0.3),
        "seeds": 2,
        "recipe": {"steps": 6, "validate_every": 3, "batch": 16},
    }
    return Study.model_validate(values | changes)


def small_plan(**changes: object) -> Plan:
    """The plan of the small study."""
    return plan(small_study(**changes))
