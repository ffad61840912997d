"""The page of a study with additions: what they did, what training sets are composed of, how generators fared."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from frostline.analysis.findings import Findings
from frostline.analysis.table import table
from frostline.report.composition_figure import composition_figure, compositions
from frostline.report.generators import MOST_SHEETS, generators_section
from frostline.report.generators_found import Generator, generators_of
from frostline.report.recipes import forging_in_words
from frostline.report.setting import what_was_run
from frostline.report.words import legend, origin
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.spec.synthesis import AdversarialRecipe, Forging
from tests.analysis.forged import forged_findings, forged_study
from tests.analysis.simulated import outcomes, study


@pytest.fixture(scope="module")
def made() -> Study:
    return forged_study(seeds=2, shares=(0.01, 0.1))


@pytest.fixture(scope="module")
def planned(made: Study) -> Plan:
    return plan(made)


@pytest.fixture(scope="module")
def findings(made: Study) -> Findings:
    return forged_findings(made)


def test_the_composition_counts_real_and_synthetic_items_of_every_training_set(findings: Findings) -> None:
    found = {(one.arm, one.share): one for one in compositions(findings)}
    assert len(found) == 10 * 2
    assert found["f3t3 with gan", 0.1].parts == (1600, 1600, 18, 3000)
    assert found["f3t3", 0.01].parts == (160, 0, 18, 3000) and found["f3t3", 0.01].runs == 2
    picture = composition_figure(tuple(found.values()))
    assert picture is not None and picture.name == "composition"
    assert picture.title.endswith("what validates and tests is real")
    assert "f3t3 with gan at 1 %: 160 real and 160 synthetic items (50 % synthetic)." in picture.alt
    assert "r6 with undertrained" in picture.csv and b"validation 18 real, test 3,000 real" in picture.svg


def test_a_study_of_real_items_alone_has_no_composition_to_show() -> None:
    planned = plan(study(seeds=1))
    trained = {key: one for key, one in outcomes(planned).items() if one.status == "finished"}

    assert composition_figure(compositions(Findings(table(planned, trained), trained=trained))) is None
    assert composition_figure(()) is None


def kept(planned: Plan, folder: Path, failed: str | None = None) -> None:
    """Records and sheets of all generators of ``planned``, as a training leaves them."""
    sheet = io.BytesIO()
    Image.new("L", (1600, 800), 128).save(sheet, format="PNG")
    look = {"critic_loss": 1.2, "generator_loss": 0.1, "separation": 0.7, "variety": 0.9, "freedom": 0.8}
    for trial in planned.trials:
        if trial.made is not None:
            home = folder / "generators" / trial.made.generator_key
            home.mkdir(parents=True, exist_ok=True)
            looks = [look | {"step": step} for step in (2, 10, 20, 30, 40)]
            told = {"key": trial.made.generator_key, "learned": ["a", "b"], "split_digest": "s", "looks": looks}
            (home / "record.json").write_text(json.dumps(told | ({"failed": failed, "looks": []} if failed else {})))
            if not failed:
                (home / "samples.png").write_bytes(sheet.getvalue())


@pytest.fixture(scope="module")
def seen(planned: Plan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Generator, ...]:
    folder = tmp_path_factory.mktemp("study")
    kept(planned, folder)
    return generators_of(planned, folder)


def test_a_generator_is_told_once_for_all_that_it_serves(seen: tuple[Generator, ...]) -> None:
    assert [(one.name, one.seeds) for one in seen if one.synthesis.share == 0.1] == [
        ("gan, shuffled at 10 %", (0,)), ("gan, shuffled at 10 %", (1,)),
        ("undertrained at 10 %", (0,)), ("undertrained at 10 %", (1,)),
    ]  # fmt: skip


def test_the_health_of_generators_stands_in_a_table_with_curves_and_samples(seen: tuple[Generator, ...]) -> None:
    section = generators_section(seen)
    assert section.table is not None and len(section.table.rows) == 8
    assert section.table.rows[0] == (
        "1 %", "gan, shuffled", "0", "2", "0.70", "0.90", "0.80",
        "no collapse, no dead critic",
    )  # fmt: skip
    curves, *sheets = section.figures
    assert "undertrained at 10 % (2 generators): after step 40 separation 0.70, variety 0.90." in curves.alt
    assert curves.name == "generator-curves" and len(curves.csv.splitlines()) == 1 + 8 * 5
    assert [sheet.name for sheet in sheets] == ["generator-samples-0", "generator-samples-1"][:MOST_SHEETS]
    assert "of equal conditions: gan, shuffled at 10 %, seed 0" in sheets[0].title
    assert max(len(sheet.svg) for sheet in sheets) < 60_000


def test_how_near_synthetic_items_come_to_real_ones_is_told_where_it_was_measured(
    planned: Plan, tmp_path: Path
) -> None:
    kept(planned, tmp_path)
    (tmp_path / "synthetic").mkdir()
    near = {
        "frechet": 12.5,
        "frechet_of_real": 3.25,
        "precision": 0.5,
        "recall": 0.25,
        "closeness": 0.9,
        "copied": 0.01,
    }
    for trial in planned.trials:
        if trial.made is not None and trial.made.share == 0.1:
            told = json.dumps(near | {"n_made": 500, "n_learned": 500, "n_held": 18})
            (tmp_path / "synthetic" / f"{trial.made.key}.json").write_text(told)
    section = generators_section(generators_of(planned, tmp_path))
    assert "(far below 1 tells of a generator that repeats what it has seen)" in section.paragraphs[0]
    assert section.table is not None and section.table.columns[7] == "Frechet distance (of real)"
    rows = {row[0]: row[7:13] for row in section.table.rows}
    assert rows["10 %"] == ("12.5 (3.25)", "0.50", "0.25", "0.90", "1 %", "500 / 18")
    assert set(rows["1 %"]) == {"\N{EM DASH}"}


def test_a_generator_that_failed_is_told_with_its_reason_and_one_not_yet_made_is_not(
    planned: Plan, tmp_path: Path
) -> None:
    assert generators_of(planned, tmp_path) == () and generators_section(()).empty
    kept(planned, tmp_path, "in 5 looks in a row the critic told every real plane from every synthetic one")
    section = generators_section(generators_of(planned, tmp_path))
    assert not section.figures
    assert section.paragraphs[1].startswith("gan, shuffled at 1 %, seed 0, failed: in 5 looks in a row the critic")
    assert section.paragraphs[1].endswith("Trials that need it fail.")


def test_what_was_run_names_every_addition(made: Study, planned: Plan, findings: Findings) -> None:
    said = " ".join(what_was_run(made, planned, findings.frame))
    assert "With mixup: augmentation of training items only: mixup with weights from Beta(0.2, 0.2)." in said
    assert "With shuffled: as many synthetic items as real ones, conditions shuffled (dealt anew" in said
    told = " ".join(legend(planned))
    assert "trained for as many steps on the same real items, and on what the addition gives beside them." in told
    assert "shuffled is a control of gan, which is never recommended." in told
    assert "Starts of control arms" not in " ".join(origin(made, findings.frame))


def test_a_generator_is_told_with_all_its_numbers() -> None:
    recipe = AdversarialRecipe(passes=10, batch=16, loss="bce", penalty=0)
    said = forging_in_words(Forging(recipe=recipe, number=3200, between=(-1.0, 1.0)))
    assert said == (
        "3,200 synthetic items, conditions uniform between -1 and 1 (those outside the values of the training items "
        "kept), of a generator (latent 100, width 32 to 256) "
        "trained for 10 passes of 16 items, bce loss, rates 0.0002 and 0.0004 (critic)"
    )
    clipped = Forging(recipe=recipe, number=3200, between=(-1.0, 1.0), outside="clipped")
    assert "(those outside the values of the training items brought to the nearest of these)" in forging_in_words(
        clipped
    )
