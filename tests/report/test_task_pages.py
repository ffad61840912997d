"""A page says of numbers how near they are predicted, of tags how each is told, of both how validation went."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from frostline.analysis.course import MOST_POINTS, courses, thinned
from frostline.analysis.crossed import over_seeds, over_seeds_and_items
from frostline.analysis.findings import Findings, score_interval
from frostline.analysis.frost_line import recommend, sentence
from frostline.analysis.predicted import Predicted, predicted_by
from frostline.analysis.table import cut_points
from frostline.outcome import ValueMetrics
from frostline.report.answer import answer_in_short
from frostline.report.course_figure import course_figure
from frostline.report.drawing import Picture
from frostline.report.evidence import Evidence, evidence_of
from frostline.report.item_errors import largest_errors
from frostline.report.methods import methods
from frostline.report.placing import placed
from frostline.report.rows import columns
from frostline.report.task_sections import each_tag, each_value, shown_cell
from frostline.report.told import told_of_study
from frostline.report.values_figures import FEW_DOTS, concordances, value_figures
from frostline.spec.plan import Plan
from frostline.tasks.values import concordance
from tests.analysis.simulated_tasks import coursed, findings_of, small

Made = tuple[Plan, Findings]


@pytest.fixture(scope="module")
def values() -> Made:
    """A simulated study of two numbers, 40 items."""
    return findings_of("values", small())


@pytest.fixture(scope="module")
def tags() -> Made:
    """A simulated study of three tags, 40 items."""
    return findings_of("tags", small())


@pytest.fixture(scope="module")
def predicted(values: Made) -> Predicted:
    """What the better arm of the study of numbers predicted."""
    found = predicted_by(values[1], "f3t3", 0.1)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def evidence(values: Made) -> Evidence:
    """All that the page of the study of numbers shows."""
    return evidence_of(values[1], cut_points(small()), "frozen layers")


@pytest.fixture(scope="module")
def drawn(evidence: Evidence) -> tuple[Picture, ...]:
    """The figures of numbers."""
    return tuple(evidence.pictures[-2:])


def numbers(picture: Picture) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(picture.csv)))


def undrawn(findings: Findings) -> Evidence:
    """The evidence without its pictures, each of which takes its time."""
    predicted = predicted_by(findings, "f3t3", 0.1)
    return Evidence(findings, {}, (), recommend(findings), [], [], [], [], [], predicted)


def test_every_sentence_names_the_metric_of_the_study(values: Made, tags: Made) -> None:
    for (_, findings), words in ((values, "CCC"), (tags, "macro ROC-AUC")):
        found = recommend(findings)
        assert f"of {words} below the best of the others" in answer_in_short(found, findings.terms)
        assert f"{words} on items that did not choose it 0." in sentence(found[0])
        assert columns(findings)[3] == words
        assert f"The mean {words} of an arm" in methods(findings.terms, [found[0].candidates[0].mean], ())[1]


def test_a_table_of_another_metric_than_the_terms_is_refused(values: Made) -> None:
    with pytest.raises(ValueError, match="the table is of CCC, the terms are of accuracy"):
        Findings(values[1].frame)


def test_an_interval_of_a_concordance_is_symmetric_and_ends_at_1(values: Made) -> None:
    terms, right = values[1].terms, values[1].right("f3t3", 0.1, (0, 1, 2, 3))
    assert right is not None
    mean = over_seeds_and_items(right)
    found = score_interval(mean, terms)
    assert found.high - found.value == pytest.approx(found.value - found.low)
    wide = score_interval(over_seeds([0.2, 0.9]), terms)
    assert (wide.low, wide.high) == (-1.0, 1.0)


def test_the_page_of_numbers_shows_each_figure_of_them_and_the_largest_errors(values: Made, evidence: Evidence) -> None:
    names = [picture.name for picture in evidence.pictures]
    assert names[-3:] == ["validation-against-step", "predicted-against-true", "plane"]
    assert "ccc-against-cut" in names
    told = told_of_study(small(), values[0], evidence, {}, None)
    assert [section.anchor for section in told.before_table[:2]] == ["values", "errors"]


def test_the_page_of_tags_tells_each_tag(tags: Made) -> None:
    planned, findings = tags
    told = told_of_study(small(), planned, undrawn(findings), {}, None)
    assert told.before_table[0].anchor == "tags"


def test_the_concordance_of_each_number_has_its_interval_and_its_numbers(predicted: Predicted) -> None:
    assert [said.split(": CCC 0.")[0] for said in concordances(predicted)] == ["valence", "arousal"]
    assert all(said.endswith("], n = 4 runs, 40 items") for said in concordances(predicted))


def test_the_mean_concordance_of_the_numbers_is_the_score_of_the_arm(values: Made, predicted: Predicted) -> None:
    candidate = recommend(values[1])[0].candidate("f3t3")
    of_each = [found.value for found in predicted.concordance]
    assert sum(of_each) / 2 == pytest.approx(candidate.mean.value)


def test_each_prediction_stands_beside_the_truth_of_its_item(values: Made, drawn: tuple[Picture, ...]) -> None:
    rows = numbers(drawn[0])
    assert len(rows) == 4 * 40
    key = values[1].keys("f3t3", 0.1, (2,))[0]
    kept = values[1].book[key].numbers
    assert kept is not None
    row = rows[2 * 40 + 7]
    assert row["item"] == "item 007 <b>"
    assert float(row["true_arousal"]) == pytest.approx(kept.true[7, 1])
    assert float(row["predicted_arousal"]) == pytest.approx(kept.predicted[7, 1])


def test_few_dots_are_drawn_strongly_and_many_faintly(predicted: Predicted, drawn: tuple[Picture, ...]) -> None:
    assert predicted.tested.sum() <= FEW_DOTS
    assert b"opacity: 0.7" in drawn[0].svg and b"opacity: 0.35" not in drawn[0].svg
    many = replace(predicted, runs=predicted.runs * 2)
    assert b"opacity: 0.35" in value_figures(many)[0].svg


def test_pointing_at_an_arrow_of_the_plane_tells_its_item(drawn: tuple[Picture, ...]) -> None:
    plane = drawn[1]
    assert plane.name == "plane"
    assert plane.svg.count(b"<title>item 007 &lt;b&gt;</title>") == 2
    assert "<title>item 007 &lt;b&gt;</title>" in placed(plane).inline


def test_only_exactly_two_numbers_span_a_plane(predicted: Predicted) -> None:
    one = replace(
        predicted,
        names=predicted.names[:1],
        true=predicted.true[:, :1],
        runs=tuple(replace(run, predicted=run.predicted[:, :1]) for run in predicted.runs),
        concordance=predicted.concordance[:1],
    )
    assert [picture.name for picture in value_figures(one)] == ["predicted-against-true"]


def test_the_largest_errors_come_first_with_truth_and_mean_prediction(predicted: Predicted) -> None:
    first = predicted.farthest(1)[0]
    off = ((predicted.mean - predicted.true) / predicted.true.std(axis=0)) ** 2
    assert off.sum(axis=1).argmax() == first
    section = largest_errors(predicted)
    assert section.table is not None
    assert section.table.columns == (
        "item",
        "true valence",
        "predicted valence",
        "true arousal",
        "predicted arousal",
        "runs",
    )
    true, mean = predicted.true[first], predicted.mean[first]
    assert section.table.rows[0] == (
        predicted.ids[first],
        *(f"{number:.3g}" for pair in zip(true, mean, strict=True) for number in pair),
        "4",
    )


def test_runs_that_test_items_of_their_own_are_joined_and_counted_item_by_item(values: Made) -> None:
    findings = values[1]
    book = dict(findings.book)
    for place, key in enumerate(findings.keys("f3t3", 0.1, (0, 1, 2, 3))):
        whole, part = book[key], slice(10 * place, 10 * place + 10)
        assert whole.numbers is not None
        own = replace(whole.numbers, true=whole.numbers.true[part], predicted=whole.numbers.predicted[part])
        book[key] = replace(whole, ids=whole.ids[part], right=whole.right[part], numbers=own)
    found = predicted_by(replace(findings, book=book), "f3t3", 0.1)
    assert found is not None
    assert found.tested.tolist() == [1] * 40
    assert [len(run.places) for run in found.runs] == [10] * 4
    whole = concordance(found.mean, found.true)
    assert [one.value for one in found.over_items(0.95)] == pytest.approx(whole.tolist())
    assert [one.n for one in found.over_items(0.95)] == [40, 40]
    said = each_value(findings, ("f3t3", 0.1), found).paragraphs[1]
    first = found.over_items(0.95)[0]
    assert said.startswith(
        "CCC over all 40 test items, each predicted by the one run that was tested on it: valence "
        f"{first.value:.3f} [{first.low:.3f}, {first.high:.3f}]; arousal "
    )
    assert said.endswith("These intervals speak of other items, as if items were independent, and not of other seeds.")


def test_of_items_that_several_runs_predicted_no_concordance_over_items_is_told(
    values: Made, predicted: Predicted
) -> None:
    assert predicted.over_items(0.95) == ()
    assert len(each_value(values[1], ("f3t3", 0.1), predicted).paragraphs) == 1


def test_without_predictions_nothing_is_said_of_single_items(values: Made) -> None:
    assert predicted_by(replace(values[1], book={}), "f3t3", 0.1) is None
    assert largest_errors(None).empty


def test_each_tag_is_told_with_its_positives_and_what_is_left_out_by_name(tags: Made) -> None:
    section = each_tag(tags[1], ("f3t3", 0.1))
    assert section.table is not None
    assert [row[0] for row in section.table.rows] == ["piano", "drums", "voice"]
    piano, _, voice = section.table.rows
    assert int(piano[1]) > 0
    assert piano[2].endswith("] n = 4")
    assert voice[1:4] == ("0", "\N{EM DASH}", "\N{EM DASH}")
    assert piano[4:] == ("0.500 (n = 4 runs agree and are few: no interval)", "0.30")
    assert section.paragraphs[1].endswith("has no item with the tag or none without: voice.")


def test_a_study_of_numbers_says_nothing_of_tags_nor_the_other_way(values: Made, tags: Made) -> None:
    assert each_tag(values[1], ("f3t3", 0.1)).empty
    assert each_value(tags[1], ("f3t3", 0.1)).empty
    assert each_value(values[1], None).empty


def test_each_number_is_told_with_its_errors_on_its_own_scale(values: Made) -> None:
    section = each_value(values[1], ("f3t3", 0.1))
    assert section.table is not None
    assert [row[0] for row in section.table.rows] == ["valence", "arousal"]
    assert section.table.rows[0][1].endswith("] n = 4")
    assert section.table.rows[0][4].startswith("0.800 (")
    assert section.paragraphs[0].endswith("Errors are on the annotation's own scale, from 1 to 9.")
    assert len(section.paragraphs) == 1


def test_a_constant_prediction_is_told(values: Made) -> None:
    findings = values[1]
    key = findings.keys("f3t3", 0.1, (1,))[0]
    one = findings.trained[key]
    assert isinstance(one.metrics, ValueMetrics)
    flat, other = one.metrics.values
    metrics = one.metrics.model_copy(update={"values": (flat.model_copy(update={"constant": True}), other)})
    trained = {**findings.trained, key: one.model_copy(update={"metrics": metrics})}
    said = each_value(replace(findings, trained=trained), ("f3t3", 0.1)).paragraphs
    assert said[1:] == [
        "In 1 of 4 runs all predictions of valence, or all true values, are one number, so that its CCC and its "
        "correlation count as 0."
    ]


def test_what_is_shown_in_detail_is_what_is_recommended_at_the_largest_share(values: Made) -> None:
    found = recommend(values[1])
    low = replace(found[0], share=0.01, chosen="r6")
    assert shown_cell([low, *found]) == ("f3t3", 0.1)
    assert shown_cell([low, replace(found[0], chosen=None, highest=None)]) == ("r6", 0.01)
    assert shown_cell([]) is None


def test_a_run_that_has_stopped_counts_with_its_last_figure(values: Made) -> None:
    findings = values[1]
    one, other = findings.keys("f3t3", 0.1, (0, 1))
    short = findings.trained[one].model_copy(update={"history": coursed(0.8, 2)})
    long = findings.trained[other].model_copy(update={"history": coursed(0.4, 3)})
    frame = findings.frame[findings.frame["key"].isin([one, other])]
    (course,) = courses(replace(findings, frame=frame, trained={one: short, other: long}))
    assert [(point.step, point.training) for point in course.points] == [(10, 2), (20, 2), (30, 1)]
    assert course.points[2].mean == pytest.approx((0.8 * 0.75 + 0.4 * 0.875) / 2)
    assert course.points[2].deviation == pytest.approx(abs(0.8 * 0.75 - 0.4 * 0.875) / 2**0.5)


def test_runs_that_were_validated_once_have_no_course(values: Made) -> None:
    findings = values[1]
    once = {key: one.model_copy(update={"history": one.history[:1]}) for key, one in findings.trained.items()}
    assert courses(replace(findings, trained=once)) == ()
    assert course_figure((), findings.terms) is None


def test_a_long_course_is_thinned_evenly_with_both_ends() -> None:
    places = thinned(1_000, MOST_POINTS)
    assert len(places) == MOST_POINTS
    assert (places[0], places[-1]) == (0, 999)
    assert thinned(3, MOST_POINTS) == [0, 1, 2]


def test_the_course_of_validation_is_drawn_for_each_arm_and_told_in_numbers(values: Made) -> None:
    found = courses(values[1])
    drawn = course_figure(found, values[1].terms)
    assert drawn is not None
    assert drawn.title == "Validation CCC against step; band: one standard deviation of the runs"
    assert "At 10 % f3t3 ends highest, at 0." in drawn.alt
    rows = numbers(drawn)
    assert {row["arm"] for row in rows} == {"r6", "f3t3"}
    assert [row["n_runs_in_training"] for row in rows if row["arm"] == "r6"] == ["4", "4", "4", "3", "2", "1"]
