"""One scoring from spec to outcome: split, share and start as a trial has them, then scores instead of a training."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from frostline.data.planes import preprocessing
from frostline.data.read import read
from frostline.data.splits import split
from frostline.environment import environment
from frostline.randomness import stream
from frostline.scored import Scored
from frostline.shelf import Shelf
from frostline.spec.scoring import Scoring
from frostline.start import refuse_tested_starts, second_state, start_of_scoring
from frostline.way import Way


@dataclass(frozen=True)
class ScoringJob:
    """A scoring, and where and how it is worked on."""

    scoring: Scoring
    folder: Path
    way: Way = field(default_factory=Way)


def run_scoring(job: ScoringJob) -> Scored:
    """The outcome of ``job``: what each layer of the start scores on the training items of the share, and no others.

    Where two states are compared, also how alike each layer of the start is to that of the trained network.

    Raises:
        FrostlineError: the data or the start cannot be read, the start has learned from a test item, or nothing can be
            scored on these items.
    """
    # scikit-learn takes a second to import, which every worker of a study without scores would wait for.
    from frostline.scoring.maps import layer_maps
    from frostline.scoring.score import compare_states, score_layers

    began = time.perf_counter()
    torch.set_num_threads(job.way.threads)
    scoring, shelf = job.scoring, Shelf(job.folder)
    whole = read(scoring.dataset.reading)
    splits = split(whole, scoring)
    refuse_tested_starts(splits, scoring, shelf)
    start = start_of_scoring(scoring, shelf)
    assert start.donor is not None
    prepare, digest = preprocessing(scoring.dataset, scoring.normalise, splits.train), start.digest
    donor, train = start.donor.to(torch.device(job.way.device)), splits.train
    planes, draws = prepare.planes(train), scoring.seeds.draws
    scores = score_layers(donor, planes, train.targets, scoring, stream(draws, "scores"))
    if scoring.against is not None:
        states = donor, second_state(scoring, shelf).to(torch.device(job.way.device))
        scores += compare_states(states, planes, train.targets, scoring, stream(draws, "scores"))
    return Scored(
        key=scoring.key,
        scores=scores,
        maps=layer_maps(donor, planes, train.targets, scoring, stream(draws, "maps")),
        n_train=len(train),
        start=start.kind,
        start_told=start.told,
        start_digest=digest,
        split_digest=splits.digest,
        data_digest=whole.digest,
        environment=environment(job.way.device, "float32", stacked=1, compiled=False),
        seconds=time.perf_counter() - began,
    )
