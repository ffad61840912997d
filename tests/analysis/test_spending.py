"""Looking several times at growing evidence costs no more than the level that was agreed on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from frostline.analysis.elimination import looks
from frostline.analysis.spending import nominal_level, spent
from frostline.randomness import stream


def bounds(level: float, planned: int) -> list[float]:
    taken = looks(planned)
    paid = tuple(spent(level, look / planned) for look in taken)
    return [nominal_level(paid[: k + 1], taken[: k + 1]) for k in range(len(taken))]


def share_of_walks_that_reject(level: float, planned: int, walks: int) -> float:
    """How many sequences of normal differences with mean 0 reach their bound at some look."""
    draws = stream(0, "walks").standard_normal((walks, planned))
    taken = np.array(looks(planned))
    sums, squares = draws.cumsum(axis=1)[:, taken - 1], (draws**2).cumsum(axis=1)[:, taken - 1]
    t = sums / np.sqrt(taken) / np.sqrt((squares - sums**2 / taken) / (taken - 1))
    return float((t > -special.stdtrit(taken - 1, np.array(bounds(level, planned)))).any(axis=1).mean())


def test_one_look_at_everything_is_an_ordinary_t_test() -> None:
    assert nominal_level((spent(0.03, 1.0),), (20,)) == pytest.approx(0.03)


def test_all_looks_together_reject_as_often_as_the_level_allows() -> None:
    """The standard error of this share is 0.0009; bounds for normal sums are exceeded in more than 0.055."""
    assert 0.047 < share_of_walks_that_reject(0.05, 15, 60_000) < 0.052


@pytest.mark.slow
def test_all_looks_together_keep_a_small_level() -> None:
    level = 0.05 / 42
    assert 0.9 < share_of_walks_that_reject(level, 25, 2_000_000) / level < 1.05


@pytest.mark.slow
def test_with_many_pairs_the_bounds_are_those_of_published_tables() -> None:
    """O'Brien-Fleming-type spending, one-sided 0.025, five equal looks (Lan and DeMets 1983; as in gsDesign, ldbounds).

    The tables are for normal sums, the limit of many pairs; bounds for t lie a little higher, never lower.
    """
    fractions, pairs = np.arange(1, 6) / 5, (20, 40, 60, 80, 100)
    paid = tuple(2 * special.ndtr(special.ndtri(0.0125) / np.sqrt(fractions)))
    found = [-special.ndtri(nominal_level(paid[:k], pairs[:k])) for k in range(1, 6)]
    assert found == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=0.02)


def test_what_has_been_spent_grows_to_the_level() -> None:
    assert [spent(0.05, fraction) for fraction in (0.2, 0.6, 1.0)] == pytest.approx([0.002, 0.018, 0.05])


def test_a_larger_level_raises_every_bound() -> None:
    """The argument that no best arm is stopped rests on it."""
    ladder = [bounds(0.05 / (7 * opponents), 12) for opponents in (6, 3, 1)]
    assert np.all(np.diff(ladder, axis=0) > 0)


def test_a_look_that_may_spend_nothing_rejects_nothing() -> None:
    assert nominal_level((0.0,), (4,)) == 0.0
    assert nominal_level((0.01, 0.01), (4, 6)) == 0.0


@pytest.mark.parametrize("pairs", [(2,), (4, 4), (6, 5)])
def test_looks_without_new_pairs_are_refused(pairs: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"pairs grow from look to look, from 3 on \(got \("):
        nominal_level(tuple(0.01 * (k + 1) for k in range(len(pairs))), pairs)
