"""The figures of the evidence say in words and in numbers what they draw."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from frostline.analysis.comparisons import gains, means
from frostline.analysis.findings import Terms
from frostline.analysis.frost_line import recommend
from frostline.report.cost_figure import cost_figure
from frostline.report.drawing import OKABE_ITO, Picture
from frostline.report.figure_numbers import ESTIMATE, with_numbers
from frostline.report.frost_figure import frost_line
from frostline.report.gain_figure import gain_figure
from frostline.report.placing import dark_colours, placed
from tests.report.test_answer import found

FINDINGS = found(f1=0.80, f2=0.85, f3=0.81)


def numbers(picture: Picture | None) -> list[dict[str, str]]:
    assert picture is not None
    return list(csv.DictReader(io.StringIO(picture.csv)))


def test_the_frost_line_tells_the_recommended_depth_from_the_possible_ones() -> None:
    drawn = frost_line(FINDINGS.frame, recommend(FINDINGS), "frozen layers")
    assert drawn is not None
    assert drawn.alt.startswith("At 10 % recommended: f2, 2 frozen; could still be the best: depth 2. ")
    assert "At 50 % undecided, highest mean f" in drawn.alt
    roles = {(row["share"], row["arm"]): row["role"] for row in numbers(drawn)}
    assert roles["0.1", "f2"] == "recommended"
    assert roles["0.1", "f1"] == "not the best"
    assert roles["0.5", "f1"] == "could still be the best"


def test_an_undecided_share_is_drawn_hollow() -> None:
    both, decided = recommend(FINDINGS), recommend(FINDINGS)[:1]
    hollow = [frost_line(FINDINGS.frame, some, "frozen layers") for some in (both, decided)]
    counts = [picture.svg.count(b"fill: #ffffff; stroke: #0072b2") for picture in hollow if picture is not None]
    assert counts[0] > counts[1]


def test_a_line_leads_only_from_one_decided_share_to_the_next() -> None:
    first, undecided = recommend(FINDINGS)
    decided = [first, replace(first, share=0.5)]
    drawn = [frost_line(FINDINGS.frame, some, "frozen layers") for some in (decided, [first, undecided])]
    assert ["stroke-dasharray: 3.7" in picture.svg.decode() for picture in drawn if picture is not None] == [
        True,
        False,
    ]


def test_there_is_no_frost_line_of_arms_without_a_depth() -> None:
    frame = FINDINGS.frame.assign(frozen_depth=None)
    assert frost_line(frame, recommend(FINDINGS), "frozen layers") is None


def test_another_network_stands_at_no_depth_of_the_frost_line() -> None:
    other, it = FINDINGS.frame.copy(), FINDINGS.frame["arm"].eq("f2") & FINDINGS.frame["share"].eq(0.1)
    other.loc[it, ["arm", "treatment"]] = ["dense", "r2"]
    drawn = frost_line(other, recommend(replace(FINDINGS, frame=other)), "frozen layers")
    assert drawn is not None
    assert drawn.alt.startswith("At 10 % recommended: dense. ")
    assert {row["frozen_layers"] for row in numbers(drawn) if row["arm"] == "dense"} == {""}


def test_a_gain_is_drawn_with_its_p_and_the_smallest_it_could_have_been() -> None:
    made = found(r3=0.80, f2=0.85)
    drawn = gain_figure(gains(made), made.terms)
    assert drawn is not None
    assert "At 10 % shown to gain: f2. At 50 % no arm is shown to differ." in drawn.alt
    row = numbers(drawn)[0]
    assert (row["arm"], row["reference"]) == ("f2", "r3")
    assert float(row["corrected_p"]) == float(row["smallest_corrected_p"]) == 2**-5
    assert float(row["value"]) == pytest.approx(0.05, abs=0.001)


def test_nothing_is_gained_where_nothing_is_compared() -> None:
    assert gain_figure((), FINDINGS.terms) is None


def test_costs_that_nobody_measured_are_not_drawn() -> None:
    assert cost_figure(recommend(FINDINGS), means(FINDINGS), Terms()) is None


def test_the_recommended_arm_is_marked_where_costs_are_drawn() -> None:
    priced = replace(FINDINGS, frame=FINDINGS.frame.assign(parameters_trainable=100, seconds=2.0))
    drawn = cost_figure(recommend(priced), means(priced), Terms())
    assert drawn is not None
    assert "At 10 % f2 is recommended, 100 trainable parameters, 2 s. At 50 % none is recommended." in drawn.alt
    assert {row["recommended"] for row in numbers(drawn) if row["arm"] == "f2" and row["share"] == "0.1"} == {"yes"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-f2", "@x", "\tf2"])
def test_a_name_that_a_spreadsheet_would_compute_is_text_in_the_numbers(name: str) -> None:
    kept = with_numbers(Picture("p", "t", "a", b"", b""), ("arm", "value"), [(name, -0.5)]).csv
    assert list(csv.reader(io.StringIO(kept)))[1] == [f"'{name}", "-0.5"]


def test_the_numbers_of_an_estimate_have_a_column_each() -> None:
    assert ESTIMATE == ("value", "low", "high", "level", "n_runs", "n_items")


def picture(svg: str, name: str = "p") -> Picture:
    return Picture(name, "t", 'an "alt"', f'<?xml?><svg width="100pt">{svg}</svg>'.encode(), b"", "n\n1\n")


def test_colours_on_the_page_are_variables_and_those_of_the_download_stay() -> None:
    drawn = picture('<path id="a" style="fill: #0072b2"/>')
    assert 'style="fill: var(--x0072b2, #0072b2)"' in placed(drawn).inline
    assert b"fill: #0072b2" in drawn.files["svg"]
    assert dark_colours([drawn])["0072b2"] != "0072b2"


def test_a_label_that_looks_like_a_colour_or_an_id_stays_as_it_is() -> None:
    label = 'style="fill: #0072b2" id="x"'
    assert f"<text>{label}</text>" in placed(picture(f"<text>{label}</text>")).inline


def test_white_and_black_change_places_on_a_dark_page() -> None:
    colours = dark_colours([])
    assert int(colours["ffffff"][:2], 16) < 40
    assert int(colours["000000"][:2], 16) > 200


@pytest.mark.parametrize("colour", OKABE_ITO)
def test_every_colour_of_a_line_stands_out_from_a_dark_page(colour: str) -> None:
    light = colour.removeprefix("#").lower()
    found = dark_colours([picture(f'<path style="stroke: #{light}"/>')])
    assert contrast(found[light], found["ffffff"]) > 3


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2)."""
    dark, light = sorted(luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_ids_of_two_pictures_differ_and_the_alternative_is_escaped() -> None:
    one, two = (placed(picture('<use href="#a"/><g id="a"/>', name)).inline for name in ("one", "two"))
    assert 'href="#one-a"' in one and 'id="one-a"' in one and 'id="two-a"' in two
    assert 'aria-label="an &#34;alt&#34;"' in one
