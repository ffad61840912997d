"""A small study and its trials, as the tests of the specs change them."""

from __future__ import annotations

from pathlib import Path

from frostline.spec.dataset import Dataset
from frostline.spec.network import Mlp, PlainCnn
from frostline.spec.recipe import Recipe
from frostline.spec.study import Study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Trial

GOLDEN = Path(__file__).parents[1] / "golden"
STUDIES = Path(__file__).parents[2] / "studies"

OLD_DIGITS = Dataset(name="digits", classes=(0, 1, 2, 3, 4))
NEW_DIGITS = Dataset(name="digits", classes=(5, 6, 7, 8, 9))
CNN = PlainCnn(name="plain_cnn", depth=4, channels=8)
MLP = Mlp(name="mlp", depth=2)
STEPS = Recipe(steps=20, validate_every=5)


def pretraining(**changes: object) -> Trial:
    content = {"dataset": OLD_DIGITS, "network": CNN, "surgery": Surgery.parse("r4"), "recipe": STEPS}
    return Trial.model_validate({**content, **changes})


def transfer(**changes: object) -> Trial:
    content = {"dataset": NEW_DIGITS, "network": CNN, "surgery": Surgery.parse("f2r2"), "recipe": STEPS}
    return Trial.model_validate({**content, "start": pretraining(), **changes})


def study(**changes: object) -> Study:
    """The small study with ``changes``; a change to None takes the key away."""
    content: dict[str, object] = {
        "title": "digits",
        "question": "how deep?",
        "dataset": {"name": "digits", "classes": (5, 6, 7, 8, 9)},
        "network": {"name": "plain_cnn", "depth": 4, "channels": 8},
        "source": {"dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4)}},
        "surgeries": {"scratch": "r4", "FR": {"below": "frozen", "above": "reset"}},
        "shares": (0.1, 1.0),
        "seeds": 3,
        "recipe": "short",
        "recipes": {"short": {"steps": 20}, "long": {"steps": 80}},
    }
    return Study.model_validate({key: value for key, value in {**content, **changes}.items() if value is not None})
