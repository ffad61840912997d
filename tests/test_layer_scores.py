"""Layers are scored beside the trials that start from them, on training items alone, and kept by their key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from frostline.attempts import Stack, attempt_stack
from frostline.data.planes import preprocessing
from frostline.data.read import read
from frostline.data.splits import SealedSamples, split
from frostline.errors import LeakFound, StoreMismatch
from frostline.execute import execute, unscored
from frostline.executors.inline import Inline
from frostline.executors.processes import Processes
from frostline.job import Job
from frostline.networks.build import build
from frostline.networks.weights import load_into, read_weights
from frostline.outcome import Failed, Finished
from frostline.randomness import stream
from frostline.run import run_trial
from frostline.run_scoring import ScoringJob, run_scoring
from frostline.scored import Ended, Scored
from frostline.scoring.score import score_layers
from frostline.shelf import Shelf
from frostline.spec.plan import Plan, plan
from frostline.spec.scoring import Scoring
from frostline.spec.study import Study
from frostline.spec.trial import Matched, RandomStart
from frostline.start import fit_of
from frostline.store import Store, read_outcomes, read_scores
from frostline.summary import plan_summary, scores_summary
from tests.trials import HIGH, TINY_CNN, job, pretraining, settle, small_study


def small() -> Study:
    """A study of one arm at one share, with one cheap score."""
    return small_study(surgeries={"probe": "f3"}, shares=(0.3,), scores={"names": ("neighbours",), "maps": ()})


def run_all(folder: Path, executor: Inline | Processes, study: Study | None = None) -> Plan:
    wanted = study or small()
    planned = plan(wanted)
    with Store(folder) as store, executor as pool:
        settle(store)
        for _ in execute(wanted, planned, store, pool):
            pass
    return planned


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the small study has run, scores and all."""
    folder = tmp_path_factory.mktemp("scored")
    run_all(folder, Inline())
    return folder


def scoring(**changes: object) -> Scoring:
    values: dict[str, object] = {
        "dataset": HIGH,
        "network": TINY_CNN,
        "start": pretraining(),
        "scores": ("neighbours",),
        "share": 0.3,
    }
    return Scoring.model_validate(values | changes)


def test_every_scoring_of_a_plan_is_kept_beside_the_trials_and_apart_from_them(ran: Path) -> None:
    planned, scores = plan(small()), read_scores(ran)
    assert scores.keys() == {one.key for one in planned.scorings}
    assert read_outcomes(ran).keys() == {trial.key for trial in planned.trials}
    for found in scores.values():
        assert isinstance(found, Scored)
        assert [one.layer for one in found.scores] == ["conv1", "conv2", "conv3"]
        assert (found.start, {one.n for one in found.scores}) == ("self-pretrained", {found.n_train})


def test_scores_are_of_the_donor_on_the_training_items_of_the_share_that_transfers_see(ran: Path) -> None:
    asked = plan(small()).scorings[0]
    trial = next(e.trial for e in plan(small()).entries if e.trial.start == asked.start)
    found, transferred = read_scores(ran)[asked.key], read_outcomes(ran)[trial.key]
    assert isinstance(found, Scored) and isinstance(transferred, Finished)
    assert (found.split_digest, found.data_digest) == (transferred.split_digest, transferred.data_digest)
    assert (found.start_digest, found.n_train) == (transferred.start_digest, transferred.n_train)
    start = pretraining()
    donor, path = build(start.network, fit_of(start), seed=0), Shelf(ran).weights_path(start.key)
    load_into(donor, read_weights(path), path)
    train = split(read(HIGH.reading), trial).train
    planes = preprocessing(HIGH, "unit", train).planes(train)
    assert score_layers(donor, planes, train.targets, asked, stream(0, "scores")) == found.scores


def test_the_test_part_stays_sealed_while_layers_are_scored(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: SealedSamples) -> None:
        raise AssertionError("the test part was opened")

    monkeypatch.setattr(SealedSamples, "open", refused)
    assert run_scoring(ScoringJob(scoring(), ran)) == read_scores(ran)[scoring().key]


