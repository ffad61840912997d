"""Our own studies are audited by what they kept: each fault that is put into a sound study is found and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from frostline.analysis.convergence import still_improving, trained_alike
from frostline.analysis.own_audit import own_audit
from frostline.analysis.own_splits import Roster, Sides, in_common
from frostline.analysis.verdicts import Finding
from frostline.execute import execute
from frostline.executors.inline import Inline
from frostline.outcome import Finished, Validation
from frostline.shelf import Shelf
from frostline.spec.dataset import Dataset
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.spec.trial import Trial
from frostline.store import Store
from tests.test_task_reports import study_of
from tests.trials import settle, small_study

ITEM = "training, validation and test part share no item"
GROUP = "training, validation and test part share no group"
REAL = "no item is synthetic"
INSIDE = "validation is part of the share"
STARTS = "no start has learned from a test item"
NEAR = "near duplicates across the split are none, or too few to matter"
BUDGET = "one budget for all arms"
RULE = "every run ended by its budget or its patience, as its recipe says"
LONG = "long enough training"
CHAIN = "equal steps in all"


@dataclass(frozen=True)
class Ran:
    """A study that was run, its outcomes and the folder that keeps them."""

    study: Study
    plan: Plan
    outcomes: Mapping[str, Finished]
    folder: Path

    def found(self) -> dict[str, Finding]:
        return {finding.subject: finding for finding in own_audit(self.study, self.plan, self.outcomes, self.folder)}

    def trial(self, share: float, arm: str = "r3") -> Trial:
        return next(e.trial for e in self.plan.entries if (e.share, str(e.arm.surgery)) == (share, arm))

    def alike(self, trial: Trial) -> list[str]:
        digest = self.outcomes[trial.key].split_digest
        return [key for key, outcome in self.outcomes.items() if outcome.split_digest == digest]

    def tamper(self, trial: Trial, change: Callable[[dict[str, np.ndarray]], Mapping[str, np.ndarray]]) -> None:
        """Changes what is kept of ``trial`` and of those that were split like it."""
        shelf = Shelf(self.folder)
        for key in self.alike(trial):
            kept = shelf.predictions(key)
            shelf.keep_predictions(key, kept | dict(change(kept)))

    def items(self, change: Callable[[dict[str, np.ndarray]], Mapping[str, np.ndarray]]) -> None:
        """Changes what is kept of the items of the one dataset."""
        shelf, digest = Shelf(self.folder), next(iter(self.outcomes.values())).data_digest
        kept = shelf.items(digest)
        shelf.keep_items(digest, kept | dict(change(kept)))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A small study without a fault: two arms, two shares, one seed, and the pretraining."""
    study = small_study(surgeries={"scratch": "r3", "FR": "f1r2"}, seeds=1)
    wanted, folder = plan(study), tmp_path_factory.mktemp("study")
    with Store(folder) as store, Inline() as pool:
        settle(store)
        for _ in execute(study, wanted, store, pool):
            pass
        outcomes = store.outcomes()
    return Ran(study, wanted, {key: found for key, found in outcomes.items() if isinstance(found, Finished)}, folder)


@pytest.fixture
def ran(sound: Ran, tmp_path: Path) -> Ran:
    """The sound study in a folder of its own, to be tampered with."""
    return replace(sound, folder=Path(shutil.copytree(sound.folder, tmp_path / "study")))


def test_a_sound_study_holds_in_every_respect(sound: Ran) -> None:
    found = sound.found()
    del found[LONG]
    assert {subject: finding.verdict for subject, finding in found.items()} == dict.fromkeys(
        (ITEM, REAL, INSIDE, STARTS, NEAR, BUDGET, RULE), "holds"
    )
    assert "in 3 splits of 5 trials, against the digests" in found[ITEM].text
    assert "None of the test items of 3 splits of 5 trials has a near duplicate" in found[NEAR].text
    assert "(steps: 6)" in found[BUDGET].text
    assert "Of 5 finished runs, 5 spent their budget" in found[RULE].text


