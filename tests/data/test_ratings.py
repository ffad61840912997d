"""DEAM and VGMIDI in their published folders: numbers on their scale, who is in a group, and what is told of it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from frostline.catalog import LeftOut, Listing
from frostline.data.cards import CARDS
from frostline.data.deam import deam_listing
from frostline.data.read import decoded
from frostline.data.vgmidi import vgmidi_listing
from frostline.errors import DataFault
from frostline.spec.reading import Reading
from frostline.spec.spectrogram import Spectrogram

EARLY, LATE = "static_annotations_averaged_songs_1_2000.csv", "static_annotations_averaged_songs_2000_2058.csv"
EARLY_HEADER = "song_id, valence_mean, valence_std, arousal_mean, arousal_std"
LATE_HEADER = "song_id, valence_mean, valence_std, valence_max_mean, arousal_mean, arousal_std"
SONG_LEVEL = "annotations/annotations averaged per song/song_level"
SHORT = Spectrogram(rate_hz=8000, window=256, hop=128, bands=16, duration_s=0.2)


def deam(folder: Path, songs: int = 10, place: str = "") -> Path:
    """A DEAM of so many early songs, numbered from 2 on, and song 2001 of the late ones, all of them there."""
    home = folder / place
    home.mkdir(parents=True, exist_ok=True)
    rows = [f"{number}, {3 + number / 100:.2f}, 1.2, {7 - number / 100:.2f}, 0.9" for number in range(2, 2 + songs)]
    (home / EARLY).write_text("\n".join([EARLY_HEADER, *rows]) + "\n")
    (home / LATE).write_text(f"{LATE_HEADER}\n2001, 5.5, 1, 6, 1.0, 2\n")
    (folder / "MEMD_audio").mkdir(exist_ok=True)
    for number in (*range(2, 2 + songs), 2001):
        (folder / "MEMD_audio" / f"{number}.mp3").touch()
    return folder


def rewritten(folder: Path, name: str, text: str) -> Path:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def vgmidi(folder: Path, *rows: str) -> Path:
    """A VGMIDI of these rows, and the sounds that they name."""
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    (folder / "va.csv").write_text("\n".join(["file,series,game,valence,arousal", *rows]) + "\n")
    for row in rows:
        (folder / "audio" / row.split(",")[0]).touch()
    return folder


def groups_of(listing: Listing) -> dict[str, str]:
    return {item.id: item.group for item in listing.items}


class TestDeam:
    def test_a_song_has_its_mean_valence_and_arousal_from_either_table(self, tmp_path: Path) -> None:
        listing = deam_listing(deam(tmp_path))
        targets = {item.id: item.targets for item in listing.items}
        assert (targets["deam/2"], targets["deam/2001"]) == ((3.02, 6.98), (5.5, 1.0))
        assert len(targets) == 11 and listing.left_out == ()
        assert (listing.class_names, listing.target_names) == (("all",), ("valence", "arousal"))
        assert {item.label for item in listing.items} == {0}

    def test_the_folders_that_the_archives_unpack_to_are_found(self, tmp_path: Path) -> None:
        beside = deam_listing(deam(tmp_path / "beside"))
        unpacked = deam(tmp_path / "unpacked", place=SONG_LEVEL)
        (unpacked / "DEAM_audio").mkdir()
        (unpacked / "MEMD_audio").rename(unpacked / "DEAM_audio" / "MEMD_audio")
        listing = deam_listing(unpacked)
        assert listing.items[0].file == "DEAM_audio/MEMD_audio/10.mp3"
        assert [item.id for item in listing.items] == [item.id for item in beside.items]

    def test_songs_missing_on_either_side_are_told_and_move_no_other(self, tmp_path: Path) -> None:
        folder = deam(tmp_path)
        whole = deam_listing(folder)
        (folder / "MEMD_audio" / "5.mp3").unlink()
        for name in ("12.mp3", "notes.txt"):
            (folder / "MEMD_audio" / name).touch()
        lacking = deam_listing(folder)
        assert lacking.left_out == (
            LeftOut("MEMD_audio/12.mp3", "no table rates it"),
            LeftOut("MEMD_audio/5.mp3", "it is rated, and it is not there"),
            LeftOut("MEMD_audio/notes.txt", "not called after the number of a song, such as 10.mp3", lost=0),
        )
        assert lacking.items == tuple(item for item in whole.items if item.id != "deam/5")

    def test_folds_differ_by_one_song_at_most_and_the_first_are_the_larger(self, tmp_path: Path) -> None:
        folds = Counter(item.fold for item in deam_listing(deam(tmp_path)).items)
        assert [folds[fold] for fold in range(5)] == [3, 2, 2, 2, 2]
        assert CARDS["deam"].fold_counts == ((361,), (361,), (360,), (360,), (360,))

    def test_without_tables_of_songs_each_song_is_its_own_group_and_that_is_told(self, tmp_path: Path) -> None:
        listing = deam_listing(deam(tmp_path))
        assert all(name == group for name, group in groups_of(listing).items())
        assert listing.notes == (
            "no artists are known, for metadata_2013.csv, metadata_2014.csv, metadata_2015.csv are not there; each "
            "song is its own group",
        )

    def test_songs_of_an_artist_are_a_group_in_whichever_table_they_stand(self, tmp_path: Path) -> None:
        folder = deam(tmp_path)
        rewritten(
            folder,
            "metadata/metadata_2013.csv",
            "song_id,file_name,Artist,Song title,start,end,Genre\n"
            '2,2.mp3,"\tAnn  Lee\t","\tOne\t",0,45,Pop\n3,3.mp3,Bob,Two,0,45,Pop\n4,4.mp3,n/a,Three,0,45,Pop\n',
        )
        rewritten(
            folder,
            "metadata/metadata_2014.csv",
            "Id,Artist,Album,Track,Genre,segment start,segment end,labels\n5,ann lee,X,Y,Pop,0,45,calm,sad,slow\n",
        )
        rewritten(
            folder,
            "metadata/metadata_2015.csv",
            "id,Filename,title,artist,album,genre\n2001,a.mp3,Song,Bob,n/a,Rock,Pop\n6,b.mp3,Song,17,n/a,Rock\n",
        )
        listing = deam_listing(folder)
        groups = groups_of(listing)
        assert {groups[f"deam/{song}"] for song in (2, 5)} == {"artist ann lee"}
        assert {groups[f"deam/{song}"] for song in (3, 2001)} == {"artist bob"}
        assert groups["deam/4"] == "deam/4" and groups["deam/6"] == "deam/6"
        fold_of = {item.group: item.fold for item in listing.items}
        assert all(fold_of[item.group] == item.fold for item in listing.items)
        assert listing.notes == (
            "4 songs of 2 artists are grouped by artist",
            "no artist is known of 7 of 11 songs, each its own group",
        )

    def test_a_table_of_songs_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        folder = rewritten(deam(tmp_path), "metadata_2013.csv", "song_id,Artist\n2,Ann\n")
        assert deam_listing(folder).notes[1:3] == (
            "metadata_2014.csv is not there; its songs are each their own group",
            "metadata_2015.csv is not there; its songs are each their own group",
        )

    def test_a_table_of_songs_may_be_latin_1(self, tmp_path: Path) -> None:
        (deam(tmp_path) / "metadata_2013.csv").write_bytes("song_id,Artist\n2,Björk\n".encode("latin-1"))
        assert groups_of(deam_listing(tmp_path))["deam/2"] == "artist björk"

    def test_every_fault_of_a_table_of_songs_is_told(self, tmp_path: Path) -> None:
        rewritten(deam(tmp_path), "metadata_2014.csv", "Id,Artist\n5\n\nsix,Ann\n")
        said = (
            r"metadata_2014\.csv has 2 faults:\n  row 2: it ends before the column 'Artist' \(1 cells\)\n"
            r"  row 4: Id must be a whole number \(got 'six'\)$"
        )
        with pytest.raises(DataFault, match=said):
            deam_listing(tmp_path)
        rewritten(tmp_path, "metadata_2014.csv", "song_id,Singer\n5,Ann\n")
        with pytest.raises(
            DataFault, match=r"2 faults:\n  column 'Id' is missing; there is Singer, song_id.*\n  column 'Art"
        ):
            deam_listing(tmp_path)

    def test_every_fault_of_the_ratings_is_told_at_once(self, tmp_path: Path) -> None:
        folder = deam(tmp_path)
        rewritten(
            folder, EARLY, f"{EARLY_HEADER}\n2, 0.5, 1, high, 1\n3, nan, 1, , 1\nx, 5, 1, 9.1, 1\n4, 5, 1, 5, 1\n"
        )
        rewritten(folder, LATE, f"{LATE_HEADER}\n4, 5.5, 1, 6, 6, 1\n")
        with pytest.raises(DataFault) as caught:
            deam_listing(folder)
        assert str(caught.value).splitlines()[0] == f"{folder} has 7 faults:"
        assert [line.strip().partition(".csv: ")[2] for line in str(caught.value).splitlines()[1:]] == [
            "line 2: valence_mean is outside the scale of 1 to 9 (got 0.5)",
            "line 2: arousal_mean must be a number from 1 to 9 (got 'high')",
            "line 3: valence_mean is no number that can be learnt (got 'nan'); leave the row out",
            "line 3: arousal_mean must be a number from 1 to 9 (got '')",
            "line 4: arousal_mean is outside the scale of 1 to 9 (got 9.1)",
            "line 4: song_id must be a whole number (got 'x')",
            "line 2: song 4 is rated twice; keep one of the rows",
        ]

    def test_what_a_folder_lacks_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(
            DataFault, match=r"/gone is no folder; expected one with MEMD_audio/ and static_.*2058\.csv$"
        ):
            deam_listing(tmp_path / "gone")
        said = (
            r"has 2 faults:\n  static_.*_1_2000\.csv is missing; expected there, or in annotations averaged per song/"
        )
        with pytest.raises(DataFault, match=said):
            deam_listing(tmp_path)
        folder = deam(tmp_path)
        rewritten(folder, EARLY, "song_id, valence\n2, 5\n")
        with pytest.raises(
            DataFault, match=r"2 faults:\n  .*1_2000\.csv: column 'valence_mean' is missing; there is song_id"
        ):
            deam_listing(folder)
        rewritten(folder, EARLY, f"{EARLY_HEADER}\n")
        rewritten(folder, LATE, f"{LATE_HEADER}\n")
        with pytest.raises(DataFault, match=r"its tables have no rows; expected a row a song$"):
            deam_listing(folder)

    def test_sounds_that_are_missing_altogether_are_told(self, tmp_path: Path) -> None:
        folder = deam(tmp_path, songs=1)
        for path in (folder / "MEMD_audio").iterdir():
            path.unlink()
        with pytest.raises(DataFault, match=r"MEMD_audio holds none of the 2 songs that are rated, such as 2\.mp3$"):
            deam_listing(folder)
        (folder / "MEMD_audio").rename(folder / "audio")
        with pytest.raises(DataFault, match=r"'MEMD_audio' is missing; there is audio, static_"):
            deam_listing(folder)

    def test_it_is_read_as_thirty_seconds_of_each_song_and_a_corrupt_one_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path))
        monkeypatch.setenv("FROSTLINE_CACHE", str(tmp_path / "cache"))
        folder = deam(tmp_path / "deam", songs=5)
        for path in (folder / "MEMD_audio").iterdir():
            soundfile.write(path, np.random.default_rng(0).standard_normal(4000) / 10, 16_000)
        (folder / "MEMD_audio" / "4.mp3").write_bytes(b"")
        whole = decoded(Reading("deam", sound=SHORT), lambda done, files: None)
        assert len(whole.samples) == 5 and len(whole.listed) == 6
        assert whole.left_out[0] == LeftOut("fold 1", "2 of 361 files are there", lost=359)
        assert whole.left_out[-1] == LeftOut(
            "MEMD_audio/4.mp3", "is empty (0 bytes); get the file again, or leave it out"
        )
        assert CARDS["deam"].duration_s == 30.0


class TestVgmidi:
    def test_a_series_is_a_group_and_stands_in_one_fold(self, tmp_path: Path) -> None:
        rows = [f"{series}{number}.ogg,{series},Game,0.1,-0.2" for series in "abcdef" for number in range(3)]
        listing = vgmidi_listing(vgmidi(tmp_path, *rows))
        folds = {item.group: item.fold for item in listing.items}
        assert len(folds) == 6 and all(folds[item.group] == item.fold for item in listing.items)
        first = listing.items[0]
        assert (first.id, first.file, first.targets) == ("vgmidi_va/a0", "audio/a0.ogg", (0.1, -0.2))

    def test_pieces_missing_on_either_side_are_told_and_move_no_other(self, tmp_path: Path) -> None:
        rows = [f"{series}.ogg,{series},Game,0.1,-0.2" for series in "abcdef"]
        folder = vgmidi(tmp_path, *rows)
        whole = vgmidi_listing(folder)
        (folder / "audio" / "b.ogg").unlink()
        (folder / "audio" / "z.ogg").touch()
        lacking = vgmidi_listing(folder)
        assert lacking.left_out == (
            LeftOut("audio/b.ogg", "va.csv names it, and it is not there"),
            LeftOut("audio/z.ogg", "va.csv does not name it", lost=0),
        )
        assert lacking.items == tuple(item for item in whole.items if item.id != "vgmidi_va/b")

    def test_a_fold_that_holds_more_pieces_than_its_card_says_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FROSTLINE_DATA", str(tmp_path))
        vgmidi(tmp_path / "vgmidi_va", *(f"{piece}.ogg,A,Game,0.1,-0.2" for piece in range(41)))
        with pytest.raises(DataFault, match=r"card says:\n  fold 1: expected 40 items, found 41$"):
            decoded(Reading("vgmidi_va", sound=SHORT), lambda done, files: None)

    def test_every_fault_of_the_table_is_told(self, tmp_path: Path) -> None:
        folder = vgmidi(tmp_path, "a.ogg,A,G,1.5,inf", "a.ogg,,G,low,0")
        with pytest.raises(DataFault) as caught:
            vgmidi_listing(folder)
        assert [line.strip() for line in str(caught.value).splitlines()] == [
            f"{folder / 'va.csv'} has 5 faults:",
            "line 2: valence is outside the scale of -1 to 1 (got 1.5)",
            "line 2: arousal is no number that can be learnt (got 'inf'); leave the row out",
            "line 3: valence must be a number from -1 to 1 (got 'low')",
            "line 3: the series is empty",
            "'a.ogg' stands 2 times; expected once",
        ]

    def test_what_a_folder_lacks_is_told(self, tmp_path: Path) -> None:
        folder = vgmidi(tmp_path)
        with pytest.raises(DataFault, match=r"it has a header and no rows; expected a row a piece$"):
            vgmidi_listing(folder)
        rewritten(folder, "va.csv", "file,valence\na.ogg,0\n")
        with pytest.raises(
            DataFault, match=r"2 faults:\n  column 'series' is missing; .*\n  column 'arousal' is missing"
        ):
            vgmidi_listing(folder)
        rewritten(folder, "va.csv", "file,series,valence,arousal\na.ogg,A,0,0\n")
        with pytest.raises(DataFault, match=r"audio holds none of the 1 pieces that va\.csv names$"):
            vgmidi_listing(folder)
        (folder / "audio").rmdir()
        with pytest.raises(DataFault, match=r"'audio' is missing; there is va\.csv$"):
            vgmidi_listing(folder)

    @pytest.mark.real_data
    def test_the_real_collection_holds_what_its_card_says(self) -> None:
        listing = vgmidi_listing(Path(os.environ["FROSTLINE_DATA"]) / "vgmidi_va")
        assert (len(listing.items), listing.left_out) == (197, ())
        series = Counter(item.group for item in listing.items)
        assert (len(series), series.most_common(2)) == (13, [("Final Fantasy", 40), ("Other", 38)])
        folds = Counter(item.fold for item in listing.items)
        assert tuple((folds[fold],) for fold in range(5)) == CARDS["vgmidi_va"].fold_counts
