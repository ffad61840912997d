"""What a report is made of: the outcomes of a study, the answers to its test items, and the terms that it declares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frostline.analysis.frost_line import recommend, sentence
from frostline.analysis.table import table
from frostline.augmentation.conditions import Outside
from frostline.augmentation.gan_files import RECORD
from frostline.augmentation.synthesize import GeneratorRecord, generator_folder
from frostline.reporting import WARNINGS, findings_in, terms_of, warnings_of
from frostline.shelf import Shelf
from frostline.spec.plan import plan
from tests.analysis.simulated import FEW, outcomes, study

FOLDED: dict[str, object] = {
    "dataset": {"name": "esc10", "size": 32},
    "source": None,
    "surgeries": {"scratch": "r6"},
    "vary": ("split", "weights"),
}


def test_the_terms_are_those_that_the_study_declares() -> None:
    terms = terms_of(study(level=0.9, margin=0.02, family="study"))
    assert (terms.level, terms.margin, terms.family, terms.overlap) == (0.9, 0.02, "study", 0.0)


def test_runs_on_turning_folds_overlap_by_one_fold_to_those_that_are_learned_from() -> None:
    folded = study(**FOLDED)
    assert folded.dataset.fold_count == 5
    assert terms_of(folded).overlap == pytest.approx(1 / 3)
    assert terms_of(folded.model_copy(update={"vary": ("weights",)})).overlap == 0.0


def test_folds_of_unequal_size_are_corrected_as_the_seed_that_tests_most_beside_what_it_learns_from() -> None:
    folded = study(**FOLDED | {"dataset": {"name": "gtzan", "size": 32}, "seeds": 5})
    sizes = [sum(fold) for fold in folded.dataset.card.fold_counts]
    assert len(set(sizes)) > 1
    ratios = [test / (sum(sizes) - test - sizes[(fold + 1) % 5]) for fold, test in enumerate(sizes)]
    assert terms_of(folded).overlap == pytest.approx(max(ratios))


def test_the_answers_that_a_folder_keeps_are_what_the_recommendation_speaks_of(tmp_path: Path) -> None:
    made = study(surgeries=FEW, shares=(0.1,), seeds=3)
    planned, shelf = plan(made), Shelf(tmp_path)
    known, ids = outcomes(planned), np.array([f"item {number:03d}" for number in range(200)])
    for entry in planned.entries:
        right = np.random.default_rng(entry.seed).random(200) < 0.8 + 0.02 * entry.arm.surgery.frozen_depth
        logits = np.stack([right, ~right], axis=1).astype(np.float32)
        shelf.keep_predictions(
            entry.trial.key, {"test_ids": ids, "targets": np.zeros(200, dtype=np.int64), "logits": logits}
        )
    findings = findings_in(tmp_path, made, table(planned, known))
    assert len(findings.book) == len(planned.entries)
    assert "(n = 3 seeds, 200 test items)" in sentence(recommend(findings)[0])
    failed = {key: outcome for key, outcome in known.items() if key != planned.entries[0].trial.key}
    assert planned.entries[0].trial.key not in findings_in(tmp_path, made, table(planned, failed)).book


def test_conditions_where_nothing_was_learned_are_warned_of_a_few_times_and_then_counted(tmp_path: Path) -> None:
    forging = {"recipe": {"steps": 40}, "number": 7, "between": (1, 9)}
    rated = {"dataset": {"name": "deam", "size": 32}, "source": None, "surgeries": {"scratch": "r6"}, "shares": (1.0,)}
    planned = plan(study(**rated, seeds=5, additions={"gan": {"synthesis": forging}}))
    assert warnings_of(planned, tmp_path) == ()
    made = [entry.trial.made for entry in planned.entries if entry.trial.made is not None]
    for one in made:
        outside = Outside(synthesis=one.key, outside=3, asked=7, clipped=False, low=(2.0,), high=(8.0,))
        record = GeneratorRecord(key="k", learned=("a",), split_digest="d", outside=(outside,))
        home = generator_folder(tmp_path, one)
        home.mkdir(parents=True)
        (home / RECORD).write_text(record.model_dump_json())
    first, *_, last = warned = warnings_of(planned, tmp_path)
    assert len(made) == 5 and len(warned) == WARNINGS + 1
    assert first.startswith("gan at 100 %, seed 0: 3 of 7 conditions lie outside the training items, whose values go")
    assert last == "2 more warnings like these stand on the page"
