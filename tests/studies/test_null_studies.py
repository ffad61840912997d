"""Whole studies in which nothing is to be found: nothing is claimed, and the page says what was not shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from frostline.analysis.comparisons import competing, gains
from frostline.analysis.dip import dips
from frostline.analysis.estimates import Estimate
from frostline.analysis.findings import Findings
from frostline.analysis.frost_line import Recommendation, recommend
from frostline.analysis.table import table
from frostline.analysis.trend import trends
from frostline.carry_out import Scope, carry_out
from frostline.reporting import Reported, findings_in, reported
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.store import read_outcomes
from tests.trials import small_study

PER_CLASS = {"train": 60, "test": 80}
"""How many images of each class a manifest gives to each part: as many of each, so that no class is likelier."""


def pictures(folder: Path, digits: Sequence[int], draws: np.random.Generator | None = None) -> Path:
    """The manifest of images of ``digits`` in ``folder``; with ``draws`` the labels of each part are shuffled."""
    known = load_digits()
    folder.mkdir()
    rows: list[dict[str, str]] = []
    for digit in digits:
        places = np.flatnonzero(known.target == digit)[: sum(PER_CLASS.values())]
        for rank, place in enumerate(places):
            name = f"{place:04d}.png"
            Image.fromarray((known.images[place] * 15.9).astype(np.uint8)).convert("RGB").save(folder / name)
            rows.append({"path": name, "label": str(digit), "split": "train" if rank < PER_CLASS["train"] else "test"})
    frame = pd.DataFrame(rows)
    if draws is not None:
        frame["label"] = frame.groupby("split")["label"].transform(draws.permutation)
    frame.to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


def study_of(target: Path, source: Path, **changes: object) -> Study:
    """Digits 0 to 4 to digits 5 to 9 as one's own images: four arms, of which one has two names."""
    values: dict[str, object] = {
        "title": "Labels that mean nothing",
        "dataset": {"name": "manifest", "path": str(target), "size": 8},
        "source": {"dataset": {"name": "manifest", "path": str(source), "size": 8}},
        "surgeries": {"scratch": "r3", "FR": {"below": "frozen", "above": "reset"}, "probe": "f3"},
        "shares": (0.3, 1.0),
        "seeds": 8,
        "vary": ("split", "share", "weights", "batches"),
        "recipe": {"steps": 12, "validate_every": 6, "batch": 16, "rate": 5e-3},
    }
    return small_study(**(values | changes))


def carried_out(study: Study, folder: Path) -> tuple[Plan, Findings, Reported]:
    """``study`` run in ``folder``: its plan, what it found, and what its report says."""
    planned = plan(study)
    carry_out(study, Scope(planned, planned), folder, "inline", None)
    frame = table(planned, read_outcomes(folder))
    return planned, findings_in(folder, study, frame), reported(study, planned, folder)


def text_of(page: Path) -> str:
    """What a page says, without its tags, styles and scripts."""
    bare = re.sub(r"(?s)<(script|style|svg).*?</\1>|<[^>]+>", " ", page.read_text(encoding="utf-8"))
    return " ".join(unescape(bare).split())


