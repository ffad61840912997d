"""A reader who asks for it listens, in the page itself, to what the trials were given of the items they tell worst."""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from frostline.analysis.table import table
from frostline.analysis.verdicts import Table
from frostline.carry_out import Scope, carry_out
from frostline.data.excerpts import MOST_BYTES
from frostline.data.read import listed
from frostline.errors import DataFault
from frostline.outcome import Finished
from frostline.report.listening import (
    NOTHING_KNOWN,
    NOTHING_LISTED,
    OFFER,
    Recordings,
    audible,
    contents_of,
    nothing_listed,
    offered,
    recordings_of,
)
from frostline.report.section import Section
from frostline.report.wanted import Wanted
from frostline.reporting import findings_in, reported
from frostline.spec.dataset import Dataset
from frostline.spec.plan import plan
from frostline.spec.study import Study
from frostline.spec.study_file import load_study
from frostline.store import read_outcomes
from tests.report.browser import CHROMIUM, Browser, browser
from tests.test_prepare import Frostline, frostline, tone

__all__ = ["frostline"]

TONES = """
title: Tones
question: How deep?
dataset:
  name: folder
  path: PLACE/tones
  size: 16
  spectrogram: {rate_hz: 8000, duration_s: 0.4, segments: 2, window: 512, hop: 256, bands: 16}
network: {name: plain_cnn, depth: 1, channels: 2}
surgeries: {scratch: r1}
seeds: 5
recipe: {steps: 1, validate_every: 1, batch: 4}
"""
LOADED = """
new Promise((done) => {
  const one = document.querySelectorAll("audio")[0];
  one.onerror = () => done([one.error.message]);
  one.onloadeddata = () => done([one.readyState, one.duration]);
  one.preload = "auto";
  one.load();
})
"""
PLAYED = """
(async () => {
  const [one, other] = document.querySelectorAll("audio");
  for (const each of [one, other]) { each.muted = true; each.loop = true; await each.play(); }
  return [one.paused, other.paused];
})()
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A study of two classes that nobody can tell apart and what it came to, with a page to listen to."""
    place = tmp_path_factory.mktemp("tones")
    for take in range(5):
        for label in ("<b>one", "other"):
            tone(place / "tones" / label / f"{take}.wav", 300 * (take + 1), 1.0)
    (place / "tones.yaml").write_text(TONES.replace("PLACE", str(place)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FROSTLINE_CACHE", str(place / "cache"))
        made = study_in(place)
        carry_out(made, Scope(plan(made), plan(made)), place / "out", "inline", None)
        reported(made, plan(made), place / "out", Wanted(audio="asked"))
        yield place


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def study_in(place: Path) -> Study:
    return load_study(place / "tones.yaml")


def page_in(place: Path) -> str:
    return (place / "out" / "report.html").read_text(encoding="utf-8")


def awaited(tab: Browser, expression: str) -> object:
    """What a promise comes to; sounds may be played, as after a click."""
    got = tab.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
    assert "exceptionDetails" not in got, got
    return got["result"]["value"]  # type: ignore[index]


def recordings(place: Path) -> Recordings:
    found = recordings_of(study_in(place).dataset, "asked")
    assert found is not None
    return found


def naming(*names: str) -> Section:
    return Section("errors", "The largest errors", ["These."], table=Table(("item",), tuple((name,) for name in names)))


def said(section: Section) -> list[str]:
    assert all(not one.address for one in section.heard)
    return [one.said for one in section.heard]


@pytest.mark.slow
def test_each_listed_error_has_a_sound_that_a_browser_can_play_and_that_is_fetched_from_nowhere(
    ran: Path, tab: Browser
) -> None:
    tab.requests.clear()
    path = ran / "out" / "report.html"
    tab.open(path)
    rows = int(str(tab.value("document.querySelectorAll('#errors tbody tr').length")))
    assert tab.value("document.querySelectorAll('#errors tbody tr td:first-child audio[controls]').length") == rows > 1
    assert tab.value("[...document.querySelectorAll('audio')].every(one => one.preload === 'none')")
    loaded = awaited(tab, LOADED)
    assert isinstance(loaded, list) and loaded[0] >= 2, loaded
    assert loaded[1] == pytest.approx(2 * 0.4 + 0.3, abs=0.15)
    asked = [address for address in tab.requests if not address.startswith("data:")]
    assert asked == [path.as_uri()]
    assert tab.complaints == []


def test_one_excerpt_falls_silent_when_another_is_played(ran: Path, tab: Browser) -> None:
    tab.open(ran / "out" / "report.html")
    assert awaited(tab, PLAYED) == [True, False]


def test_every_player_is_named_after_its_item_and_tells_what_of_the_recording_it_plays(ran: Path, tab: Browser) -> None:
    tab.open(ran / "out" / "report.html")
    labels = str(tab.value("[...document.querySelectorAll('audio')].map(one => one.ariaLabel).join('|')")).split("|")
    items = [label.removeprefix("Excerpt of ").removesuffix(", 0 to 0.4 and 0.6 to 1 of 1 s") for label in labels]
    assert set(items) <= set(recordings(ran).files)
    assert len(set(items)) == len(items) > 1


def test_the_page_says_how_many_items_can_be_heard_and_whose_recordings_they_are(ran: Path) -> None:
    told = page_in(ran)
    rows = told.count("<audio controls")
    assert f"All {rows} items can be listened to: at most 10 s of what a trial is given of the recording" in told
    assert "Licence of the recordings: your own." in told
    assert "<b>one" not in told and "Excerpt of &lt;b&gt;one/" in told


def test_the_excerpt_is_of_the_item_beside_which_it_stands(ran: Path) -> None:
    names = sorted(recordings(ran).files)
    heard = audible(naming(*names), recordings(ran), {}).heard
    for name, one in zip(names, heard, strict=True):
        samples, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(one.address.partition(",")[2])))
        loudest = np.abs(np.fft.rfft(samples)).argmax() * rate_hz / len(samples)
        assert loudest == pytest.approx(300 * (int(name[-5]) + 1), abs=10)


