"""Frostline: how deep to freeze a pretrained network, and how sure the answer is."""

from frostline.errors import FrostlineError
from frostline.spec.plan import Plan, plan
from frostline.spec.study import Narrowing, Study
from frostline.spec.study_file import load_study
from frostline.spec.surgery import Surgery
from frostline.spec.trial import Trial

__all__ = ["FrostlineError", "Narrowing", "Plan", "Study", "Surgery", "Trial", "load_study", "plan"]
