from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from frostline.spec.surgery import Fate, Surgery, in_short, misfit

KEPT = st.sampled_from([Fate.FROZEN, Fate.TUNED, Fate.RESET])
FATES = st.builds(
    lambda kept, removed: [*kept, *[Fate.REMOVED] * removed],
    st.lists(KEPT, min_size=1, max_size=30),
    st.integers(0, 12),
)


@given(FATES)
def test_a_surgery_reads_back_from_what_it_prints(fates: list[Fate]) -> None:
    surgery = Surgery(fates)
    assert Surgery.parse(str(surgery)) == surgery
    assert surgery.fates == tuple(fates)
    assert len(surgery) == len(fates)


@given(FATES)
def test_equal_fates_are_one_surgery_wherever_they_come_from(fates: list[Fate]) -> None:
    surgery = Surgery(fates)
    copy = pickle.loads(pickle.dumps(surgery))
    assert {surgery, copy, Surgery.parse(str(surgery))} == {surgery}


@given(st.lists(st.sampled_from(list(Fate)), max_size=8))
def test_fates_are_a_surgery_only_where_something_stays_and_removal_is_at_the_top(fates: list[Fate]) -> None:
    text = "".join(fate.value for fate in fates)
    if re.fullmatch(r"[ftr]+x*", text):
        assert Surgery(fates).kept == len(text.rstrip("x"))
    else:
        with pytest.raises(ValueError, match=r"at least one layer must stay|removed only from the top"):
            Surgery(fates)


@given(st.integers(1, 20))
def test_the_ends_of_a_freeze_and_reset_family_are_scratch_and_probe(layers: int) -> None:
    assert Surgery.cut(0, layers, Fate.FROZEN, Fate.RESET) == Surgery.parse(f"r{layers}")
    assert Surgery.cut(layers, layers, Fate.FROZEN, Fate.RESET) == Surgery.parse(f"f{layers}")
    assert Surgery.cut(layers, layers, Fate.FROZEN, Fate.TUNED) == Surgery.parse(f"f{layers}")


@given(FATES)
def test_a_start_is_needed_where_a_layer_is_frozen_or_tuned(fates: list[Fate]) -> None:
    assert Surgery(fates).needs_start == bool({Fate.FROZEN, Fate.TUNED} & set(fates))


def test_the_frozen_depth_ends_at_the_first_layer_that_moves() -> None:
    assert Surgery.parse("f3t1f2").frozen_depth == 3
    assert Surgery.parse("t1f5").frozen_depth == 0
    assert Surgery.parse("f4x2").frozen_depth == 4


@pytest.mark.parametrize("text", ["", "f", "3", "f0", "f3r", "F3r3", "f3 r3", "f03", "q3", "f-1", "f3r3\n"])
def test_a_text_that_spells_no_fates_is_answered_with_the_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="is not a surgery") as refused:
        Surgery.parse(text)
    assert str(refused.value) == (
        f"{text!r} is not a surgery; write a letter and a count for each run of layers, input first: "
        "f frozen, t tuned, r reset, x removed, for example 'f3r3'"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x2f2", "layers can be removed only from the top"),
        ("f1x1f1", "layers can be removed only from the top"),
        ("x4", "at least one layer must stay"),
    ],
)
def test_a_surgery_that_cannot_be_carried_out_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Surgery.parse(text)


def test_a_surgery_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match=r"^a surgery is a value and cannot be changed$"):
        Surgery.parse("f3r3").fates = ()


def test_f1f2_and_f3_are_one_surgery_with_one_spelling() -> None:
    assert str(Surgery.parse("f1f2")) == "f3"


def test_a_surgery_is_text_in_json() -> None:
    adapter = TypeAdapter(Surgery)
    assert adapter.dump_json(Surgery.parse("f4x2")) == b'"f4x2"'
    assert adapter.validate_json(b'"f4x2"') == Surgery.parse("f4x2")