def test_synthetic_items_that_trained_are_told_and_not_denied(sound: Ran) -> None:
    trials = [sound.trial(share, arm) for share, arm in ((0.1, "r3"), (0.1, "f1r2"))]
    told = {trial.key: sound.outcomes[trial.key].model_copy(update={"n_synthetic": 20}) for trial in trials}
    found = replace(sound, outcomes={**sound.outcomes, **told}).found()
    assert REAL not in found
    finding = found["no synthetic item validates or tests"]
    assert finding.verdict == "holds"
    assert "In 2 of 5 trials 20 synthetic items trained beside real ones. Every real item that trained" in finding.text
    more = {trials[0].key: told[trials[0].key].model_copy(update={"n_synthetic": 41})}
    ranged = replace(sound, outcomes={**sound.outcomes, **told, **more}).found()
    assert "In 2 of 5 trials 20 to 41 synthetic" in ranged["no synthetic item validates or tests"].text


def test_nothing_is_audited_before_a_trial_has_finished(sound: Ran) -> None:
    (finding,) = own_audit(sound.study, sound.plan, {}, sound.folder)
    assert (finding.verdict, finding.text) == (
        "unknown",
        "No trial has finished, so that there is nothing to audit yet.",
    )


def test_ids_are_read_from_one_trial_of_a_split_and_answers_from_none(ran: Ran) -> None:
    before = ran.found()
    shelf = Shelf(ran.folder)
    for share in (0.1, 0.3):
        key, *others = ran.alike(ran.trial(share))
        kept = shelf.predictions(key)
        shelf.keep_predictions(key, {name: kept[name] for name in ("test_ids", "learned_ids")})
        for other in others:
            shelf.predictions_path(other).unlink()
    assert ran.found() == before


def test_an_item_that_was_learned_and_tested_is_named(ran: Ran) -> None:
    trial = ran.trial(0.3)
    ran.tamper(trial, lambda kept: {"learned_ids": np.append(kept["test_ids"][:1], kept["learned_ids"][1:])})
    finding, tested = ran.found()[ITEM], Shelf(ran.folder).tested_ids(trial.key)[0]
    assert finding.verdict == "wrong"
    told = f"1 item of trial {trial.key} (digits) in training and in the test part, the first is {tested}."
    assert finding.text.endswith(told)


def test_ids_that_a_trial_did_not_note_are_found(ran: Ran) -> None:
    trial = ran.trial(0.1)
    ran.tamper(trial, lambda kept: {"test_ids": kept["test_ids"][::-1]})
    finding = ran.found()[ITEM]
    told = f"The ids kept of trial {trial.key} (digits) are not those that it noted when it ran."
    assert (finding.verdict, finding.text) == ("wrong", told)


@pytest.mark.parametrize("part", ["test_ids", "learned_ids"])
def test_an_item_that_its_dataset_does_not_have_is_named(ran: Ran, part: str) -> None:
    trial = ran.trial(0.1)
    ran.tamper(trial, lambda kept: {part: np.append(kept[part][:-1], "digits/made/00001")})
    finding = ran.found()[REAL]
    told = f"1 item of trial {trial.key} (digits) not of its data set, the first is digits/made/00001."
    assert (finding.verdict, finding.text) == ("wrong", told)


def grouped(ran: Ran) -> None:
    """Puts the first test item and the first training item of a trial into one group."""
    kept = Shelf(ran.folder).predictions(ran.trial(0.1).key)
    both = [kept["test_ids"][0], kept["learned_ids"][0]]
    ran.items(lambda known: {"groups": np.where(np.isin(known["ids"], both), "a song", known["ids"])})


def test_a_group_on_two_sides_is_named(ran: Ran) -> None:
    grouped(ran)
    finding = ran.found()[GROUP]
    assert finding.verdict == "wrong"
    assert f"1 group of trial {ran.trial(0.1).key} (digits) on two sides, the first is a song" in finding.text


def test_groups_that_stay_whole_are_said_to_hold(ran: Ran) -> None:
    kept = Shelf(ran.folder).predictions(ran.trial(0.1).key)
    ran.items(lambda known: {"groups": np.where(np.isin(known["ids"], kept["test_ids"]), "a song", known["ids"])})
    finding = ran.found()[GROUP]
    assert (finding.verdict, finding.text) == ("holds", "Checked in 3 splits of 5 trials of grouped items.")


