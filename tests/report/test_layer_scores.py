"""The page says what scores said before training, what trusting them would have cost, and what is not known."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import pytest

from frostline.analysis.findings import Findings
from frostline.analysis.layer_cuts import read_layer_cuts
from frostline.analysis.table import table
from frostline.errors import DataFault
from frostline.outcome import Failed
from frostline.report.layer_scores import (
    TITLE,
    TOO_NARROW,
    LayerScores,
    layer_scores,
    scores_of_files,
    section,
    section_of_files,
    write_clusters,
)
from frostline.report.map_figures import map_figures
from frostline.report.page import write_report, write_report_of_files
from frostline.report.section import Section
from frostline.scored import LayerMap, Scored
from frostline.scoring.cluster_files import read_cluster_file
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.store import Store
from tests.analysis.simulated import outcomes
from tests.analysis.test_layer_scores import asking, of


def seen(made: Study, scores: dict[str, Scored | Failed] | None = None) -> tuple[LayerScores, Section]:
    planned = plan(made)
    given = of(planned, best=2) if scores is None else scores
    found = layer_scores(made, planned, Findings(table(planned, outcomes(planned))), given)
    assert found is not None
    return found, section(made, found, ())


@pytest.fixture(scope="module")
def shown() -> tuple[LayerScores, Section]:
    """The scores of five seeds, highest two layers below the best cut."""
    return seen(asking())


def test_the_part_says_what_was_scored_and_by_what(shown: tuple[LayerScores, Section]) -> None:
    told = shown[1]
    assert (told.anchor, told.title) == ("scores", TITLE)
    assert told.paragraphs[0] == (
        "Each layer of the start was scored before any training, on training items of the share alone (at most so many "
        "items at 10 %: 162). Features: averaged over places, after the last activation of a layer. Scores: ward "
        "(agglomerative clusters by Ward's criterion, against the classes; Ward 1963; figures as in Hubert and Arabie "
        "1985), neighbours (accuracy of the five nearest neighbours, one item left out at a time; Cover and Hart 1967)."
    )
    assert TOO_NARROW in told.paragraphs


def test_regret_and_rank_correlation_stand_in_a_table_with_interval_ceiling_and_seeds(
    shown: tuple[LayerScores, Section],
) -> None:
    given = shown[1].table
    assert given is not None
    ward, neighbours = (dict(zip(given.columns, row, strict=True)) for row in given.rows)
    assert (ward["share"], ward["cuts"], ward["score"]) == ("10 %", "FR", "ward")
    assert neighbours["score"] == "neighbours (to beat)"
    assert (ward["layer it picks"], ward["best layer"], ward["seeds"]) == ("conv2", "conv4", "5")
    assert re.fullmatch(r"[+-]0\.\d\d \[[+-]\d\.\d\d, [+-]\d\.\d\d\]", ward["rank correlation"])
    assert 0.9 < float(ward["ceiling"]) <= 1 and ward["regret, points"].endswith("]")


def test_each_score_is_held_against_those_to_beat() -> None:
    _, told = seen(asking())
    assert told.items[0].startswith("At 10 %, FR: the regret of trusting the scores to beat is neighbours 2.")
    assert told.items[0].endswith("points (n = 5 seeds); no other score is lower (ward).")
    _, without = seen(asking(scores={"names": ("ward",)}))
    assert "neither the neighbours nor a probe were scored" in without.items[0]
    _, alone = seen(asking(scores={"names": ("neighbours",)}))
    assert alone.items[0].startswith("At 10 %, FR: the regret of trusting neighbours 2.")


def test_a_lower_regret_than_that_of_the_scores_to_beat_is_named() -> None:
    made = asking()
    better = {
        key: one.model_copy(
            update={
                "scores": tuple(
                    s.model_copy(update={"value": 0.5 + 0.2 * (s.layer == "conv4")}) if s.score == "ward" else s
                    for s in one.scores
                )
            }
        )
        for key, one in of(plan(made), best=1).items()
        if isinstance(one, Scored)
    }
    assert seen(made, dict(better))[1].items[0].endswith("; lower: ward.")


def test_a_single_seed_has_no_interval_and_says_so() -> None:
    given = seen(asking(seeds=1))[1].table
    assert given is not None
    assert given.rows[0][3].endswith("(one seed: no interval)") and given.rows[0][4] == "unknown below 4 seeds"


def test_failed_and_missing_scorings_come_before_what_was_found() -> None:
    made = asking()
    scores = of(plan(made))
    one, other, *_ = scores
    scores[one] = Failed(what="scoring", key=one, error="no items", traceback="")
    del scores[other]
    told = seen(made, scores)[1].paragraphs
    assert told[1:3] == ["1 scoring of 5 failed: no items", "1 scoring of 5 missing: run the study to have them."]
    nothing = seen(made, {})[1]
    assert nothing.paragraphs[1] == "5 scorings of 5 missing: run the study to have them."
    assert nothing.table is None and not seen(made, {})[0].pictures(0.95)


def test_a_value_that_cannot_be_had_is_told_with_its_reason() -> None:
    made = asking()
    dead = {
        key: one.model_copy(
            update={
                "scores": tuple(
                    s.model_copy(update={"value": None, "told": ("the same for all",)}) if s.layer == "conv1" else s
                    for s in one.scores
                )
            }
        )
        for key, one in of(plan(made)).items()
        if isinstance(one, Scored)
    }
    found, told = seen(made, dict(dead))
    assert "ward of conv1 cannot be had in 5 scorings: the same for all." in told.items
    assert found.trusted[0].found is None


def test_a_study_without_scores_has_no_such_part() -> None:
    made = asking(scores=None)
    planned = plan(made)
    assert layer_scores(made, planned, Findings(table(planned, {})), {}) is None
    assert section(made, None, ()).empty


def test_the_numbers_of_both_figures_are_files(shown: tuple[LayerScores, Section]) -> None:
    values, regrets = shown[0].pictures(0.95)
    assert (values.name, regrets.name) == ("layer-scores", "layer-score-regret")
    rows = list(csv.DictReader(values.csv.splitlines()))
    means = [row for row in rows if row["kind"] == "mean"]
    assert len(means) == 2 * 6 and {row["n_runs"] for row in means} == {"5"}
    assert len(rows) - len(means) == 5 * 6 * 6
    assert {row["n_items"] for row in rows if row["kind"] == "run"} == {"162"}
    told = list(csv.DictReader(regrets.csv.splitlines()))
    assert [(row["score"], row["picked"], row["seeds"]) for row in told] == [
        ("ward", "conv2", "5"),
        ("neighbours", "conv2", "5"),
    ]
    assert "Highest at 10 %: ward conv2, neighbours conv2." in values.alt
    assert "The other figures of clusters (NMI, purity, precision and recall of pairs) stand in the CSV." in values.alt


def test_maps_are_drawn_at_the_largest_share_that_has_some_coloured_by_class() -> None:
    made = asking(shares=(0.01, 0.1), scores={"names": ("ward",)}, seeds=2)
    maps = [
        LayerMap(layer=f"conv{n}", kind="pca", points=((0, 1), (1, 0), (0.5, 0)), classes=(0, 1, 2)) for n in (1, 2)
    ]
    maps.append(LayerMap(layer="conv3", kind="pca", told="the same for all"))
    asked = {cell.scoring.key: cell for cell in plan(made).scored if cell.scoring.maps}
    scores = {
        key: one.model_copy(update={"maps": tuple(maps) if key in asked else ()}) for key, one in of(plan(made)).items()
    }
    mapped = seen(made, scores)[0].mapped
    assert mapped is not None and (mapped.share, mapped.seed) == (0.1, 0)
    (drawn,) = map_figures(mapped)
    assert drawn.name == "layer-map-pca"
    assert drawn.title.endswith("coloured by class, at 10 % of the target data, seed 0")
    assert "3 training items of 3 classes" in drawn.alt and "conv3 has none: the same for all." in drawn.alt
    rows = list(csv.DictReader(drawn.csv.splitlines()))
    assert len(rows) == 6
    assert [(row["layer"], row["class"], row["x"], row["y"]) for row in rows][1] == ("conv1", "Sneaker", "1.0", "0.0")


def test_clusters_are_written_in_the_published_layout_and_read_back(
    tmp_path: Path, shown: tuple[LayerScores, Section]
) -> None:
    assert write_clusters(shown[0], tmp_path) == ["ward_cluster.json"]
    assert len(read_cluster_file(tmp_path / "ward_cluster.json")) == 5 * 6 * 4
    assert write_clusters(None, tmp_path) == []


def written(folder: Path, made: Study) -> Path:
    planned: Plan = plan(made)
    with Store(folder) as store:
        scores = of(planned)
        store.append_all([(one, scores[one.key]) for one in planned.scorings])
    return write_report(made, planned, Findings(table(planned, outcomes(planned))), folder)


@pytest.mark.slow
def test_the_report_holds_the_part_and_its_files_and_drops_those_of_a_former_one(tmp_path: Path) -> None:
    few = {"FR": {"below": "frozen", "above": "reset", "cuts": (1, 2, 3)}}
    text = written(tmp_path, asking(seeds=2, surgeries=few)).read_text()
    part = text[text.index(f"<h2>{TITLE}</h2>") :]
    assert part.index('download="layer-scores.svg"') < part.index("<h2>Every arm at every share</h2>")
    assert (tmp_path / "figures" / "layer-score-regret.csv").exists()
    assert (tmp_path / "ward_cluster.json").exists()
    text = written(tmp_path, asking(seeds=2, surgeries=few, scores=None)).read_text()
    assert TITLE not in text
    assert not list(tmp_path.glob("*_cluster.json")) and not list((tmp_path / "figures").glob("layer-*"))


def published(*names: str) -> list[Path]:
    folder = Path(os.environ["FROSTLINE_DATA"], "published")
    return [folder / f"FashionMNIST__{name}.json" for name in names]


@pytest.mark.real_data
def test_published_scores_are_held_against_published_cuts(tmp_path: Path) -> None:
    cuts, clusters = published("cuts_regular_classes_FR", "regular_classes_cluster")
    found = scores_of_files([clusters], read_layer_cuts([cuts]))
    assert found is not None
    known = {one.share: one.found for one in found.trusted if one.found is not None}
    assert [round(one.spearman.value, 2) for one in known.values()] == [-0.49, -0.31, -0.71, -0.26, -0.77]
    assert [round(100 * one.regret.value, 1) for one in known.values()] == [2.6, 3.4, 5.0, 5.9, 0.7]
    told = section_of_files(found, ())
    assert told.paragraphs[0].startswith("Scores that others published: FashionMNIST__regular_classes_cluster. The ")
    assert "neither the neighbours nor a probe were scored" in told.items[0]
    assert section_of_files(scores_of_files([], read_layer_cuts([cuts])), ()).empty
    with pytest.raises(DataFault, match=r"regular_classes_cluster\.json: scores alone tell nothing; add the layer-cut"):
        write_report_of_files([clusters], tmp_path)
    few = [entry for entry in json.loads(clusters.read_text()) if entry["Layer"] != "conv5"]
    (tmp_path / "few_cluster.json").write_text(json.dumps(few))
    said = r"few_cluster\.json: scores of 5 layers .*, but the deepest cut is 6; expected files of one network"
    with pytest.raises(DataFault, match=said):
        scores_of_files([tmp_path / "few_cluster.json"], read_layer_cuts([cuts]))


@pytest.mark.slow
@pytest.mark.real_data
def test_the_page_of_published_files_has_the_part_on_scores(tmp_path: Path) -> None:
    files = published("cuts_regular_classes_FR", "baselines_regular_classes", "regular_classes_cluster")
    text = write_report_of_files(files, tmp_path).read_text()
    assert f"<h2>{TITLE}</h2>" in text and (tmp_path / "figures" / "layer-score-regret.csv").exists()


def test_what_training_did_to_each_layer_of_an_arm_is_told_and_drawn() -> None:
    made = asking(scores={"names": ("cka-states",)}, seeds=2)
    found, told = seen(made)
    assert told.paragraphs[0].startswith(
        "Each layer of an arm that keeps weights, as it was trained, was held against that layer of the start, on "
        "training items of the share alone (at most so many items at 10 %: 162)."
    )
    assert [one.name for one in found.pictures(0.95)] == ["layer-cka-states"] and told.table is None
    assert set(found.frame["arm"]) == {f"f{cut}r{6 - cut}" for cut in range(1, 6)} | {"f6"}
