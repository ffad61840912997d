"""The known collections of sounds: classes, groups and official folds as their makers meant them."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from frostline.catalog import LeftOut, Listed
from frostline.data.cards import CARDS, GENRES
from frostline.data.recordings import (
    artists_of,
    esc10_listing,
    esc50_listing,
    fsdd_listing,
    gtzan_by_artist,
    gtzan_listing,
)
from frostline.errors import DataFault


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def gtzan(folder: Path, home: str = "genres_original", ending: str = "wav") -> Path:
    """A GTZAN of two recordings a genre."""
    return touch(folder, *(f"{home}/{genre}/{genre}.0000{take}.{ending}" for genre in GENRES for take in (0, 1)))


def esc(folder: Path, table: str, text: str, *clips: str) -> Path:
    touch(folder, f"meta/{table}.csv", *(f"audio/{clip}" for clip in clips))
    (folder / "meta" / f"{table}.csv").write_text(text)
    return folder


class TestGtzan:
    def test_recordings_of_an_artist_are_a_group_and_others_stand_alone(self, tmp_path: Path) -> None:
        listing = gtzan_by_artist(gtzan(tmp_path), {"pop.00000": "Prince", "rock.00001": "Prince"})
        assert listing.class_names == GENRES and listing.left_out == ()
        assert len(listing.items) == 20
        groups = {item.id: item.group for item in listing.items}
        assert groups["gtzan/pop.00000"] == groups["gtzan/rock.00001"] == "Prince"
        assert groups["gtzan/pop.00001"] == "gtzan/pop.00001"
        assert listing.items[0] == Listed(
            "gtzan/blues.00000", "genres_original/blues/blues.00000.wav", 0, "gtzan/blues.00000"
        )

    def test_both_editions_have_the_same_ids(self, tmp_path: Path) -> None:
        now = gtzan_by_artist(gtzan(tmp_path / "now"), {})
        first = gtzan_by_artist(gtzan(tmp_path / "first", "genres", "au"), {})
        assert [item.id for item in first.items] == [item.id for item in now.items]
        assert first.items[0].file == "genres/blues/blues.00000.au"

    def test_the_broken_recording_and_strange_files_are_left_out_by_name(self, tmp_path: Path) -> None:
        folder = touch(
            gtzan(tmp_path), *(f"genres_original/jazz/{name}" for name in ("jazz.00054.wav", "jazz.00100.wav"))
        )
        touch(folder, "genres_original/rock/rock.00000.au", "genres_original/rock/.hidden")
        assert gtzan_by_artist(folder, {}).left_out == (
            LeftOut(
                "genres_original/jazz/jazz.00054.wav",
                "known to be broken in the published collection: its header cannot be read",
                0,
            ),
            LeftOut("genres_original/jazz/jazz.00100.wav", "not called jazz.00000.wav to jazz.00099.wav, or .au", 0),
            LeftOut(
                "genres_original/rock/rock.00000.wav", "the same recording as genres_original/rock/rock.00000.au", 0
            ),
        )

    def test_a_renamed_folder_is_told_with_the_nearest(self, tmp_path: Path) -> None:
        folder = gtzan(tmp_path, "genre_original")
        with pytest.raises(DataFault) as caught:
            gtzan_listing(folder)
        assert str(caught.value) == (
            f"{folder}: 'genres_original' is missing; there is genre_original; did you mean 'genre_original'?"
        )
        with pytest.raises(DataFault, match=r"gtzan is no folder; expected one with genres_original/ in it"):
            gtzan_listing(tmp_path / "gtzan")

    def test_genres_without_a_folder_or_a_recording_are_told_at_once(self, tmp_path: Path) -> None:
        home = gtzan(tmp_path) / "genres_original"
        (home / "hiphop").rename(home / "hip-hop")
        (home / "metal").rename(home / ".metal")
        with pytest.raises(DataFault) as caught:
            gtzan_listing(tmp_path)
        text = str(caught.value)
        assert text.startswith(f"{home} has 2 faults:\n  'hiphop' is missing; there is blues, classical, country,")
        assert text.splitlines()[1].endswith("did you mean 'hip-hop'?") and "'metal' is missing" in text
        (home / "hip-hop").rename(home / "hiphop")
        touch(home, "metal/metal.wav")
        with pytest.raises(DataFault, match=r"no recording of metal in metal/"):
            gtzan_listing(tmp_path)

    def test_the_table_of_artists_is_read_by_ranges(self) -> None:
        artists = artists_of(
            {"blues": [("John Lee Hooker", "0-1,15"), ("Robert Johnson", "2")], "pop": [("Prince", "99")]}
        )
        assert artists == {
            "blues.00000": "John Lee Hooker",
            "blues.00001": "John Lee Hooker",
            "blues.00015": "John Lee Hooker",
            "blues.00002": "Robert Johnson",
            "pop.00099": "Prince",
        }
        with pytest.raises(ValueError, match=r"pop.00001 is of Prince and of Cher; expected one artist a recording"):
            artists_of({"pop": [("Prince", "0-1"), ("Cher", "1-2")]})

    def test_the_packaged_table_groups_what_one_artist_recorded(self, tmp_path: Path) -> None:
        folder = touch(gtzan(tmp_path), *(f"genres_original/blues/blues.000{number:02d}.wav" for number in range(100)))
        groups = {item.id: item.group for item in gtzan_listing(folder).items}
        assert groups["gtzan/blues.00000"] == groups["gtzan/blues.00011"] == "John Lee Hooker"
        assert groups["gtzan/blues.00012"] == groups["gtzan/blues.00028"] == "Robert Johnson"

    def test_no_artist_of_the_whole_collection_is_in_two_folds(self, tmp_path: Path) -> None:
        names = (f"genres_original/{genre}/{genre}.{number:05d}.wav" for genre in GENRES for number in range(100))
        listing = gtzan_listing(touch(tmp_path, *names))
        assert len(listing.items) == 999
        folds = defaultdict(set)
        for item in listing.items:
            folds[item.group].add(item.fold)
        assert all(len(found) == 1 for found in folds.values())
        counts = Counter((item.fold, item.label) for item in listing.items)
        assert counts == {
            (fold, label): count
            for fold, held in enumerate(CARDS["gtzan"].fold_counts)
            for label, count in enumerate(held)
        }


HEADER = "filename,fold,target,category,src_file,take\n"


class TestEsc:
    def test_folds_begin_at_0_and_clips_of_one_source_are_a_group(self, tmp_path: Path) -> None:
        text = HEADER + "1-9-A.wav,1,17,pouring_water,9,A\n5-7-A.wav,5,10,rain,7,A\n5-7-B.wav,5,0,dog,7,B\n"
        listing = esc50_listing(esc(tmp_path, "esc50", text, "1-9-A.wav", "5-7-A.wav", "5-7-B.wav"))
        assert len(listing.class_names) == 50
        assert listing.items == (
            Listed("esc/1-9-A", "audio/1-9-A.wav", 17, "9", 0),
            Listed("esc/5-7-A", "audio/5-7-A.wav", 10, "7", 4),
            Listed("esc/5-7-B", "audio/5-7-B.wav", 0, "7", 4),
        )

    def test_esc10_is_found_inside_esc50_with_the_same_classes(self, tmp_path: Path) -> None:
        text = "filename,fold,target,category,esc10,src_file,take\n"
        text += "1.wav,1,0,dog,True,1,A\n2.wav,2,6,hen,False,2,A\n3.wav,3,11,sea_waves,True,3,A\n"
        folder = esc(tmp_path / "new", "esc50", text, "1.wav", "2.wav", "3.wav")
        assert len(esc50_listing(folder).items) == 3
        listing = esc10_listing(folder)
        assert [(item.id, listing.class_names[item.label]) for item in listing.items] == [
            ("esc/1", "dog"),
            ("esc/3", "sea_waves"),
        ]
        text = HEADER + "1.wav,1,3,dog_bark,1,A\n3.wav,3,9,sea_waves,3,A\n"
        assert esc10_listing(esc(tmp_path / "former", "esc10", text, "1.wav", "3.wav")) == listing

    def test_a_clip_has_one_id_in_esc10_and_in_esc50(self, tmp_path: Path) -> None:
        text = HEADER.replace("take", "take,esc10") + "1.wav,1,0,dog,1,A,True\n2.wav,2,6,hen,2,A,False\n"
        folder = esc(tmp_path, "esc50", text, "1.wav", "2.wav")
        assert {item.id for item in esc10_listing(folder).items} < {item.id for item in esc50_listing(folder).items}

    def test_an_unknown_category_is_told(self, tmp_path: Path) -> None:
        folder = esc(tmp_path, "esc50", HEADER + "1.wav,1,0,wolf,1,A\n", "1.wav")
        with pytest.raises(DataFault, match=r"category 'wolf' is none of esc50's: dog, rooster, pig"):
            esc50_listing(folder)

    def test_an_esc50_without_the_column_of_esc10_is_refused(self, tmp_path: Path) -> None:
        folder = esc(tmp_path, "esc50", HEADER + "1.wav,1,0,dog,1,A\n", "1.wav")
        with pytest.raises(DataFault, match=r"esc50.csv: column 'esc10' is missing; there is .*; it says which clips"):
            esc10_listing(folder)

    def test_clips_that_are_not_there_are_left_out_by_name(self, tmp_path: Path) -> None:
        folder = esc(tmp_path, "esc50", HEADER + "1.wav,1,0,dog,1,A\n2.wav,1,0,dog,2,A\n", "1.wav")
        assert esc50_listing(folder).left_out == (LeftOut("audio/2.wav", "its table names it, and it is not there"),)
        (folder / "audio" / "1.wav").rename(folder / "audio" / "1.ogg")
        with pytest.raises(DataFault, match=r"/audio holds none of the 2 clips that its table names"):
            esc50_listing(folder)

    def test_a_renamed_audio_folder_or_table_is_told(self, tmp_path: Path) -> None:
        folder = esc(tmp_path, "esc50", HEADER + "1.wav,1,0,dog,1,A\n", "1.wav")
        (folder / "audio").rename(folder / "audios")
        with pytest.raises(DataFault, match=r"'audio' is missing; there is audios, meta; did you mean 'audios'\?"):
            esc50_listing(folder)
        with pytest.raises(DataFault, match=r"meta/esc10.csv does not exist; expected a manifest"):
            esc10_listing(tmp_path / "nowhere")

    def test_every_fault_of_the_table_is_told_with_its_line(self, tmp_path: Path) -> None:
        text = HEADER + "1.wav,1,0,dog,1,A\n2.wav,0,x,dog,2,A\n3.wav,2,0,cat,3,A\n"
        folder = esc(tmp_path, "esc50", text, "1.wav")
        with pytest.raises(DataFault) as caught:
            esc50_listing(folder)
        assert str(caught.value) == (
            f"{folder}/meta/esc50.csv has 3 faults:\n"
            "  line 3: fold must be one of 1, 2, 3, 4, 5 (got '0')\n"
            "  line 3: target must be a whole number from 0 (got 'x')\n"
            "  line 4: target 0 is 'dog' above (got 'cat')"
        )
        with pytest.raises(DataFault, match=r"it has a header and no rows; expected a row a clip"):
            esc50_listing(esc(tmp_path, "esc50", HEADER))
        with pytest.raises(DataFault, match=r"column 'src_file' is missing; there is .*; did you mean 'source_file'"):
            esc50_listing(esc(tmp_path, "esc50", HEADER.replace("src_file", "source_file")))

    @pytest.mark.real_data
    def test_esc10_has_40_clips_a_class_and_8_of_each_a_fold(self) -> None:
        listing = esc10_listing(Path(os.environ["FROSTLINE_DATA"]) / "esc10")
        assert listing.left_out == () and len(listing.class_names) == 10
        assert set(Counter((item.label, item.fold) for item in listing.items).values()) == {8}
        folds = defaultdict(set)
        for item in listing.items:
            folds[item.group].add(item.fold)
        assert all(len(found) == 1 for found in folds.values())


class TestFsdd:
    def test_a_speaker_is_a_group_and_a_fold(self, tmp_path: Path) -> None:
        listing = fsdd_listing(touch(tmp_path, *(f"recordings/{name}.wav" for name in ("0_theo_0", "1_anna_10"))))
        assert listing.class_names == tuple("0123456789")
        assert listing.items == (
            Listed("fsdd/0_theo_0.wav", "recordings/0_theo_0.wav", 0, "theo", 1),
            Listed("fsdd/1_anna_10.wav", "recordings/1_anna_10.wav", 1, "anna", 0),
        )

    def test_files_called_otherwise_are_left_out_by_name(self, tmp_path: Path) -> None:
        folder = touch(tmp_path, "recordings/0_theo_0.wav", "recordings/ten_theo_0.wav")
        assert fsdd_listing(folder).left_out == (
            LeftOut("recordings/ten_theo_0.wav", "not called DIGIT_SPEAKER_TAKE.wav, such as 3_jackson_12.wav", 0),
        )

    def test_a_folder_without_recordings_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataFault, match=r"'recordings' is missing; there is recording; did you mean 'recording'\?"):
            fsdd_listing(touch(tmp_path, "recording/0_theo_0.wav"))
        with pytest.raises(DataFault, match=r"recordings holds no recording such as 3_jackson_12.wav"):
            fsdd_listing(touch(tmp_path, "recordings/README.md"))

    @pytest.mark.real_data
    def test_fsdd_has_50_recordings_of_each_digit_by_each_of_6_speakers(self) -> None:
        listing = fsdd_listing(Path(os.environ["FROSTLINE_DATA"]) / "fsdd")
        assert listing.left_out == ()
        assert Counter(Counter((item.group, item.fold, item.label) for item in listing.items).values()) == {50: 60}
