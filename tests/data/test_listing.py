"""Folders and manifests become listings: every file is an item or is left out by name, and faults come all at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from frostline.catalog import LeftOut, Listed, Listing
from frostline.data.folders import folder_listing
from frostline.data.listing import kind_of
from frostline.data.manifests import manifest_listing
from frostline.errors import DataFault


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def manifest(folder: Path, text: str, *names: str) -> Path:
    """A manifest of that text beside files of those names."""
    touch(folder, *names)
    path = folder / "manifest.csv"
    path.write_bytes(text.encode())
    return path


class TestFolder:
    def test_class_folders_are_the_classes_in_the_order_of_their_names(self, tmp_path: Path) -> None:
        listing = folder_listing(touch(tmp_path, "cat/2.jpg", "Dog/1.png", "cat/1.JPG"))
        assert listing.class_names == ("Dog", "cat")
        assert listing.items == (
            Listed("Dog/1.png", "Dog/1.png", 0, "Dog/1.png"),
            Listed("cat/1.JPG", "cat/1.JPG", 1, "cat/1.JPG"),
            Listed("cat/2.jpg", "cat/2.jpg", 1, "cat/2.jpg"),
        )
        assert kind_of(listing) == "images"

    def test_files_at_any_depth_belong_to_the_class_folder_above(self, tmp_path: Path) -> None:
        listing = folder_listing(touch(tmp_path, "a/x/y/1.wav", "b/1.wav"))
        assert [(item.id, item.label) for item in listing.items] == [("a/x/y/1.wav", 0), ("b/1.wav", 1)]
        assert kind_of(listing) == "sounds"

    def test_hidden_files_and_folders_are_passed_over(self, tmp_path: Path) -> None:
        listing = folder_listing(touch(tmp_path, "a/1.jpg", "b/1.jpg", "a/._1.jpg", ".DS_Store", ".git/1.jpg"))
        assert [item.id for item in listing.items] == ["a/1.jpg", "b/1.jpg"]
        assert listing.left_out == ()

    def test_what_is_not_read_is_left_out_by_name_with_its_reason(self, tmp_path: Path) -> None:
        folder = touch(tmp_path, "a/1.jpg", "b/1.jpg", "a/1.txt", "b/README", "notes.jpg")
        (folder / "b" / "gone.jpg").symlink_to(folder / "nowhere.jpg")
        os.mkfifo(folder / "b" / "pipe.jpg")
        endings = (
            "images end in .jpg, .jpeg, .png, .bmp, .webp, .tif, .tiff, .gif, sounds in .wav, .flac, .ogg, .mp3, .au"
        )
        assert folder_listing(folder).left_out == (
            LeftOut("a/1.txt", f"files ending in .txt are not read; {endings}", 0),
            LeftOut("b/README", f"its name has no ending; {endings}", 0),
            LeftOut("b/gone.jpg", "a link that leads nowhere"),
            LeftOut("b/pipe.jpg", "no file that can be read"),
            LeftOut("notes.jpg", "it lies beside the class folders, in none of them", 0),
        )

    def test_a_name_that_is_not_utf8_is_left_out_readably(self, tmp_path: Path) -> None:
        folder = touch(tmp_path, "a/1.jpg", "b/1.jpg")
        with open(os.fsencode(folder) + b"/a/caf\xe9.jpg", "wb"):
            pass
        (left,) = folder_listing(folder).left_out
        assert left == LeftOut(r"a/caf\udce9.jpg", "its path is not UTF-8")

    def test_a_loop_of_links_ends_and_no_folder_is_read_twice(self, tmp_path: Path) -> None:
        folder = touch(tmp_path / "data", "a/1.jpg", "b/1.jpg")
        touch(tmp_path / "elsewhere", "3.jpg")
        (folder / "a" / "up").symlink_to(folder)
        (folder / "b" / "here").symlink_to(folder / "b")
        (folder / "b" / "more").symlink_to(tmp_path / "elsewhere")
        listing = folder_listing(folder)
        assert [item.id for item in listing.items] == ["a/1.jpg", "b/1.jpg", "b/more/3.jpg"]
        again = "this folder is read already under another name"
        assert listing.left_out == (LeftOut("a/up", again, 0), LeftOut("b/here", again, 0))

    def test_a_mixture_is_refused_with_counts_and_the_first_of_each(self, tmp_path: Path) -> None:
        folder = touch(tmp_path, "a/1.jpg", "a/2.jpg", "b/1.wav")
        with pytest.raises(DataFault) as caught:
            folder_listing(folder)
        assert str(caught.value) == (
            f"{folder} has 1 fault:\n  expected only images or only sounds, found 2 images (first: a/1.jpg) and "
            "1 sounds (first: b/1.wav); list each kind by itself"
        )

    def test_every_fault_of_a_folder_is_told_at_once(self, tmp_path: Path) -> None:
        folder = touch(tmp_path, "a/1.jpg", "b/1.wav", "c/1.txt", "c/2.txt")
        (folder / "d").mkdir()
        with pytest.raises(DataFault) as caught:
            folder_listing(folder)
        text = str(caught.value)
        assert text.startswith(f"{folder} has 3 faults:")
        assert "class 'c' has no image and no sound (2 files of other kinds); fill the folder or remove it" in text
        assert "class 'd' has no image and no sound; fill the folder or remove it" in text
        assert "expected only images or only sounds" in text

    def test_one_class_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataFault, match="expected at least two class folders, found only 'a'"):
            folder_listing(touch(tmp_path, "a/1.jpg", "1.jpg"))
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataFault, match="expected at least two class folders, found none"):
            folder_listing(tmp_path / "empty")

    def test_folders_called_after_parts_are_not_taken_for_classes(self, tmp_path: Path) -> None:
        with pytest.raises(
            DataFault, match=r"its folders Test, train are parts, not classes; .* path, label and split"
        ):
            folder_listing(touch(tmp_path, "train/a/1.jpg", "Test/a/1.jpg"))

    def test_a_missing_folder_is_told_with_the_place_that_was_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(DataFault) as caught:
            folder_listing(Path("mine"))
        assert str(caught.value) == f"{tmp_path}/mine does not exist; expected a folder with one folder a class in it"
        with pytest.raises(DataFault, match=r"a.jpg is a file; expected a folder"):
            folder_listing(touch(tmp_path, "a.jpg") / "a.jpg")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
    def test_a_folder_that_may_not_be_opened_is_named(self, tmp_path: Path) -> None:
        (touch(tmp_path, "a/1.jpg", "b/1.jpg") / "b").chmod(0)
        with pytest.raises(DataFault, match=r"/b cannot be opened \(Permission denied\); let this user read it"):
            folder_listing(tmp_path)

    def test_twenty_faults_are_told_and_the_others_counted(self, tmp_path: Path) -> None:
        for number in range(23):
            (tmp_path / f"class{number:02d}").mkdir()
        with pytest.raises(DataFault, match=r"has 23 faults:(\n  class 'class[01][0-9]' .*){20}\n  and 3 more$"):
            folder_listing(tmp_path)

    @pytest.mark.real_data
    def test_caltech_is_101_classes_of_30_images(self) -> None:
        listing = folder_listing(Path(os.environ["FROSTLINE_DATA"]) / "caltech101_30")
        assert (len(listing.class_names), len(listing.items), listing.left_out) == (101, 3030, ())


def test_the_kind_of_a_listing_with_unknown_files_is_refused() -> None:
    listing = Listing(("a",), (Listed("a/1.xyz", "a/1.xyz", 0, "a"), Listed("a/1.jpg", "a/1.jpg", 0, "a")))
    with pytest.raises(
        DataFault, match=r"found 1 images \(first: a/1.jpg\) and 1 files that are neither \(first: a/1.xyz"
    ):
        kind_of(listing)
    with pytest.raises(DataFault, match="expected only images or only sounds, found none"):
        kind_of(Listing((), ()))


class TestManifest:
    def test_rows_become_items_in_the_order_of_their_ids(self, tmp_path: Path) -> None:
        path = manifest(tmp_path, "path,label\nx/2.wav,dog\nx/1.wav,cat\n", "x/1.wav", "x/2.wav")
        assert manifest_listing(path) == Listing(
            ("cat", "dog"), (Listed("x/1.wav", "x/1.wav", 0, "x/1.wav"), Listed("x/2.wav", "x/2.wav", 1, "x/2.wav"))
        )

    def test_mark_line_ends_quotes_order_blanks_and_other_columns_do_no_harm(self, tmp_path: Path) -> None:
        text = '\ufefflabel,take , path\r\n"dog, old",1,"a ""b"", c.wav"\r\n\r\ncat ,2, "d.wav"\r\n'
        listing = manifest_listing(manifest(tmp_path, text, 'a "b", c.wav', "d.wav"))
        assert listing.class_names == ("cat", "dog, old")
        assert [(item.file, item.label) for item in listing.items] == [('a "b", c.wav', 1), ("d.wav", 0)]

    def test_group_and_split_are_kept_and_an_empty_group_is_the_item_alone(self, tmp_path: Path) -> None:
        text = "path,label,group,split\n1.wav,a,s,train\n2.wav,b,s,train\n3.wav,a,,test\n4.wav,b,,validation\n"
        listing = manifest_listing(manifest(tmp_path, text, "1.wav", "2.wav", "3.wav", "4.wav"))
        assert [(item.group, item.part) for item in listing.items] == [
            ("s", "train"),
            ("s", "train"),
            ("3.wav", "test"),
            ("4.wav", "validation"),
        ]

    def test_folds_are_renumbered_from_0_in_their_order(self, tmp_path: Path) -> None:
        text = "path,label,fold\n1.wav,a,10\n2.wav,b,2\n3.wav,a,3\n"
        listing = manifest_listing(manifest(tmp_path, text, "1.wav", "2.wav", "3.wav"))
        assert [item.fold for item in listing.items] == [2, 0, 1]

    def test_an_absolute_path_below_the_manifest_has_the_id_of_the_relative_one(self, tmp_path: Path) -> None:
        text = f"path,label\n{tmp_path}/data/x/1.wav,a\n./x/../x/2.wav,b\n{tmp_path}/far.wav,a\n../far2.wav,b\n"
        touch(tmp_path, "far.wav", "far2.wav")
        listing = manifest_listing(manifest(tmp_path / "data", text, "x/1.wav", "x/2.wav"))
        assert [item.id for item in listing.items] == ["../far2.wav", f"{tmp_path}/far.wav", "x/1.wav", "x/2.wav"]

    def test_parquet_holds_what_csv_holds(self, tmp_path: Path) -> None:
        touch(tmp_path, "1.wav", "2.wav", "3.wav")
        columns = {
            "label": [7, 10, 7],
            "path": ["1.wav", "2.wav", "3.wav"],
            "group": [3.0, float("nan"), 3.0],
            "take": [1, None, 2],
            "fold": [1.0, 2.0, 1.0],
        }
        pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "m.parquet")
        text = "label,path,group,fold\n7,1.wav,3,1\n10,2.wav,,2\n7,3.wav,3,1\n"
        assert manifest_listing(tmp_path / "m.parquet") == manifest_listing(manifest(tmp_path, text))
        assert manifest_listing(tmp_path / "m.parquet").class_names == ("10", "7")

    def test_files_that_are_missing_or_of_other_endings_are_left_out_by_name(self, tmp_path: Path) -> None:
        text = "path,label\n1.wav,a\n2.wav,b\n3.wav,a\n4.txt,b\n"
        listing = manifest_listing(manifest(tmp_path, text, "1.wav", "2.wav", "4.txt"))
        assert [item.id for item in listing.items] == ["1.wav", "2.wav"]
        gone, other = listing.left_out
        assert gone == LeftOut("3.wav", f"the manifest names it, and {tmp_path}/3.wav is no file")
        assert other.file == "4.txt" and other.reason.startswith("files ending in .txt are not read; images end in")

    def test_every_fault_of_the_cells_is_told_with_its_line(self, tmp_path: Path) -> None:
        text = 'path,label,group,split\n1.wav,"a\nb",s,train\n,a,,train\n2.wav,,s,test\n./1.wav,c,,Test\n'
        path = manifest(tmp_path, text, "1.wav", "2.wav")
        with pytest.raises(DataFault) as caught:
            manifest_listing(path)
        assert str(caught.value) == (
            f"{path} has 5 faults:\n"
            "  line 4: the path is empty\n"
            "  line 5: the label is empty\n"
            "  line 6: split must be one of train, validation, test (got 'Test')\n"
            "  line 6: 1.wav stands in line 2 already; keep one of the two\n"
            "  group 's' stands in split train (line 2) and test (line 5); put it into one of them"
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("path,label\n", "it has a header and no rows; expected a row a file"),
            ("Path,klass\n1.wav,a\n", "column 'path' is missing; there is Path, klass; did you mean 'Path'?"),
            ("path,Label\n1.wav,a\n", "column 'label' is missing; there is Label, path; did you mean 'Label'?"),
            ("path,tags\n1.wav,a b\n", "or 'labels' is missing; write columns: {labels: tags} if these are its tags"),
            ("path,mood\n1.wav,0.5\n2.wav,1\n", "write values: [mood] to predict numbers, or give each file its class"),
            (
                "path,label\n1.wav,0.5\n2.wav,1\n",
                "its labels are numbers such as 0.5; to predict numbers, name",
            ),
            ("path,label,labels\n1.wav,a,b\n", "it has both 'label' (classes) and 'labels' (tags); keep one of them"),
            ("path,labels\n1.wav,\n2.wav, ;\n", "no row has labels; expected some, parted by ';' or '|'"),
            ("path,labels\n1.wav,a;b\n2.wav,a;b;a\n", "line 3: 'a' stands twice among its labels; keep one"),
            ("path,labels\n1.wav,a;b|c\n", "line 2: its labels are parted by both ';' and '|'; use one of them"),
            ("path,labels\n8.wav,a;b\n", "no file can be read; the first left out is 8.wav: the manifest names it"),
            ("path,label\n1.wav,a\n2.wav,a\n", "every label is 'a'; expected at least two classes"),
            ("path,label,split,fold\n1.wav,a,test,1\n", "it has both 'split' and 'fold', which may disagree; keep one"),
            ("path,label,split\n1.wav,a,test\n2.wav,b,test\n", "no row has split train; expected some"),
            ("path,label,split\n1.wav,a,train\n2.wav,b,train\n", "no row has split test; expected some"),
            ("path,label,fold\n1.wav,a,1.5\n2.wav,b,\n", "line 2: fold must be a whole number from 0 (got '1.5')"),
            ("path,label,fold,group\n1.wav,a,1,g\n2.wav,b,2,g\n", "group 'g' stands in fold 1 (line 2) and 2 (line 3)"),
            (
                "path,label\n1.wav,a\n9.wav,b\n",
                "no file can be read of class 'b'; the first left out is 9.wav: the man",
            ),
            ("path,label\n1.wav,a\n1.png,b\n", "found 1 images (first: 1.png) and 1 sounds (first: 1.wav)"),
            ("path,label\n1.wav,a,b\n", "line 2: 3 fields, where the header has 2; put quotes around a field with a c"),
            ("path,label\n1.wav\n", "line 2: 1 fields, where the header has 2"),
            ("path,label,label\n1.wav,a,b\n", "column 'label' stands 2 times in its header; expected once"),
            ("path;label\n1.wav;a\n", "is parted by ';'; save it as CSV parted by commas"),
            ("", "is empty; expected a header with path and label, and a line a file"),
            ("\n\n", "is empty; expected a header"),
            ('path,label\n1.wav,a\n"2.wav,b\n', "is no whole CSV file: line 3: unexpected end of data"),
        ],
    )
    def test_a_manifest_that_cannot_be_used_says_why(self, tmp_path: Path, text: str, message: str) -> None:
        path = manifest(tmp_path, text, "1.wav", "2.wav", "1.png")
        with pytest.raises(DataFault) as caught:
            manifest_listing(path)
        assert message in str(caught.value)
        assert str(caught.value).startswith(str(path))

    def test_a_file_in_another_encoding_is_told_with_byte_and_line(self, tmp_path: Path) -> None:
        path = manifest(tmp_path, "")
        path.write_bytes("path,label\n1.wav,a\n2.wav,café\n".encode("latin-1"))
        with pytest.raises(DataFault, match=r"is not UTF-8: byte 0xe9 at place 28, in line 3; save it as CSV in UTF-8"):
            manifest_listing(path)

    def test_a_file_that_is_no_table_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataFault, match=r"m.csv does not exist; expected a manifest, a CSV or Parquet file"):
            manifest_listing(tmp_path / "m.csv")
        with pytest.raises(DataFault, match=r"is a folder; expected a manifest"):
            manifest_listing(tmp_path)
        touch(tmp_path, "m.xlsx", "m.parquet")
        with pytest.raises(DataFault, match=r"m.xlsx ends in '.xlsx'; a manifest ends in .csv or .parquet"):
            manifest_listing(tmp_path / "m.xlsx")
        with pytest.raises(DataFault, match=r"m.parquet is no whole Parquet file \(.+\); write it again"):
            manifest_listing(tmp_path / "m.parquet")


def test_listing_files_needs_neither_torch_nor_numpy_nor_pandas() -> None:
    code = (
        "import sys, frostline.data.folders, frostline.data.manifests, frostline.data.recordings;"
        "print(*{'torch', 'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n", "")


LONG = "a" * 300


class TestFilesThatCannotBeOpened:
    def test_a_path_that_is_too_long_is_refused_with_the_reason(self, tmp_path: Path) -> None:
        with pytest.raises(DataFault) as caught:
            manifest_listing(tmp_path / f"{LONG}.csv")
        assert str(caught.value) == (
            f"{tmp_path}/{LONG}.csv cannot be opened (File name too long); expected a manifest, a CSV or Parquet file "
            "that this user may read"
        )
        with pytest.raises(DataFault) as caught:
            folder_listing(tmp_path / LONG)
        assert str(caught.value) == (
            f"{tmp_path}/{LONG} cannot be opened (File name too long); expected a folder with one folder a class in "
            "it, which this user may read"
        )

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
    @pytest.mark.parametrize("name", ["m.csv", "m.parquet"])
    def test_a_manifest_that_may_not_be_read_is_refused_with_the_reason(self, tmp_path: Path, name: str) -> None:
        (touch(tmp_path, name) / name).chmod(0)
        with pytest.raises(DataFault, match=rf"/{name} cannot be opened \(Permission denied\); expected a manifest"):
            manifest_listing(tmp_path / name)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
    def test_what_lies_in_a_folder_that_may_not_be_entered_is_refused_with_the_reason(self, tmp_path: Path) -> None:
        closed = touch(tmp_path / "closed", "data/a/1.jpg", "m.csv")
        closed.chmod(0)
        with pytest.raises(DataFault, match=r"/closed/data cannot be opened \(Permission denied\); expected a folder"):
            folder_listing(closed / "data")
        with pytest.raises(DataFault, match=r"/closed/m.csv cannot be opened \(Permission denied\)"):
            manifest_listing(closed / "m.csv")
        closed.chmod(0o700)