def test_a_study_that_parts_groups_by_choice_cannot_speak_of_new_groups(ran: Ran) -> None:
    grouped(ran)
    parting = Dataset(name="esc10", size=8, split="stratified")
    entries, outcomes = [], {}
    for entry in ran.plan.entries:
        if entry.trial.start is None:
            trial = entry.trial.model_copy(update={"dataset": parting})
            entries.append(replace(entry, trial=trial))
            outcomes[trial.key] = ran.outcomes[entry.trial.key]
            shutil.copy(*(Shelf(ran.folder).predictions_path(key) for key in (entry.trial.key, trial.key)))
            outcomes[trial.key] = outcomes[trial.key].model_copy(update={"key": trial.key})
    finding = replace(ran, plan=Plan(tuple(entries)), outcomes=outcomes).found()[GROUP]
    assert finding.verdict == "cannot be shown"
    assert finding.text.startswith("The study parts groups by choice (split: stratified): up to 1 group on")


def test_more_items_than_the_share_allows_are_told(ran: Ran) -> None:
    small, large = ran.trial(0.1), ran.trial(0.3)
    more = Shelf(ran.folder).predictions(large.key)
    ran.tamper(small, lambda _: {"learned_ids": more["learned_ids"]})
    finding, n = ran.found()[INSIDE], ran.outcomes[small.key]
    held = len(more["learned_ids"]) - n.n_train
    told = f"{n.n_train} + {held} items where its share allows {n.n_train} + {n.n_validation}"
    assert finding.verdict == "wrong"
    assert told in finding.text


def test_a_larger_share_without_an_item_of_the_smaller_one_is_told(ran: Ran) -> None:
    small, large = ran.trial(0.1), ran.trial(0.3)
    unused = np.setdiff1d(read_low(ran), Shelf(ran.folder).predictions(large.key)["learned_ids"])[:1]
    ran.tamper(small, lambda kept: {"learned_ids": np.append(unused, kept["learned_ids"][1:])})
    finding = ran.found()[INSIDE]
    assert finding.verdict == "wrong"
    assert finding.text.startswith(f"1 item of trial {small.key} (digits) no longer in the train part of the larger")


def read_low(ran: Ran) -> np.ndarray:
    """Ids of what the pretraining learned from."""
    return Shelf(ran.folder).learned(ran.trial(0.1, "f1r2").ancestors[0].key).ids


def test_a_start_that_learned_from_a_test_item_is_named(ran: Ran) -> None:
    trial = ran.trial(0.1, "f1r2")
    start, tested = trial.ancestors[0], Shelf(ran.folder).tested_ids(trial.key)[:1]
    ran.tamper(start, lambda kept: {"learned_ids": np.append(kept["learned_ids"], tested)})
    finding = ran.found()[STARTS]
    assert finding.verdict == "wrong"
    told = f"learned by its start, trial {start.key} (digits), the first is {tested[0]}"
    assert told in finding.text


def of_three(trial: Trial, names: str, files: str | None) -> Sides:
    """A dataset of three items of which the first two were learned from and the last was tested."""
    contents = None if files is None else np.array(files.split())
    roster = Roster(np.array(names.split()), np.full(3, -1), None, contents)
    return Sides((trial,), roster, np.array([0]), np.array([1]), np.array([2]), (), True)


@pytest.mark.parametrize(
    ("ours", "theirs", "leaks"),
    [
        (("a b c", "1 2 3"), ("d c e", "3 4 5"), True),
        (("a b c", "1 2 3"), ("d c e", "4 5 6"), False),
        (("a b c", None), ("d c e", None), True),
        (("a b c", None), ("d e f", None), False),
    ],
)
def test_items_of_two_datasets_are_the_same_by_their_files_and_without_files_by_their_ids(
    sound: Ran, ours: tuple[str, str | None], theirs: tuple[str, str | None], leaks: bool
) -> None:
    trial = sound.trial(0.1)
    assert in_common(of_three(trial, *ours), of_three(trial, *theirs)).tolist() == ([2] if leaks else [])


