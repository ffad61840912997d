"""What a report says of a race: what it guarantees, how it decided, which arms it stopped, what it saved."""

from __future__ import annotations

from frostline.analysis.elimination import FIRST, ROUND
from frostline.analysis.frost_line import percent
from frostline.analysis.metric import Metric
from frostline.analysis.racing import Race, ShareRace, Stop
from frostline.spec.plan import Plan

BIASED = (
    "A stopped arm was stopped because it looked bad, and its figures rest on fewer seeds: they are biased low. Read "
    "them as the reason why it was stopped, not as an estimate of how good it is."
)


def guarantee(race: Race, metric: Metric) -> list[str]:
    """What a reader may rely on, and what it rests on."""
    chance = f"{race.level * 100:g} %"
    return [
        "This study is a race: seeds were added in rounds to the arms that could still be the best, and arms that were "
        f"ruled out were stopped. At each share, with a probability of at least {chance}, no arm that is the best or "
        "ties with the best was stopped. Best means the highest "
        f"expected validation {metric.words}.",
        "Every decision read validation figures only, never a figure of the test part, and only of the seeds up to it.",
        "The guarantee holds for differences that are normal and independent from seed to seed. Seeds that test or "
        "train on parts of the same folds are not independent, and it does not cover them.",
    ]


def method(race: Race) -> str:
    """How the arms were compared, with the sources."""
    return (
        f"Arms are compared by paired one-sided t tests on their common seeds, after {FIRST} seeds and then every "
        f"{ROUND}. Repeated looks are paid for by alpha spending (Lan and DeMets 1983, Discrete Sequential Boundaries "
        "for Clinical Trials), with the square of the part of the seeds that was seen (Kim and DeMets 1987) and bounds "
        "computed for Student's t. The comparisons between all arms are corrected in steps (Holm 1979, A Simple "
        "Sequentially Rejective Multiple Test Procedure), kept up from look to look (Maurer and Bretz 2013, Multiple "
        f"Testing in Group Sequential Trials Using Graphical Approaches), with {1 - race.level:.2g} for each share."
    )


def saved(plan: Plan, race: Race) -> str:
    """How many trials the race has saved, and whether it is still running."""
    told = f"The race saved {race.saved} of the {len(plan.trials)} trials of the whole design, starts included."
    running = [percent(share.share) for share in race.shares if not share.ended]
    if running:
        return f"{told} It has not ended at {', '.join(running)}, so that it may save more."
    return told


def course(race: Race, metric: Metric) -> list[str]:
    """A sentence for each stopped arm, for each share that lost no arm, and for what can be read from stopped arms."""
    said = [sentence for share in race.shares for sentence in _share(share, metric)]
    early = any(stop.seeds < share.planned for share in race.shares for stop in share.stops)
    return [*said, BIASED] if early else said


def _share(share: ShareRace, metric: Metric) -> list[str]:
    where = f"With {percent(share.share)} of the target data"
    said = [f"{where}: {_stop(stop, share, metric)}" for stop in share.stops]
    if not share.stops:
        said.append(f"{where}: no arm was ruled out{'' if share.ended else ' yet'}.")
    return said if any(stop.seeds < share.planned for stop in share.stops) else [*said, *_power(share)]


def _stop(stop: Stop, share: ShareRace, metric: Metric) -> str:
    after = f"was stopped after {stop.seeds} of {share.planned} seeds"
    if stop.seeds == share.planned:
        after = f"ran all {share.planned} seeds and was ruled out at the last look"
    return (
        f"{stop.arm} {after}. On {stop.pairs} common seeds {stop.against} was better by {stop.difference:.3f} in "
        f"validation {metric.words} (corrected p = {stop.p:.2g}, which had to be at most {stop.bound:.2g} at "
        "this look)."
    )


def _power(share: ShareRace) -> list[str]:
    """What the number of seeds allows to see, where it is so little that a race can hardly save anything."""
    if len(share.survivors) + len(share.stops) < 2:
        return []
    where = f"With {percent(share.share)} of the target data"
    if share.margin is None:
        return [
            f"{where} a race of {share.planned} seeds can save nothing: its first look is after {FIRST}. Every trial "
            "is run."
        ]
    if share.margin < 2:
        return []
    return [
        f"{where} a race of {share.planned} seeds can save next to nothing: before the last seed it stops a first arm "
        f"only where the mean difference is at least {share.margin:.1f} standard deviations of the differences."
    ]
