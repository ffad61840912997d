"""Another network beside that of a study is one more arm: on the same items, by the same recipe, from scratch."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from frostline.analysis.frost_line import in_words
from frostline.analysis.table import cut_points, table
from frostline.errors import PlanRefused, StudyFaults
from frostline.spec.beside import Beside
from frostline.spec.dataset import Dataset
from frostline.spec.idle import idle_keys
from frostline.spec.network import Mlp
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Narrowing
from frostline.spec.study_file import load_study
from frostline.spec.surgery import Surgery
from frostline.summary import plan_summary
from tests.spec.examples import study

DENSE: dict[str, object] = {"network": {"name": "mlp", "depth": 2}}
GREY: dict[str, object] = {**DENSE, "channels": 1}


def planned(**besides: object) -> Plan:
    return plan(study(beside=besides))


def test_another_network_is_one_more_arm_from_scratch_at_every_share_and_seed() -> None:
    made, alone = planned(dense=DENSE), plan(study())
    assert made.entries[: len(alone.entries)] == alone.entries
    more = made.entries[len(alone.entries) :]
    assert [(entry.arm.written, entry.share, entry.seed) for entry in more] == [
        ("dense", share, seed) for share in (0.1, 1.0) for seed in range(3)
    ]
    assert {entry.trial.surgery for entry in more} == {Surgery.parse("r2")}
    assert all(entry.trial.network == Mlp(name="mlp", depth=2) and entry.trial.start is None for entry in more)


def test_it_differs_from_scratch_of_the_study_in_the_network_alone() -> None:
    made = planned(dense=DENSE)
    trials = {e.arm.written: e.trial for e in made.entries if (e.share, e.seed) == (0.1, 2)}
    left, right = (trials[arm].model_dump() for arm in ("r4", "dense"))
    assert {key for key in left if left[key] != right[key]} == {"network", "surgery"}


def test_it_sees_the_planes_and_the_normalisation_that_are_written_for_it() -> None:
    made = planned(dense={**DENSE, "size": 16, "channels": 3, "normalise": "standard"})
    trial = made.entries[-1].trial
    assert trial.dataset == Dataset(name="digits", classes=(5, 6, 7, 8, 9), size=16, channels=3)
    assert trial.normalise == "standard"
    assert made.own[-1].trial.dataset.plane_shape == (1, 8, 8)


def test_planes_as_the_data_are_by_themselves_have_one_spelling() -> None:
    wide = Dataset(name="digits", size=16, channels=3)
    one = Beside.model_validate({**DENSE, "size": 8, "channels": 1})
    assert one.planes_of(wide) == Dataset(name="digits")
    assert Beside.model_validate(DENSE).planes_of(wide) == wide
    stretched = Dataset(name="digits", size=16, resize="interpolate")
    assert Beside.model_validate({**DENSE, "size": 8}).planes_of(stretched) == Dataset(name="digits")


def test_it_competes_and_stands_at_no_cut() -> None:
    given = study(beside={"dense": DENSE})
    frame = table(plan(given), {})
    rows = frame[frame["arm"] == "dense"]
    assert set(rows["control"]) == {""} and set(rows["treatment"]) == {"r2"}
    assert "dense" not in {point.arm for point in cut_points(given)}
    assert in_words("spectrogram transformer") == ""


def test_the_plan_names_it_and_tells_the_budget_of_the_study() -> None:
    given = study(beside={"dense": DENSE})
    said = plan_summary(given, plan(given))
    assert "\n  dense  mlp from scratch\n" in said
    assert "at most 20 steps of batch 64 at the last share" in said


def test_with_chosen_arms_it_is_left_out() -> None:
    few = study(beside={"dense": DENSE}).narrowed(Narrowing(arms=(Surgery.parse("f2r2"),)))
    assert not few.beside and {entry.arm.written for entry in plan(few).entries} == {"f2r2"}


def test_additions_controls_and_norms_are_of_the_own_network_alone() -> None:
    masks = {"augmentation": {"masks": {"time": {"count": 1, "width": 2}}}}
    made = plan(study(beside={"dense": DENSE}, additions={"masks": masks}, controls=("random",)))
    assert [arm.written for arm in made.arms if arm.beside] == ["dense"]
    assert made.entries[-1].trial.augmentation == study().augmentation


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("scratch", "is the name of a surgery as well; call it otherwise"),
        ("r2", "is how a surgery is written; call it otherwise"),
        ("f1t3 from random", "without from, with, norms and cut; call it otherwise"),
        ("a, b", "is called by letters, digits, single spaces, \\+ and -"),
    ],
)
def test_a_name_that_an_arm_cannot_have_is_refused(name: str, why: str) -> None:
    with pytest.raises(ValidationError, match=f"beside.{name}: .*{why}"):
        study(beside={name: DENSE})


def test_every_fault_of_a_file_is_told_under_its_own_keys(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "title: a\nquestion: b\ndataset: {name: digits}\nnetwork: {name: plain_cnn, depth: 2}\n"
        "surgeries: {scratch: r2}\nrecipe: {steps: 20}\nvary: [split, weights]\n"
        "beside:\n"
        "  deep: {network: {name: plain_cnn, depth: 9, pool_every: 1}}\n"
        "  small: {network: {name: mlp}, size: 4}\n"
        "  vit: {network: {name: spectrogram_transformer}, normalise: pretrained}\n"
        "  misspelt: {network: {name: mlp}, recipes: fast}\n"
    )
    with pytest.raises(StudyFaults) as found:
        load_study(path)
    said = str(found.value)
    assert "line 9   beside.deep.network: pooling leaves nothing of 8 x 8 planes at layer conv4" in said
    assert "line 10  beside.small.size: padding cannot shrink 8 to 4; write resize: interpolate" in said
    assert "line 11  beside.vit.normalise" in said
    assert "line 12  beside.misspelt.recipes" in said


@pytest.mark.parametrize("same", [{"channels": 1}, {"size": 8}, {"size": (8, 8)}, {"normalise": "unit"}], ids=str)
def test_a_key_that_says_what_the_study_has_anyway_is_told_as_idle(same: dict[str, object]) -> None:
    (key,) = same
    plain = {"dataset": {"name": "digits"}, "beside": {"dense": {**DENSE, **same}}}
    assert (("beside", "dense", key), "is so in the study; leave it out") in idle_keys(plain)


def test_a_stand_in_may_have_the_planes_that_are_written_for_another_network() -> None:
    coloured = study(dataset=Dataset(name="cifar10"), source=None, surgeries={"scratch": "r4"}, beside={"g": GREY})
    assert plan(coloured.narrowed(Narrowing(stand_ins={"cifar10": "mnist"}))).entries[-1].trial.network == Mlp(
        name="mlp", depth=2
    )


def test_a_network_that_is_there_already_is_refused_however_it_is_written() -> None:
    with pytest.raises(ValidationError, match=r"beside\.again: is what dense is; remove one of them"):
        study(beside={"dense": DENSE, "again": DENSE})
    with pytest.raises(ValidationError, match=r"beside\.square: is what wide is; remove one of them"):
        study(beside={"wide": {**DENSE, "size": 16}, "square": {**DENSE, "size": (16, 16)}})
    own = {"network": {"name": "plain_cnn", "depth": 4, "channels": 8}}
    for same in (own, {**own, "channels": 1}):
        with pytest.raises(ValidationError, match=r"beside\.cnn: is the network of the study; name its training"):
            study(beside={"cnn": same})


def test_synthetic_items_for_all_are_refused_where_networks_differ() -> None:
    forging = {"ratio": 1.0, "recipe": {"steps": 20, "batch": 8}}
    with pytest.raises(ValidationError, match="synthesis: every arm would have synthetic items, and each network a"):
        study(beside={"dense": DENSE}, synthesis=forging)


def test_what_is_measured_for_all_trials_is_of_the_network_of_the_study() -> None:
    short = {"dataset": {"name": "digits", "classes": (0, 1, 2, 3, 4)}, "recipe": {"long": "short"}}
    made = plan(study(surgeries={"cut": "f2t2"}, source=short, recipe="long", beside={"dense": DENSE}))
    assert made.waves[0][-1].network.name == "mlp"
    assert (made.heaviest.network.name, made.heaviest.recipe.steps) == ("plain_cnn", 80)


def test_an_empty_group_is_told_as_idle() -> None:
    assert (("beside",), "names nothing; remove it") in idle_keys({"beside": {}})


def test_what_cannot_be_carried_out_is_told_once_and_by_its_name() -> None:
    three = {"mean": (0.5, 0.5, 0.5), "deviation": (0.2, 0.2, 0.2)}
    with pytest.raises(PlanRefused) as found:
        plan(study(shares=(0.001,), beside={"dense": DENSE, "other": {**DENSE, "channels": 2, "normalise": three}}))
    reasons = str(found.value)
    assert reasons.count("share 0.001 of digits leaves") == 1
    assert "beside.other: normalise: statistics of 3 channels do not fit planes of 2" in reasons