def test_a_start_that_learned_from_a_test_item_is_not_scored(tmp_path: Path) -> None:
    run_trial(job(pretraining(), tmp_path))
    shelf = Shelf(tmp_path)
    arrays = shelf.predictions(pretraining().key)
    tested = split(read(HIGH.reading), scoring()).test.ids
    shelf.keep_predictions(pretraining().key, arrays | {"learned_ids": tested})
    with pytest.raises(LeakFound, match=r"what its start .* learned from"):
        run_scoring(ScoringJob(scoring(), tmp_path))


@pytest.mark.parametrize(
    ("start", "kind"), [(RandomStart(seed=1), "random"), (Matched(start=pretraining(), seed=1), "matched")]
)
def test_drawn_starts_are_scored_and_told_as_what_they_are(ran: Path, start: object, kind: str) -> None:
    found = run_scoring(ScoringJob(scoring(start=start), ran))
    assert (found.start, "seed 1" in found.start_told[-1]) == (kind, True)


def test_the_head_of_a_start_is_scored_with_the_classes_that_it_learned(ran: Path) -> None:
    found = run_scoring(ScoringJob(scoring(scores=("nce", "leep")), ran))
    assert [(one.layer, one.score) for one in found.scores] == [("head", "nce"), ("head", "leep")]
    assert all(one.value is not None for one in found.scores)


@pytest.mark.slow
def test_processes_score_as_one_process_does(tmp_path: Path, ran: Path) -> None:
    run_all(tmp_path, Processes(2))
    assert read_scores(tmp_path) == read_scores(ran)


def test_scores_that_are_asked_for_later_are_computed_and_nothing_is_trained_again(tmp_path: Path) -> None:
    run_all(tmp_path, Inline(), small().model_copy(update={"scores": None}))
    wanted = small()
    with Store(tmp_path) as store, Inline() as pool:
        assert len(unscored(plan(wanted), store.scores())) == 2
        ended = list(execute(wanted, plan(wanted), store, pool))
        assert all(isinstance(one, Scored) for one in ended) and len(ended) == 2
        assert list(execute(wanted, plan(wanted), store, pool)) == []


class Backwards(Inline):
    """Stacks of a wave in the opposite order."""

    def map(self, stacks: Sequence[Stack]) -> Iterator[tuple[Ended, ...]]:
        return super().map(list(reversed(stacks)))


def test_a_start_whose_weights_are_gone_is_trained_again_before_it_is_scored(tmp_path: Path) -> None:
    wanted = small()
    run_all(tmp_path, Inline(), wanted.model_copy(update={"scores": None}))
    for key in plan(wanted).starts:
        Shelf(tmp_path).weights_path(key).unlink()
    run_all(tmp_path, Backwards())
    assert {one.status for one in read_scores(tmp_path).values()} == {"scored"}


class WithoutStarts(Inline):
    """Fails every trial that has no start."""

    def map(self, stacks: Sequence[Stack]) -> Iterator[tuple[Ended, ...]]:
        for stack in stacks:
            first = stack[0]
            if isinstance(first, Job) and first.trial.start is None:
                yield (Failed(key=first.trial.key, error="broken on purpose", traceback=""),)
            else:
                yield attempt_stack(stack)


def test_a_scoring_whose_start_failed_fails_with_its_reason_and_is_tried_again(tmp_path: Path, ran: Path) -> None:
    planned = run_all(tmp_path, WithoutStarts())
    failed = [one for one in read_scores(tmp_path).values() if isinstance(one, Failed)]
    assert len(failed) == 2 and read_outcomes(tmp_path).keys().isdisjoint(one.key for one in failed)
    assert {one.error.split(" failed: ")[1] for one in failed} == {"broken on purpose"}
    told = scores_summary(planned, read_scores(tmp_path))
    assert told[0] == "layer scores: 0 scored, 2 failed, 0 missing"
    assert told[1] == f"  failed {failed[0].key}: {failed[0].error}"
    run_all(tmp_path, Inline())
    assert read_scores(tmp_path) == read_scores(ran)


