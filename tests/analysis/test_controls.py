"""What is said of pretraining rests on the matching control, and without it nothing is said."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from frostline.analysis.answers import Answers
from frostline.analysis.control_words import transfer_sentences, transfer_table
from frostline.analysis.controls import TransferEffect, competing, transfer_effect
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.pairs import holm
from frostline.analysis.table import frame_of, table
from frostline.outcome import Failed, Finished
from frostline.spec.plan import Plan, plan
from tests.analysis.simulated import finished, study

OWN, RANDOM, MATCHED, SELFFER, SCRATCH = "f3r3", "f3r3 from random", "f3r3 from matched", "f3r3 from selffer", "r6"
MEANS = {OWN: 0.80, RANDOM: 0.70, MATCHED: 0.75, SELFFER: 0.65, SCRATCH: 0.72}


def planned(**changes: object) -> Plan:
    return plan(study(**{"surgeries": {"cut": OWN}, "shares": (0.1,), "seeds": 8, "controls": "all", **changes}))


def outcomes(made: Plan, means: Mapping[str, float], noise: float = 0.005) -> dict[str, Finished | Failed]:
    """Outcomes with those means, seed by seed a little different, so that no two differences are equal."""
    found: dict[str, Finished | Failed] = {}
    for entry in made.entries:
        draw = np.random.default_rng([entry.seed, *map(ord, entry.arm.written)]).normal(0, noise)
        outcome = finished(entry.trial, float(means.get(entry.arm.written, 0.6) + draw))
        found.setdefault(entry.trial.key, outcome)
    return found


def effects(made: Plan, means: Mapping[str, float] = MEANS, **terms: object) -> tuple[TransferEffect, ...]:
    return transfer_effect(Findings(table(made, outcomes(made, means)), terms=Terms(**terms)))  # type: ignore[arg-type]


def said(made: Plan, means: Mapping[str, float] = MEANS) -> tuple[str, ...]:
    return transfer_sentences(effects(made, means), Terms())


def test_the_arms_that_compete_are_those_of_no_control() -> None:
    frame = table(planned(), {})
    assert list(dict.fromkeys(competing(frame)["arm"])) == [OWN, SCRATCH]
    assert len(competing(frame_of([{"arm": "f3r3", "share": 0.1}]))) == 1


def test_each_control_is_held_against_its_own_arm() -> None:
    (effect,) = effects(planned())
    found = {c.control: (c.arm, c.reference) for c in effect.contrasts}
    assert found == {"random": (OWN, RANDOM), "matched": (OWN, MATCHED), "selffer": (SELFFER, SCRATCH)}
    for contrast, expected in zip(effect.contrasts, (0.10, 0.05, -0.07), strict=True):
        assert contrast.gain is not None
        assert contrast.gain.difference is not None
        assert contrast.gain.difference.value == pytest.approx(expected, abs=0.01)
        assert contrast.gain.seeds == tuple(range(8))


@pytest.mark.parametrize(
    ("own", "reference"), [("t6", "r6"), ("t3x3", "r3x3"), ("f3t3", "f3r3 from random"), ("f6>t6", "f6>t6 from random")]
)
def test_what_trains_all_it_keeps_is_held_against_scratch(own: str, reference: str) -> None:
    (effect,) = effects(planned(surgeries={"one": own}))
    random = effect.by("random")
    assert random is not None
    assert (effect.arm, random.arm, random.reference) == (own, own, reference)
    assert random.gain is not None


def test_parting_is_judged_only_where_nothing_else_differs_from_scratch() -> None:
    for own in ("f3x3", "f6>t6"):
        (effect,) = effects(planned(surgeries={"one": own}))
        assert [contrast.control for contrast in effect.contrasts] == ["random", "matched"]


@pytest.mark.parametrize(("family", "size"), [("share", 3), ("study", 6)])
def test_all_comparisons_with_controls_are_one_family(family: str, size: int) -> None:
    found = [c.gain for e in effects(planned(shares=(0.1, 0.3)), family=family) for c in e.contrasts]
    gains = [gain for gain in found if gain is not None]
    assert {gain.family for gain in gains} == {size}
    told = [gain.corrected for gain in gains]
    raw = [gain.p for gain in gains if gain.p is not None]
    expected = holm(raw) if family == "study" else (*holm(raw[:3]), *holm(raw[3:]))
    assert told == list(expected)


def test_a_difference_beyond_chance_is_claimed_with_its_interval_and_its_p() -> None:
    random, matched, selffer = said(planned())
    assert random.startswith("At 10 % of the target data pretraining helps f3r3: f3r3 is ")
    assert "points more accurate than f3r3 from random (95 % interval of the difference +" in random
    assert random.endswith(
        "n = 8 pairs of runs); the chance of such a difference if there were none is p = 0.0234, corrected for 3 "
        "comparisons with controls."
    )
    assert " what f3r3 owes to its start is more than the mean and deviation of each tensor of weights: " in matched
    assert " layers that learned together lose when they are parted as in f3r3, and training again does not" in selffer
    assert "f3r3 from selffer is 7" in selffer or "f3r3 from selffer is 6" in selffer
    assert "less accurate than r6" in selffer


def test_many_comparisons_stand_in_a_table_and_only_what_is_shown_is_told() -> None:
    found = effects(planned(shares=(0.1, 0.2, 0.3)), {**MEANS, MATCHED: 0.80})
    table = transfer_table(found, Terms())
    assert table is not None and len(table.rows) == 9
    share, arm, reference, difference, interval, pairs, p, claim = table.rows[0]
    assert (share, arm, reference, pairs, p) == ("10 %", OWN, RANDOM, "8", "0.023")
    assert difference.startswith("+") and interval.startswith("[+") and claim == f"pretraining helps {OWN}"
    sentences = transfer_sentences(found, Terms())
    assert sentences[0] == "Of 9 comparisons with controls 6 of them show a difference; all stand in the table."
    assert len(sentences) == 1 + 6
    assert transfer_table(effects(planned()), Terms()) is None


def test_a_comparison_without_a_common_seed_says_nothing() -> None:
    found = transfer_effect(Findings(table(planned(shares=(0.1, 0.2, 0.3)), {})))
    told = transfer_table(found, Terms())
    assert told is not None and {row[-1] for row in told.rows} == {"nothing: no seed has finished in both"}


def test_overlapping_runs_make_a_control_prove_less() -> None:
    made, close = planned(controls=("random",)), {**MEANS, RANDOM: 0.797}
    apart, overlapping = (effects(made, close, overlap=share)[0].by("random") for share in (0.0, 1 / 3))
    assert apart is not None and apart.gain is not None and overlapping is not None and overlapping.gain is not None
    assert apart.gain.p is not None and overlapping.gain.p is not None and overlapping.gain.p > apart.gain.p


def test_a_single_comparison_is_not_called_corrected() -> None:
    (random, *_) = said(planned(controls=("random",)))
    assert random.endswith(", the only comparison with controls.")


def test_a_difference_the_other_way_is_harm() -> None:
    random, matched, selffer = said(planned(), {OWN: 0.5, RANDOM: 0.6, MATCHED: 0.6, SELFFER: 0.6, SCRATCH: 0.5})
    assert " pretraining harms f3r3: " in random
    assert " f3r3 is worse than fresh weights with the mean and deviation of each tensor of its start: " in matched
    assert " a network trained on the target gains when it is parted as in f3r3 and trained again: " in selffer


def test_a_difference_within_chance_claims_nothing() -> None:
    random, matched, selffer = said(planned(), dict.fromkeys(MEANS, 0.7))
    assert " it is not shown that pretraining helps or harms f3r3: " in random
    assert " the mean and deviation of each tensor of weights alone may explain f3r3: " in matched
    assert " it is not shown that parting layers which learned together costs anything in f3r3: " in selffer


def test_so_few_pairs_that_none_could_show_it_claim_nothing_and_say_how_many_it_takes() -> None:
    (random, *_) = said(planned(seeds=5))
    assert " it is not shown that pretraining helps or harms f3r3: " in random
    assert "no difference, however large, can be shown by p; that takes at least 7 seeds" in random


def test_without_the_matching_control_nothing_is_said() -> None:
    surgeries = {"cut": OWN, "full": "t6", "deep": "f5t1"}
    assert said(planned(surgeries=surgeries, controls=())) == (
        "Nothing is said about whether pretraining helps f3r3, t6, f5t1: no arm is f3r3 from random, r6, f5r1 from "
        "random (controls: [random]).",
    )
    matched, unsaid = said(planned(controls=("matched",)))
    assert "may explain" in matched or "is more than" in matched
    assert unsaid == (
        "Nothing is said about whether pretraining helps f3r3: no arm is f3r3 from random (controls: [random])."
    )


def test_pairs_that_a_race_ended_have_no_p_and_claim_nothing() -> None:
    made = planned(controls=("random",))
    kept = outcomes(made, MEANS)
    never = {e.trial.key for e in made.entries if e.arm.written == RANDOM and e.seed > 4}
    frame = table(made, {key: outcome for key, outcome in kept.items() if key not in never}, never)
    (effect,) = transfer_effect(Findings(frame))
    (contrast,) = [contrast for contrast in effect.contrasts if contrast.gain is not None]
    assert contrast.gain is not None
    assert (contrast.gain.p, contrast.gain.corrected, contrast.gain.scratch_stopped) == (None, None, True)
    assert contrast.gain.left_out == ()
    (random,) = transfer_sentences([effect], Terms())
    assert "it is not shown" in random
    assert random.endswith("; a race ended these pairs because of what they showed, so that they prove nothing.")


def test_pairs_without_a_run_or_with_one_say_so() -> None:
    made = planned(controls=("random",))
    kept = outcomes(made, MEANS)
    for most, told in (
        (0, "no seed has finished in both f3r3 and f3r3 from random."),
        (1, "in the only pair of runs,"),
    ):
        gone = {e.trial.key for e in made.entries if e.arm.written == RANDOM and e.seed >= most}
        frame = table(made, {key: outcome for key, outcome in kept.items() if key not in gone})
        (random,) = transfer_sentences(transfer_effect(Findings(frame)), Terms())
        assert told in random
        assert "it is not shown" in random


def test_an_interval_speaks_of_test_items_where_answers_to_them_are_known() -> None:
    made = planned(controls=("random",))
    draw, chance = np.random.default_rng(0), {OWN: 0.8, RANDOM: 0.7, SCRATCH: 0.7}
    book = {e.trial.key: Answers(np.arange(200), draw.random(200) < chance[e.arm.written]) for e in made.entries}
    kept = {e.trial.key: finished(e.trial, float(book[e.trial.key].right.mean())) for e in made.entries}
    (effect,) = transfer_effect(Findings(table(made, kept), book))
    random = effect.by("random")
    assert random is not None
    assert random.gain is not None
    assert getattr(random.gain.difference, "items", None) == 200


def test_loaded_random_weights_and_arms_that_are_no_surgery_are_no_pretraining() -> None:
    row = {"share": 0.1, "seed": 0, "status": "finished", "score": 0.5}
    frame = frame_of([{"arm": "softmax", **row}, {"arm": "f3r3", "start": "random", **row}])
    assert isinstance(frame, pd.DataFrame)
    assert transfer_effect(Findings(frame)) == ()