Ran = tuple[Plan, Findings, Reported]


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The study of shuffled labels, run once: 8 seeds, 4 arms, 2 shares."""
    folder = tmp_path_factory.mktemp("null")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FROSTLINE_CACHE", str(folder / "cache"))
        source = pictures(folder / "source", range(5))
        target = pictures(folder / "target", range(5, 10), np.random.default_rng(0))
        return carried_out(study_of(target, source), folder / "study")


@pytest.mark.slow
def test_labels_that_mean_nothing_leave_every_arm_at_chance(shuffled: Ran) -> None:
    _, findings, told = shuffled
    assert told.failed == 0
    assert set(findings.frame["arm"]) == {"r3", "f1r2", "f2r1", "f3"}
    assert all(one.low < 0.2 < one.high for found in recommend(findings) for one in means_of(found))


@pytest.mark.slow
def test_labels_that_mean_nothing_make_no_claim_although_the_design_could(shuffled: Ran) -> None:
    _, findings, _ = shuffled
    gained, fallen, moved = gains(findings), dips(findings), trends(findings)
    assert len(gained) == 6 and len(fallen) == 2 and len(moved) == 1
    assert all(gain.smallest <= findings.terms.alpha for gain in gained)
    assert not [gain for gain in gained if gain.corrected is None or gain.corrected <= 0.05]
    assert all(found.smallest <= 0.05 for found in fallen) and not [found.shown for found in fallen if found.shown]
    assert all(trend.smallest <= 0.05 < trend.corrected for trend in moved)


@pytest.mark.slow
def test_labels_that_mean_nothing_recommend_nothing_and_rule_nothing_out(shuffled: Ran) -> None:
    _, findings, told = shuffled
    for found in recommend(findings):
        assert (found.chosen, sorted(found.possible)) == (None, ["f1r2", "f2r1", "f3", "r3"])
    assert ["undecided: " in answer for answer in told.answers] == [True, True]


@pytest.mark.slow
def test_the_page_of_labels_that_mean_nothing_says_what_was_not_shown(shuffled: Ran) -> None:
    said = text_of(shuffled[2].page)
    assert "it is undecided which arm to take. No arm is shown, with 95 % confidence" in said
    assert "At 30 % no arm is shown to differ. At 100 % no arm is shown to differ." in said
    assert "that the answer moves with the amount of data is not shown." in said
    assert said.count("that accuracy dips at some depth and recovers is not shown") == 2
    assert "Checked before this page was written: " in said and "wrong (" not in said


def means_of(found: Recommendation) -> list[Estimate]:
    """The means of all candidates, none of which is a single run."""
    means = [candidate.mean for candidate in found.candidates]
    return [mean for mean in means if isinstance(mean, Estimate)]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A study in which one treatment stands under two names, beside scratch and a control; 3 seeds of 1 share."""
    folder = tmp_path_factory.mktemp("twins")
    study = small_study(
        surgeries={"scratch": "r3", "probe": "f3", "FR": {"below": "frozen", "above": "reset", "cuts": (3,)}},
        controls=("random",),
        shares=(0.1,),
        seeds=3,
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FROSTLINE_CACHE", str(folder / "cache"))
        return carried_out(study, folder / "study")


def test_a_treatment_under_two_names_is_run_once_and_never_compared_with_itself(twins: Ran) -> None:
    planned, findings, _ = twins
    own = competing(findings.frame)
    assert sorted(own["arm"].unique()) == ["f3", "r3"]
    assert set(own.loc[own["arm"] == "f3", "names"]) == {"probe = FR cut 3"}
    assert len(own) == own["key"].nunique() == 2 * 3
    assert [(gain.arm, gain.reference, gain.family) for gain in gains(findings)] == [("f3", "r3", 1)]
    assert len(planned.trials) == 3 + 2 * 3 + 3


def test_what_a_report_answers_stands_on_its_page_beside_its_table(twins: Ran) -> None:
    _, findings, told = twins
    assert told.page.name == "report.html" and told.failed == 0
    kept = pd.read_csv(told.page.parent / "table.csv")
    assert list(kept["key"]) == list(findings.frame["key"])
    (answer,) = told.answers
    assert answer in text_of(told.page)
    assert answer.startswith("With 10 % of the target data: ")


def test_a_page_holds_the_audit_the_controls_and_the_regret_of_its_study(twins: Ran) -> None:
    said = text_of(twins[2].page)
    assert "holds : Is one arm counted twice? " in said
    assert "Checked by id in 6 splits of 12 trials, against the digests that the trials noted." in said
    assert "it is not shown that pretraining helps or harms f3: f3 is " in said
    assert "The seeds vary several things together: " in said
    assert "no difference, however large, can be shown by p; that takes at least 6 seeds" in said
    assert "With 10 % of the target data: chosen from the other seeds alone, the arm would have been " in said
    assert "(95 % interval, n = 3 seeds, each left out once)" in said
