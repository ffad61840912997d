"""A manifest whose files have tags or numbers: what it lists, and every fault of it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import torch

from frostline.catalog import Asked, Listed, dataset_card
from frostline.data.manifests import manifest_listing
from frostline.data.own import manifest_card
from frostline.data.read import targets_of
from frostline.data.samples import Samples, digest_of_listed
from frostline.errors import DataFault

VALUES = Asked(values=("valence", "arousal"))
SCALED = replace(VALUES, scale=(1.0, 9.0))
MOODS = "path,valence,arousal\n1.wav,1,9\n2.wav,5,3.5\n"


def manifest(folder: Path, text: str, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "m.csv").write_text(text)
    return folder / "m.csv"


def test_labels_become_tags_in_the_order_of_their_names_and_an_empty_cell_is_none(tmp_path: Path) -> None:
    text = "path,labels\n1.wav,slow; rock\n2.wav,\n3.wav,piano|rock\n4.wav,rock;\n"
    listing = manifest_listing(manifest(tmp_path, text, "1.wav", "2.wav", "3.wav", "4.wav"))
    assert (listing.class_names, listing.target_names) == (("all",), ("piano", "rock", "slow"))
    told = [(0, 1, 1), (0, 0, 0), (1, 1, 0), (0, 1, 0)]
    assert [item.targets for item in listing.items] == told
    assert {item.label for item in listing.items} == {0}


def test_a_file_that_is_missing_takes_no_tag_with_it(tmp_path: Path) -> None:
    listing = manifest_listing(manifest(tmp_path, "path,labels\n1.wav,rock\n2.wav,slow\n", "1.wav"))
    assert listing.target_names == ("rock", "slow") and [out.file for out in listing.left_out] == ["2.wav"]


def test_the_columns_of_numbers_that_a_study_names_become_values_in_its_order(tmp_path: Path) -> None:
    path = manifest(tmp_path, MOODS, "1.wav", "2.wav")
    listing = manifest_listing(path, Asked(values=("arousal", "valence")))
    assert (listing.class_names, listing.target_names) == (("all",), ("arousal", "valence"))
    assert [item.targets for item in listing.items] == [(9.0, 1.0), (3.5, 5.0)]


def test_values_are_scaled_to_reach_from_minus_1_to_1_by_the_scale_of_their_annotation(tmp_path: Path) -> None:
    path = manifest(tmp_path, MOODS, "1.wav", "2.wav")
    scaled, own = manifest_card(path, SCALED), manifest_card(path, VALUES)
    assert scaled.listing is not None and (scaled.task, scaled.scale) == ("values", (1.0, 9.0))
    assert targets_of(scaled.listing.items, scaled).tolist() == [[-1.0, 1.0], [0.0, -0.375]]
    assert targets_of(scaled.listing.items, own).tolist() == [[1.0, 9.0], [5.0, 3.5]]


def test_columns_may_be_called_otherwise_and_files_lie_in_a_folder_below(tmp_path: Path) -> None:
    text = "file,series,mood\n1.wav,Zelda,0.5\n2.wav,,0.25\n"
    path = manifest(tmp_path, text, "audio/1.wav", "audio/2.wav")
    asked = Asked(("mood",), None, (("path", "file"), ("group", "series")), "audio")
    assert manifest_listing(path, asked).items == (
        Listed("audio/1.wav", "audio/1.wav", 0, "Zelda", targets=(0.5,)),
        Listed("audio/2.wav", "audio/2.wav", 0, "audio/2.wav", targets=(0.25,)),
    )


def test_every_fault_of_the_numbers_is_told_with_its_line(tmp_path: Path) -> None:
    text = "path,valence,arousal\n1.wav,0.5,9\n2.wav,high,nan\n3.wav,,inf\n4.wav,10,1\n"
    path = manifest(tmp_path, text, "1.wav", "2.wav", "3.wav", "4.wav")
    with pytest.raises(DataFault) as caught:
        manifest_listing(path, SCALED)
    assert str(caught.value) == (
        f"{path} has 6 faults:\n"
        "  line 2: valence is 0.5, outside the scale from 1 to 9\n"
        "  line 3: valence must be a number (got 'high')\n"
        "  line 3: arousal must be a number (got 'nan')\n"
        "  line 4: valence is empty; expected a number\n"
        "  line 4: arousal must be a number (got 'inf')\n"
        "  line 5: valence is 10, outside the scale from 1 to 9"
    )


def test_a_number_that_is_missing_in_parquet_is_empty(tmp_path: Path) -> None:
    manifest(tmp_path, "", "1.wav", "2.wav")
    columns = {"path": ["1.wav", "2.wav"], "valence": [0.5, float("nan")], "arousal": [1, 2]}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "m.parquet")
    with pytest.raises(DataFault, match="row 2: valence is empty; expected a number"):
        manifest_listing(tmp_path / "m.parquet", VALUES)


@pytest.mark.parametrize(
    ("text", "asked", "message"),
    [
        ("path,arousal\n1.wav,1\n", VALUES, "column 'valence' is missing; there is arousal, path"),
        ("path,Valence,arousal\n1.wav,1,2\n", VALUES, "there is Valence, arousal, path; did you mean 'Valence'?"),
        ("file,valence,arousal\n1.wav,1,2\n", VALUES, "column 'path' is missing; there is arousal, file, valence"),
        ("path,valence,arousal\n1.wav,1,2\n2.wav,1,3\n", VALUES, "every valence is 1; expected at least two numbers"),
        (
            "path,label\n1.wav,a\n",
            Asked(columns=(("group", "serie"),)),
            "columns.group: column 'serie' is missing; there is label, path",
        ),
        (
            "path,label,file\n1.wav,a,b\n",
            Asked(columns=(("path", "file"),)),
            "columns.path: there is a column 'path' beside 'file'; rename one of them",
        ),
        (MOODS, replace(VALUES, files="audio"), "no file can be read; the first left out is audio/1.wav: the manifest"),
    ],
)
def test_what_a_manifest_lacks_is_told(tmp_path: Path, text: str, asked: Asked, message: str) -> None:
    with pytest.raises(DataFault) as caught:
        manifest_listing(manifest(tmp_path, text, "1.wav", "2.wav"), asked)
    assert message in str(caught.value)


def test_the_digest_of_a_dataset_tells_its_numbers_and_their_names(tmp_path: Path) -> None:
    listing = manifest_listing(manifest(tmp_path, MOODS, "1.wav", "2.wav"), VALUES)
    planes, ids = torch.zeros(1, 1, 2, 2), listing.items[0].id
    samples = Samples(planes, torch.tensor([[1.0, 9.0]]), *(2 * [pa.array([ids]).to_numpy(zero_copy_only=False)]))
    moved = replace(listing, items=(listing.items[0], replace(listing.items[1], targets=(5.0, 4.0))))
    digests = [digest_of_listed(samples, one) for one in (listing, moved, replace(listing, target_names=("a", "b")))]
    assert len(set(digests)) == 3


@pytest.mark.real_data
def test_vgmidi_is_197_songs_of_thirteen_series_with_valence_and_arousal() -> None:
    path = Path(os.environ["FROSTLINE_DATA"]) / "vgmidi_va" / "va.csv"
    asked = Asked(("valence", "arousal"), (-1.0, 1.0), (("path", "file"), ("group", "series")), "audio")
    card = dataset_card("manifest", str(path), asked)
    assert card.listing is not None and card.listing.left_out == ()
    groups = Counter(item.group for item in card.listing.items)
    assert (len(card.listing.items), len(groups), card.target_names) == (197, 13, ("valence", "arousal"))
    assert (card.kind, card.task, card.class_names) == ("sounds", "values", ("all",))
