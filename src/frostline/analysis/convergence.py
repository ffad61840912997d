"""Whether every arm of a study was trained alike and for long enough.

| symbol | meaning | unit |
|---|---|---|
| losses | the loss at each validation of a run, in order | that of the task |
| n | how many there are | |
| late | the last tenth of them, rounded up | |
| tail | the last third of them, rounded up, and at least ``TAIL`` | |
| slope, error | of the straight line of least squares through the tail, and its standard error | loss per validation |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, sqrt

import numpy as np

from frostline.analysis.frost_line import percent
from frostline.analysis.verdicts import Finding, Table
from frostline.outcome import Finished
from frostline.spec.plan import Entry, Plan
from frostline.spec.recipe import Recipe
from frostline.spec.trial import Trial

CLEARLY = 0.01
TAIL = 5
ERRORS = 3.0
RULE = (
    "A run counts as still improving where it ended because its budget was spent, and either the lowest validation "
    f"loss of the last tenth of its validations is more than {percent(CLEARLY)} below the lowest one before, or the "
    f"straight line through the last third of them (at least {TAIL}) falls by more than {percent(CLEARLY)} of their "
    f"mean and by more than {ERRORS:.0f} times what chance would explain (its standard error)."
)


def trained_alike(plan: Plan, ended: Mapping[str, Finished]) -> tuple[Finding, ...]:
    """What can be said of the training of the arms: one budget and one rule, both kept, and long enough."""
    return (_one_recipe(plan), *_trained_before(plan), _rule_kept(plan, ended), _converged(plan, ended))


def still_improving(outcome: Finished) -> bool | None:
    """Whether the validation loss of a run was still falling when its budget was spent, by ``RULE``.

    None where it was validated only once, so that nobody can tell.
    """
    losses = [seen.loss for seen in outcome.history]
    if outcome.stopped != "budget":
        return False
    if len(losses) < 2:
        return None
    late = ceil(len(losses) / 10)
    return min(losses[-late:]) < (1 - CLEARLY) * min(losses[:-late]) or _line_falls(losses)


def _line_falls(losses: Sequence[float]) -> bool:
    """Whether the straight line through the tail of ``losses`` falls clearly."""
    if len(losses) < TAIL:
        return False
    tail = np.array(losses[-max(TAIL, ceil(len(losses) / 3)) :])
    place = np.arange(len(tail)) - (len(tail) - 1) / 2
    spread = float(place @ place)
    slope = float(place @ tail) / spread
    rest = tail - tail.mean() - slope * place
    error = sqrt(float(rest @ rest) / (len(tail) - 2) / spread)
    return -slope * (len(tail) - 1) > CLEARLY * float(tail.mean()) and -slope > ERRORS * error


def _one_recipe(plan: Plan) -> Finding:
    """Whether all arms of a share and a seed had the same budget and the same rule of evaluation.

    What is done with the norms of frozen layers is a treatment, and may differ.
    """
    recipes: dict[tuple[float, int], dict[Recipe, Entry]] = {}
    for entry in plan.entries:
        trained = entry.trial.recipe.model_copy(update={"norms": "stored"})
        recipes.setdefault((entry.share, entry.seed), {}).setdefault(trained, entry)
    unlike = [
        f"at {percent(share)}, seed {seed}: {' and '.join(entry.arm.written for entry in held.values())}"
        for (share, seed), held in recipes.items()
        if len(held) > 1
    ]
    if unlike:
        return Finding("wrong", "one budget for all arms", f"Arms differ in their recipe {'; '.join(unlike)}.")
    budgets = sorted({entry.trial.recipe.steps or 0 for entry in plan.entries})
    steps = f"{budgets[0]}" if len(budgets) == 1 else f"{budgets[0]} to {budgets[-1]}, by share"
    text = "At each share and seed every arm had the same budget, optimiser, batch, and rule of validating and stopping"
    return Finding("holds", "one budget for all arms", f"{text} (steps: {steps}).")


def _trained_before(plan: Plan) -> tuple[Finding, ...]:
    """The arms that had trained on the same part of the same data before, if only some arms had."""
    steps = {entry.arm.written: _steps_before(entry.trial) for entry in plan.entries}
    more = {arm: before for arm, before in steps.items() if before}
    if not more or len(set(steps.values())) == 1:
        return ()
    text = (
        "These arms had trained on the same items before, and so took more steps in all than the others: "
        f"{', '.join(f'{arm} ({before} more)' for arm, before in more.items())}. What they gain may come from that."
    )
    return (Finding("cannot be shown", "equal steps in all", text),)


def _steps_before(trial: Trial) -> int:
    alike = [other for other in trial.ancestors if (other.dataset, other.share) == (trial.dataset, trial.share)]
    return sum(other.recipe.steps or 0 for other in alike)


def _rule_kept(plan: Plan, ended: Mapping[str, Finished]) -> Finding:
    """Whether each finished run ended as its recipe says: with its budget or with its patience at an end."""
    done = [trial for trial in plan.trials if trial.key in ended]
    broken = [trial.key for trial in done if not _ended_by_rule(ended[trial.key], trial.recipe)]
    subject = "every run ended by its budget or its patience, as its recipe says"
    if broken:
        told = f"{len(broken)} of {len(done)} runs ended elsewhere than their recipe says, the first is {broken[0]}."
        return Finding("wrong", subject, told)
    spent = sum(ended[trial.key].stopped == "budget" for trial in done)
    how = f"{spent} spent their budget, {len(done) - spent} had no better validation for as long as they were to wait"
    return Finding("holds", subject, f"Of {len(done)} finished runs, {how}.")


def _ended_by_rule(outcome: Finished, recipe: Recipe) -> bool:
    if outcome.stopped == "budget":
        return outcome.steps == recipe.steps
    waited = len(outcome.history) - 1 - outcome.history.index(outcome.best_validation)
    return waited == recipe.patience


def _converged(plan: Plan, ended: Mapping[str, Finished]) -> Finding:
    """Which arms were still improving at the cap, with how many of their runs."""
    runs: dict[tuple[str, float], dict[str, Finished]] = {}
    for entry in plan.entries:
        if entry.trial.key in ended:
            cell = runs.setdefault((entry.arm.written, entry.share), {})
            cell[entry.trial.key] = ended[entry.trial.key]
    told = {cell: [still_improving(outcome) for outcome in held.values()] for cell, held in runs.items()}
    once = sum(verdicts.count(None) for verdicts in told.values())
    rows = tuple(
        (arm, percent(share), f"{verdicts.count(True)} of {len(verdicts)}")
        for (arm, share), verdicts in told.items()
        if True in verdicts
    )
    subject, unsure = "long enough training", f" {once} runs were validated only once: unknown." if once else ""
    if rows:
        said = f"Not converged: in {len(rows)} of {len(told)} cells (an arm at a share) runs were still improving when "
        said += "their budget was spent, and might have ended elsewhere with a larger one."
        table = Table(("arm", "share", "runs not converged"), rows)
        return Finding("cannot be shown", subject, f"{said} {RULE}{unsure}", table)
    if once:
        return Finding("unknown", subject, f"No run is known to have been still improving.{unsure} {RULE}")
    return Finding("holds", subject, f"No run was still improving when its budget was spent. {RULE}")
