"""What a reviewer would ask of figures, asked of published results and of the studies of one's own alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from frostline.analysis.audit_claims import checked
from frostline.analysis.audit_differences import against_baseline, against_highest, every_difference
from frostline.analysis.audit_figures import attainable, counted_twice, missing_seeds, reversals
from frostline.analysis.audit_items import items_enough
from frostline.analysis.audit_pairing import pairing
from frostline.analysis.audit_questions import Claim, Questions
from frostline.analysis.audit_sizes import implied, named_sizes, official_part, overlap, test_items
from frostline.analysis.compared import VALIDATION, Compared, corrected, every_pair, means_at, shares_of, with_arm
from frostline.analysis.comparisons import competing, scratch_arm
from frostline.analysis.findings import Findings, Terms
from frostline.analysis.overlap import impossible, without_overlap
from frostline.analysis.published_results import Published
from frostline.analysis.verdicts import Finding, worst_first


def audit_findings(findings: Findings) -> tuple[Finding, ...]:
    """What an audit finds in the table of a study, the worst first.

    Is an arm counted twice; can the design show anything; do test and validation agree; are there items enough for the
    gap between the highest mean and scratch (or else the second highest); are pairs paired. Control arms are left out,
    for no figure of theirs is ever recommended.
    """
    findings = replace(findings, frame=competing(findings.frame))
    baseline = scratch_arm(findings.frame)
    pairs = every_pair(findings)
    enough = items_enough(_gaps(pairs, baseline, findings.frame), _items(findings.frame), *_on(findings))
    return worst_first([*_design(findings, pairs, baseline), *_agreements(findings, pairs), *enough])


def audit(results: Published, asked: Questions) -> tuple[Finding, ...]:
    """What an audit finds in ``results`` that others published, the worst first.

    Comparisons are of the figures on unseen items where training items can be removed, and else of those published;
    where that matters each of them says so.
    """
    size = implied(results)
    of = official_part(results, size, asked)
    frame, basis = _basis(results, asked, of if size.sure else None)
    findings = Findings(frame)
    pairs = every_pair(findings)
    gaps = _claimed(pairs, asked.claims) or _gaps(pairs, asked.baseline, frame)
    judged = [
        *_compared(findings, pairs, asked),
        *_agreements(findings, pairs),
        *items_enough(gaps, test_items(results, size, asked), *_on(findings)),
    ]
    found = [of, *named_sizes(results, asked), *overlap(results, of, asked.sizes), *_repeated(results)]
    found += [*_named_twice(results.frame), *(replace(one, text=f"{one.text}{basis}") for one in judged)]
    return worst_first([*found, *_design(findings, pairs, asked.baseline), missing_seeds(results.frame)])


def _basis(results: Published, asked: Questions, of: Finding | None) -> tuple[pd.DataFrame, str]:
    """The figures that are compared, and the words on them that each comparison ends with.

    ``of`` is the finding on which part the accuracies are of, None where their number of items is not sure.
    """
    if asked.sizes is not None and not impossible(results.frame, asked.sizes, results.digits):
        return without_overlap(results.frame, asked.sizes), " On unseen items, without those trained on."
    if asked.sizes is not None:
        return results.frame, " From the figures as published: the sizes given to correct them are not theirs."
    if of is not None and of.verdict == "wrong":
        return results.frame, " From the figures as published, on items that are not known to be unseen."
    return results.frame, ""


def _on(findings: Findings) -> tuple[Terms, pd.DataFrame]:
    return findings.terms, findings.frame


def _design(findings: Findings, pairs: Sequence[Compared], baseline: str | None) -> list[Finding]:
    """What can be told of figures before it is asked how large they are."""
    terms, frame = _on(findings)
    return [counted_twice(frame), *attainable(_declared(pairs, baseline, terms), terms, frame)]


def _agreements(findings: Findings, pairs: Sequence[Compared]) -> list[Finding]:
    """Whether test agrees with validation, and arms with their seeds."""
    terms, frame = _on(findings)
    return [*reversals(pairs, every_pair(findings, VALIDATION), terms, frame), pairing(frame, terms)]


def _compared(findings: Findings, pairs: Sequence[Compared], asked: Questions) -> list[Finding]:
    """Each claim, each arm with the baseline (or every pair), and the highest mean with all others."""
    terms, frame = _on(findings)
    every, declared = corrected(pairs, terms.family), _declared(pairs, asked.baseline, terms)
    of_baseline = [claim for claim in asked.claims if asked.baseline in (claim.higher, claim.lower)]
    validation = every_pair(findings, VALIDATION)
    found = [
        finding
        for claim in asked.claims
        for finding in checked(claim, declared if claim in of_baseline else every, validation, *_on(findings))
    ]
    if asked.baseline is None:
        found += every_difference(every, terms, frame)
    else:
        found += against_baseline(declared, asked.baseline, terms, frame)
    return found + against_highest(every, terms, frame)


def _declared(pairs: Sequence[Compared], baseline: str | None, terms: Terms) -> tuple[Compared, ...]:
    """The comparisons with ``baseline``, or all where there is none, corrected as a family."""
    return corrected(pairs if baseline is None else with_arm(pairs, baseline), terms.family)


def _claimed(pairs: Iterable[Compared], claims: Sequence[Claim]) -> list[Compared]:
    """Those of ``pairs`` that ``claims`` are about, each with the arm said to be lower as the other."""
    return [pair.against(claim.lower) for claim in claims for pair in pairs if {pair.one, pair.other} == claim.arms]


def _gaps(pairs: Sequence[Compared], baseline: str | None, frame: pd.DataFrame) -> list[Compared]:
    """The highest mean of each share with the baseline, or with the second highest where there is no other baseline."""
    found = []
    for share in shares_of(frame):
        means = means_at(frame, share)
        order = sorted(means, key=lambda arm: -means[arm])
        if len(order) < 2:
            continue
        other = baseline if baseline in order[1:] else order[1]
        found += [
            pair.against(str(other))
            for pair in pairs
            if pair.share == share and {pair.one, pair.other} == {order[0], other}
        ]
    return found


def _items(frame: pd.DataFrame) -> dict[float, int]:
    """The smallest number of test items that the table names at each share where it names one."""
    known = frame[frame["n_test"].notna()]
    return {float(str(share)): int(here["n_test"].min()) for share, here in known.groupby("share")}


def _repeated(results: Published) -> list[Finding]:
    if not results.repeated:
        return []
    many = "1 run stands" if len(results.repeated) == 1 else f"{len(results.repeated)} runs stand"
    text = f"{many} twice: {'; '.join(results.repeated)}."
    return [Finding("wrong", "Does each run stand there once?", text)]


def _named_twice(frame: pd.DataFrame) -> list[Finding]:
    """The arms that files name twice, which their reader has found to be one by treatment and by every figure."""
    twice = [f"{arm} is {told}" for arm, told in _several_names(frame)]
    if not twice:
        return []
    text = f"One treatment with equal figures goes by several names: {'; '.join(twice)}. Here each counts once."
    return [Finding("wrong", "Does each arm go by one name?", text)]


def _several_names(frame: pd.DataFrame) -> list[tuple[str, str]]:
    rows = frame.drop_duplicates("arm")
    named = [(str(arm), str(names)) for arm, names in zip(rows["arm"], rows["names"], strict=True)]
    return [(arm, names) for arm, names in named if " = " in names and names != arm]
