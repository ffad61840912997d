"""Which arms are ruled out at each look of a race: the statistics of racing, on plain arrays.

Arm j is stopped when H(j), "j is the best arm or ties with it", is rejected: when a paired t test says that some arm i
of the race is better than j. What may be spent on the pair (j, i) is

    alpha / (m (s - 1)),    s arms still in the race,

over all looks (``spending``), as if it had been so from the first look on. That is Holm's step-down (1979) in the
group-sequential manner of Maurer and Bretz (2013), whose own level alpha / (s (m - 1)) is smaller wherever s < m.

**Why, with probability 1 - alpha, no arm that is the best or ties with it is ever stopped:** let k arms tie for the
best. When the first of them is stopped, all k are in the race, so that s >= k. Stopped against another of them, with
k (k - 1) such pairs, it was at level alpha / (m (k - 1)) or less: in all at most alpha k / m. Stopped against a worse
arm, with k (m - k) such pairs, s > k and the level was alpha / (m k) or less: in all at most alpha (m - k) / m. The sum
is alpha. A larger level only raises the bound of each look, so the argument holds at every look. An arm that has been
stopped is nobody's opponent afterwards: every test sees all seeds up to its look, or is not made.

It holds for normal differences that are independent from seed to seed. Repeats of folds train on overlapping items and
are outside.

========  ======================================================================  =========
symbol    meaning                                                                 unit
========  ======================================================================  =========
m         arms at the start of the race                                           1
s         arms in the race now                                                    1
N         seeds that the study plans for each arm                                 1
alpha     1 - level: chance that an arm that is the best is ever stopped          1
========  ======================================================================  =========
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from frostline.analysis.spending import FEWEST_PAIRS, nominal_level, spent

FIRST = 4
"""Seeds before the first look. With fewer, a difference must be some ten deviations wide."""
ROUND = 2
"""Seeds a round. Rounds of 1 ran 0.7 % fewer trials on the published means, and give parallel workers half the work."""
CONSTANT = 1e-9
"""Differences that spread less than this are one number: it is below what any validation part can resolve."""


@dataclass(frozen=True)
class Sample:
    """What is known of the arms of one race, an array of arm by seed each, the seeds in the order of the study.

    ``values`` are validation scores, nan where none is known. ``settled`` is true where a trial has ended, finished
    or failed. ``runs`` tells runs apart: cells of an arm with the same number are one trial.
    """

    values: np.ndarray
    settled: np.ndarray
    runs: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Sample:
        """A sample in which every cell has ended in a run of its own."""
        return cls(values, np.ones(values.shape, dtype=bool), np.arange(values.size).reshape(values.shape))


@dataclass(frozen=True)
class Verdict:
    """Arm ``arm`` is ruled out after ``seeds`` seeds, by its comparison with ``against``.

    ``difference`` is how much worse it did on ``pairs`` common seeds (score). ``p`` is the one-sided p-value times
    the number of comparisons that it is corrected for, and ``bound`` what it had to be at most, at this look.
    """

    arm: int
    seeds: int
    against: int
    difference: float
    pairs: int
    p: float
    bound: float


@dataclass(frozen=True)
class Elimination:
    """How far a race has come: the looks taken, who was ruled out, and who is left.

    ``waiting`` is the look for which outcomes are missing, None where the race has ended.
    """

    looks: tuple[int, ...]
    verdicts: tuple[Verdict, ...]
    racing: tuple[int, ...]
    waiting: int | None


def looks(planned: int) -> tuple[int, ...]:
    """After how many seeds a race of ``planned`` seeds is looked at; the last look is at all of them."""
    return (*range(min(FIRST, planned), planned, ROUND), planned)


def margin(arms: int, planned: int, alpha: float) -> float | None:
    """The smallest mean difference that can stop a first arm before its last seed, in deviations of the differences.

    None where no look before the last seed can stop any.
    """
    early = tuple(look for look in looks(planned)[:-1] if look >= FEWEST_PAIRS)
    if not early or arms < 2:
        return None
    nominal = _bound(alpha / (arms * (arms - 1)), planned, early, early)
    return float(-special.stdtrit(early[-1] - 1, nominal) / np.sqrt(early[-1]))


def eliminate(sample: Sample, alpha: float, at: tuple[int, ...]) -> Elimination:
    """The race looked ``at`` after so many seeds, as far as ``sample`` decides it. A look reads nothing of later seeds.

    One look at all seeds is the test of the whole design, in which every seed of every arm is run. A look is
    taken once every arm of the race has ended on all seeds up to it. A failed trial takes its pair away.
    """
    usable = _usable(sample)
    past = Elimination((), (), tuple(range(len(sample.values))), None)
    for look in at:
        if not sample.settled[list(past.racing), :look].all():
            return replace(past, waiting=look)
        past = replace(past, looks=(*past.looks, look))
        found = _ruled_out(sample.values, usable, past, alpha)
        gone = {verdict.arm for verdict in found}
        left = tuple(arm for arm in past.racing if arm not in gone)
        past = replace(past, verdicts=past.verdicts + found, racing=left)
    return past


def one_sided(differences: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the usable ``differences`` along the last axis, and the p-value of "it is not above 0".

    It is that of a t test. Differences that are all one number above 0 have no deviation to be measured by: their p is
    that of all n signs being equal, 2**-n. It is 1 where they are all 0 or below, and below ``FEWEST_PAIRS``.
    """
    n = usable.sum(axis=-1)
    count = np.maximum(n, FEWEST_PAIRS)
    mean = np.where(usable, differences, 0).sum(axis=-1) / np.maximum(n, 1)
    around = np.where(usable, differences - mean[..., None], 0)
    constant = np.abs(around).max(axis=-1) < CONSTANT
    deviation = np.sqrt((around**2).sum(axis=-1) / (count - 1))
    p = special.stdtr(count - 1, -mean * np.sqrt(count) / np.where(constant, 1, deviation))
    p = np.where(constant, np.where(mean > CONSTANT, 0.5**n, 1.0), p)
    return mean, np.where(n < FEWEST_PAIRS, 1.0, p)