def test_a_scoring_that_cannot_be_had_fails_in_words_and_raises_nothing(tmp_path: Path) -> None:
    (found,) = attempt_stack((ScoringJob(scoring(), tmp_path),))
    assert isinstance(found, Failed) and (found.what, found.key) == ("scoring", scoring().key)
    assert pretraining().key in found.error


def test_scores_of_other_data_are_not_kept(tmp_path: Path) -> None:
    class Elsewhere(Inline):
        def map(self, stacks: Sequence[Stack]) -> Iterator[tuple[Ended, ...]]:
            for found in super().map(stacks):
                yield tuple(
                    one.model_copy(update={"data_digest": "0"}) if isinstance(one, Scored) else one for one in found
                )

    with pytest.raises(StoreMismatch, match=r"scoring .* read other data than the study began with"):
        run_all(tmp_path, Elsewhere())
    assert read_scores(tmp_path) == {}


def test_scores_are_equal_in_everything_but_their_time(ran: Path) -> None:
    one = next(iter(read_scores(ran).values()))
    assert isinstance(one, Scored)
    assert one == one.model_copy(update={"seconds": 1e9})
    assert one != one.model_copy(update={"n_train": 1})


def test_a_plan_and_its_state_count_scorings() -> None:
    told = plan_summary(small(), plan(small())).splitlines()
    assert told[-1] == "layer scores before training: neighbours; 2 scorings"
    planned = plan(small())
    assert scores_summary(planned, {}) == ["layer scores: 0 scored, 0 failed, 2 missing"]
    assert scores_summary(planned, {}, planned.starts) == ["layer scores: 0 scored, 0 failed, 0 missing, 2 not run"]
    assert scores_summary(plan(small_study()), {}) == []


def test_layers_of_trained_arms_are_held_against_their_start_after_the_last_wave(tmp_path: Path) -> None:
    asked = small_study(
        surgeries={"probe": "f3", "full": "t3"}, shares=(0.3,), seeds=1, scores={"names": ("cka-states",)}
    )
    planned = run_all(tmp_path, Inline(), asked)
    scores = read_scores(tmp_path)
    by_arm = {cell.arm: scores[cell.scoring.key] for cell in planned.scored}
    probe, full = by_arm["f3"], by_arm["t3"]
    assert isinstance(probe, Scored) and isinstance(full, Scored)
    assert [one.value for one in probe.scores] == pytest.approx([1.0] * 3)
    assert all(one.value is not None and 0 < one.value < 0.99999 for one in full.scores)
    assert [one.layer for one in full.scores] == ["conv1", "conv2", "conv3"]
    assert all(Shelf(tmp_path).weights_path(cell.scoring.needed[1].key).exists() for cell in planned.scored)
    assert "layer scores before and after training: cka-states; 2 scorings" in plan_summary(asked, planned)


def test_what_a_trained_arm_is_scored_for_fails_where_its_training_does(tmp_path: Path) -> None:
    asked = small_study(surgeries={"full": "t3"}, shares=(0.3,), seeds=1, scores={"names": ("cka-states",)})
    planned = plan(asked)
    full = planned.entries[0].trial
    with Store(tmp_path) as store, Inline() as pool:
        settle(store)
        broken = Broken(pool, full.key)
        ended = list(execute(asked, planned, store, broken))
    (failed,) = [one for one in ended if isinstance(one, Failed) and one.what == "scoring"]
    assert failed.error == f"the trial that it scores, {full.key} failed: broken"


class Broken:
    """An executor that does all but one trial, which fails."""

    def __init__(self, inside: Inline, key: str) -> None:
        self.inside, self.key = inside, key

    def map(self, stacks: Sequence[Stack]) -> Iterator[tuple[Ended, ...]]:
        for stack in stacks:
            hit = [one for one in stack if isinstance(one, Job) and one.trial.key == self.key]
            if hit:
                yield tuple(Failed(what="trial", key=one.trial.key, error="broken", traceback="") for one in hit)
            else:
                yield from self.inside.map([stack])

    def __enter__(self) -> Broken:
        return self

    def __exit__(self, *_: object) -> None:
        pass