@pytest.mark.parametrize("pretrained", [False, True])
def test_near_duplicates_of_what_a_trial_or_its_start_learned_are_counted_with_examples(
    ran: Ran, pretrained: bool
) -> None:
    trial = ran.trial(0.1, "f1r2")
    learner = trial.ancestors[0] if pretrained else trial
    twin, tested = Shelf(ran.folder).learned(learner.key).ids[0], Shelf(ran.folder).tested_ids(trial.key)[5]
    ran.items(lambda known: {"families": np.where(np.isin(known["ids"], [twin, tested]), 0, -1)})
    finding = ran.found()[NEAR]
    assert finding.verdict == "holds"
    assert finding.text.startswith("Up to 1 of 179 test items (0.559 %) have a near duplicate (planes that differ")
    assert f"for example {tested} and {twin}." in finding.text
    assert "They can move an accuracy by 0.559 points at most; the margin is 1." in finding.text


def test_more_near_duplicates_than_the_margin_leave_the_accuracies_unshown(ran: Ran) -> None:
    shelf, key = Shelf(ran.folder), ran.trial(0.1).key
    alike = [shelf.learned(key).ids[0], *shelf.tested_ids(key)[:3]]
    ran.items(lambda known: {"families": np.where(np.isin(known["ids"], alike), 0, -1)})
    finding = ran.found()[NEAR]
    assert finding.verdict == "cannot be shown"
    assert finding.text.startswith("Up to 3 of 179 test items")


def test_what_near_duplicates_do_to_a_figure_that_is_no_count_is_not_known(ran: Ran, tmp_path: Path) -> None:
    shelf, key = Shelf(ran.folder), ran.trial(0.1).key
    alike = [shelf.learned(key).ids[0], shelf.tested_ids(key)[5]]
    ran.items(lambda known: {"families": np.where(np.isin(known["ids"], alike), 0, -1)})
    numbers = ran.study.model_copy(update={"dataset": study_of("values", tmp_path).dataset})
    finding = replace(ran, study=numbers).found()[NEAR]
    assert finding.verdict == "cannot be shown"
    assert "How far so few items can move CCC is not known, as it is no count of items. Planes" in finding.text


def test_near_duplicates_that_no_trial_learned_from_do_not_count(ran: Ran) -> None:
    tested = Shelf(ran.folder).tested_ids(ran.trial(0.1).key)[:3]
    ran.items(lambda known: {"families": np.where(np.isin(known["ids"], tested), 0, -1)})
    assert ran.found()[NEAR].text.startswith("None of the test items")


def test_a_folder_of_an_older_version_is_said_to_be_unknown(ran: Ran) -> None:
    shutil.rmtree(ran.folder / "items")
    found = ran.found()
    finding = found["the items of every trial"]
    assert finding.verdict == "unknown"
    assert finding.text.startswith("Of 5 of 5 finished trials the folder does not keep the ids of their items")
    assert ITEM not in found and found[RULE].verdict == "holds"


def test_arms_with_another_recipe_are_told(sound: Ran) -> None:
    first, *others = sound.plan.entries
    longer = first.trial.model_copy(update={"recipe": first.trial.recipe.model_copy(update={"rate": 0.5})})
    found = {f.subject: f for f in trained_alike(Plan((replace(first, trial=longer), *others)), {})}
    told = "Arms differ in their recipe at 10 %, seed 0: r3 and f1r2."
    assert (found[BUDGET].verdict, found[BUDGET].text) == ("wrong", told)


def test_what_is_done_with_the_norms_of_frozen_layers_is_no_other_budget(sound: Ran) -> None:
    first, *others = sound.plan.entries
    recipe = others[-1].trial.recipe.model_copy(update={"norms": "tuned"})
    normed = replace(others[-1], trial=others[-1].trial.model_copy(update={"recipe": recipe}))
    found = {f.subject: f for f in trained_alike(Plan((first, *others[:-1], normed)), {})}
    assert found[BUDGET].verdict == "holds"


