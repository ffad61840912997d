"""Which layers a study scores: those of its start before it trains, and those of its arms against that start."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from frostline.errors import PlanRefused
from frostline.spec.arms import Entry
from frostline.spec.inputs import Inputs
from frostline.spec.scoring import Scoring, ScoringSeeds
from frostline.spec.study import Study
from frostline.spec.surgery import Fate
from frostline.spec.trial import Trial, WeightsFile


@dataclass(frozen=True)
class ScoredCell:
    """The scores of a study at a share and a seed, and the scoring that gives them.

    ``arm`` is the trained arm whose layers are held against its start, as a table has it; empty of a start alone.
    """

    share: float
    seed: int
    scoring: Scoring
    arm: str = ""


def scored_cells(
    study: Study, inputs: Inputs, starts: Mapping[int, Trial | WeightsFile | None], entries: Sequence[Entry]
) -> tuple[ScoredCell, ...]:
    """What ``study`` scores, by share and by seed: none where it asks for no scores.

    ``starts`` is what its transfers start from, by seed. Where neither that nor the items change with the seed, the
    cells of a share hold one scoring. Of ``entries``, those are held against their start that keep some of its weights
    and remove no layer, apart from controls and chains.

    Raises:
        PlanRefused: the scores cannot be had of such a start.
    """
    if study.scores is None:
        return ()
    wanted: list[tuple[float, int, Entry | None]] = []
    if study.scores.of_starts:
        wanted += [(share, seed, None) for share in study.shares for seed in starts]
    if study.scores.of_states:
        wanted += [(one.share, one.seed, one) for one in entries if _is_compared(one)]
    cells, faults = [], dict[str, None]()
    for share, seed, entry in wanted:
        start, arm = starts[seed], "" if entry is None else entry.arm.written
        assert start is not None
        try:
            cells.append(ScoredCell(share, seed, _scoring(study, inputs, (start, entry), (share, seed)), arm))
        except ValidationError as error:
            faults[f"scores: {error.errors()[0]['ctx']['error']}"] = None
    if faults:
        raise PlanRefused(list(faults))
    return tuple(_with_maps(study, cells))


def _is_compared(entry: Entry) -> bool:
    surgery = entry.arm.surgery
    alone = surgery.after is None and Fate.REMOVED not in surgery.fates
    return entry.arm.start == "own" and surgery.needs_start and alone


def never_scored(cells: Iterable[ScoredCell], unrun: Collection[str]) -> frozenset[str]:
    """The keys of the scorings of ``cells`` that read a trial among ``unrun``, the keys of what is never run."""
    scorings = (cell.scoring for cell in cells)
    return frozenset(one.key for one in scorings if any(trial.key in unrun for trial in one.needed))


def _with_maps(study: Study, cells: Sequence[ScoredCell]) -> Iterator[ScoredCell]:
    """``cells``, of which those of the first seed, and those that hold the same scoring, draw maps as well."""
    asked, first = study.scores, study.seed_values[0]
    assert asked is not None
    drawn = {cell.scoring.key for cell in cells if cell.seed == first and not cell.arm}
    for cell in cells:
        scoring = cell.scoring
        yield replace(cell, scoring=scoring.model_copy(update={"maps": asked.maps})) if scoring.key in drawn else cell


def _scoring(
    study: Study, inputs: Inputs, of: tuple[Trial | WeightsFile, Entry | None], cell: tuple[float, int]
) -> Scoring:
    """The scoring ``of`` a start alone, or of a start and what was trained from it."""
    asked, (share, seed), (start, trained) = study.scores, cell, of
    assert asked is not None
    split, drawn = (seed if purpose in study.vary else study.fixed_seed for purpose in ("split", "share"))
    return Scoring(
        dataset=study.dataset,
        network=inputs.network,
        start=start,
        scores=asked.of_starts if trained is None else asked.of_states,
        against=None if trained is None else trained.trial,
        share=share,
        validation=study.validation,
        normalise=inputs.normalise,
        features=asked.features,
        nonlinearity=asked.nonlinearity,
        items=asked.items,
        seeds=ScoringSeeds(split=split, share=drawn, draws=study.fixed_seed),
    )
