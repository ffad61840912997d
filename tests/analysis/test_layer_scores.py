"""Scores of layers are held against the accuracies that the cuts above them reached, seed by seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.findings import Findings
from frostline.analysis.layer_scores import COLUMNS, judging, published_rows, scores_table, trusted
from frostline.analysis.table import cut_points, table
from frostline.outcome import Failed
from frostline.randomness import stream
from frostline.scored import LayerScore, Scored
from frostline.scoring.trust import trust
from frostline.spec.plan import Plan, plan
from frostline.spec.scoring import Scoring
from frostline.spec.study import Study
from tests.analysis.simulated import ENVIRONMENT, outcomes, study, without

FR = {"FR": {"below": "frozen", "above": "reset"}}
LAYERS = tuple(f"conv{number}" for number in range(1, 7))


def asking(**changes: object) -> Study:
    """The simulated study at one share, which asks for two scores of its layers."""
    return study(
        **({"surgeries": FR, "shares": (0.1,), "scores": {"names": ("ward", "neighbours"), "maps": ()}} | changes)
    )


def scored(scoring: Scoring, best: int, **changes: object) -> Scored:
    """An outcome of ``scoring`` in which every score is highest at layer ``best``."""
    found = [
        LayerScore(
            layer=layer,
            score=card.name,
            figure=figure.name,
            value=0.9 - 0.1 * abs(number - best) + 0.001 * scoring.seeds.share,
            low=0.1,
            high=0.95,
            level=0.95,
            n=162,
        )
        for card in scoring.cards
        for figure in card.figures
        for number, layer in enumerate(LAYERS, start=1)
    ]
    values: dict[str, object] = {
        "key": scoring.key,
        "scores": tuple(found),
        "n_train": 162,
        "start": "self-pretrained",
        "start_digest": "w",
        "split_digest": "s",
        "data_digest": "d",
        "environment": ENVIRONMENT,
        "seconds": 1.0,
    }
    return Scored.model_validate(values | changes)


def of(planned: Plan, best: int = 4) -> dict[str, Scored | Failed]:
    return {one.key: scored(one, best) for one in planned.scorings}


def test_every_figure_of_every_cell_is_a_row_and_what_was_not_scored_has_none() -> None:
    planned = plan(asking(seeds=3))
    kept = of(planned)
    lost, *_ = kept
    kept[lost] = Failed(what="scoring", key=lost, error="why", traceback="")
    frame = scores_table(planned, kept)
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == 2 * 6 * (5 + 1) and lost not in set(frame["key"])
    assert scores_table(planned, {}).empty
    assert list(judging(frame)) == ["ward", "neighbours"]


def test_a_layer_stands_for_the_arm_that_keeps_it_and_all_below() -> None:
    made = asking()
    planned = plan(made)
    findings = Findings(table(planned, outcomes(planned, best=4)))
    ward, neighbours = trusted(scores_table(planned, of(planned, best=2)), findings, cut_points(made), LAYERS)
    assert (ward.family, ward.share, ward.score, neighbours.score) == ("FR", 0.1, "ward", "neighbours")
    assert ward.found is not None
    assert (ward.found.layers, ward.found.picked, ward.found.best) == (LAYERS, "conv2", "conv4")
    assert ward.found.regret.value == pytest.approx(4 * 0.006, abs=0.006)
    assert ward.found.regret.n == 5
    frame = findings.frame.pivot(index="seed", columns="frozen_depth", values="accuracy")
    scores = np.array([[0.9 - 0.1 * abs(n - 2) + 0.001 * seed for n in range(1, 7)] for seed in range(5)])
    drawn = stream(0, "trust", "FR", "0.1", "ward")
    assert ward.found == trust(LAYERS, scores, frame[[1, 2, 3, 4, 5, 6]].to_numpy(), 0.95, drawn)


def test_a_seed_that_lacks_an_accuracy_or_a_score_is_left_out() -> None:
    made = asking()
    planned = plan(made)
    kept, scores = outcomes(planned), of(planned)
    scores.pop(next(cell.scoring.key for cell in planned.scored if cell.seed == 0))
    findings = Findings(table(planned, without(kept, planned, "f3r3", {1})))
    (one, _) = trusted(scores_table(planned, scores), findings, cut_points(made), LAYERS)
    assert one.found is not None and one.found.regret.n == 3


def test_one_scoring_serves_every_seed_whose_start_and_items_are_the_same() -> None:
    made = asking(vary=("weights", "batches"))
    planned = plan(made)
    assert len(planned.scorings) == 1
    findings = Findings(table(planned, outcomes(planned)))
    (one, _) = trusted(scores_table(planned, of(planned)), findings, cut_points(made), LAYERS)
    assert one.found is not None and (one.found.regret.n, one.found.picked) == (5, "conv4")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"surgeries": {"FR": {"below": "frozen", "above": "reset", "cuts": (1, 2)}}}, "got 2 layers; ranks need"),
        ({"seeds": 1}, None),
    ],
)
def test_what_cannot_be_told_says_why(changes: dict[str, object], why: str | None) -> None:
    made = asking(**changes)
    planned = plan(made)
    findings = Findings(table(planned, outcomes(planned)))
    (one, _) = trusted(scores_table(planned, of(planned)), findings, cut_points(made), LAYERS)
    assert (one.found is None) == (why is not None) and (why or "") in one.why
    nothing = Findings(table(planned, {}))
    (one, _) = trusted(scores_table(planned, of(planned)), nothing, cut_points(made), LAYERS)
    assert (one.found, one.why) == (None, "no seed has a score and an accuracy of every layer")


def test_the_published_layout_takes_the_clusters_and_no_other_score() -> None:
    planned = plan(asking(seeds=2))
    frame = scores_table(planned, of(planned))
    rows = published_rows(frame, "ward")
    assert len(rows) == 2 * 6 * 4
    assert set(rows["figure"]) == {"pair_precision", "pair_recall", "purity", "ari"}
    assert published_rows(frame, "neighbours").empty
    lacking = frame.copy()
    lacking.loc[(lacking["layer"] == "conv1") & (lacking["figure"] == "ari"), "value"] = float("nan")
    assert set(published_rows(lacking, "ward")["layer"]) == set(LAYERS[1:])
    assert isinstance(rows, pd.DataFrame)
