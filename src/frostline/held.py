"""What a study holds on to from its first run: the digests of data and weights, versions, the items of its data."""

from __future__ import annotations

from importlib.metadata import version

from frostline.kept_files import items
from frostline.shelf import Shelf
from frostline.spec.network import Timm
from frostline.spec.plan import Plan
from frostline.spec.study import Study


def has_files(plan: Plan) -> bool:
    """Whether some data of ``plan`` lies in files of a user, which may change at any time."""
    return any(trial.dataset.card.kind != "planes" for trial in plan.trials)


def data_facts(study: Study, plan: Plan) -> dict[str, str]:
    """The digest of every dataset that ``plan`` reads, as it is now, what is left out of it, and what to know of it.

    Raises:
        DataFault: one of them cannot be read, or more files had to be left out than the study allows.
    """
    from frostline.data.read import read, refuse_many_left_out
    from frostline.data.samples import Collection

    facts = {}
    for reading in sorted({trial.dataset.reading for trial in plan.trials}, key=str):
        whole = read(reading)
        facts[f"data of {reading}"] = whole.digest
        if isinstance(whole, Collection):
            refuse_many_left_out(str(reading), whole, study.most_left_out)
            facts |= {f"notes of {reading}": "\n".join(whole.notes)} if whole.notes else {}
            facts[f"left out of {reading}"] = "\n".join(f"{out.file}: {out.reason}" for out in whole.left_out)
    return facts


def keep_items(plan: Plan, shelf: Shelf) -> None:
    """Keeps, once a dataset of ``plan``, which items it has and which of them are near duplicates, for the audit."""
    from frostline.data.read import read

    for reading in sorted({trial.dataset.reading for trial in plan.trials}, key=str):
        whole = read(reading)
        if not shelf.items_path(whole.digest).exists():
            shelf.keep_items(whole.digest, items(whole))


def weights_facts(plan: Plan) -> dict[str, str]:
    """The digest of all published weights that ``plan`` starts from, as they are now.

    Raises:
        WeightsFault: some cannot be read.
    """
    from frostline.networks.published import digest_of_weights

    references = sorted({trial.published.weights for trial in plan.trials if trial.published is not None})
    return {f"weights {ref}": digest_of_weights(ref) for ref in references}


def versions(plan: Plan) -> dict[str, str]:
    """The versions that figures of ``plan`` depend on: a study never mixes them."""
    foreign = ["timm"] if any(isinstance(trial.network, Timm) for trial in plan.trials) else []
    foreign += ["scikit-learn", "scipy"] if plan.scored else []
    return {f"version of {name}": version(name) for name in ("frostline", "torch", "numpy", *foreign)}