@given(st.lists(st.lists(KEPT, min_size=3, max_size=3), min_size=1, max_size=4))
def test_a_chain_reads_back_from_what_it_prints(links: list[list[Fate]]) -> None:
    assume(all({Fate.FROZEN, Fate.TUNED} & set(fates) for fates in links[1:]))
    chain: Surgery | None = None
    for fates in links:
        chain = Surgery(fates, chain)
    assert chain is not None
    assert Surgery.parse(str(chain)) == chain == pickle.loads(pickle.dumps(chain))
    assert hash(Surgery.parse(str(chain))) == hash(chain)
    assert str(chain).count(">") == len(links) - 1


def test_a_chain_is_its_last_surgery_after_the_others() -> None:
    chain = Surgery.parse("f4>f2t2>t4")
    assert chain.last == Surgery.parse("t4") != chain
    assert chain.after == Surgery.parse("f4>f2t2")
    assert chain.fates == Surgery.parse("t4").fates
    assert (len(chain), chain.kept, chain.frozen_depth) == (4, 4, 0)


def test_a_chain_needs_a_start_where_its_first_surgery_does() -> None:
    assert Surgery.parse("f3>t3").needs_start
    assert not Surgery.parse("r3>t3").needs_start


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f3>t4", r"one surgery after another needs as many fates \(got 3, then 4\)"),
        ("f2x1>t3", "one surgery after another keeps the head, so that neither may remove a layer"),
        ("f3>t2x1", "one surgery after another keeps the head, so that neither may remove a layer"),
        ("f3>r3", "a surgery that keeps no weights makes the one before it useless"),
        ("f3>t3>r3", "a surgery that keeps no weights makes the one before it useless"),
        ("f3>x3", "at least one layer must stay"),
        ("f3>", "'f3>' lacks a surgery beside '>'; write one on each side, for example 'f6>t6'"),
        (">t3", "'>t3' lacks a surgery beside '>'; .*"),
        ("f3>>t3", "'f3>' lacks a surgery beside '>'; .*"),
        (">".join(["f3"] * 11), r"a chain has at most 10 surgeries \(got 11\)"),
        ("f3 > t3", "' t3' is not a surgery; write a letter and .*"),
        ("t1001", "a surgery has at most 1000 layers"),
        ("t99999", "a surgery has at most 1000 layers"),
    ],
)
def test_a_chain_that_does_not_fit_together_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Surgery.parse(text)


@pytest.mark.parametrize(
    ("text", "layers", "resized"),
    [
        ("f4t9", 12, "f4t8"),
        ("f4t9", 20, "f4t16"),
        ("f4t9", 4, "f3t1"),
        ("f4t9", 1, "f1"),
        ("f4x9", 12, "f4x8"),
        ("f2t3f4", 6, "f2t3f1"),
        ("f1t1x3", 2, "f1t1"),
        ("f13>t13", 12, "f12>t12"),
    ],
)
def test_a_surgery_for_another_depth_changes_from_the_top(text: str, layers: int, resized: str) -> None:
    assert str(Surgery.parse(text).resized(layers)) == resized


@given(FATES, st.integers(1, 50))
def test_a_surgery_can_be_written_for_every_depth(fates: list[Fate], layers: int) -> None:
    resized = Surgery(fates).resized(layers)
    assert len(resized) == layers
    assert Surgery(fates).resized(len(fates)) == Surgery(fates)


def test_fates_that_do_not_fit_are_told_with_the_layers_and_with_some_that_do() -> None:
    names = ["stem", *(f"block{number}" for number in range(1, 11)), "top"]
    assert misfit(Surgery.parse("f4t9"), names) == (
        "f4t9 has 13 fates, the network has 12 layers (stem, block1 to block10, top); write f4t8, for example"
    )
    assert misfit(Surgery.parse("f2>r1f1"), ["conv1"]) == (
        "f2>r1f1 has 2 fates, the network has 1 layers (conv1); write a fate for each"
    )


def test_names_that_count_on_are_told_by_the_first_and_the_last() -> None:
    assert in_short(["conv1", "conv2"]) == "conv1, conv2"
    assert in_short(["conv1", "conv2", "conv3"]) == "conv1 to conv3"
    assert in_short(["a9", "a10", "a11", "a13", "b14"]) == "a9 to a11, a13, b14"
