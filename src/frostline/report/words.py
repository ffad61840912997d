"""What a report says in sentences: what is not there, where the weights came from, how the numbers were made."""

from __future__ import annotations

import pandas as pd

from frostline.analysis.comparisons import cells, distinct_runs, scratch_arm, unchanged
from frostline.analysis.frost_line import percent
from frostline.spec.dataset import Dataset
from frostline.spec.plan import Plan
from frostline.spec.study import Pretraining, Study
from frostline.spec.trial import Trial


def completeness(plan: Plan, frame: pd.DataFrame) -> str:
    """How many trials of the study have finished, failed and are missing, and what is known of its pretrainings.

    A trial that fills several cells counts once. The table has no row for a pretraining; only a finished trial that
    started from one proves that it has finished.
    """
    once = distinct_runs(frame)
    counts = once["status"].value_counts()
    if (once["status"] == "finished").all():
        said = f"Nothing: all {len(once)} trials of the study have finished{_starts_finished(plan, frame)}."
    else:
        parts = [f"{int(counts.get(status, 0))} {status}" for status in ("failed", "missing", "finished")]
        said = f"Of {len(once)} trials of the study: {', '.join(parts)}."
        said += " Its pretrainings are not counted here." if plan.starts else ""
    if len(once) == len(frame):
        return said
    return f"{said} They fill {len(frame)} cells: where the seeds do not change an arm, several seeds are one trial."


def _starts_finished(plan: Plan, frame: pd.DataFrame) -> str:
    """Words for the pretrainings of ``plan`` where finished trials prove all of them finished; else none."""
    started = set(frame.loc[(frame["status"] == "finished") & (frame["start"] == "self-pretrained"), "key"])
    proven = {
        entry.trial.start.key
        for entry in plan.entries
        if isinstance(entry.trial.start, Trial) and entry.trial.key in started
    }
    if not plan.starts or proven != plan.starts:
        return ""
    if len(proven) == 1:
        return ", and so has the pretraining that they start from"
    return f", and so have the {len(proven)} pretrainings that they start from"


def troubles(frame: pd.DataFrame) -> list[str]:
    """One sentence for each reason of failure with the cells it struck, then one for each place with arms missing."""
    said = []
    for error, struck in frame[frame["status"] == "failed"].groupby("error", sort=False):
        said.append(f"failed: {error}: {'; '.join(_places(struck))}")
    absent = frame[frame["status"] == "missing"]
    return said + [f"missing (never run, or not yet): {place}" for place in _places(absent)]


def origin(study: Study, frame: pd.DataFrame) -> list[str]:
    """What the study's kept weights were trained on, and how many trials started from what."""
    counts = distinct_runs(frame)["start"].value_counts()
    words = {"self-pretrained": "from the study's own pretraining", "published": "from published weights"}
    seen = "; ".join(f"{int(counts[s])} {words.get(s, 'from random weights')}" for s in counts.index)
    match study.source:
        case None:
            told = "Nothing was pretrained: every arm starts from random weights."
        case Pretraining(dataset=dataset):
            told = f"Self-pretrained: the study trained the network from random weights on {dataset_in_words(dataset)}."
        case weights:
            told = f"Pretrained elsewhere: weights of the file {weights.weights} (origin: {weights.origin})."
    target = f"The target is {dataset_in_words(study.dataset)}; layers that are reset start from random weights."
    return [told, target, *([f"Finished trials: {seen}."] if seen else [])]


def methods(level: float) -> list[str]:
    """How the intervals were made and what they do not cover."""
    fewest = next(n for n in range(2, 100) if 2.0 ** (1 - n) <= 1 - level)
    return [
        f"Each interval is meant to hold the true mean in {level * 100:g} % of such studies. It is an expanded "
        "percentile bootstrap interval over the seeds, from 10,000 resamples (Hesterberg 2015, What Teachers Should "
        f"Know About the Bootstrap). With fewer than {fewest} runs no bootstrap interval can be wide enough, and the "
        "interval is Student's t. A gain is the mean of the differences seed by seed, over the seeds finished in both.",
        "An arm ties with the one of the highest mean where the paired Student's t interval of their difference, "
        "corrected for the number of arms compared (Bonferroni), contains 0.",
        "The choice of the arm and the figures reported for it use the same test items, so that the maximum is "
        "optimistic. Every seed is tested on the same items: the intervals speak of other seeds, not of other items.",
    ]


def claims(study: Study, frame: pd.DataFrame) -> list[str]:
    """What the study leaves fixed, about which its intervals therefore say nothing."""
    fixed = [purpose for purpose in ("split", "share", "weights", "batches") if purpose not in study.vary]
    said = [f"With the seed vary: {', '.join(study.vary) or 'nothing'}."]
    if fixed:
        said.append(f"Fixed, so that the intervals say nothing about other ones: {', '.join(fixed)}.")
    if study.source is not None and ("pretraining" not in study.vary or not isinstance(study.source, Pretraining)):
        said.append(
            "The pretrained network is the same for every seed: what is said here is said about that one network only, "
            "not about networks pretrained in this way."
        )
    return [" ".join(said), *_one_run(frame), *no_scratch(frame)]


def no_scratch(frame: pd.DataFrame) -> list[str]:
    """A sentence where no arm is trained from scratch, so that nothing is gained over it; else none."""
    return [] if scratch_arm(frame) else ["No arm is trained from scratch, so no gain over it can be given."]


def _one_run(frame: pd.DataFrame) -> list[str]:
    """A sentence where the seeds do not change some arms, each of which is therefore one run a share; else none."""
    arms = dict.fromkeys(arm for arm, share in cells(frame) if unchanged(frame, arm, share))
    if not arms:
        return []
    scratch = scratch_arm(frame)
    told = f"n = 1 run: the seeds do not change {', '.join(arms)}; such a run counts once and has no interval."
    if scratch in arms:
        told += " Every gain is over that one run from scratch: its interval says nothing about other such runs."
    return [told]


def _places(frame: pd.DataFrame) -> list[str]:
    """``f3r3, f4r2 at 1 %, seed 0, 2``: the arms of ``frame`` that lie together in share and seeds, told together."""
    together: dict[tuple[float, str], list[str]] = {}
    for arm, share in cells(frame):
        seeds = frame[(frame["arm"] == arm) & (frame["share"] == share)]["seed"]
        together.setdefault((share, ", ".join(str(int(seed)) for seed in seeds)), []).append(arm)
    return [f"{', '.join(arms)} at {percent(share)}, seed {seeds}" for (share, seeds), arms in together.items()]


def dataset_in_words(dataset: Dataset) -> str:
    """The name of ``dataset`` and of its classes."""
    return f"{dataset.name}, classes {', '.join(dataset.class_names)}"
