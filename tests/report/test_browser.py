"""The page in a real browser: it draws in light and dark, asks nobody for anything, and obeys the keyboard."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frostline.analysis.findings import Findings
from frostline.analysis.table import table
from frostline.analysis.verdicts import Finding
from frostline.report.page import page
from frostline.spec.plan import plan
from tests.analysis.simulated import outcomes, study
from tests.report.browser import CHROMIUM, Browser, browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
HOSTILE = "</svg></style><script>alert(1)</script>\"'&{{ 7*7 }}"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose every label is hostile."""
    family = {"below": "frozen", "above": "tuned", "cuts": (2, 4)}
    surgeries = {"scratch": "r6", HOSTILE: family, f"{HOSTILE} 2": "f2t2f2"}
    made = study(seeds=2, title=HOSTILE, question=HOSTILE, surgeries=surgeries, shares=(0.1,))
    planned = plan(made)
    findings = Findings(table(planned, outcomes(planned)))
    written = tmp_path_factory.mktemp("page") / "report.html"
    written.write_text(page(made, planned, findings, audited=[Finding("wrong", HOSTILE, HOSTILE)]), encoding="utf-8")
    return written


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def seen(tab: Browser) -> np.ndarray:
    """The screen as row, column, colour from 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("RGB")).astype(float)


def test_the_page_and_its_drawings_follow_the_scheme_of_the_reader(tab: Browser, path: Path) -> None:
    brightness = {}
    for dark in (False, True):
        tab.open(path, dark=dark)
        tab.value("document.querySelector('#figures').scrollIntoView()")
        screen = seen(tab)
        brightness[dark] = float(np.median(screen))
        assert screen.std() > 10
    assert brightness[False] > 240
    assert brightness[True] < 40


def test_nothing_leaves_the_page_and_the_console_is_silent(tab: Browser, path: Path) -> None:
    tab.requests.clear()
    tab.open(path)
    assert tab.requests == [path.as_uri()]
    assert tab.complaints == []


def test_what_would_leave_the_page_is_refused_by_the_browser(tab: Browser, path: Path, tmp_path: Path) -> None:
    leaky = tmp_path / "leaky.html"
    html = path.read_text(encoding="utf-8")
    leaky.write_text(html.replace("<main", '<img src="http://127.0.0.1:9/x.png"><main', 1), encoding="utf-8")
    tab.open(leaky)
    assert tab.value("document.querySelector('img').naturalWidth") == 0
    assert "Content Security Policy" in " ".join(tab.complaints)
    tab.complaints.clear()


def test_hostile_labels_stay_text_in_title_table_drawing_and_audit(tab: Browser, path: Path) -> None:
    tab.open(path)
    assert tab.value("document.scripts.length") == 1
    assert tab.value("document.title") == HOSTILE
    assert tab.value("document.querySelector('h1').textContent") == HOSTILE
    assert HOSTILE in str(tab.value("document.querySelector('#audit').textContent"))
    assert HOSTILE in str(tab.value("document.querySelector('#table tbody').textContent"))
    assert HOSTILE in str(tab.value("[...document.querySelectorAll('svg text')].map(t => t.textContent).join()"))


def test_the_table_is_sorted_from_the_keyboard_and_says_so(tab: Browser, path: Path) -> None:
    tab.open(path)
    shown = "[...document.querySelectorAll('#table tbody tr')].map(row => row.children[3].dataset.sort).join()"
    tab.value("document.querySelectorAll('#table th button')[2].focus()")
    tab.press("Tab")
    assert tab.value("document.activeElement.textContent") == "accuracy"
    assert tab.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    for order, reverse in (("ascending", False), ("descending", True)):
        tab.press("Enter")
        values = [float(value) for value in str(tab.value(shown)).split(",")]
        assert values == sorted(values, reverse=reverse)
        assert tab.value("document.activeElement.parentElement.getAttribute('aria-sort')") == order


def test_the_first_tab_offers_to_skip_to_the_answer(tab: Browser, path: Path) -> None:
    tab.open(path)
    tab.press("Tab")
    assert tab.value("document.activeElement.className") == "skip"
    assert float(str(tab.value("document.activeElement.getBoundingClientRect().left"))) > 0
    tab.press("Enter")
    assert tab.value("location.hash") == "#main"


def test_a_phone_shows_the_page_without_scrolling_sideways(tab: Browser, path: Path) -> None:
    tab.open(path, width=400)
    assert int(str(tab.value("document.documentElement.scrollWidth"))) <= 400


def test_the_copy_button_takes_the_methods(tab: Browser, path: Path) -> None:
    tab.open(path)
    tab.value("document.querySelector('button.copy').focus()")
    tab.press("Enter")
    assert str(tab.value("getSelection().toString()")).startswith("Each interval is meant to hold the true mean")
    assert tab.value("document.querySelector('[role=status]').textContent") == "copied"


def test_every_figure_offers_its_three_files(tab: Browser, path: Path) -> None:
    tab.open(path)
    names = str(tab.value("[...document.querySelectorAll('figcaption a')].map(a => a.download).join()")).split(",")
    figures = int(str(tab.value("document.querySelectorAll('figure').length")))
    assert len(names) == 3 * figures > 0
    assert [name.split(".")[1] for name in names[:3]] == ["svg", "png", "csv"]
    unnamed = "[...document.querySelectorAll('svg')].filter(svg => !svg.getAttribute('aria-label')).length"
    assert tab.value(unnamed) == 0
