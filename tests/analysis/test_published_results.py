"""Published tables are read with all they imply, what was assumed is said, and every fault is told at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from frostline.analysis.implied_size import digits_of, fits, implied_size
from frostline.analysis.published_results import Published, read_results
from frostline.errors import DataFault

GTZAN = "timestamp,model,freeze_mode,seed,best_val_acc,test_acc\n"


def csv(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def faults_of(*paths: Path) -> str:
    with pytest.raises(DataFault) as caught:
        read_results(paths)
    return str(caught.value)


def rows(read: Published, *columns: str) -> list[list[object]]:
    return [list(row) for row in read.frame[list(columns)].itertuples(index=False)]


def test_a_tidy_table_is_read_with_its_optional_columns(tmp_path: Path) -> None:
    path = csv(tmp_path, "arm,seed,accuracy,share,train_accuracy,n_test\nA,1,0.75,0.1,1.0,40\n")
    read = read_results([path])
    assert rows(read, "arm", "names", "share", "seed", "score", "train_score", "n_test") == [
        ["A", "A", 0.1, 1, 0.75, 1.0, 40]
    ]
    assert read.remarks == ()


def test_accuracies_above_1_make_all_per_cent_and_it_is_said(tmp_path: Path) -> None:
    read = read_results([csv(tmp_path, "arm,seed,accuracy\nA,1,75.0\nB,1,0.0\n")])
    assert read.frame["score"].tolist() == [0.75, 0.0]
    assert read.digits["score"] == 3
    assert read.remarks == ("Accuracies above 1 occur, so that all are read as per cent.",)


def test_per_cent_near_chance_among_many_classes_may_go_below_1(tmp_path: Path) -> None:
    read = read_results([csv(tmp_path, "arm,seed,accuracy\nA,1,0.5\nA,2,2.5\nB,1,64.0\n")])
    assert read.frame["accuracy"].tolist() == pytest.approx([0.005, 0.025, 0.64])


@pytest.mark.parametrize(
    ("figures", "line", "told"),
    [
        (["95", "0.81", "0.82"], 2, "got '95', above 1 as only per cent is, where 2 of 3 figures are at most 1;"),
        (["95", "94", "0.93"], 4, "got '0.93', at most 1, where 2 of 3 figures are above 1, as only per cent is;"),
        (["0.81", "0.84", "5"], 4, "got '5', above 1 as only per cent is, where 2 of 3 figures are at most 1;"),
    ],
)
def test_a_figure_in_another_unit_than_its_column_is_refused_with_its_line(
    tmp_path: Path, figures: list[str], line: int, told: str
) -> None:
    lines = "".join(f"A,{seed},{figure}\n" for seed, figure in enumerate(figures))
    faults = faults_of(csv(tmp_path, f"arm,seed,accuracy\n{lines}"))
    assert f"have 1 fault:\n  a.csv, line {line}, accuracy: {told}" in faults
    assert faults.endswith("if all are right as they stand, write each as a fraction from 0 to 1")


@pytest.mark.parametrize("seed", ["1" * 19, "1_0", "\u0663", "\u00b2", "--3", "1.0"])
def test_a_seed_is_a_plain_whole_number_that_a_table_can_hold(tmp_path: Path, seed: str) -> None:
    told = faults_of(csv(tmp_path, f"arm,seed,accuracy\nA,{seed},0.5\n"))
    assert f"seed: got {seed!r}, expected a whole number of at most 18 digits" in told


def test_the_largest_seed_that_is_allowed_is_read(tmp_path: Path) -> None:
    read = read_results([csv(tmp_path, f"arm,seed,accuracy\nA,-{'9' * 18},0.5\n")])
    assert read.frame["seed"].tolist() == [-(10**18) + 1]


@pytest.mark.parametrize("figure", ["1_0", "\u0663", "0x1", "1e"])
def test_a_figure_is_written_in_plain_digits(tmp_path: Path, figure: str) -> None:
    assert f"accuracy: got {figure!r}, expected" in faults_of(csv(tmp_path, f"arm,seed,accuracy\nA,1,{figure}\n"))


@pytest.mark.parametrize("items", ["0", "-5", "1" * 13])
def test_a_test_part_has_items(tmp_path: Path, items: str) -> None:
    told = faults_of(csv(tmp_path, f"arm,seed,accuracy,n_test\nA,1,0.5,{items}\n"))
    assert f"n_test: got {items!r}, expected a whole number of items from 1, of at most 12 digits" in told


def test_a_column_of_control_characters_is_named_without_them(tmp_path: Path) -> None:
    assert "(got arm, seed, \\x1b[31mred)" in faults_of(csv(tmp_path, "arm,seed,\x1b[31mred\nA,1,0.5\n"))


def test_columns_in_two_units_are_refused(tmp_path: Path) -> None:
    assert faults_of(csv(tmp_path, "arm,seed,accuracy,validation_accuracy\nA,1,75,0.5\n")) == (
        "the files to audit have 1 fault:\n  accuracy: has values above 1, as per cent has, but validation_accuracy "
        "has none; expected one unit for all"
    )


def test_the_gtzan_layout_is_read_by_its_own_names(tmp_path: Path) -> None:
    read = read_results([csv(tmp_path, GTZAN + "t,vit,freeze_none,8,78.00,75.00\n")])
    assert rows(read, "arm", "seed", "validation_score", "score") == [["freeze_none", 8, 0.78, 0.75]]
    assert read.remarks[0] == "a.csv: not read: timestamp."


def test_several_models_are_arms_of_their_own(tmp_path: Path) -> None:
    read = read_results([csv(tmp_path, GTZAN + "t,vit,none,8,78,75\nt,cnn,none,8,78,74\n")])
    assert read.frame["arm"].tolist() == ["vit none", "cnn none"]


def test_a_run_that_stands_twice_is_told_and_counted_once(tmp_path: Path) -> None:
    text = GTZAN + "t,v,none,8,78,75\nt,v,none,8,78,70\nt,v,half,8,78,75\nt,v,half,8,78,75\n"
    read = read_results([csv(tmp_path, text)])
    assert rows(read, "arm", "score") == [["none", 0.75], ["half", 0.75]]
    assert read.repeated == (
        "none, seed 8: a.csv, line 2 and again a.csv, line 3, with other figures (accuracy 75 and then 70); the "
        "first is taken",
        "half, seed 8: a.csv, line 4 and again a.csv, line 5, with equal figures",
    )


@pytest.mark.parametrize("missing", ["", "nan", "NaN"])
def test_a_run_without_an_accuracy_is_left_out_by_name(tmp_path: Path, missing: str) -> None:
    read = read_results([csv(tmp_path, f"arm,seed,accuracy\nA,1,0.5\nA,2,{missing}\n")])
    assert read.frame["status"].tolist() == ["finished", "failed"]
    assert read.remarks == ("Runs without an accuracy are left out: a.csv, line 3.",)


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    bad = csv(tmp_path, "arm,seed,accuracy,share,n_test\n,x,high,2,many\nA,1,-0.5,0,\nA,2,inf,0.1,\n", "bad.csv")
    lame = csv(tmp_path, "arm,seeds,accuracy\nA,1,0.5\n", "lame.csv")
    empty = csv(tmp_path, "", "empty.csv")
    headed = csv(tmp_path, "arm,seed,accuracy\n", "headed.csv")
    accuracy = "expected a number from 0 to 1, or from 0 to 100 per cent"
    assert faults_of(bad, lame, empty, headed, tmp_path / "none.csv").splitlines() == [
        "the files to audit have 12 faults:",
        "  bad.csv, line 2, arm: is missing; expected the name of the arm",
        "  bad.csv, line 2, seed: got 'x', expected a whole number of at most 18 digits",
        "  bad.csv, line 2, n_test: got 'many', expected a whole number of items from 1, of at most 12 digits",
        "  bad.csv, line 2, share: got '2', expected a number above 0, at most 1",
        f"  bad.csv, line 2, accuracy: got 'high', {accuracy}",
        "  bad.csv, line 3, share: got '0', expected a number above 0, at most 1",
        f"  bad.csv, line 3, accuracy: got '-0.5', {accuracy}",
        f"  bad.csv, line 4, accuracy: got 'inf', {accuracy}",
        "  lame.csv has no column 'seed'; did you mean 'seeds'?; expected arm, seed, accuracy (got arm, seeds, "
        "accuracy)",
        "  empty.csv is empty; expected a header with arm, seed, accuracy, and a line a run",
        "  headed.csv has no line below its header; expected a line a run",
        f"  {tmp_path / 'none.csv'} does not exist; give the path of a file",
    ]


def test_many_faults_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    told = faults_of(csv(tmp_path, "arm,seed,accuracy\n" + "A,x,0.5\n" * 23)).splitlines()
    assert (told[0], told[-1], len(told)) == ("the files to audit have 23 faults:", "  and 3 more", 22)


def test_a_damaged_table_is_told_with_its_line(tmp_path: Path) -> None:
    assert "line 3: 2 fields, where the header has 3" in faults_of(csv(tmp_path, "arm,seed,accuracy\nA,1,0.5\nA,2\n"))


def test_files_of_two_kinds_are_refused(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "a.csv", tmp_path / "b.json") == (
        "an audit reads files that all end in .csv, or that all end in .json "
        f"(got {tmp_path / 'a.csv'}, {tmp_path / 'b.json'})"
    )


def test_files_of_layer_scores_are_no_results_and_are_told_so_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a_cluster.json"
    path.write_text('[{"Layer": "conv0", "Accuracy": 0.5}, {"Layer": "conv1", "Accuracy": 0.6}]')
    assert faults_of(path) == (
        "a_cluster.json is a file of layer scores, not of accuracies: it says nothing of arms that an audit could "
        "compare; give layer-cut files (cuts_*.json, baselines_*.json)"
    )


def test_layer_cuts_are_read_with_the_digits_they_print(tmp_path: Path) -> None:
    entry = {"lr": 1e-3, "sampled_percentage": 0.1, "sampled_cut_point": 1, "repeat": 0, "train_acc": 0.5}
    path = tmp_path / "cuts.json"
    path.write_text(json.dumps([{"depth": 2, "freeze": True, "reinit": True}, entry | {"test_acc": 0.8125}]))
    read = read_results([path])
    assert rows(read, "arm", "score") == [["f1r1", 0.8125]]
    assert read.digits == {"score": 4, "train_score": 1}


@pytest.mark.parametrize(("text", "digits"), [("75", 0), ("0.750", 3), ("7.5e-2", 3), ("0.1234567890123456", 12)])
def test_the_digits_of_a_figure_are_those_that_stand_after_the_point(text: str, digits: int) -> None:
    assert digits_of(["1", text]) == digits


@pytest.mark.parametrize("items", [37, 100, 4861])
def test_the_smallest_size_that_makes_every_count_whole_is_found(items: int) -> None:
    counts = range(items // 2, items // 2 + 12)
    found = implied_size([round(count / items, 6) for count in counts], 6)
    assert (found.items, found.figures, found.sure) == (items, 12, True)


def test_figures_of_few_digits_do_not_make_a_size_sure() -> None:
    found = implied_size([0.51, 0.57, 0.63], 2)
    assert found.items is not None
    assert not found.sure


def test_accuracies_of_0_and_1_tell_nothing_about_their_number() -> None:
    found = implied_size([0.0, 1.0, 1.0], 4)
    assert (found.figures, found.sure) == (0, False)


def test_means_of_counts_fit_no_number_of_items() -> None:
    found = implied_size([0.123456789012, 0.314159265359, 0.271828182846], 12)
    assert found.items is None
    assert found.chance < 1e-9


def test_the_chance_of_a_fit_is_that_of_random_figures() -> None:
    """With two digits N + 1 of 101 figures are counts of N items, which is summed over N up to the one found."""
    assert implied_size([0.5], 2).chance == pytest.approx((2 + 3) / 101)


def test_counts_of_many_items_are_seldom_all_counts_of_a_part_of_them() -> None:
    found = implied_size([0.25, 0.5, 0.75], 6)
    assert found.items == 4
    assert found.chance_of_multiple(8) == pytest.approx(1 / 8)


def test_every_figure_is_a_count_of_more_items_than_its_digits_tell() -> None:
    assert fits([0.334], 3, 1_000)
    assert fits([0.334], 3, 10**30)


def test_a_figure_fits_within_half_of_its_last_digit() -> None:
    assert fits([0.333], 3, 3)
    assert not fits([0.334], 3, 3)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "items"), [("MNIST", 29_404), ("FashionMNIST", 18_000)])
def test_the_published_accuracies_are_counts_of_the_training_part(name: str, items: int) -> None:
    folder = Path(os.environ["FROSTLINE_DATA"]) / "published"
    for path in sorted([*folder.glob(f"{name}__cuts*.json"), *folder.glob(f"{name}__base*.json")]):
        read = read_results([path])
        found = implied_size(read.frame["score"].tolist(), read.digits["score"])
        assert (found.items, found.sure) == (items, True), path.name
