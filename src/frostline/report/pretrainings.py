"""What the networks that a study pretrains itself have learned of their own data."""

from __future__ import annotations

from dataclasses import replace

from frostline.analysis.findings import Findings, Terms
from frostline.analysis.metric import METRICS
from frostline.outcome import Finished, TagMetrics
from frostline.report.drawing import counted
from frostline.report.section import Section
from frostline.report.task_sections import mean_in_words, table_of_tags
from frostline.spec.axes import Pretraining
from frostline.spec.plan import Plan
from frostline.spec.study import Study
from frostline.spec.trial import Trial


def pretrainings(study: Study, plan: Plan, findings: Findings) -> Section:
    """How good the finished pretrainings of ``study`` are on their own test parts, and of tags how good at each."""
    section = Section("pretraining", "What the pretraining learned")
    if not isinstance(study.source, Pretraining):
        return section
    own = pretraining_trials(study.source, plan)
    found = [findings.trained[trial.key] for trial in own if trial.key in findings.trained]
    if not found:
        return section
    terms = _terms(study.source, findings.terms)
    told = [_reached(study.source, found, len(own), terms)]
    tags = [one.metrics for one in found if isinstance(one.metrics, TagMetrics)]
    if not tags:
        return replace(section, paragraphs=told)
    table, left = table_of_tags(tags, terms)
    told += ["Figures of each tag are means over the pretrained networks."] if len(tags) > 1 else []
    return replace(section, paragraphs=[*told, *left], table=table)


def pretraining_trials(source: Pretraining, plan: Plan) -> list[Trial]:
    """The trials of ``source`` that arms start from, each once; what a chain or a control trains first is none."""
    first = (entry.trial.ancestors[-1:] for entry in plan.entries if entry.arm.start != "selffer")
    return list({one.key: one for ones in first for one in ones if one.dataset == source.dataset}.values())


def _terms(source: Pretraining, terms: Terms) -> Terms:
    """``terms`` for the networks of ``source``: its metric, and where each is tested on another fold, their overlap."""
    dataset = source.dataset
    overlap = 1 / (dataset.fold_count - 2) if dataset.has_folds else 0.0
    return replace(terms, overlap=overlap, metric=METRICS[dataset.task])


def _reached(source: Pretraining, found: list[Finished], planned: int, terms: Terms) -> str:
    """The mean score of the pretrainings ``found``, of as many as are ``planned``, with its interval, and of what."""
    scores, tested = [one.metrics.score for one in found], sorted({one.n_test for one in found})
    metric = terms.metric
    reached = f"{metric.words} {mean_in_words(scores, (metric.low, metric.high), terms, source.dataset.name)}"
    over = f" ({terms.level * 100:g} % interval over networks)" if len(scores) > 1 else ""
    items = " to ".join(f"{count:,}" for count in dict.fromkeys((tested[0], tested[-1])))
    whose = counted(len(found), "network") if len(found) == planned else f"{len(found)} of {planned} networks"
    return (
        f"Pretrained on {source.dataset.name}, {whose} reached {reached}{over} on test "
        f"parts of its own of {items} items."
    )