def test_an_arm_that_trained_twice_on_the_same_items_is_told() -> None:
    chained = plan(small_study(surgeries={"probe": "f3", "probe, then tune": "f3>t3"}, seeds=1))
    found = {f.subject: f for f in trained_alike(chained, {})}
    assert found[BUDGET].verdict == "holds"
    assert found[CHAIN].verdict == "cannot be shown"
    assert "took more steps in all than the others: f3>t3 (6 more)." in found[CHAIN].text


@pytest.mark.parametrize("change", [{"steps": 5}, {"stopped": "patience"}])
def test_a_run_that_ended_elsewhere_than_its_recipe_says_is_named(sound: Ran, change: dict[str, object]) -> None:
    key = sound.trial(0.1).key
    outcomes = {**sound.outcomes, key: sound.outcomes[key].model_copy(update=change)}
    finding = replace(sound, outcomes=outcomes).found()[RULE]
    told = f"1 of 5 runs ended elsewhere than their recipe says, the first is {key}."
    assert (finding.verdict, finding.text) == ("wrong", told)


def of(outcome: Finished, *losses: float, stopped: str = "budget") -> Finished:
    """``outcome`` as if its validations had seen ``losses``."""
    history = tuple(Validation(step=n, train_loss=1.0, loss=loss, score=0.5) for n, loss in enumerate(losses, 1))
    return outcome.model_copy(update={"history": history, "stopped": stopped})


FLAT = (1.0, 0.6, 0.5, 0.51, 0.49, 0.5, 0.52, 0.5, 0.51, 0.5, 0.51, 0.495)


@pytest.mark.parametrize(
    ("losses", "improving"),
    [
        (FLAT, False),
        ((*FLAT[:-1], 0.489), False),
        ((*FLAT[:-1], 0.48), True),
        ((1.0, 0.9, 0.8, 0.7), True),
        ((1.0, 0.5, 0.6, 0.7), False),
        ((1.0, 0.9, 0.7, 0.48, 0.56, 0.55, 0.54, 0.53, 0.52, 0.51), True),
        ((0.9, 0.8, 0.7, 0.48, 0.50, 0.4999, 0.4998, 0.4997, 0.4996, 0.4995), False),
        ((1.0, 0.9, 0.7, 0.48, 0.56, 0.52, 0.57, 0.5, 0.58, 0.51), False),
        ((1.0, 0.9), True),
        ((1.0,), None),
    ],
)
def test_a_run_is_still_improving_where_its_loss_falls_clearly_at_the_cap(
    sound: Ran, losses: tuple[float, ...], improving: bool | None
) -> None:
    outcome = next(iter(sound.outcomes.values()))
    assert still_improving(of(outcome, *losses)) is improving
    assert still_improving(of(outcome, *losses, stopped="patience")) is False


def test_arms_that_did_not_converge_are_counted_by_share(sound: Ran) -> None:
    outcomes = {key: of(outcome, *FLAT) for key, outcome in sound.outcomes.items()}
    flat = {f.subject: f for f in trained_alike(sound.plan, outcomes)}[LONG]
    assert flat.verdict == "holds" and flat.table is None
    outcomes[sound.trial(0.3).key] = of(outcomes[sound.trial(0.3).key], 1.0, 0.9, 0.8)
    falling = {f.subject: f for f in trained_alike(sound.plan, outcomes)}[LONG]
    assert falling.verdict == "cannot be shown"
    assert falling.text.startswith("Not converged: in 1 of 4 cells (an arm at a share) runs were still improving")
    assert "more than 1 % below the lowest one before" in falling.text
    assert falling.table is not None and falling.table.rows == (("r3", "30 %", "1 of 1"),)


def test_runs_that_were_validated_once_are_unknown(sound: Ran) -> None:
    outcomes = {key: of(outcome, 1.0) for key, outcome in sound.outcomes.items()}
    finding = {f.subject: f for f in trained_alike(sound.plan, outcomes)}[LONG]
    assert finding.verdict == "unknown"
    assert "4 runs were validated only once: unknown." in finding.text
