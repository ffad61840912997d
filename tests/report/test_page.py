"""A report says first what is not there, then the answer, and never a number alone."""

from __future__ import annotations

import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from frostline.analysis.findings import Findings
from frostline.analysis.racing import stopped_by_race
from frostline.analysis.table import table
from frostline.report.page import page, write_report, write_report_of_files
from frostline.report.rows import rows
from frostline.report.words import AFTER_A_RACE, claims
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.way_facts import FACT_IN_WORDS
from tests.analysis.simulated import FEW, failing, outcomes, raced, study, without

TWO: dict[str, object] = {"scratch": "r6", "F": {"below": "frozen", "above": "tuned", "cuts": (2, 4)}}
FIGURES = [
    f"figures/{name}.{ending}"
    for name in ("accuracy-against-cut", "cost", "frost-line", "gain")
    for ending in ("csv", "png", "svg")
]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.fixture(scope="module")
def whole() -> str:
    """The page of a simulated study with three arms, two shares and three seeds, all of it finished."""
    return page_of(study(seeds=3, surgeries=TWO))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report of three arms at one share, two runs each."""
    return written_to(tmp_path_factory.mktemp("written"), small(surgeries=TWO))


def written_to(folder: Path, made: Study) -> Path:
    planned = plan(made)
    return write_report(made, planned, Findings(table(planned, outcomes(planned))), folder).parent


def page_of(made: Study) -> str:
    planned = plan(made)
    return page(made, planned, Findings(table(planned, outcomes(planned))))


def claimed(made: Study) -> str:
    """What the page of ``made`` says of what its intervals speak of."""
    planned = plan(made)
    return " ".join(claims(made, table(planned, outcomes(planned))))


def small(**changes: object) -> Study:
    """The simulated study with one share, two seeds and few arms, for what a page says beside its drawings."""
    return study(**{"shares": (0.1,), "seeds": 2, "surgeries": FEW, **changes})


def test_what_failed_and_what_is_missing_stands_between_the_answer_and_the_figures() -> None:
    made = study(surgeries=FEW, shares=(0.1,))
    planned = plan(made)
    kept = failing(without(outcomes(planned), planned, "f4r2", {1, 2}), planned, "f2t4", "TrainingDiverged: step 40")
    html = page(made, planned, Findings(table(planned, kept)))
    assert "Of 25 trials of the study: 5 failed, 2 missing, 18 finished." in html
    assert "failed: TrainingDiverged: step 40: f2t4 at 10 %, seed 0, 1, 2, 3, 4" in html
    assert "missing (never run, or not yet): f4r2 at 10 %, seed 1, 2" in html
    order = ["The answer", "Trials failed or are missing", "TrainingDiverged", "<figure>", '<table class="sortable">']
    assert sorted(order, key=html.index) == order


def test_a_whole_study_says_that_nothing_is_missing(whole: str) -> None:
    assert (
        "Nothing: all 18 trials of the study have finished, and so have the 3 pretrainings that they start from."
        in whole
    )


def test_a_page_tells_what_was_run_in_a_part_of_its_own(whole: str) -> None:
    told = whole[whole.index("<h2>What was run</h2>") :]
    assert "<li>No augmentation.</li>" in told
    assert "Shares of the target&#39;s training items: 1 %, 10 %." in told


def test_nothing_finished_still_gives_a_page() -> None:
    made = study(surgeries=TWO, seeds=2, shares=(0.1,))
    planned = plan(made)
    html = page(made, planned, Findings(table(planned, {})))
    assert "0 failed, 6 missing, 0 finished" in html
    assert "nothing can be said" in html


def test_hostile_names_stay_text() -> None:
    hostile = '<script>alert("x")</script>'
    surgeries = {
        "scratch": "r6",
        hostile: {"below": "frozen", "above": "reset", "cuts": (2, 4)},
        "$\\frac$": {"below": "frozen", "above": "tuned", "cuts": (2, 4)},
        "<b>": "t6",
        "_hidden": "f3t3",
    }
    html = page_of(study(seeds=2, title=hostile, question=hostile, surgeries=surgeries, shares=(0.1,)))
    tags = [tag for tag, _ in read(html).tags]
    assert tags.count("script") == 1
    assert "b" not in tags
    assert hostile in "".join(read(html).text)


def test_a_page_needs_nothing_beside_it(whole: str) -> None:
    for _, attributes in read(whole).tags:
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))


def test_the_drawings_of_a_page_share_no_id(whole: str) -> None:
    ids = [attributes["id"] for _, attributes in read(whole).tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 0


def test_every_drawing_is_described_and_can_be_fetched_with_its_numbers(whole: str) -> None:
    tags = read(whole).tags
    drawings = [attributes for tag, attributes in tags if tag == "svg"]
    assert [drawing["role"] for drawing in drawings] == ["img"] * 5
    assert all("At 10 %" in str(drawing["aria-label"]) for drawing in drawings)
    for drawing in drawings:
        assert drawing["style"] == f"max-width: {1.5 * float(str(drawing['width']).removesuffix('pt')):g}pt"
    names = [str(attributes["download"]) for _, attributes in tags if "download" in attributes]
    figures = ("frost-line", "accuracy-against-cut", "accuracy-against-share", "gain", "cost")
    assert names == [f"{name}.{ending}" for name in figures for ending in ("svg", "png", "csv")]


def test_every_figure_of_the_table_has_its_interval_and_its_number_of_runs() -> None:
    planned = plan(study())
    kept = without(without(outcomes(planned), planned, "f4r2", {1, 2, 3, 4}), planned, "f2t4", set(range(5)))
    seen = set()
    for row in rows(Findings(table(planned, kept))):
        for cell in (row[3], row[4], row[9]):
            form = re.fullmatch(
                r"\S+ (\[\S+, \S+\] (n|pairs) = \d|\(one run: no interval\))( \(unpaired.*\))?", cell.text
            )
            words = {"scratch itself", "nothing finished", "no seed finished in both"}
            assert form is not None or cell.text in words
            seen.add(form[2] if form else cell.text)
    assert seen == {"n", "pairs", None, "scratch itself", "nothing finished", "no seed finished in both"}


def test_seeds_without_a_partner_are_named() -> None:
    planned = plan(study())
    found = rows(Findings(table(planned, without(outcomes(planned), planned, "f4r2", {1, 2}))))
    gain = next(row[4].text for row in found if row[1].text == "f4r2")
    assert gain.endswith("pairs = 3 (unpaired: seed 1, 2)")


def test_one_pretrained_network_for_all_seeds_is_said(whole: str) -> None:
    said = "what is said here is said about that one network only"
    assert said in claimed(small(vary=("split", "share", "weights", "batches")))
    assert said not in whole


def test_what_does_not_vary_is_said() -> None:
    assert "Fixed, so that the intervals say nothing about other ones: split, batches." in claimed(
        small(vary=("share", "weights", "pretraining"))
    )


def test_the_same_outcomes_give_the_same_folder(written: Path, tmp_path: Path) -> None:
    folders = [written, written_to(tmp_path, small(surgeries=TWO))]
    files = [{str(path.relative_to(f)): path.read_bytes() for path in f.rglob("*") if path.is_file()} for f in folders]
    assert files[0] == files[1]
    assert sorted(files[0]) == [
        "baselines.json",
        "cuts_F.json",
        *FIGURES,
        "report.html",
        "table.csv",
        "table.parquet",
    ]


def test_a_report_without_scratch_removes_what_a_former_one_left_and_says_that_there_is_no_gain(
    written: Path, tmp_path: Path
) -> None:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    (tmp_path / "notes.json").write_text("[]")
    html = (written_to(tmp_path, small(surgeries={"F": TWO["F"]})) / "report.html").read_text(encoding="utf-8")
    assert "No arm is trained from scratch, so no gain over it can be given." in html
    assert "gain over scratch" not in html
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "cuts_F.json",
        *(name for name in FIGURES if "/gain." not in name),
        "notes.json",
        "report.html",
        "table.csv",
        "table.parquet",
    ]


def test_a_study_s_own_files_in_the_published_layout_give_a_report(written: Path, tmp_path: Path) -> None:
    path = write_report_of_files([written / "cuts_F.json", written / "baselines.json"], tmp_path)
    html = path.read_text(encoding="utf-8")
    assert "6 trained models were read. The files name no dataset" in html
    assert "F cut 4" in html
    assert "The audit" in html
    assert "seconds</button>" not in html


@pytest.mark.slow
@pytest.mark.real_data
def test_the_published_study_gives_a_report(tmp_path: Path) -> None:
    published = Path(os.environ["FROSTLINE_DATA"]) / "published"
    names = ("cuts_regular_classes_FR", "baselines_regular_classes")
    path = write_report_of_files([published / f"MNIST__{name}.json" for name in names], tmp_path)
    assert "With 0.1 % of the target data" in path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def a_race() -> str:
    """The page of a race in which arms were stopped."""
    made = study(evidence="race", surgeries=FEW, shares=(0.1,), seeds=8)
    planned = plan(made)
    found, kept = raced(made, planned)
    frame = table(planned, kept, stopped_by_race(made, planned, kept))
    return page(made, planned, Findings(frame), {FACT_IN_WORDS: "Precision: float32."}, found)


def test_a_race_is_told_after_the_table_with_what_it_saved_and_why_it_stopped_whom(a_race: str) -> None:
    told = a_race[a_race.index("<h2>The race</h2>") : a_race.index("<h2>Where it started from</h2>")]
    assert a_race.index('<table class="sortable">') < a_race.index("<h2>The race</h2>")
    assert "The race saved " in told
    assert "with a probability of at least 95 %, no arm that is the best or ties with the best was stopped" in told
    assert "r6 (scratch) was stopped after 4 of 8 seeds." in told
    assert "they are biased low" in told


def test_the_methods_of_a_race_name_its_sources_and_part_it_from_the_comparison(a_race: str) -> None:
    told = a_race[a_race.index("<h2>How the numbers were made</h2>") :]
    assert "Lan and DeMets 1983" in told
    assert AFTER_A_RACE in told


def test_a_race_marks_its_stopped_arms_wherever_it_shows_them(a_race: str) -> None:
    answer = a_race[a_race.index("<h2>The answer</h2>") : a_race.index("<h2>What is missing")]
    assert "ruled out by the race on validation figures: r6" in answer
    assert "missing" not in a_race[a_race.index("<p>Nothing: all") : a_race.index("<h2>Figures</h2>")]
    assert (
        "\N{DAGGER} Stopped by the race"
        in a_race[a_race.index("<h2>Every arm") : a_race.index('<table class="sortable">')]
    )
    assert (
        "have no entry; the entries of these arms are those that they were ruled out by, and biased low: r6" in a_race
    )
    assert "cells that failed" not in a_race


def test_a_page_tells_how_the_trials_were_computed(a_race: str) -> None:
    assert "<li>Precision: float32.</li>" in a_race


def test_a_study_that_is_no_race_has_no_word_of_one(whole: str) -> None:
    assert " race" not in "".join(read(whole).text)
