"""What the command line says of a plan and of its state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from frostline.outcome import Failed, Finished
from frostline.scored import Scored
from frostline.spec.forged import forged_of
from frostline.spec.plan import Entry, Plan
from frostline.spec.scored_cells import never_scored
from frostline.spec.study import Study

LISTED = 10


def plan_summary(study: Study, plan: Plan) -> str:
    """The arms of ``study`` with all their names, its controls apart, its axes, its race, and its trials and waves."""
    cells = len(plan.entries)
    names = sum(len(arm.names) for arm in plan.arms)
    width = max(len(arm.written) for arm in plan.arms)
    own, controls = ([arm for arm in plan.arms if (not arm.control) is named] for named in (True, False))
    waves = ", then ".join(f"{len(wave)}" for wave in plan.waves)
    recipe = plan.own[-1].trial.recipe
    in_waves = _counted(len(plan.waves), "wave")
    return "\n".join(
        [
            study.title,
            study.question,
            "",
            f"{_counted(len(plan.arms), 'arm')} ({_counted(names, 'name')}; equal treatments are run once):",
            *(f"  {arm.written:{width}}  {' = '.join(arm.names)}" for arm in own),
            *([f"{len(controls)} of them are controls, which are never recommended:"] if controls else []),
            *(f"  {arm.written:{width}}  {' = '.join(arm.names)}" for arm in controls),
            f"shares {', '.join(f'{share:g}' for share in study.shares)}",
            f"seeds {', '.join(map(str, study.seed_values))}; vary {', '.join(study.vary) or 'nothing'}",
            f"at most {recipe.steps} steps of batch {recipe.batch} at the last share",
            *_forged(plan),
            f"{_counted(cells, 'cell')}, {_counted(len(plan.trials), 'trial')} in {in_waves} ({waves})",
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


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


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
    count = _counted(len(plan.scorings), "scoring")
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
