"""Which layers a study scores before it trains: its start, at every share and with every seed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from frostline.errors import PlanRefused
from frostline.spec.inputs import Inputs
from frostline.spec.scoring import Scoring, ScoringSeeds
from frostline.spec.study import Study
from frostline.spec.trial import Trial, WeightsFile


@dataclass(frozen=True)
class ScoredCell:
    """The scores of a study at a share and a seed, and the scoring that gives them."""

    share: float
    seed: int
    scoring: Scoring


def scored_cells(
    study: Study, inputs: Inputs, starts: Mapping[int, Trial | WeightsFile | None]
) -> tuple[ScoredCell, ...]:
    """What ``study`` scores, by share and by seed: none where it asks for no scores.

    ``starts`` is what its transfers start from, by seed. Where neither that nor the items change with the seed, the
    cells of a share hold one scoring.

    Raises:
        PlanRefused: the scores cannot be had of such a start.
    """
    if study.scores is None:
        return ()
    cells, faults = [], dict[str, None]()
    for share in study.shares:
        for seed, start in starts.items():
            assert start is not None
            try:
                cells.append(ScoredCell(share, seed, _scoring(study, inputs, start, (share, seed))))
            except ValidationError as error:
                faults[f"scores: {error.errors()[0]['ctx']['error']}"] = None
    if faults:
        raise PlanRefused(list(faults))
    return tuple(_with_maps(study, cells))


def never_scored(cells: Iterable[ScoredCell], unrun: Collection[str]) -> frozenset[str]:
    """The keys of the scorings of ``cells`` whose start is a trial among ``unrun``, the keys of what is never run."""
    starts = ((cell.scoring.key, cell.scoring.predecessor) for cell in cells)
    return frozenset(key for key, start in starts if start is not None and start.key in unrun)


def _with_maps(study: Study, cells: Sequence[ScoredCell]) -> Iterator[ScoredCell]:
    """``cells``, of which those of the first seed, and those that hold the same scoring, draw maps as well."""
    asked, first = study.scores, study.seed_values[0]
    assert asked is not None
    drawn = {cell.scoring.key for cell in cells if cell.seed == first}
    for cell in cells:
        scoring = cell.scoring
        yield replace(cell, scoring=scoring.model_copy(update={"maps": asked.maps})) if scoring.key in drawn else cell


def _scoring(study: Study, inputs: Inputs, start: Trial | WeightsFile, cell: tuple[float, int]) -> Scoring:
    asked, (share, seed) = study.scores, cell
    assert asked is not None
    split, drawn = (seed if purpose in study.vary else study.fixed_seed for purpose in ("split", "share"))
    return Scoring(
        dataset=study.dataset,
        network=inputs.network,
        start=start,
        scores=asked.names,
        share=share,
        validation=study.validation,
        normalise=inputs.normalise,
        features=asked.features,
        nonlinearity=asked.nonlinearity,
        items=asked.items,
        seeds=ScoringSeeds(split=split, share=drawn, draws=study.fixed_seed),
    )
