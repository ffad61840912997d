"""The study that a command names, with its plan and its folder."""

from __future__ import annotations

from pathlib import Path

from frostline.errors import PlanRefused
from frostline.options import Options, narrowing
from frostline.presets import find_study
from frostline.spec.narrowing import undeclared
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Study
from frostline.spec.study_file import load_study


def planned_as(name: str, options: Options) -> tuple[Study, Plan]:
    """The study called ``name``, narrowed by ``options``, and its plan."""
    study = load_study(find_study(name)).narrowed(narrowing(options))
    return study, plan(study)


def whole_plan(name: str, planned: Plan, options: Options) -> Plan:
    """The plan of the whole study called ``name``, or ``planned`` where the rest of it cannot be carried out."""
    try:
        return planned_as(name, options)[1]
    except PlanRefused:
        return planned


def typed_of(name: str, options: Options) -> str:
    """What was typed to narrow the study called ``name``, and what of it its file does not declare."""
    beyond = undeclared(load_study(find_study(name)), narrowing(options))
    return f"{options.typed} (not declared there: {', '.join(beyond)})" if beyond else options.typed


def default_folder(study: str) -> Path:
    """Where what is kept of the study called ``study`` lies, unless its user says otherwise."""
    return Path("results") / Path(study).stem