def test_without_asking_the_page_offers_excerpts_and_has_none(ran: Path, tmp_path: Path, frostline: Frostline) -> None:
    shutil.copytree(ran / "out", tmp_path / "out")
    status, _, _ = frostline("report", str(ran / "tones.yaml"), "--to", str(tmp_path / "out"))
    told = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert (status, "<audio" in told) == (0, False)
    assert re.sub("`", "", OFFER) in re.sub("`", "", told)


def test_an_excerpt_takes_no_more_of_the_page_than_the_offer_says() -> None:
    assert MOST_BYTES * 4 / 3 <= 100_000
    assert "at most 0.1 MB an item" in OFFER


def test_pictures_are_not_offered_to_be_listened_to() -> None:
    assert offered(naming("digits/test/0001"), Dataset(name="digits")) == naming("digits/test/0001")
    assert offered(nothing_listed(), Dataset(name="esc10", size=32)).empty


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("mnist", "mnist comes as planes, and the recordings that these may be of are not known"),
        ("caltech101", "caltech101 is of pictures"),
    ],
)
def test_excerpts_of_what_cannot_be_heard_are_refused(name: str, reason: str) -> None:
    dataset = Dataset(name=name, size=32)
    with pytest.raises(DataFault, match=f"--audio: there is nothing to hear, for {reason}; leave --audio out"):
        recordings_of(dataset, "asked")
    assert recordings_of(dataset, "offered") is None


def test_the_command_refuses_what_cannot_be_heard_before_it_writes_anything(
    tmp_path: Path, frostline: Frostline
) -> None:
    status, _, mistakes = frostline("report", "digits", "--to", str(tmp_path / "out"), "--audio")
    assert (status, mistakes.startswith("--audio: there is nothing to hear, for digits comes as planes")) == (2, True)
    assert not (tmp_path / "out").exists()
    status, _, mistakes = frostline("report", "cuts_FR.json", "--audio")
    assert (status, mistakes) == (
        2,
        "--audio: there is nothing to hear, for published files name no recordings; leave it out\n",
    )


def test_a_dataset_that_is_not_found_is_told_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FROSTLINE_DATA", raising=False)
    monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path))
    with pytest.raises(DataFault, match=r"esc10 is not in .*\n.*get it from https://"):
        recordings_of(Dataset(name="esc10", size=32), "asked")


def test_a_recording_that_is_gone_damaged_or_another_is_told_in_its_row(ran: Path, tmp_path: Path) -> None:
    there = replace(recordings(ran), folder=tmp_path)
    tone(tmp_path / "other" / "1.wav", 500)
    (tmp_path / "other" / "2.wav").write_bytes(b"no sound at all")
    found = audible(
        naming("other/0.wav", "other/1.wav", "other/2.wav", "other/9.wav"), there, {"other/1.wav": "0" * 64}
    )
    assert said(found) == [
        "no excerpt: other/0.wav is no longer there",
        "no excerpt: other/1.wav is no longer the file that the study has read",
        "no excerpt: other/2.wav cannot be decoded as .wav: it is damaged, truncated or no sound; get the file again, "
        "or leave it out",
        "no excerpt: folder no longer lists other/9.wav",
    ]
    assert found.paragraphs[1].startswith("0 of the 4 items can be listened to:")


def test_the_files_that_the_study_has_read_are_known_by_their_content(ran: Path) -> None:
    made = study_in(ran)
    planned, outcomes = plan(made), read_outcomes(ran / "out")
    findings = findings_in(ran / "out", made, table(planned, outcomes), outcomes)
    known = contents_of(planned, findings)
    assert known.keys() == {item.id for item in listed(made.dataset.reading)[0].items}
    other = {key: one.model_copy(update={"data_digest": "other"}) for key, one in findings.trained.items()}
    assert all(isinstance(one, Finished) for one in other.values())
    assert contents_of(planned, replace(findings, trained=other)) == {}


def test_where_no_item_is_listed_what_was_asked_for_is_answered(ran: Path) -> None:
    assert audible(nothing_listed(), recordings(ran), {}).paragraphs == [NOTHING_KNOWN]
    right = Section("errors", "The largest errors", ["No run took any for another class."])
    assert audible(right, recordings(ran), {}).paragraphs == [*right.paragraphs, NOTHING_LISTED]
