"""A page tells what was run, so that a reader need not open the study file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frostline.analysis.table import table
from frostline.outcome import Finished
from frostline.report.page import page
from frostline.report.setting import what_was_run
from frostline.report.words import completeness
from frostline.spec.plan import plan
from frostline.spec.study import Study
from tests.analysis.simulated import outcomes, study


def told(made: Study) -> str:
    planned = plan(made)
    return "\n".join(what_was_run(made, planned, table(planned, outcomes(planned))))


def test_the_page_tells_what_was_run() -> None:
    made = study(seeds=2)
    planned = plan(made)
    html = page(made, planned, table(planned, outcomes(planned)))
    assert "<h2>What was run</h2>" in html
    for said in (
        "Network: plain_cnn, depth 6, channels 64, activation relu, kernel 3, pooling average, pool every 2, ",
        "Target: fashion_mnist, classes Sandal, Sneaker, Ankle boot; 18000 training items, planes of 1 x 28 x 28",
        "Source: pretrained by this study on fashion_mnist, classes T-shirt/top, ",
        "Shares of the target&#39;s training items: 1 %, 10 %.",
        "Seeds: 0, 1; with them vary: split, share, weights, batches, pretraining.",
        "Normalisation: unit (planes scaled to 0 to 1, nothing more).",
        "Validation: 10 % of the items of each class of a share, not trained on.",
    ):
        assert said in html


def test_the_recipe_of_each_share_is_the_one_its_trials_had() -> None:
    said = told(study(seeds=2, recipe={"passes": 4, "rate": 2e-3, "batch": 500, "optimizer": "sgd", "momentum": 0.9}))
    assert (
        "Recipe at 1 % (162 items to train, 18 to validate): sgd, rate 0.002, momentum 0.9, schedule constant, "
        "batch 162, at most 4 steps, validation every 1 steps, no early stopping, best weights by the loss." in said
    )
    assert "Recipe at 10 % (1620 items to train, 180 to validate): sgd" in said
    assert "batch 500, at most 16 steps, validation every 4 steps" in said
    assert said.count("Recipe of the pretraining: ") == 1
    assert "patience 8 validations of the loss." in told(study(seeds=2))


def test_numbers_without_effect_are_not_told() -> None:
    network = {"name": "plain_cnn", "depth": 6, "pooling": "none"}
    assert "pooling none, readout flatten, hidden none." in told(study(seeds=2, network=network))


@pytest.mark.parametrize(
    ("spent", "said"),
    [
        (3, "3 of 52 trials stopped at the budget; their arms may not have converged."),
        (0, "None of 52 trials stopped at the budget; all were ended by their patience."),
    ],
)
def test_trials_that_ended_at_their_budget_are_counted(spent: int, said: str) -> None:
    made = study(seeds=2)
    planned = plan(made)
    kept = outcomes(planned)
    for key in list(kept)[:spent]:
        outcome = kept[key]
        assert isinstance(outcome, Finished)
        kept[key] = outcome.model_copy(update={"stopped": "budget"})
    assert said in what_was_run(made, planned, table(planned, kept))


def test_nothing_is_said_of_how_trials_ended_where_none_has() -> None:
    planned = plan(study(seeds=2))
    assert "trials stopped" not in "\n".join(what_was_run(study(seeds=2), planned, table(planned, {})))


def test_pretrainings_are_called_finished_only_where_a_trial_that_started_from_them_proves_it() -> None:
    planned = plan(study(seeds=2))
    frame = table(planned, outcomes(planned))
    assert "so have the 2 pretrainings" in completeness(planned, frame)
    scratch = replace(planned, entries=tuple(e for e in planned.entries if str(e.arm.surgery) == "r6"))
    assert completeness(planned, table(scratch, outcomes(scratch))) == (
        "Nothing: all 4 trials of the study have finished."
    )
    assert completeness(planned, frame.assign(status="missing")).endswith("Its pretrainings are not counted here.")
