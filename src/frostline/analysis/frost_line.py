"""The recommendation of each share in plain words; how it is made stands in ``analysis.recommendation``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from frostline.analysis.comparisons import Stopped
from frostline.analysis.estimates import Estimate, OneRun
from frostline.analysis.recommendation import Candidate, Recommendation, recommend
from frostline.spec.surgery import Fate, Surgery

__all__ = ["OPTIMISM", "Candidate", "Recommendation", "how_chosen", "percent", "points", "recommend", "sentence"]

OPTIMISM = (
    "The arm was chosen on the same test items on which it is reported here, so that the highest mean is optimistic: "
    "expect somewhat less on new data."
)
FATES = {Fate.FROZEN: "frozen", Fate.TUNED: "tuned", Fate.RESET: "reset", Fate.REMOVED: "removed"}


def sentence(recommendation: Recommendation) -> str:
    """The recommendation in at most two sentences: what to take or what would settle it, and what was left out."""
    return " ".join([_verdict(recommendation), *_omissions(recommendation)])


def how_chosen(recommendation: Recommendation) -> str:
    """In one sentence: by which items the arm was chosen and on which it is reported, and what that is worth."""
    found, share = recommendation.reported, f"With {percent(recommendation.share)} of the target data"
    if len(recommendation.candidates) < 2:
        return f"{share}: there was nothing to choose from."
    if found is None:
        return f"{share}: {OPTIMISM[0].lower()}{OPTIMISM[1:]}"
    picked = " and ".join(dict.fromkeys(found.picks))
    if found.how == "validation":
        way = (
            f"chosen on validation figures (n = {found.n_items} items or more: {picked}) and reported on the test items"
        )
    else:
        way = (
            f"chosen on one half of the {found.n_items} test items and reported on the other, both ways "
            f"(chosen: {picked})"
        )
    return (
        f"{share}: {way}; the highest mean on the items that picked it stands {_signed(found.optimism)} other items, "
        "with the same seeds."
    )


def percent(share: float) -> str:
    """``share`` as a percentage without superfluous digits."""
    return f"{share * 100:.6g} %"


def points(difference: float) -> str:
    """A difference of scores in points, a hundredth each, to one decimal place, never rounded to nothing."""
    hundredth = abs(difference) * 100
    return "less than 0.1 points" if 0 < hundredth < 0.05 else f"{hundredth:.1f} points"


def in_words(arm: str) -> str:
    """What becomes of the layers of ``arm``: ``3 of 6 layers frozen, 3 reset``; nothing where it is no surgery."""
    treatment, _, norms = arm.partition(" norms ")
    if norms and (said := in_words(treatment)):
        return f"{said}, norms {norms}"
    try:
        surgery = Surgery.parse(arm)
    except ValueError:
        return ""
    if surgery.after is not None:
        return f"first {surgery.after}, then {surgery.last}"
    counts = {fate: surgery.fates.count(fate) for fate in dict.fromkeys(surgery.fates)}
    if len(counts) == 1:
        return f"all {len(surgery)} layers {FATES[surgery.fates[0]]}"
    (first, count), *rest = counts.items()
    return ", ".join([f"{count} of {len(surgery)} layers {FATES[first]}", *(f"{n} {FATES[f]}" for f, n in rest)])


def _verdict(found: Recommendation) -> str:
    share = f"With {percent(found.share)} of the target data"
    if found.highest is None:
        return f"{share}: nothing can be said; no seed has finished in all arms to be compared."
    best, words = found.candidate(found.highest), found.metric.words
    if len(found.seeds) < 2:
        if isinstance(best.mean, OneRun):
            told = f"one seed: no interval, nothing can be said (its highest {words} is {best.mean.value:.3f}, n = 1,"
            return f"{share}: {told} by {best})."
        told = (
            f"one seed has finished in all arms, so that nothing can be said of them together (its highest {words} is"
        )
        return f"{share}: {told} that of {best}, which over all its seeds reaches {_interval(best.mean)})."
    if isinstance(best.mean, OneRun):
        return (
            f"{share}: n = 1 run: the seeds do not change any arm: no interval, nothing can be said (the highest "
            f"{found.metric.words} is {best.mean.value:.3f}, by {best})."
        )
    if found.chosen is not None:
        return f"{share}: {_chosen(found, found.candidate(found.chosen))}."
    if len(found.candidates) == 1:
        return f"{share}: {best}, {_figure(found, best)}; no other arm to compare it with."
    possible = _listed(found.possible, "or")
    return (
        f"{share}: undecided: {_settling(found)}; {possible} could still be the best; highest mean {best}, "
        f"{_figure(found, best)}."
    )


def _chosen(found: Recommendation, arm: Candidate) -> str:
    verb = "freeze" if "frozen" in in_words(arm.arm) else "take"
    told = [part for part in (in_words(arm.arm), "" if arm.names == arm.arm else arm.names) if part]
    named = f"{verb} {arm.arm}" + (f" ({'; '.join(told)})" if told else "")
    if arm.standing is None:
        return f"{named}: the only arm that the race left; {_figure(found, arm)}"
    left = " that the race left" if found.ruled_out else ""
    others = [one for one in found.possible if one != arm.arm]
    sure = f"({found.level * 100:g} % confidence in all {len(found.candidates)} arms together)"
    if arm.standing.deficit == 0:
        what = "at least as good as every other arm" if others else "the best arm"
        shown = f"shown to be {what}{left} {sure}"
    else:
        shown = f"at most {points(_up(arm.standing.deficit))} below the best arm{left}, and shown to be so {sure}"
    better = "better" if arm.arm in found.possible else "the best"
    possible = f"; {_listed(others, 'or')} could still be {better}" if others else ""
    return f"{named}: {shown}; {_figure(found, arm)}{possible}"


def _figure(found: Recommendation, arm: Candidate) -> str:
    """The score of ``arm`` on items that had no part in choosing it; else on all items, and what choosing reaches.

    Where the parts of the items chose several arms, what choosing reaches is the score of none of them.
    """
    fitted, words = found.reported, found.metric.words
    if fitted is None:
        return f"{words} {_interval(arm.mean)}"
    if set(fitted.picks) == {arm.arm}:
        return f"{words} on items that did not choose it {_interval(fitted.estimate)}"
    by = "half of the items" if fitted.how == "halves of the test part" else "validation figures"
    picked = " or ".join(dict.fromkeys(fitted.picks))
    return (
        f"{words} {_interval(arm.mean)}, on the items that chose it; what is chosen by {by} ({picked}) reaches "
        f"{_interval(fitted.estimate)} on the others"
    )


def _interval(estimate: Estimate | OneRun) -> str:
    if isinstance(estimate, OneRun):
        return f"{estimate.value:.3f} (n = 1 run, no interval)"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] ({_counts(estimate)})"


def _up(deficit: float) -> float:
    """``deficit`` rounded up to what is shown of it, so that no more is promised than holds."""
    return ceil(deficit * 1000 - 1e-9) / 1000


def _counts(estimate: Estimate) -> str:
    items = "" if estimate.items is None else f", {estimate.items} test items"
    return f"n = {estimate.n} seeds{items}"


def _settling(found: Recommendation) -> str:
    """How many more seeds or test items would settle it, or what else is wanted where neither alone would."""
    seeds, items = (None, None) if found.wanted is None else (found.wanted.seeds, found.wanted.items)
    if seeds is not None:
        instead = "" if items is None else f" (or {_rounded(items)} more test items)"
        return f"about {_rounded(seeds)} more {'seed' if seeds == 1 else 'seeds'}{instead} would settle it"
    if items is not None:
        return f"no number of seeds would settle it, about {_rounded(items)} more test items would"
    if found.together is not None:
        more, tested = map(_rounded, found.together)
        return f"about {more} more seeds together with {tested} more test items would settle it, neither alone"
    return "no number of seeds alone would settle it"


def _rounded(count: int) -> str:
    """``count`` to two digits, rounded up, as no such number is known better."""
    step = 10 ** max(0, len(str(count)) - 2)
    return f"{-(-count // step) * step:,}"


def _omissions(found: Recommendation) -> list[str]:
    said = []
    if found.one_run and not all(isinstance(arm.mean, OneRun) for arm in found.candidates):
        said.append(f"n = 1 run, as the seeds do not change it: {', '.join(found.one_run)}")
    if found.seeds_left_out:
        said.append(
            f"not finished in every arm (compared on n = {len(found.seeds)}): seed "
            + ", ".join(map(str, found.seeds_left_out))
        )
    if found.arms_left_out:
        said.append(f"for want of finished seeds: {', '.join(found.arms_left_out)}")
    if found.ruled_out:
        said.append(f"ruled out by the race on validation figures: {_ruled_out(found.ruled_out)}")
    return [f"Not compared: {'; '.join(said)}."] if said else []


def _ruled_out(arms: Mapping[str, Stopped]) -> str:
    """``r6, f1r5 (4 of 10 seeds run); t6 (6 of 10 seeds run)``: the arms that came equally far, told together."""
    together: dict[Stopped, list[str]] = {}
    for arm, far in sorted(arms.items(), key=lambda pair: pair[1].seeds):
        together.setdefault(far, []).append(arm)
    return "; ".join(f"{', '.join(names)} ({far})" for far, names in together.items())


def _listed(arms: Sequence[str], last: str) -> str:
    """``f2r2, f3r1 or t4``."""
    return f" {last} ".join(part for part in (", ".join(arms[:-1]), arms[-1]) if part)


def _signed(difference: float) -> str:
    if abs(difference) < 5e-7:
        return "no higher than on"
    return f"{points(difference)} {'higher' if difference > 0 else 'lower'} than on"
