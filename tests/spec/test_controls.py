"""Control arms: which ones a study adds, what each starts from, and which would show nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from frostline.errors import StudyFaults
from frostline.spec.arms import Arm
from frostline.spec.axes import counterpart
from frostline.spec.idle import idle_keys
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Narrowing
from frostline.spec.study_file import load_study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Matched, RandomStart, Trial, WeightsFile
from tests.spec.examples import NEW_DIGITS, pretraining, study, transfer

BOTH = {
    "FR": {"below": "frozen", "above": "reset", "cuts": (2,)},
    "F": {"below": "frozen", "above": "tuned", "cuts": (2,)},
}
FILE = {"weights": "donor.safetensors"}


def written(planned: Plan) -> list[str]:
    return [arm.written for arm in planned.arms]


def trial_of(planned: Plan, arm: str, share: float = 0.1, seed: int = 1) -> Trial:
    (found,) = [e.trial for e in planned.entries if (e.arm.written, e.share, e.seed) == (arm, share, seed)]
    return found


def test_a_study_without_controls_plans_what_it_always_did() -> None:
    assert [arm.start for arm in plan(study(surgeries=BOTH)).arms] == ["own", "own"]


def test_every_surgery_that_keeps_weights_gets_each_control_and_scratch_gets_none() -> None:
    planned = plan(study(surgeries={"cut": "f2r2", "scratch": "r4"}, controls="all"))
    assert written(planned) == ["f2r2", "r4", "f2r2 from random", "f2r2 from matched", "f2r2 from selffer"]
    assert str(planned.arms[2]) == "f2r2 from random (cut from random)"
    assert planned == plan(study(surgeries={"cut": "f2r2", "scratch": "r4"}, controls=("selffer", "random", "matched")))


def test_what_is_tuned_from_untrained_weights_is_reset_so_that_two_families_share_one_control() -> None:
    planned = plan(study(surgeries=BOTH, controls=("random",)))
    assert written(planned) == ["f2r2", "f2t2", "r4", "f2r2 from random"]
    assert planned.arms[-1].names == ("FR cut 2 from random", "F cut 2 from random")
    assert [arm.written for arm in planned.arms[:3] if planned.arms[-1].controls(arm)] == ["f2r2", "f2t2"]


@pytest.mark.parametrize(
    ("surgery", "untrained", "start"),
    [
        ("f2t2", "f2r2", "random"),
        ("f2x2", "f2x2", "random"),
        ("t4", "r4", "own"),
        ("t2x2", "r2x2", "own"),
        ("f4>t4", "f4>t4", "random"),
        ("t4>f2t2", "r4>f2t2", "own"),
    ],
)
def test_the_random_control_of_what_freezes_nothing_is_training_from_scratch(
    surgery: str, untrained: str, start: str
) -> None:
    assert counterpart(Surgery.parse(surgery), "random") == (Surgery.parse(untrained), start)


def test_scratch_is_added_under_its_fates_where_it_is_missing() -> None:
    for kind in ("random", "selffer"):
        added = plan(study(surgeries={"truncated": "t2x2"}, controls=(kind,))).arms[1:]
        assert Arm(Surgery.parse("r4"), ("r4",)) in added
    assert written(plan(study(surgeries={"truncated": "t2x2"}, controls=("random",)))) == ["t2x2", "r2x2", "r4"]
    assert written(plan(study(surgeries={"cut": "f2r2"}, controls=("matched",)))) == ["f2r2", "f2r2 from matched"]


def test_each_control_starts_from_what_it_says() -> None:
    planned = plan(study(surgeries={"cut": "f2r2"}, controls="all", head="kept"))
    own = trial_of(planned, "f2r2")
    assert trial_of(planned, "f2r2 from random") == own.model_copy(update={"start": RandomStart(seed=1), "head": "new"})
    assert isinstance(own.start, Trial)
    assert trial_of(planned, "f2r2 from matched") == own.model_copy(update={"start": Matched(start=own.start, seed=1)})
    scratch = trial_of(planned, "r4")
    assert trial_of(planned, "f2r2 from selffer") == own.model_copy(update={"start": scratch, "head": "new"})
    assert scratch.key in planned.starts


def test_a_control_of_a_chain_is_in_the_start_of_its_first_training() -> None:
    trial = trial_of(plan(study(surgeries={"chain": "f4>t4"}, controls="all")), "f4>t4 from random")
    assert trial.predecessor is not None
    assert (str(trial.surgery), trial.head, trial.predecessor.start) == ("t4", "kept", RandomStart(seed=1))


def test_drawn_starts_follow_the_seed_as_pretraining_does() -> None:
    fixed = plan(study(surgeries={"cut": "f2r2"}, controls="all", vary=("weights",), fixed_seed=7))
    assert trial_of(fixed, "f2r2 from random").start == RandomStart(seed=7)
    published = plan(study(surgeries={"cut": "f2r2"}, controls="all", source=FILE))
    assert trial_of(published, "f2r2 from matched").start == Matched(start=WeightsFile(**FILE), seed=1)


def test_what_a_matched_start_is_drawn_from_comes_in_a_wave_before_and_is_kept() -> None:
    planned = plan(study(surgeries={"cut": "f2r2"}, controls=("matched",)))
    trial = trial_of(planned, "f2r2 from matched")
    assert trial.ancestors == trial_of(planned, "f2r2").ancestors != ()
    assert trial in planned.waves[1]
    assert {ancestor.key for ancestor in trial.ancestors} <= planned.starts


def test_drawn_starts_have_one_spelling() -> None:
    for changes in ({"surgery": Surgery.parse("f2t2")}, {"head": "kept"}):
        with pytest.raises(ValidationError, match="untrained start is as good as new; write r, and head: new"):
            transfer(start=RandomStart(seed=0), **changes)


def test_a_matched_start_must_fit_as_the_start_itself_does() -> None:
    four = NEW_DIGITS.model_copy(update={"classes": (5, 6, 7, 8)})
    with pytest.raises(ValidationError, match=r"as many classes as the start has \(5, not 4\)"):
        transfer(start=Matched(start=pretraining(), seed=0), head="kept", dataset=four)


def test_an_arm_of_the_command_line_comes_with_its_controls() -> None:
    whole = study(controls=("random",))
    one = whole.narrowed(Narrowing(arms=(Surgery.parse("f3r1"),)))
    assert written(plan(one)) == ["f3r1", "r4", "f3r1 from random"]
    assert {trial.key for trial in plan(one).trials} <= {trial.key for trial in plan(whole).trials}
    assert written(plan(whole.narrowed(Narrowing(arms=(Surgery.parse("r4"),))))) == ["r4"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"surgeries": {"scratch": "r4"}, "source": None, "controls": ("random",)},
            "controls: there is nothing to control, for no surgery keeps weights of a source; remove it, or add a "
            "source and a surgery that keeps some",
        ),
        (
            {"source": {**FILE, "origin": "random"}, "controls": "all"},
            "controls: random shows what pretraining does, and the weights of the source are random; leave it out",
        ),
        (
            {"source": {"dataset": {"name": "digits", "classes": (5, 6, 7, 8, 9)}}, "controls": ("selffer",)},
            "controls: selffer starts from a network trained on the target, and so does the source; leave it out",
        ),
        ({"controls": ("random", "random")}, "controls: random stands more than once; name each once"),
    ],
)
def test_controls_that_would_show_nothing_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        study(**changes)
    assert told in str(refused.value)


def test_an_unknown_kind_of_control_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("controls: [rnadom]\n", encoding="utf-8")
    with pytest.raises(StudyFaults, match=r"controls.*'rnadom' is none of 'random', 'matched', 'selffer'"):
        load_study(file)
    file.write_text("controls: every\n", encoding="utf-8")
    said = r"controls.*must be 'all' or a list of kinds, such as \[random, matched\] \(got 'every'\)"
    with pytest.raises(StudyFaults, match=said):
        load_study(file)


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ({"controls": ()}, ["names nothing; remove it"]),
        (
            {"controls": ("random",), "surgeries": {"scratch": "r2", "full": "t2"}},
            ["random adds no arm, for no surgery freezes a layer and scratch is there; leave it out"],
        ),
        ({"controls": ("random",), "surgeries": {"full": "t2"}}, []),
        ({"controls": ("random",), "surgeries": {"scratch": "r2", "cut": "f1r1"}}, []),
        ({"controls": ("matched",), "source": FILE, "vary": ("pretraining",), "fixed_seed": 1}, []),
        (
            {"controls": ("selffer",), "source": FILE, "vary": ("pretraining",)},
            ["pretraining has no effect, for the study makes none of its own; remove it"],
        ),
        ({"controls": ("random",), "evidence": "race", "surgeries": {"cut": "f1r1"}}, []),
    ],
)
def test_controls_that_add_nothing_are_told_and_drawn_starts_use_their_seed(
    plain: dict[str, object], told: list[str]
) -> None:
    content = {"network": {"name": "plain_cnn", "depth": 2}, **plain}
    assert [message for _, message in idle_keys(content)] == told
