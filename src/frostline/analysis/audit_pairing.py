"""Whether what a seed does to one arm it does to the others: only then do pairs of seeds belong together.

========  ==========================================================================  ============
symbol    meaning                                                                     unit
========  ==========================================================================  ============
F         variance between seeds over what is left, over all arms (two-way table)     1
r         mean correlation of two arms over seeds                                     1
========  ==========================================================================  ============
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from frostline.analysis.audit_words import p_value, share_cell
from frostline.analysis.compared import TEST, arms_at, figures, shares_of
from frostline.analysis.crossed import CONSTANT
from frostline.analysis.findings import Terms
from frostline.analysis.verdicts import Finding, Table


def pairing(frame: pd.DataFrame, terms: Terms) -> Finding:
    """Whether what a seed does to one arm it does to the others: only then do pairs of seeds belong together."""
    rows, seen = [], []
    for share in shares_of(frame):
        table = _seed_by_arm(frame, share)
        if table is None:
            continue
        r, p = _agreement(table)
        seen.append(p <= terms.alpha and r > 0)
        rows.append((share_cell(share, frame), str(table.shape[0]), str(table.shape[1]), f"{r:+.2f}", p_value(p)))
    subject = "Are pairs really paired?"
    if not rows:
        why = "It takes three seeds in common and two arms that vary to see whether arms follow their seeds."
        return Finding("unknown", subject, why)
    meaning = "r is the mean correlation of two arms over seeds, p the chance of it were seeds of no effect (F test)."
    found = Table(("share", "seeds", "arms", "r", "p"), tuple(rows))
    if all(seen):
        return Finding("holds", subject, f"Arms go up and down with their seeds, as pairs do. {meaning}", found)
    where = "At some shares nothing" if any(seen) else "Nothing"
    doubt = f"{where} in the figures shows that runs of one seed have more in common than runs of two."
    return Finding("unknown", subject, f"{doubt} {meaning}", found)


def _seed_by_arm(frame: pd.DataFrame, share: float) -> np.ndarray | None:
    """An array of seed by arm over the seeds that all arms have, without arms that never vary or that stand twice."""
    found = {arm: figures(frame, arm, share, TEST) for arm in arms_at(frame, share)}
    common = sorted(set.intersection(*(set(values) for values in found.values()))) if found else []
    columns = dict.fromkeys(tuple(values[seed] for seed in common) for values in found.values())
    varying = [column for column in columns if column and np.ptp(column) > CONSTANT]
    return np.array(varying).T if len(common) >= 3 and len(varying) >= 2 else None


def _agreement(table: np.ndarray) -> tuple[float, float]:
    """The mean correlation of two columns, and the p-value of the F test for an effect of the rows."""
    seeds, arms = table.shape
    r = np.corrcoef(table.T)[np.triu_indices(arms, 1)].mean()
    centred = table - table.mean(axis=0)
    of_seeds = arms * (centred.mean(axis=1) ** 2).sum() / (seeds - 1)
    rest = ((centred - centred.mean(axis=1, keepdims=True)) ** 2).sum() / ((seeds - 1) * (arms - 1))
    return float(r), float(stats.f.sf(of_seeds / rest, seeds - 1, (seeds - 1) * (arms - 1))) if rest > 0 else 0.0
