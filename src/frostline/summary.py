"""What the command line says of a plan, of its state, and of the names that a study file can use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from frostline.catalog import DatasetCard, dataset_cards
from frostline.errors import FrostlineError
from frostline.outcome import Failed, Finished
from frostline.presets import presets
from frostline.scored import Scored
from frostline.spec.forged import forged_of
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import Mlp, PlainCnn, Timm
from frostline.spec.plan import Entry, Plan
from frostline.spec.scored_cells import never_scored
from frostline.spec.spectrogram_transformer import SpectrogramTransformer
from frostline.spec.study import Study
from frostline.spec.surgery import Fate, Surgery, in_short
from frostline.spec.timm_facts import FAMILIES, Architecture, architectures, unknown

LISTED = 10


def plan_summary(study: Study, plan: Plan) -> str:
    """The arms of ``study`` with all their names, its controls apart, its axes, its race, and its trials and waves."""
    cells = len(plan.entries)
    names = sum(len(arm.names) for arm in plan.arms)
    width = max(len(arm.written) for arm in plan.arms)
    own, controls = ([arm for arm in plan.arms if (not arm.control) is named] for named in (True, False))
    waves = ", then ".join(f"{len(wave)}" for wave in plan.waves)
    recipe = plan.own[-1].trial.recipe
    in_waves = "1 wave" if len(plan.waves) == 1 else f"{len(plan.waves)} waves"
    return "\n".join(
        [
            study.title,
            study.question,
            "",
            f"{len(plan.arms)} arms ({names} names; equal treatments are run once):",
            *(f"  {arm.written:{width}}  {' = '.join(arm.names)}" for arm in own),
            *([f"{len(controls)} of them are controls, which are never recommended:"] if controls else []),
            *(f"  {arm.written:{width}}  {' = '.join(arm.names)}" for arm in controls),
            f"shares {', '.join(f'{share:g}' for share in study.shares)}",
            f"seeds {', '.join(map(str, study.seed_values))}; vary {', '.join(study.vary) or 'nothing'}",
            f"at most {recipe.steps} steps of batch {recipe.batch} at the last share",
            *_forged(plan),
            f"{cells} cells, {len(plan.trials)} trials in {in_waves} ({waves})",
            *([_race(study, plan)] if study.evidence == "race" else []),
            *([_scored(study, plan)] if study.scores is not None else []),
        ]
    )


def status_summary(
    plan: Plan, outcomes: Mapping[str, Finished | Failed], folder: Path, stopped: Collection[str] = frozenset()
) -> str:
    """How many trials of ``plan`` are finished, failed and missing in ``folder``, with the reasons of failures.

    ``stopped`` are the keys of the trials that a race never runs. They are told apart, with what only they start from.
    """
    needed = _keys(entry for entry in plan.entries if entry.trial.key not in stopped)
    states = Counter(_state(outcomes.get(trial.key), trial.key in needed) for trial in plan.trials)
    keys = {trial.key for trial in plan.trials}
    others = len(outcomes.keys() - keys)
    lines = [f"{folder}: {states['finished']} finished, {states['failed']} failed, {states['missing']} missing"]
    if states["stopped"]:
        lines[0] += f", {states['stopped']} not run (their arms were ruled out by the race)"
    if others:
        lines.append(f"{others} more outcomes are kept there that are not part of this study as it is written now")
    failures = [outcome for key, outcome in outcomes.items() if key in keys and isinstance(outcome, Failed)]
    lines += [f"  failed {failure.key}: {failure.error}" for failure in failures[:LISTED]]
    if len(failures) > LISTED:
        lines.append(f"  and {len(failures) - LISTED} more")
    if states["failed"]:
        lines.append("failed trials are tried again by `frostline run`")
    return "\n".join(lines)


def scores_summary(
    plan: Plan, scores: Mapping[str, Scored | Failed], stopped: Collection[str] = frozenset()
) -> list[str]:
    """How many scorings of ``plan`` are done, failed and missing, with the reasons; nothing where it has none.

    Those of starts that are ``stopped`` by a race are not missing.
    """
    if not plan.scorings:
        return []
    never = never_scored(plan.scored, stopped)
    states = Counter(_state(scores.get(one.key), one.key not in never) for one in plan.scorings)
    failures = [found for one in plan.scorings if isinstance(found := scores.get(one.key), Failed)]
    told = f"layer scores: {states['scored']} scored, {states['failed']} failed, {states['missing']} missing"
    told += f", {states['stopped']} not run" if states["stopped"] else ""
    return [told, *(f"  failed {failure.key}: {failure.error}" for failure in failures[:LISTED])]


def never_run(study: Study, plan: Plan, outcomes: Mapping[str, Finished | Failed]) -> frozenset[str]:
    """The keys of the trials of ``plan`` that a race has ruled out; none where ``study`` is no race."""
    if study.evidence != "race":
        return frozenset()
    # Races count, and only they need numpy for it.
    from frostline.analysis.racing import race

    return race(plan, outcomes, study.level).unrun


def known_names() -> str:
    """The presets, the datasets and the networks that a study file can name, with what tells them apart."""
    shelves = {
        "presets (frostline init NAME copies one)": {name: _title(path) for name, path in presets().items()},
        "datasets": {
            **{card.name: _facts(card) for card in dataset_cards().values()},
            "folder": "your own images or sounds: a folder a class, at path",
            "manifest": "your own images or sounds: a CSV or Parquet table with path and label, at path",
        },
        "networks": {
            name: (kind.__doc__ or "").splitlines()[0]
            for name, kind in (
                ("plain_cnn", PlainCnn),
                ("mlp", Mlp),
                ("mtt_vgg", MttVgg),
                ("spectrogram_transformer", SpectrogramTransformer),
                ("timm", Timm),
            )
        },
    }
    width = max(len(name) for shelf in shelves.values() for name in shelf)
    return "\n".join(
        line for title, shelf in shelves.items() for line in (title, *(f"  {n:{width}}  {t}" for n, t in shelf.items()))
    )


def layers_of(name: str) -> str:
    """The layers of the network called ``name``, input first, how surgeries of it are written, and its weights.

    Plain networks are told as they are without further keys.

    Raises:
        FrostlineError: no network is called so; the text has the nearest architecture, or the name without its tag.
    """
    plain: dict[str, PlainCnn | Mlp | MttVgg | SpectrogramTransformer] = {
        "plain_cnn": PlainCnn(name="plain_cnn"),
        "mlp": Mlp(name="mlp"),
        "mtt_vgg": MttVgg(name="mtt_vgg"),
        "spectrogram_transformer": SpectrogramTransformer(name="spectrogram_transformer"),
    }
    if (network := plain.get(name)) is not None:
        depth = (
            "a tagger of music" if isinstance(network, MttVgg) else f"depth: {network.depth}, which a study may change"
        )
        return "\n".join([f"{name}: {depth}", *_layers(network.layer_names)])
    fault = unknown(name)
    if fault is not None:
        raise FrostlineError(f"{fault}; known besides: {', '.join(plain)}")
    known = architectures()[name]
    return "\n".join([f"{name}: {_made_for(known)}", *_layers(known.layer_names), *_weights(name, known)])


def _layers(names: tuple[str, ...]) -> list[str]:
    count = len(names)
    spelt = {
        "from scratch": Surgery.cut(0, count, Fate.FROZEN, Fate.RESET),
        "all tuned": Surgery.cut(0, count, Fate.FROZEN, Fate.TUNED),
        f"{names[0]} frozen": Surgery.cut(1, count, Fate.FROZEN, Fate.TUNED),
        "only the head trained": Surgery.cut(count, count, Fate.FROZEN, Fate.TUNED),
    }
    written = ", ".join(f"{surgery} ({said})" for said, surgery in spelt.items())
    return [f"  {count} layers, input first: {in_short(names)}", f"  surgeries such as {written}"]


def _made_for(known: Architecture) -> str:
    patches = f" in patches of {known.patch}" if known.patch else ""
    return f"{FAMILIES[known.family]}, made for planes of {known.size} x {known.size}{patches}"


def _weights(name: str, known: Architecture) -> list[str]:
    if not known.tags:
        return ["  no weights on the hub"]
    return ["  weights on the hub:", *(f"    timm/{name}.{tag}" for tag in known.tags)]


def _facts(card: DatasetCard) -> str:
    """Size, shape and licence of a dataset in one line."""
    parts = (card.train_counts, card.validation_counts or (), card.test_counts)
    items = (
        f"{sum(map(sum, card.fold_counts)):,} items in {len(card.fold_counts)} folds"
        if card.fold_counts
        else f"{' + '.join(f'{sum(counts):,}' for counts in parts if counts)} items"
    )
    shape = f", {card.channels} x {card.size} x {card.size}" if card.size else ""
    names = card.class_names if card.task == "classes" else card.target_names
    return f"{card.title}: {items}, {len(names)} {card.task}{shape}, {card.licence}"


def _state(outcome: Finished | Scored | Failed | None, needed: bool) -> str:
    return outcome.status if outcome else "missing" if needed else "stopped"


def _forged(plan: Plan) -> list[str]:
    """How many synthetic items there are at each share; nothing where there are none."""
    return [
        f"{f'with {one.addition}' if one.addition else 'all arms'} at share {one.share:g}: {one}"
        for one in forged_of(plan)
    ]


def _scored(study: Study, plan: Plan) -> str:
    assert study.scores is not None
    count = "1 scoring" if len(plan.scorings) == 1 else f"{len(plan.scorings)} scorings"
    told = [
        f"{when} training: {', '.join(names)}"
        for when, names in (("before", study.scores.of_starts), ("before and after", study.scores.of_states))
        if names
    ]
    return f"layer scores {'; '.join(told)}; {count}"


def _race(study: Study, plan: Plan) -> str:
    """When the race of ``study`` looks at its arms, and how many trials it runs at most and at best."""
    # Imports numpy and scipy, which only the plan of a race needs.
    from frostline.analysis.elimination import FIRST, ROUND

    seeds = study.seed_values
    first = _keys(entry for entry in plan.entries if entry.seed in seeds[:FIRST])
    alone = (
        _keys(entry for entry in plan.entries if entry.arm == arm or entry.arm.controls(arm))
        for arm in plan.arms
        if not arm.control
    )
    fewest = min(len(first | keys) for keys in alone)
    if fewest == len(plan.trials):
        return f"a race that can save nothing: its first look is after {FIRST} seeds"
    where = f" at each of {len(study.shares)} shares" if len(study.shares) > 1 else ""
    looks = f"first look after {FIRST} seeds, then every {ROUND}"
    return f"a race{where}, {looks}: at most {len(plan.trials)} trials, at best {fewest}"


def _keys(entries: Iterable[Entry]) -> frozenset[str]:
    """The keys of the trials of ``entries``, and of all that these start from."""
    return frozenset(trial.key for entry in entries for trial in (entry.trial, *entry.trial.ancestors))


def _title(path: Path) -> str:
    """The title of the study file at ``path``, read without checking the rest."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("title:"):
            return line.removeprefix("title:").strip().strip("'\"")
    return ""
