"""What a study scores before it trains: its start, once for each share and seed that gives another answer."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from frostline.errors import PlanRefused
from frostline.spec.plan import plan
from frostline.spec.scored_cells import never_scored
from frostline.spec.scoring import ScoringSeeds
from frostline.spec.study import Narrowing, Study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Trial
from tests.trials import small_study

CHEAP = {"names": ("neighbours", "ward"), "maps": ()}


def scoring_study(**changes: object) -> Study:
    return small_study(**({"scores": CHEAP} | changes))


def test_a_study_scores_what_its_transfers_start_from_at_every_share_and_seed() -> None:
    planned = plan(scoring_study())
    assert [(cell.share, cell.seed) for cell in planned.scored] == [(0.1, 0), (0.1, 1), (0.3, 0), (0.3, 1)]
    started = {(e.share, e.seed): e.trial for e in planned.entries if e.trial.start is not None}
    for cell in planned.scored:
        trial, scoring = started[cell.share, cell.seed], cell.scoring
        assert (scoring.start, scoring.dataset, scoring.share) == (trial.start, trial.dataset, trial.share)
        assert (scoring.validation, scoring.normalise) == (trial.validation, trial.normalise)
        assert scoring.seeds == ScoringSeeds(split=trial.seeds.split, share=trial.seeds.share)
    assert len(planned.scorings) == 4
    assert planned.scorings[0].scores == ("ward", "neighbours")


def test_scores_move_no_trial() -> None:
    assert plan(scoring_study()).entries == plan(small_study()).entries


def test_what_no_seed_changes_is_scored_once_a_share() -> None:
    fixed = plan(scoring_study(vary=("weights", "batches"), fixed_seed=7))
    assert len(fixed.scored) == 4
    assert [one.share for one in fixed.scorings] == [0.1, 0.3]
    assert len(plan(scoring_study(vary=("weights", "batches", "share"))).scorings) == 4
    assert len(plan(scoring_study(vary=("weights", "batches", "pretraining"))).scorings) == 4


def test_what_a_study_asks_reaches_its_scorings() -> None:
    asked = {"names": ("logme",), "features": "unpooled", "nonlinearity": "before", "items": 50}
    (one, *_) = plan(scoring_study(scores=asked)).scorings
    assert (one.scores, one.features, one.nonlinearity, one.items) == (("logme",), "unpooled", "before", 50)


def test_maps_are_drawn_at_each_share_with_the_first_seed_and_change_no_other_key() -> None:
    plain, drawn = plan(scoring_study()), plan(scoring_study(scores={"names": ("neighbours", "ward")}))
    assert [one.maps for one in drawn.scorings] == [("pca", "t-sne"), (), ("pca", "t-sne"), ()]
    assert [one.key == other.key for one, other in zip(drawn.scorings, plain.scorings, strict=True)] == [
        False,
        True,
    ] * 2
    fixed = plan(scoring_study(scores={"names": ("ward",), "maps": ("pca",)}, vary=("weights", "batches")))
    assert [one.maps for one in fixed.scorings] == [("pca",), ("pca",)] and len(fixed.scored) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": {"names": ("wart",)}}, "no score is called 'wart'; did you mean 'ward'?"),
        ({"scores": {"names": ("ward",), "maps": ("pca", "pca")}}, "each map once (got pca, pca)"),
        ({"scores": {"names": ("ward", "ward")}}, "each score once (got ward, ward)"),
        (
            {"scores": {"names": ("cka-states",), "maps": ("pca",)}},
            "maps are of layers that are scored before training; add such a score, or leave maps out",
        ),
        (
            {"source": None, "surgeries": {"scratch": "r3"}},
            "scores: there is nothing to score, for the study starts from no source; remove it, or add a source",
        ),
    ],
)
def test_a_study_that_cannot_be_scored_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        scoring_study(**changes)
    assert message in str(caught.value)


def test_a_score_that_needs_a_source_head_is_refused_where_weights_of_others_have_none() -> None:
    with pytest.raises(PlanRefused, match=r"scores: .*leep: only a start that is a trial has a head that learned"):
        plan(scoring_study(source={"weights": "donor.safetensors"}, scores={"names": ("leep",)}))


def test_arms_that_start_from_nothing_leave_nothing_to_score() -> None:
    assert scoring_study().narrowed(Narrowing(arms=(Surgery.parse("r3"),))).scores is None
    assert scoring_study().narrowed(Narrowing(arms=(Surgery.parse("f3"),))).scores is not None


def test_what_is_never_pretrained_is_never_scored() -> None:
    planned = plan(scoring_study())
    start = planned.scored[0].scoring.start
    assert isinstance(start, Trial)
    found = never_scored(planned.scored, {start.key})
    assert found == {cell.scoring.key for cell in planned.scored if cell.seed == 0}


STATES = {"names": ("neighbours", "cka-states"), "maps": ("pca",)}


def test_each_arm_that_keeps_weights_is_held_against_its_start_as_it_was_trained() -> None:
    planned = plan(scoring_study(scores=STATES, controls=("random", "selffer"), shares=(0.3,)))
    after = [cell for cell in planned.scored if cell.arm]
    kept = [e for e in planned.entries if e.arm.start == "own" and e.arm.surgery.needs_start]
    assert [(cell.arm, cell.seed) for cell in after] == [(e.arm.written, e.seed) for e in kept] != []
    for cell, entry in zip(after, kept, strict=True):
        assert (cell.scoring.start, cell.scoring.against) == (entry.trial.start, entry.trial)
        assert (cell.scoring.scores, cell.scoring.maps) == (("cka-states",), ())
        assert entry.trial.key in planned.starts
    first = [cell.scoring for cell in planned.scored if not cell.arm]
    assert {one.scores for one in first} == {("neighbours",)} and first[0].maps == ("pca",)


def test_arms_without_a_layer_or_after_another_training_are_not_held_against_the_start() -> None:
    surgeries = {"short": "f2x1", "chain": "f3>t3", "probe": "f3"}
    planned = plan(scoring_study(scores={"names": ("cka-states",)}, surgeries=surgeries, shares=(0.3,)))
    assert {cell.arm for cell in planned.scored} == {"f3"}


def test_states_of_arms_that_are_never_trained_are_never_compared() -> None:
    planned = plan(scoring_study(scores=STATES, shares=(0.3,)))
    cell = next(cell for cell in planned.scored if cell.arm)
    assert cell.scoring.against is not None
    never = never_scored(planned.scored, {cell.scoring.needed[1].key})
    assert never == {cell.scoring.key}