def _ruled_out(values: np.ndarray, usable: np.ndarray, past: Elimination, alpha: float) -> tuple[Verdict, ...]:
    """The arms ruled out at the last of the looks of ``past``, the clearest first."""
    (arms, planned), look, racing = values.shape, past.looks[-1], np.array(past.racing)
    seen = usable[np.ix_(racing, racing)][:, :, :look]
    mean, p = one_sided(values[racing][None, :, :look] - values[racing][:, None, :look], seen)
    found: list[Verdict] = []
    while len(racing) - len(found) > 1:
        pair = alpha / (arms * (len(racing) - len(found) - 1))
        rejected = []
        for j, i in zip(*np.nonzero(p <= pair), strict=True):
            counts = tuple(int(seen[j, i, :earlier].sum()) for earlier in past.looks)
            bound = _bound(pair, planned, past.looks, counts)
            rejected += [(p[j, i], j, i, bound, counts[-1])] if p[j, i] <= bound else []
        if not rejected:
            break
        least, j, i, bound, count = min(rejected)
        factor = alpha / pair
        told = (float(mean[j, i]), count, min(1.0, float(least) * factor), bound * factor)
        found.append(Verdict(int(racing[j]), look, int(racing[i]), *told))
        p[j], p[:, j] = 2.0, 2.0
    return tuple(found)


def _bound(level: float, planned: int, taken: tuple[int, ...], counts: tuple[int, ...]) -> float:
    """The largest p that rejects at the last look ``taken``, where a pair had ``counts`` usable seeds at the looks.

    A look at which the pair has too few seeds, or no more than before, spends nothing and rejects nothing.
    """
    before = (FEWEST_PAIRS - 1, *counts)
    used = [k for k, count in enumerate(counts) if count > max(before[: k + 1])]
    if not used or used[-1] != len(counts) - 1:
        return 0.0
    return nominal_level(tuple(spent(level, taken[k] / planned) for k in used), tuple(counts[k] for k in used))


def _usable(sample: Sample) -> np.ndarray:
    """True where both arms of a pair have finished and their runs are not a pair that an earlier seed has counted."""
    known = np.isfinite(sample.values)
    both = known[:, None, :] & known[None, :, :]
    repeated = (sample.runs[:, :, None] == sample.runs[:, None, :]) & known[:, :, None] & known[:, None, :]
    earlier = np.tril(np.ones(repeated.shape[1:], dtype=bool), k=-1)
    if not (repeated & earlier).any():
        return np.asarray(both)
    return np.asarray(both & ~(repeated[:, None] & repeated[None, :] & earlier).any(axis=-1))
