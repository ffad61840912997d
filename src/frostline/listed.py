"""What `frostline list` says: the names that a study file can use, and what is behind one of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from frostline.catalog import DatasetCard, dataset_cards
from frostline.errors import FrostlineError, nearest
from frostline.presets import presets
from frostline.spec.mtt_vgg import MttVgg
from frostline.spec.network import Mlp, PlainCnn, Timm
from frostline.spec.spectrogram_transformer import SpectrogramTransformer
from frostline.spec.surgery import Fate, Surgery, in_short
from frostline.spec.timm_facts import FAMILIES, Architecture, architectures, unknown

PLAIN: Mapping[str, PlainCnn | Mlp | MttVgg | SpectrogramTransformer] = {
    "plain_cnn": PlainCnn(name="plain_cnn"),
    "mlp": Mlp(name="mlp"),
    "mtt_vgg": MttVgg(name="mtt_vgg"),
    "spectrogram_transformer": SpectrogramTransformer(name="spectrogram_transformer"),
}
"""The networks that are no architecture of timm, as they are without further keys."""

OWN: Mapping[str, str] = {
    "folder": "your own images or sounds: a folder a class, at path",
    "manifest": "your own images or sounds: a CSV or Parquet table with path and label, at path",
}
"""What is there under the names by which a study reads its user's own data."""


def listed(name: str | None) -> str:
    """Every name that a study file can use, or what is behind ``name``: the targets of a dataset, a network's layers.

    Raises:
        FrostlineError: no dataset and no network is called so; the text has the nearest name.
    """
    if name is None:
        return known_names()
    card = dataset_cards().get(name)
    if name in OWN:
        raise FrostlineError(f"{name} is {OWN[name]}; `frostline show {name}:PATH` says what is in it")
    if name == "timm":
        raise FrostlineError("timm has many networks; `frostline list MODEL`, such as resnet18, has the layers of one")
    if card is None and name in presets():
        raise FrostlineError(f"{name} is a preset; `frostline plan {name}` says what it would run")
    if card is None and (near := nearest(name, dataset_cards())) and unknown(name) and name not in PLAIN:
        raise FrostlineError(f"no dataset and no network is called {name!r}{near}")
    return layers_of(name) if card is None else targets_of(card)


def targets_of(card: DatasetCard) -> str:
    """What can be predicted of an item of the dataset: each class with the number that ``classes`` takes, or names."""
    said = f"{card.name}: {_facts(card)}"
    if card.task == "classes":
        width, some = len(str(len(card.class_names) - 1)), f"classes: [0, {len(card.class_names) - 1}]"
        numbered = (f"    {number:{width}}  {name}" for number, name in enumerate(card.class_names))
        return "\n".join([said, f"  classes, by the numbers that a study names some by (such as {some}):", *numbered])
    scale = f", annotated from {card.scale[0]:g} to {card.scale[1]:g}" if card.scale else ""
    return "\n".join([said, f"  {card.task}{scale}:", *(f"    {name}" for name in card.target_names)])


def known_names() -> str:
    """The presets, the datasets and the networks that a study file can name, with what tells them apart."""
    shelves = {
        "presets (frostline init NAME copies one)": {name: _title(path) for name, path in presets().items()},
        "datasets": {
            **{card.name: _facts(card) for card in dataset_cards().values()},
            **OWN,
        },
        "networks": {
            name: (kind.__doc__ or "").splitlines()[0]
            for name, kind in (
                ("plain_cnn", PlainCnn),
                ("mlp", Mlp),
                ("mtt_vgg", MttVgg),
                ("spectrogram_transformer", SpectrogramTransformer),
                ("timm", Timm),
            )
        },
    }
    width = max(len(name) for shelf in shelves.values() for name in shelf)
    return "\n".join(
        line for title, shelf in shelves.items() for line in (title, *(f"  {n:{width}}  {t}" for n, t in shelf.items()))
    )


def layers_of(name: str) -> str:
    """The layers of the network called ``name``, input first, how surgeries of it are written, and its weights.

    Plain networks are told as they are without further keys.

    Raises:
        FrostlineError: no network is called so; the text has the nearest architecture, or the name without its tag.
    """
    if (network := PLAIN.get(name)) is not None:
        depth = (
            "a tagger of music" if isinstance(network, MttVgg) else f"depth: {network.depth}, which a study may change"
        )
        return "\n".join([f"{name}: {depth}", *_layers(network.layer_names)])
    fault = unknown(name)
    if fault is not None:
        raise FrostlineError(f"{fault}; known besides: {', '.join(PLAIN)} and the datasets")
    known = architectures()[name]
    return "\n".join([f"{name}: {_made_for(known)}", *_layers(known.layer_names), *_weights(name, known)])


def _layers(names: tuple[str, ...]) -> list[str]:
    count = len(names)
    spelt = {
        "from scratch": Surgery.cut(0, count, Fate.FROZEN, Fate.RESET),
        "all tuned": Surgery.cut(0, count, Fate.FROZEN, Fate.TUNED),
        f"{names[0]} frozen": Surgery.cut(1, count, Fate.FROZEN, Fate.TUNED),
        "only the head trained": Surgery.cut(count, count, Fate.FROZEN, Fate.TUNED),
    }
    written = ", ".join(f"{surgery} ({said})" for said, surgery in spelt.items())
    return [f"  {count} layers, input first: {in_short(names)}", f"  surgeries such as {written}"]


def _made_for(known: Architecture) -> str:
    patches = f" in patches of {known.patch}" if known.patch else ""
    return f"{FAMILIES[known.family]}, made for planes of {known.size} x {known.size}{patches}"


def _weights(name: str, known: Architecture) -> list[str]:
    if not known.tags:
        return ["  no weights on the hub"]
    return ["  weights on the hub:", *(f"    timm/{name}.{tag}" for tag in known.tags)]


def _facts(card: DatasetCard) -> str:
    """Size, shape and licence of a dataset in one line."""
    parts = (card.train_counts, card.validation_counts or (), card.test_counts)
    items = (
        f"{sum(map(sum, card.fold_counts)):,} items in {len(card.fold_counts)} folds"
        if card.fold_counts
        else f"{' + '.join(f'{sum(counts):,}' for counts in parts if counts)} items"
    )
    shape = f", {card.channels} x {card.size} x {card.size}" if card.size else ""
    names = card.class_names if card.task == "classes" else card.target_names
    return f"{card.title}: {items}, {len(names)} {card.task}{shape}, {card.licence}"


def _title(path: Path) -> str:
    """The title of the study file at ``path``, read without checking the rest."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("title:"):
            return line.removeprefix("title:").strip().strip("'\"")
    return ""
