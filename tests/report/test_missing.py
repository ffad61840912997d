"""What could not be used and what has not finished is told before anything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from frostline.analysis.findings import Findings
from frostline.analysis.table import table
from frostline.report.missing import completeness, left_out, troubles
from frostline.report.page import page, write_report
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.store import Store
from tests.analysis.simulated import FEW, outcomes, study, without


def sounds(**changes: object) -> Study:
    given = {"dataset": {"name": "esc10", "size": 64}, "source": {"weights": "donor.safetensors"}}
    return study(**{**given, "surgeries": {"half": "f3t3"}, "shares": (1.0,), "seeds": 1, **changes})


def facts(made: Study, *files: str) -> dict[str, str]:
    """What the store of ``made`` keeps where ``files`` were left out."""
    return {f"left out of {made.dataset.reading}": "\n".join(files)}


def damaged(count: int) -> list[str]:
    return [f"audio/{i}.wav: holds no sample" for i in range(count)]


@pytest.mark.parametrize(
    ("count", "said", "listed", "more"),
    [
        (0, "No file of esc10 was left out.", 0, 0),
        (1, "1 file of esc10 could not be used and was left out.", 1, 0),
        (20, "20 files of esc10 could not be used and were left out.", 20, 0),
        (25, "25 files of esc10 could not be used and were left out.", 20, 5),
    ],
)
def test_files_that_could_not_be_used_are_counted_and_the_first_are_named(
    count: int, said: str, listed: int, more: int
) -> None:
    (found,) = left_out(plan(sounds()), facts(sounds(), *damaged(count)))
    assert (found.said, list(found.files), found.more) == (said, damaged(count)[:listed], more)


def test_nothing_is_said_of_datasets_that_the_plan_does_not_read_or_that_do_not_lie_in_files() -> None:
    other = sounds(dataset={"name": "esc50", "size": 64})
    assert left_out(plan(sounds()), facts(other, *damaged(1)) | {"data of fashion_mnist": "abc"}) == []


def test_two_readings_of_one_dataset_are_told_apart() -> None:
    source = {"dataset": {"name": "esc10", "size": 64, "spectrogram": {"bands": 64}}}
    made = sounds(source=source)
    pretraining = made.model_copy(update={"dataset": plan(made).waves[0][0].dataset})
    found = left_out(plan(made), facts(made) | facts(pretraining, *damaged(1)))
    assert {one.said for one in found} == {
        f"No file of {made.dataset.reading} was left out.",
        f"1 file of {pretraining.dataset.reading} could not be used and was left out.",
    }


def test_the_page_lists_files_left_out_before_the_figures() -> None:
    planned = plan(sounds())
    found = Findings(table(planned, outcomes(planned)))
    html = page(sounds(), planned, found, facts(sounds(), *damaged(21), "<b>.wav: is empty"))
    assert html.index("<summary>22 files of esc10") < html.index("<li>audio/19.wav: holds no sample</li>")
    assert html.index("<li>and 2 more</li>") < html.index("<h2>Figures</h2>")
    assert "<b>" not in html


def test_a_report_reads_from_its_store_what_was_left_out(tmp_path: Path) -> None:
    made, planned = sounds(), plan(sounds())
    with Store(tmp_path) as store:
        store.hold(facts(made, "audio/a.wav: holds no sample"), "Name another folder.")
    path = write_report(made, planned, Findings(table(planned, {})), tmp_path)
    assert "<summary>1 file of esc10 could not be used and was left out.</summary>" in path.read_text(encoding="utf-8")


def test_pretrainings_are_called_finished_only_where_a_trial_that_started_from_them_proves_it() -> None:
    planned = plan(study(seeds=2))
    frame = table(planned, outcomes(planned))
    assert "so have the 2 pretrainings" in completeness(planned, frame)
    scratch = replace(planned, entries=tuple(e for e in planned.entries if str(e.arm.surgery) == "r6"))
    assert completeness(planned, table(scratch, outcomes(scratch))) == (
        "Nothing: all 4 trials of the study have finished."
    )
    assert completeness(planned, frame.assign(status="missing")).endswith("Its pretrainings are not counted here.")


def test_earlier_steps_of_chains_are_no_pretrainings_and_count_where_they_are_arms() -> None:
    chains = plan(sounds(surgeries={"both": "f6>t6"}, seeds=2))
    frame = table(chains, outcomes(chains))
    assert completeness(chains, frame).endswith("and so have the 2 earlier steps of chains that they start from.")
    absent = completeness(chains, frame.assign(status="missing"))
    assert absent.endswith("Its earlier steps of chains are not counted here.")
    arms = plan(sounds(surgeries={"probe": "f6", "both": "f6>t6"}, seeds=2))
    told = completeness(arms, table(arms, outcomes(arms)))
    assert told == "Nothing: all 4 trials of the study have finished."


def test_a_chain_on_a_pretraining_of_the_study_tells_of_both() -> None:
    planned = plan(study(surgeries={"both": "f6>t6"}, seeds=1, shares=(0.1,)))
    told = completeness(planned, table(planned, outcomes(planned)))
    assert "and so has the pretraining that they start from, and so has the earlier step of a chain that" in told


def stopped_at(planned: Plan, arms: set[str], seeds: set[int]) -> set[str]:
    return {e.trial.key for e in planned.entries if str(e.arm.surgery) in arms and e.seed in seeds}


def test_trials_that_a_race_never_runs_are_not_called_missing() -> None:
    planned = plan(study(surgeries=FEW, shares=(0.1,)))
    kept = without(outcomes(planned), planned, "r6", {3, 4})
    frame = table(planned, kept, stopped_at(planned, {"r6"}, {3, 4}))
    assert completeness(planned, frame) == (
        "Nothing: all 23 trials that the race called for have finished, and so have the 5 pretrainings that they start "
        "from. 2 trials were not run, for the race had ruled out their arms."
    )
    assert troubles(frame) == []
    one = table(planned, without(outcomes(planned), planned, "r6", {4}), stopped_at(planned, {"r6"}, {4}))
    assert completeness(planned, one).endswith("1 trial was not run, for the race had ruled out its arm.")


def test_a_race_that_is_not_complete_tells_what_is_missing_beside_what_is_never_run() -> None:
    planned = plan(study(surgeries=FEW, shares=(0.1,)))
    kept = without(without(outcomes(planned), planned, "r6", {3, 4}), planned, "f4r2", {4})
    frame = table(planned, kept, stopped_at(planned, {"r6"}, {3, 4}))
    assert completeness(planned, frame).startswith(
        "Of 25 trials of the study: 0 failed, 1 missing, 22 finished, 2 not run, for the race had ruled out their arms."
    )
    assert troubles(frame) == ["missing (never run, or not yet): f4r2 at 10 %, seed 4"]


def test_starts_that_only_stopped_trials_need_are_not_expected() -> None:
    planned = plan(sounds(surgeries={"both": "f6>t6", "half": "f3t3"}, seeds=2))
    kept = without(outcomes(planned), planned, "f6>t6", {1})
    told = completeness(planned, table(planned, kept, stopped_at(planned, {"f6>t6"}, {1})))
    assert "all 3 trials that the race called for have finished, and so has the earlier step of a chain" in told
