"""Samples whose planes are the same, or as good as the same, under different ids.

| symbol | meaning | shape, unit |
|---|---|---|
| planes | raw values as the file stores them | sample channel row column |
| span | the highest value of all planes less the lowest | that of the planes |
| distance | root mean square of the difference of two planes | that of the planes |
| means | block means of the grey planes, scaled so that no two are further apart than the distance of their planes | |
| | | sample block, that of the planes |
| reach | ``TOLERANCE * span``, the greatest distance of near duplicates | that of the planes |
| pairs | two places among the planes that are compared | pair 2 |
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, Shaped

TOLERANCE = 0.01
"""Near duplicates differ by at most this part of the range of values, as the root mean square over their planes."""
BLOCKS = 8
DIRECTIONS = 12
NEIGHBOURS = 16
MOST_NEIGHBOURS = 256
"""How many of the nearest planes, by their means, each plane is compared with: at first, and at most."""
BASIS_PLANES = 2000
AT_ONCE_VALUES = 4_000_000
ROUNDING = 1e-4
ALONE = -1
"""The family of a sample that has no near duplicate."""


def near_duplicates(planes: Shaped[np.ndarray, "sample channel row column"]) -> Int64[np.ndarray, " sample"]:
    """The family of near duplicates that each sample belongs to, numbered from 0; ``ALONE`` where it has none.

    Each member of a family lies within ``TOLERANCE`` of another one. Equal planes are found by their digest. Others
    are looked for by a perceptual hash, the block means of the grey plane: their distance is never greater than that
    of the planes, so that a search for all that lie within reach misses none (but where more than
    ``MOST_NEIGHBOURS`` planes lie there), and each that is found is confirmed on the planes themselves.
    """
    first, copy_of = _distinct(planes)
    reach = TOLERANCE * (float(planes.max()) - float(planes.min()))
    pairs = _confirmed(planes, first[_candidates(block_means(planes)[first], reach)], reach)
    return _families(first[copy_of], pairs)


def block_means(planes: Shaped[np.ndarray, "sample channel row column"]) -> Float32[np.ndarray, "sample block"]:
    """The means of up to 8 x 8 blocks of each plane, averaged over channels and weighted by the root of their area.

    The distance of two such rows is at most the root mean square of the difference of the planes, for a mean never
    differs by more than the root mean square of what it is taken over.
    """
    count, _, rows, columns = planes.shape
    across, down = _edges(rows), _edges(columns)
    area = np.outer(np.diff(across, append=rows), np.diff(down, append=columns))
    means = np.empty((count, *area.shape), dtype=np.float32)
    for chosen in _stretches(count, planes[0].size):
        grey = planes[chosen].mean(axis=1, dtype=np.float32)
        means[chosen] = np.add.reduceat(np.add.reduceat(grey, across, axis=1), down, axis=2)
    weighted = means / np.sqrt(area * rows * columns, dtype=np.float32)
    return np.asarray(weighted.reshape(count, area.size))


def _edges(length: int) -> Int64[np.ndarray, " block"]:
    """Where each of up to ``BLOCKS`` stretches of ``length`` begins."""
    blocks = min(BLOCKS, length)
    return np.arange(blocks) * length // blocks


def _stretches(count: int, values: int) -> Iterator[slice]:
    """``count`` rows of so many ``values`` in stretches that fit in memory side by side."""
    length = max(1, AT_ONCE_VALUES // values)
    return (slice(begin, begin + length) for begin in range(0, count, length))


def _distinct(planes: np.ndarray) -> tuple[Int64[np.ndarray, " distinct"], Int64[np.ndarray, " sample"]]:
    """The place of the first of all equal planes, and for each plane which of those it equals."""
    seen: dict[bytes, int] = {}
    first: list[int] = []
    copy_of = np.empty(len(planes), dtype=np.int64)
    for place, plane in enumerate(planes):
        digest = hashlib.blake2b(np.ascontiguousarray(plane).data, digest_size=16).digest()
        copy_of[place] = seen.setdefault(digest, len(first))
        if copy_of[place] == len(first):
            first.append(place)
    return np.array(first, dtype=np.int64), copy_of


def _candidates(means: Float32[np.ndarray, "sample block"], reach: float) -> Int64[np.ndarray, "pair 2"]:
    """The pairs of rows of ``means`` that lie within ``reach``, each once."""
    # SciPy takes a fifth of a second to import, and only the first run of a study looks for duplicates.
    from scipy.spatial import KDTree

    if len(means) < 2:
        return np.empty((0, 2), dtype=np.int64)
    near = reach * (1 + ROUNDING)
    points = means.astype(np.float64) @ _directions(means)
    tree, beyond = KDTree(points), np.nextafter(near, np.inf)
    asked, neighbours, found = np.arange(len(points)), NEIGHBOURS, [np.empty((0, 2), dtype=np.int64)]
    while len(asked):
        held = min(neighbours + 1, len(points))
        distances, places = tree.query(points[asked], k=held, distance_upper_bound=beyond)
        own, rank = np.nonzero(np.isfinite(distances) & (places != asked[:, None]))
        found.append(np.sort(np.stack([asked[own], places[own, rank]], axis=1), axis=1))
        full = np.isfinite(distances[:, -1]) & (held < len(points)) & (neighbours < MOST_NEIGHBOURS)
        asked, neighbours = asked[full], neighbours * 4
    pairs = np.unique(np.concatenate(found), axis=0)
    apart = np.linalg.norm(means[pairs[:, 0]] - means[pairs[:, 1]], axis=1)
    return np.asarray(pairs[apart <= near])


def _directions(means: Float32[np.ndarray, "sample block"]) -> Float64[np.ndarray, "block direction"]:
    """Orthonormal directions in which ``means`` differ most; what is near in space is near in each of them."""
    some = means[:: max(1, len(means) // BASIS_PLANES)].astype(np.float64)
    directions = np.linalg.svd(some - some.mean(axis=0), full_matrices=False)[2]
    return np.ascontiguousarray(directions[:DIRECTIONS].T)


def _confirmed(planes: np.ndarray, pairs: Int64[np.ndarray, "pair 2"], reach: float) -> Int64[np.ndarray, "pair 2"]:
    """The ``pairs`` of places whose planes lie within ``reach``."""
    near: Bool[np.ndarray, " pair"] = np.zeros(len(pairs), dtype=bool)
    for chosen in _stretches(len(pairs), planes[0].size):
        one, other = (planes[pairs[chosen, side]].astype(np.float32) for side in (0, 1))
        near[chosen] = np.square(one - other).mean(axis=(1, 2, 3)) <= reach**2
    return np.asarray(pairs[near])


def _families(of_first: Int64[np.ndarray, " sample"], pairs: Int64[np.ndarray, "pair 2"]) -> np.ndarray:
    """The family of each sample, of which equal ones and ``pairs`` are one family each, in order of first members."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(of_first)
    one = np.concatenate([np.arange(count), pairs[:, 0]])
    other = np.concatenate([of_first, pairs[:, 1]])
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    _, inverse, sizes = np.unique(component, return_inverse=True, return_counts=True)
    together = sizes[inverse] > 1
    families = np.full(count, ALONE)
    names = list(dict.fromkeys(component[together].tolist()))
    number = {name: place for place, name in enumerate(names)}
    families[together] = [number[name] for name in component[together].tolist()]
    return families
