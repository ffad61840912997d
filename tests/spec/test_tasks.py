"""What a study says of tags and values, and what of it means nothing for a task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from frostline.catalog import dataset_card
from frostline.errors import DataFault
from frostline.spec.agreement import disagreements
from frostline.spec.columns import Columns
from frostline.spec.dataset import Dataset
from frostline.spec.folds import Pools
from frostline.spec.network import Mlp, MttVgg, PlainCnn, Timm
from frostline.spec.portion import Portioned, resolved
from frostline.spec.recipe import Mixture, Recipe
from frostline.spec.surgery import Surgery
from frostline.spec.task_recipes import recipe_faults
from frostline.spec.trial import Trial, WeightsFile
from tests.scoring.examples import scoring


def listed(folder: Path, *lines: str) -> str:
    """A manifest of fifteen pictures in five groups with tags and a number each."""
    for number in range(15):
        (folder / f"{number:02d}.png").touch()
    text = [f"{n:02d}.png,{'rock' if n % 2 else ''},{n / 10},g{n % 5}" for n in range(15)]
    (folder / "m.csv").write_text("\n".join(["path,labels,mood,group", *text, *lines, ""]))
    return str(folder / "m.csv")


def tagged(folder: Path, **more: object) -> Dataset:
    return Dataset(name="manifest", path=listed(folder), size=8, **more)  # type: ignore[arg-type]


def rated(folder: Path, **more: object) -> Dataset:
    return tagged(folder, values=("mood",), **({"scale": (0.0, 2.0)} | more))


def trial(dataset: Dataset, recipe: Mapping[str, object], **more: object) -> Trial:
    network = PlainCnn(name="plain_cnn", depth=1, channels=2)
    given = {"network": network, "surgery": Surgery.parse("r1"), **more}
    return Trial(dataset=dataset, recipe=Recipe(steps=1, validate_every=1, **recipe), **given)  # type: ignore[arg-type]


def test_the_head_has_an_output_for_each_tag_or_value_and_splits_go_through_one_stratum(tmp_path: Path) -> None:
    tags, values = tagged(tmp_path), rated(tmp_path)
    assert (tags.task, tags.outputs, tags.output_names) == ("tags", 1, ("rock",))
    assert (values.task, values.outputs, values.output_names) == ("values", 1, ("mood",))
    assert tags.strata == values.strata == (0,) and tags.splitting == "grouped"
    assert values.pools(0) == Pools((9,), (3,), (3,))
    digits = Dataset(name="digits", classes=(1, 3))
    assert (digits.task, digits.outputs, digits.output_names, digits.strata) == ("classes", 2, ("1", "3"), (1, 3))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "digits", "values": ("mood",)}, "values has no effect with digits; remove it"),
        ({"name": "digits", "scale": (0.0, 1.0)}, "scale has no effect with digits; remove it"),
        ({"name": "digits", "columns": Columns(path="file")}, "columns has no effect with digits; remove it"),
        ({"name": "digits", "files": "audio"}, "files has no effect with digits; remove it"),
        ({"scale": (0.0, 1.0)}, "scale has no effect without values; remove it, or name the columns"),
        ({"values": ("mood",), "scale": (1.0, 1.0)}, "must be the lowest and then the highest number (got 1 and 1)"),
        ({"values": ()}, "values must be one or more columns, each once (got [])"),
        ({"values": ("mood", "mood")}, "values must be one or more columns, each once (got ['mood', 'mood'])"),
        ({"values": ("moood",)}, "column 'moood' is missing; there is group, labels, mood, path; did you mean 'mood'?"),
        ({"values": ("mood",), "scale": (0.0, 1.0)}, "line 13: mood is 1.1, outside the scale from 0 to 1"),
        (
            {"values": ("mood",), "columns": Columns(labels="tags")},
            "columns.labels has no effect beside values, which are what is predicted; remove it",
        ),
        ({"files": ""}, "String should have at least 1 character"),
        ({"classes": (0, 1)}, "classes has no effect, for manifest has tags; remove it"),
        ({"split": "stratified", "folds": 16}, "there are 15 items, too few for 16 folds; use 3 to 15 folds, or"),
        (
            {"tags": 4},
            "tags has no effect, for every tag that the manifest names is used; remove it; what is not wanted, leave",
        ),
        ({"folds": 6}, "fold 6 of 6 would hold no item, for its items come from too few groups"),
    ],
)
def test_a_dataset_that_says_what_has_no_effect_is_refused(
    tmp_path: Path, given: dict[str, object], message: str
) -> None:
    own = {"name": "manifest", "path": listed(tmp_path), "size": 8} if "name" not in given else {}
    with pytest.raises(ValidationError) as caught:
        Dataset(**own, **given)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "names no column; name only columns"),
        ({"path": "path"}, "path: path has no effect; name only columns"),
        (
            {"path": "file", "group": "file"},
            r"one column cannot be two \(path: file, group: file\); name each column on",
        ),
    ],
)
def test_columns_that_say_nothing_or_two_things_are_refused(columns: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Columns(**columns)


@pytest.mark.parametrize(
    ("recipe", "task", "told"),
    [
        ({"loss": "mse"}, "classes", ("loss", "mse is no loss of classes; use usual, focal")),
        ({"loss": "ccc"}, "tags", ("loss", "ccc is no loss of tags; use usual, focal")),
        ({"loss": "focal"}, "values", ("loss", "focal is no loss of values; use usual, mse, mae, ccc, a mixture of")),
        ({"loss": Mixture(mse=1, ccc=1)}, "tags", ("loss", "a mixture of errors is no loss of tags; use usual, focal")),
        ({"weights": "balanced"}, "classes", ("weights", "balanced is for tags, and the dataset has classes; remove")),
        ({"label_smoothing": 0.1}, "values", ("label_smoothing", "numbers have no label to smooth, and the dataset")),
        ({"stop_on": "accuracy"}, "tags", ("stop_on", "accuracy is for classes, and the dataset has tags; use score")),
        ({"loss": "focal", "focusing": 1.0, "stop_on": "score"}, "classes", None),
        ({"weights": "balanced", "label_smoothing": 0.1}, "tags", None),
        ({"loss": Mixture(mae=1, ccc=0.5)}, "values", None),
    ],
)
def test_what_of_a_recipe_means_nothing_for_the_task_is_told(
    recipe: dict[str, object], task: str, told: tuple[str, str] | None
) -> None:
    found = recipe_faults(Recipe(steps=1, **recipe), task)  # type: ignore[arg-type]
    assert len(found) == (told is not None)
    assert told is None or (found[0][0] == told[0] and found[0][1].startswith(told[1]))


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"focusing": 1.0}, "focusing has no effect without loss: focal; remove it"),
        ({"loss": "ccc", "batch": 1}, "batch: 1 does not go with ccc, which compares the items of a whole batch"),
        ({"loss": "ccc", "accumulate": 2}, "accumulate: 2 does not go with ccc, which compares the items of a whole b"),
        ({"loss": {"mse": 1.0}}, "a mixture has two or more of mse, mae and ccc with weights above 0"),
        ({"loss": {"mse": 1.0, "mas": 1.0}}, "Extra inputs are not permitted"),
        ({"loss": "hinge"}, "Input should be 'usual', 'focal', 'mse', 'mae' or 'ccc'"),
    ],
)
def test_a_loss_that_cannot_be_is_refused(recipe: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe(steps=1, **recipe)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_a_trial_whose_recipe_is_for_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="loss: ccc is no loss of tags; use usual, focal"):
        trial(tagged(tmp_path), {"loss": "ccc"})


def test_tanh_is_for_values_with_a_scale(tmp_path: Path) -> None:
    bounded = {"network": PlainCnn(name="plain_cnn", depth=1, channels=2, output="tanh")}
    assert trial(rated(tmp_path), {}, **bounded).network.output == "tanh"
    with pytest.raises(ValidationError, match="output: tanh is for values, and the dataset has tags; remove it"):
        trial(tagged(tmp_path), {}, **bounded)
    with pytest.raises(ValidationError, match=r"tanh keeps answers between -1 and 1, and without a scale .*; give d"):
        trial(rated(tmp_path, scale=None), {}, **bounded)


def test_a_head_is_kept_only_where_it_predicts_the_same(tmp_path: Path) -> None:
    start = trial(tagged(tmp_path), {})
    with pytest.raises(ValidationError, match="predicts the same: its dataset has tags, this one has values; use head"):
        trial(rated(tmp_path), {}, start=start, surgery=Surgery.parse("t1"), head="kept")


@pytest.mark.parametrize("network", [MttVgg(name="mtt_vgg", hidden=8), Timm(name="timm", model="test_vit", hidden=8)])
def test_the_head_of_published_weights_is_kept_only_where_it_is_that_of_the_network(network: MttVgg | Timm) -> None:
    layers = len(network.layer_names)
    given = {"network": network, "surgery": Surgery.parse(f"t{layers}"), "start": WeightsFile(weights="a.pt")}
    dataset = Dataset(name="digits", size=96, resize="interpolate")
    with pytest.raises(ValidationError, match="kept needs a network whose head is that of the weights; use head: new"):
        trial(dataset, {}, head="kept", **given)


def test_one_treatment_has_one_spelling_for_its_task(tmp_path: Path) -> None:
    asked = Portioned(1.0, 0)
    of_classes = resolved(Recipe(steps=1, stop_on="score"), Dataset(name="digits"), asked, 0.1)
    of_values = resolved(Recipe(steps=1, stop_on="score", loss="mse"), rated(tmp_path), asked, 0.1)
    assert of_classes.stop_on == "accuracy"
    assert (of_values.stop_on, of_values.loss) == ("score", "usual")


def test_a_study_is_told_what_its_recipes_and_its_head_say_in_vain(tmp_path: Path) -> None:
    listed(tmp_path)
    raw = {
        "dataset": {"name": "manifest", "path": str(tmp_path / "m.csv"), "size": 8, "values": ("mood",)},
        "network": {"name": "mlp", "depth": 1, "output": "tanh"},
        "surgeries": {"scratch": "r1"},
        "recipe": "a",
        "recipes": {
            "a": {"steps": 1, "weights": "balanced", "stop_on": "accuracy"},
            "b": {"steps": 1, "loss": "focal"},
        },
    }
    told = dict(disagreements(raw))
    assert set(told) == {("network", "output"), ("recipes", "a", "weights"), ("recipes", "a", "stop_on")}
    source = {"dataset": raw["dataset"], "recipe": "b"}
    told = dict(disagreements(raw | {"dataset": {"name": "digits"}, "source": source, "surgeries": {"probe": "f1"}}))
    assert told["recipes", "b", "loss"].startswith("focal is no loss of values")
    placed = {"recipe": {"steps": 1, "loss": "mae"}, "source": {"dataset": {"name": "digits"}}}
    told = dict(disagreements(raw | placed | {"surgeries": {"probe": "f1"}}))
    assert told["recipe", "loss"] == "mae is no loss of classes; use usual, focal"


def test_every_network_may_have_a_hidden_layer() -> None:
    assert [network(name=name, **more).hidden for network, name, more in (  # type: ignore[operator]
        (PlainCnn, "plain_cnn", {"hidden": 4}), (Mlp, "mlp", {"hidden": 4}), (MttVgg, "mtt_vgg", {"hidden": 4}),
        (Timm, "timm", {"model": "test_vit", "hidden": 4}),
    )] == [4, 4, 4, 4]  # fmt: skip


def test_layers_of_a_dataset_of_tags_or_values_are_not_scored(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="layers are scored by classes, and manifest has values"):
        scoring(dataset=rated(tmp_path))


def test_official_parts_and_folds_of_tags_are_counted_as_one_class(tmp_path: Path) -> None:
    parts = ["train"] * 8 + ["test"] * 3
    rows = [f"{number:02d}.png,rock,{part}" for number, part in enumerate(parts)]
    listed(tmp_path)
    (tmp_path / "m.csv").write_text("\n".join(["path,labels,split", *rows]))
    official = Dataset(name="manifest", path=str(tmp_path / "m.csv"), size=8)
    assert official.pools(0) == Pools((8,), None, (3,)) and official.splitting == "official"
    folds = [f"{number:02d}.png,rock,{number % 2}" for number in range(4)] + ["gone.png,rock,2"]
    (tmp_path / "folds.csv").write_text("\n".join(["path,labels,fold", *folds]))
    with pytest.raises(DataFault, match="there are 2 folds; at least 3 are needed"):
        dataset_card("manifest", str(tmp_path / "folds.csv"))
    (tmp_path / "holes.csv").write_text("\n".join(["path,labels,fold", *folds, "14.png,rock,3"]))
    with pytest.raises(DataFault, match=r"cannot be used:\n  fold 3 holds no item$"):
        dataset_card("manifest", str(tmp_path / "holes.csv"))
