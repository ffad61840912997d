"""Frostline: how deep to freeze a pretrained network, and how sure the answer is."""

from importlib import import_module
from typing import TYPE_CHECKING

from frostline.errors import FrostlineError
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Narrowing, Study
from frostline.spec.study_file import load_study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Trial

if TYPE_CHECKING:
    from frostline.loading import Report, load, load_report

__all__ = [
    "FrostlineError",
    "Narrowing",
    "Plan",
    "Report",
    "Study",
    "Surgery",
    "Trial",
    "load",
    "load_report",
    "load_study",
    "plan",
]


def __getattr__(name: str) -> object:
    """The names that need pandas, imported when one of them is asked for: a plan is read without."""
    if name in ("Report", "load", "load_report"):
        return getattr(import_module("frostline.loading"), name)
    raise AttributeError(f"module 'frostline' has no attribute {name!r}")
