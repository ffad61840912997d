"""A study's outcomes in the layout of the published layer-cut files, and what that layout has no place for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from frostline.analysis.comparisons import competing, distinct_runs, scratch_arm
from frostline.analysis.layer_cut_files import BASELINE
from frostline.analysis.metric import METRICS
from frostline.analysis.table import FIGURES, OWN, cut_points
from frostline.spec.network import Activation, Mlp, PlainCnn, Timm
from frostline.spec.study import Family, Pretraining, Study
from frostline.whole_files import replace_whole

ACTIVATIONS: dict[Activation, str] = {
    "relu": "ReLU",
    "leaky-relu": "LeakyReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
}
BASELINES = "baselines.json"


@dataclass(frozen=True)
class LayerCutFiles:
    """Files in the published layout, content by name, and a sentence for each thing that they leave out."""

    files: Mapping[str, list[dict[str, object]]]
    left_out: tuple[str, ...]


def write_layer_cuts(study: Study, frame: pd.DataFrame, folder: Path) -> LayerCutFiles:
    """Writes one file a family and one of baselines into ``folder``; gives what was written and what was left out."""
    made = layer_cut_files(study, frame)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.files.items():
        text = json.dumps(content, indent=1) + "\n"
        replace_whole(folder / name, partial(Path.write_text, data=text, encoding="utf-8"))
    return made


def layer_cut_files(study: Study, frame: pd.DataFrame) -> LayerCutFiles:
    """The finished runs of ``frame`` in the published layout, each once: files ``cuts_{family}`` and ``baselines``."""
    if study.dataset.task != "classes":
        words = METRICS[study.dataset.task].words
        return LayerCutFiles(
            {}, (f"everything: the published layout has a place for accuracies, and none for {words}",)
        )
    if not isinstance(study.network, PlainCnn | Mlp):
        called = study.network.model if isinstance(study.network, Timm) else study.network.name
        return LayerCutFiles({}, (f"everything: the published layout has no place for {called}",))
    rate = study.recipe_of(study.recipe).rate
    settings, left_out = _settings(study, study.network)
    done = distinct_runs(frame[frame["status"] == "finished"])
    files: dict[str, list[dict[str, object]]] = {}
    for name, family in study.surgeries.items():
        if not isinstance(family, Family):
            continue
        cuts = {point.arm: point.cut for point in cut_points(study) if point.family == name}
        entries = list(_entries(done, cuts, rate))
        if entries:
            files[f"cuts_{quote(name, safe='')}.json"] = [settings | _flags(family), *entries]
    scratch = scratch_arm(frame)
    if scratch is not None and (entries := list(_entries(done, {scratch: BASELINE}, rate))):
        files[BASELINES] = [settings | {"freeze": True, "reinit": True}, *entries]
    left_out += _arms_without_place(study, frame) + _figures_without_place(frame)
    return LayerCutFiles(files, tuple(left_out))


def _entries(done: pd.DataFrame, cuts: Mapping[str, int], rate: float) -> Iterator[dict[str, object]]:
    rows = done[done["arm"].isin(list(cuts))]
    columns = (rows[column].tolist() for column in ("arm", "share", "seed", "train_score", "score"))
    for arm, share, seed, train, test in zip(*columns, strict=True):
        yield {
            "lr": rate,
            "sampled_percentage": float(share),
            "sampled_cut_point": cuts[arm],
            "repeat": int(seed),
            "train_acc": float(train),
            "test_acc": float(test),
        }


def _flags(family: Family) -> dict[str, object]:
    flags: dict[str, object] = {"freeze": family.below == "frozen", "reinit": family.above != "tuned"}
    return flags | ({"truncate": True} if family.above == "removed" else {})


def _settings(study: Study, network: PlainCnn | Mlp) -> tuple[dict[str, object], list[str]]:
    """The configuration in the published keys, and what is lost in it."""
    recipe, source = study.recipe_of(study.recipe), study.source
    settings: dict[str, object] = {
        "depth": network.depth,
        "two_linear_layers": network.hidden is not None,
        "lr_fine_tune": recipe.rate,
        "save_best": study.keep == "best",
        "save_checkpoints": study.keep == "checkpoints",
        "is_cnn": isinstance(network, PlainCnn),
        "batch_size": recipe.batch,
        "fine_tune_classes": list(study.dataset.class_indices),
        "val_split": study.validation,
        "num_workers": study.loader_workers,
        "activation_function": f"<class 'torch.nn.modules.activation.{ACTIVATIONS[network.activation]}'>",
    }
    if isinstance(network, PlainCnn):
        settings |= _convolutions(network)
    if network.hidden is not None:
        settings |= {"hidden_dim_lin": network.hidden}
    if recipe.passes is not None:
        settings |= {"num_train": recipe.passes}
    if recipe.patience is not None:
        settings |= {"early_stop_patience": recipe.patience}
    if isinstance(source, Pretraining):
        settings |= {"pre_train_classes": list(source.dataset.class_indices)}
        if (beside := source.recipe_beside(study.recipe)) is not None:
            settings |= {"lr_pretrain": study.recipe_of(beside).rate}
    if "split" not in study.vary:
        settings |= {"generate_dataset_seed": study.fixed_seed}
    if study.head != "kept":
        settings |= {"reinit_both_dense": study.head == "new"}
    return settings, _losses(study, network)


def _convolutions(network: PlainCnn) -> dict[str, object]:
    pools = network.pooling == "average"
    pooling = {"pooling_every_n_layers": network.pool_every, "pooling_stride": network.pool_stride} if pools else {}
    return {"num_channels": network.channels, "kernel_size": network.kernel, "use_pooling": pools, **pooling}


def _losses(study: Study, network: PlainCnn | Mlp) -> list[str]:
    recipe = study.recipe_of(study.recipe)
    said = [
        f"dataset {study.dataset.name}, normalise {study.normalise} and the optimiser {recipe.optimizer} with its "
        f"schedule ({recipe.schedule}) and stopping rule have no key in this layout",
        "is_debug and classification_report_flag have no counterpart in a study and are left out",
        "val_split is here a part of the share; in the published files it is a part of the whole training split",
    ]
    if recipe.steps is not None:
        said.append(f"the budget of {recipe.steps} steps has no key; num_train counts passes and is left out")
    if "split" in study.vary:
        said.append("generate_dataset_seed is left out: the split follows the seed of each repeat")
    if isinstance(network, PlainCnn) and network.readout == "average":
        said.append("readout average has no key in this layout")
    if not isinstance(network, PlainCnn):
        said.append(f"width {network.width} of {network.name} has no key in this layout")
    if study.head == "kept":
        said.append("head kept has no key in this layout; reinit_both_dense is left out")
    if not isinstance(study.source, Pretraining):
        said.append("lr_pretrain and pre_train_classes are left out: the study does not pretrain")
    return said


def _arms_without_place(study: Study, frame: pd.DataFrame) -> list[str]:
    placed = {point.arm for point in cut_points(study)} | {scratch_arm(frame)}
    said = [
        f"arm {arm} is neither a cut of a family nor scratch"
        for arm in competing(frame)["arm"].unique()
        if arm not in placed
    ]
    if len(competing(frame)) < len(frame):
        said.append("control arms have no place in this layout")
    if scratch_arm(frame) is None:
        said.append(f"the study has no arm from scratch, so {BASELINES} is not written")
    return said


def _figures_without_place(frame: pd.DataFrame) -> list[str]:
    never = frame[frame["status"] == "stopped"]
    unfinished = int((frame["status"] != "finished").sum()) - len(never)
    kept = {"score", "train_score", "accuracy"}
    repeated = len(frame) - len(distinct_runs(frame))
    columns = ", ".join(name for name in (*OWN["classes"], *FIGURES) if name not in kept)
    said = [f"the figures {columns} have no key in this layout"]
    if repeated:
        said.append(f"{repeated} cells are runs that the seeds do not change; such a run has one entry, its first seed")
    if len(never):
        said.append(
            f"{len(never)} cells that were not run, for the race had ruled out their arms, have no entry; the entries "
            f"of these arms are those that they were ruled out by, and biased low: {', '.join(never['arm'].unique())}"
        )
    return said + ([f"{unfinished} cells that failed or are missing have no entry"] if unfinished else [])
