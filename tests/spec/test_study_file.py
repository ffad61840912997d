from __future__ import annotations

import re
from pathlib import Path

import pytest

from frostline.errors import DataFault, StudyFaults
from frostline.spec.recipe import Recipe
from frostline.spec.study import Study
from frostline.spec.study_file import load_study
from tests.spec.examples import GOLDEN

GOOD = """\
title: digits
question: how deep?
dataset: {name: digits, classes: [5, 6, 7, 8, 9]}
source:
  dataset: {name: digits, classes: [0, 1, 2, 3, 4]}
network: {name: plain_cnn, depth: 4, channels: 8}
surgeries:
  scratch: r4
  FR: {below: frozen, above: reset}
shares: [0.1, 1]
recipe: short
recipes:
  short: {steps: 20, rate: 1e-3}
"""

LAUGHS = "a0: &a0 [1, 1]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(40))
"""A value that doubles forty times."""


def load(folder: Path, text: str) -> Study:
    file = folder / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return load_study(file)


def faults(folder: Path, text: str) -> list[str]:
    """Each fault as ``line key: message``, without the path."""
    with pytest.raises(StudyFaults) as refused:
        load(folder, text)
    return [re.sub(r" +", " ", str(fault).strip()) for fault in refused.value.faults]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


@pytest.mark.parametrize("name", ["keys", "parts"])
def test_every_fault_is_told_once_with_its_line_its_key_and_what_would_be_right(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(GOLDEN)
    with pytest.raises(StudyFaults) as refused:
        load_study(Path(f"faulty-{name}.yaml"))
    assert str(refused.value) + "\n" == Path(f"faulty-{name}.txt").read_text()


def test_a_good_file_is_the_study_it_describes(tmp_path: Path) -> None:
    study = load(tmp_path, GOOD)
    assert study.shares == (0.1, 1.0)
    assert study.recipes == {"short": Recipe(steps=20, rate=0.001)}
    assert study.seed_values == tuple(range(10))


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "near"),
    [
        ("shares:", "share:", 10, "share", "shares"),
        ("name: digits, classes: [5,", "name: digits, clases: [5,", 3, "dataset.clases", "classes"),
        ("  dataset: {name: digits, c", "  dataset: {name: digits, siz: 9, c", 5, "source.dataset.siz", "size"),
        ("channels: 8", "chanels: 8", 6, "network.chanels", "channels"),
        ("above: reset}", "above: reset, cut: 3}", 9, "surgeries.FR.cut", "cuts"),
        ("rate: 1e-3", "rates: 1e-3", 13, "recipes.short.rates", "rate"),
        ("recipe: short", "recipe: {step: 3, steps: 3}", 11, "recipe.step", "steps"),
        ("source:", "source:\n  recip: short", 5, "source.recip", "recipe"),
    ],
)
def test_an_unknown_key_is_told_at_every_depth_with_the_nearest(
    tmp_path: Path, old: str, new: str, line: int, key: str, near: str
) -> None:
    assert f"line {line} {key}: unknown key; did you mean {near!r}?" in faults(tmp_path, changed(old, new))


def test_an_unknown_key_like_no_other_is_answered_with_the_full_list(tmp_path: Path) -> None:
    assert faults(tmp_path, changed("above: reset}", "above: reset, zzz: 3}")) == [
        "line 9 surgeries.FR.zzz: unknown key; known: below, above, cuts"
    ]


def test_names_that_look_like_the_types_own_words_are_ordinary_names(tmp_path: Path) -> None:
    text = changed("  scratch: r4", "  mapping: r4\n  text: {below: frozen, above: rest}")
    assert faults(tmp_path, text) == ["line 9 surgeries.text.above: 'rest' is none of 'tuned', 'reset', 'removed'"]


def test_a_surgery_may_be_called_by_a_number_or_with_a_dot(tmp_path: Path) -> None:
    assert faults(tmp_path, changed("  scratch: r4", "  3: r5\n  a.b: f5")) == [
        "line 8 surgeries.3: r5 has 5 fates, the network has 4 layers (conv1 to conv4); write r4, for example",
        "line 9 surgeries.a.b: f5 has 5 fates, the network has 4 layers (conv1 to conv4); write f4, for example",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("question: how deep?", "question: no", None),
        ("question: how deep?", "question: 2026-11-21", 'line 2 question: must be text (got "2026-11-21")'),
        ("question: how deep?", "question:", "line 2 question: must be text (got nothing)"),
        ("rate: 1e-3", "rate: 1E-3", None),
        ("rate: 1e-3", "rate: '1e-3'", "must be a number (got '1e-3', which is text; remove the quotes)"),
        ("rate: 1e-3", "rate: fast", "recipes.short.rate: must be a number (got 'fast')"),
        ("rate: 1e-3", "rate: true", "recipes.short.rate: must be a number (got true)"),
        ("rate: 1e-3", "rate: .inf", "recipes.short.rate: must be a finite number (got Infinity)"),
        ("rate: 1e-3", "rate: 0", "recipes.short.rate: must be greater than 0 (got 0)"),
        ("steps: 20", "steps: 20.5", "recipes.short.steps: must be a whole number (got 20.5)"),
        ("steps: 20", "steps: yes", "recipes.short.steps: must be a whole number (got 'yes')"),
        ("steps: 20", "steps: true", "recipes.short.steps: must be a whole number (got true)"),
        ("shares: [0.1, 1]", "shares: 0.1", "line 10 shares: must be a list (got 0.1)"),
        ("shares: [0.1, 1]", "shares: []", "line 10 shares: is empty; name at least one"),
        ("shares: [0.1, 1]", "shares: [0.1, 2]", "line 10 shares.1: must be less than or equal to 1 (got 2)"),
        ("shares: [0.1, 1]", "seeds: {a: 1}", 'line 10 seeds: must be a whole number (got {"a": 1})'),
        ("shares: [0.1, 1]", "seeds: 0", "line 10 seeds: must be greater than 0 (got 0)"),
        ("shares: [0.1, 1]", "seeds: [1, a]", "line 10 seeds.1: must be a whole number (got 'a')"),
        (
            "shares: [0.1, 1]",
            "device: gpu",
            "device: 'gpu' is none of 'auto', 'cpu', 'mps', 'cuda', 'cuda:0' and so on",
        ),
        (
            "recipes:\n  short: {steps: 20, rate: 1e-3}",
            "recipes: 3",
            "line 12 recipes: must be a group of keys (got 3)",
        ),
        ("shares: [0.1, 1]", "title: 3", "line 10 title: stands twice, first in line 1; keep one"),
        (
            "dataset: {name: digits, classes: [5, 6, 7, 8, 9]}",
            "dataset: digits",
            "must be a group of keys (got 'digits'); write {name: digits}",
        ),
        ("{name: plain_cnn, depth: 4, channels: 8}", "cnn", "line 6 network: must be a group of keys (got 'cnn')"),
        (
            "name: plain_cnn",
            "name: plain_cn",
            "no network is called 'plain_cn'; did you mean 'plain_cnn'?; known: plain_",
        ),
        ("name: plain_cnn, ", "", "network: name is missing; it says which network this is: plain_cnn, mlp"),
        ("scratch: r4", "scratch: 4", "scratch: must be a surgery such as f3r3 or a group of keys (got 4)"),
        ("scratch: r4", "scratch: r1001", "line 8 surgeries.scratch: a surgery has at most 1000 layers"),
        ("scratch: r4", "scratch: r" + "9" * 5000, "line 8 surgeries.scratch: a surgery has at most 1000 layers"),
        ("depth: 4", "depth: 1001", "line 6 network.depth: must be less than or equal to 1000 (got 1001)"),
        ("name: plain_cnn, depth: 4, channels: 8", "name: mlp, depth: 1001", "must be less than or equal to 1000"),
        ("shares: [0.1, 1]", "seeds: 10001", "line 10 seeds: must be less than or equal to 10000 (got 10001)"),
        ("shares: [0.1, 1]", "shares: [10%]", "must be a number (got '10%', which is text; write 0.1)"),
        (
            "{name: plain_cnn, depth: 4, channels: 8}",
            "plain_cnn",
            "network: must be a group of keys (got 'plain_cnn'); write {name: plain_cnn}",
        ),
        ("scratch: r4", "scratch: q4", "line 8 surgeries.scratch: 'q4' is not a surgery; write a letter and a count"),
        ("above: reset}", "above: frozen}", "surgeries.FR.above: 'frozen' is none of 'tuned', 'reset', 'removed'"),
        (
            "below: frozen, above: reset",
            "below: tuned, above: tuned",
            "surgeries.FR: below and above are both 'tuned', so",
        ),
        ("above: reset}", "above: reset, cuts: 3}", "surgeries.FR.cuts: must be a list (got 3)"),
        (
            "above: reset}",
            "above: reset, cuts: most}",
            "surgeries.FR.cuts: must be 'all' or a list of depths, such as [0, 2] (got 'most')",
        ),
        (
            "rate: 1e-3",
            "rate: 1e-3, validate_every: epoch",
            "short.validate_every: must be 'pass' or a number of steps (got 'epoch')",
        ),
        (
            "shares: [0.1, 1]",
            "beside: {dense: mlp}",
            "line 10 beside.dense: must be a group of keys (got 'mlp'); its keys: network, channels, size, normalise",
        ),
        (
            "shares: [0.1, 1]",
            "additions: {mix: {augmentation: {mixup: 0.2}}}",
            "line 10 additions.mix.augmentation.mixup: must be a group of keys (got 0.2); its keys: alpha",
        ),
        ("above: reset}", "above: reset, cuts: []}", "FR: cuts must be 'all' or a list of depths from 0 (got [])"),
        ("above: reset}", "above: reset, cuts: [1, 1]}", "surgeries.FR: cuts must name each depth once (got [1, 1])"),
    ],
)
def test_a_value_is_read_as_yaml_1_2_and_told_as_the_file_has_it(
    tmp_path: Path, old: str, new: str, message: str | None
) -> None:
    if message is None:
        assert load(tmp_path, changed(old, new)).title == "digits"
    else:
        said = faults(tmp_path, changed(old, new))
        assert len(said) == 1, said
        assert message in said[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "scratch: r4",
            "scratch: r5",
            "line 8 surgeries.scratch: r5 has 5 fates, the network has 4 layers (conv1 to conv4); "
            "write r4, for example",
        ),
        (
            "above: reset}",
            "above: removed, cuts: [0, 2, 9]}",
            "line 9 surgeries.FR.cuts: 0, 9 must be from 1 to 4, the depth of the network",
        ),
        (
            "recipe: short",
            "recipe: shirt",
            "line 11 recipe: no recipe is called 'shirt'; did you mean 'short'?; known: short",
        ),
        (
            "source:",
            "source:\n  recipe: long",
            "line 5 source.recipe: no recipe is called 'long'; known: short",
        ),
        (
            "source:",
            "source:\n  recipe: {short: lng}",
            "line 5 source.recipe.short: no recipe is called 'lng'; known: short",
        ),
        (
            "recipe: short\n",
            "recipe: {steps: 5}\n",
            None,
        ),
        (
            "source:\n  dataset: {name: digits, classes: [0, 1, 2, 3, 4]}\n",
            "",
            "line 7 surgeries.FR: keeps weights, so the study needs a source",
        ),
        (
            "  FR: {below: frozen, above: reset}\n",
            "",
            "line 4 source: has no effect, for no surgery keeps weights; remove it or add a surgery that does",
        ),
        (
            "  dataset: {name: digits, classes: [0, 1, 2, 3, 4]}",
            "  dataset: {name: mnist}",
            "line 5 source.dataset: its planes have 1 channel of 28 x 28, those of dataset 1 of 8 x 8; state the "
            "adaptation with channels and size on one of them",
        ),
        (
            "depth: 4, channels: 8",
            "depth: 4, pool_every: 1",
            "line 6 network: pooling leaves nothing of 8 x 8 planes at layer conv4; use a depth of at most 3, a larger "
            "pool_every, pool_stride: 1 or pooling: none",
        ),
        (
            "shares: [0.1, 1]",
            "shares: [0.1, 0.1, 1]",
            "line 10 shares: 0.1 stands more than once; name each once",
        ),
        ("shares: [0.1, 1]", "seeds: [4, 5, 4]", "line 10 seeds: 4 stands more than once; name each once"),
        (
            "shares: [0.1, 1]",
            "head: hidden-kept",
            "line 10 head: hidden-kept needs a network with a hidden dense layer; add network.hidden",
        ),
    ],
)
def test_parts_that_disagree_are_told_where_they_stand(tmp_path: Path, old: str, new: str, message: str | None) -> None:
    if message is None:
        assert load(tmp_path, changed(old, new)).title == "digits"
    else:
        assert faults(tmp_path, changed(old, new)) == [message]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "shares: [0.1, 1]",
            "fixed_seed: 3",
            "line 10 fixed_seed: has no effect, for vary names everything that chance decides; remove it",
        ),
        ("shares: [0.1, 1]", "vary: [split]\nfixed_seed: 3", None),
        ("shares: [0.1, 1]", "vary: [split, share, weights, batches]\nfixed_seed: 3", None),
        ("{steps: 20, rate: 1e-3}", "{steps: 20, validate_every: 20}", None),
        (
            "{steps: 20, rate: 1e-3}",
            "{steps: 20, validate_every: 21}",
            "line 13 recipes.short.validate_every: is 21, more than the budget of 20 steps; lower it",
        ),
        (
            "recipe: short\n",
            "recipe: {steps: 20, validate_every: 21}\n",
            "line 11 recipe.validate_every: is 21, more than the budget of 20 steps; lower it",
        ),
        ("{steps: 20, rate: 1e-3}", "{steps: 21, validate_every: 5, patience: 4}", None),
        ("{steps: 20, rate: 1e-3}", "{steps: 20, patience: 40}", None),
        ("{steps: 20, rate: 1e-3}", "{passes: 2, validate_every: 5, patience: 40}", None),
        (
            "{steps: 20, rate: 1e-3}",
            "{steps: 20, validate_every: 5, patience: 4}",
            "line 13 recipes.short.patience: has no effect, for 4 validations, one in 5 steps, outlast the budget of "
            "20 steps; lower it or remove it",
        ),
    ],
)
def test_a_key_without_effect_is_told_with_what_makes_it_so(
    tmp_path: Path, old: str, new: str, message: str | None
) -> None:
    if message is None:
        assert load(tmp_path, changed(old, new)).title == "digits"
    else:
        assert faults(tmp_path, changed(old, new)) == [message]


SCRATCH = """\
title: scratch
question: how well without a start?
dataset: {name: digits}
network: {name: plain_cnn, depth: 4, hidden: 8}
surgeries:
  scratch: r4
recipe: {steps: 20}
"""
USELESS_HEAD = "line 8 head: {} has no effect, for no surgery keeps weights; remove it"
USELESS_PRETRAINING = "vary.1: pretraining has no effect, for the study makes none of its own; remove it"
USELESS_SEED = "line 9 fixed_seed: has no effect, for vary names everything that chance decides; remove it"


def test_a_head_that_no_surgery_keeps_is_told(tmp_path: Path) -> None:
    for head in ("kept", "hidden-kept"):
        assert faults(tmp_path, f"{SCRATCH}head: {head}\n") == [USELESS_HEAD.format(head)]
    assert load(tmp_path, f"{SCRATCH}head: new\n").head == "new"


def test_a_pretraining_that_the_study_does_not_make_cannot_vary(tmp_path: Path) -> None:
    assert faults(tmp_path, SCRATCH + "vary: [split, pretraining]\n") == [f"line 8 {USELESS_PRETRAINING}"]
    published = SCRATCH.replace("scratch: r4", "probe: f4") + "source: {weights: old.pt}\n"
    assert faults(tmp_path, published + "vary: [split, pretraining]\n") == [f"line 9 {USELESS_PRETRAINING}"]
    assert load(tmp_path, published + "vary: [split]\n").vary == ("split",)


def test_without_a_pretraining_a_fixed_seed_decides_only_what_the_four_others_leave(tmp_path: Path) -> None:
    text = SCRATCH + "vary: [split, share, weights, batches]\nfixed_seed: 2\n"
    assert faults(tmp_path, text) == [USELESS_SEED]
    assert load(tmp_path, text.replace("split, ", "")).fixed_seed == 2


def test_a_surgery_may_be_called_as_a_cut_of_a_family_only_where_it_is_that_cut(tmp_path: Path) -> None:
    assert faults(tmp_path, changed("  scratch: r4", "  FR cut 1: f2r2")) == [
        "line 8 surgeries.FR cut 1: is f2r2, but cut 1 of FR is f1r3 under the same name; call it otherwise"
    ]
    assert load(tmp_path, changed("  scratch: r4", "  FR cut 1: f1r3")).title == "digits"
    assert load(tmp_path, changed("  scratch: r4", "  FR cut 5: f2r2")).title == "digits"


@pytest.mark.parametrize(
    ("key", "shown"), [("? [a, b]\n: 1", ""), ("~: 1", " (got ~)"), ("true: 1", " (got true)"), ("2026-01-01: 1", "")]
)
def test_a_key_that_is_no_name_is_told_with_its_line(tmp_path: Path, key: str, shown: str) -> None:
    said = faults(tmp_path, changed("shares: [0.1, 1]", key))
    assert len(said) == 1
    assert said[0].startswith(f"line 10 a key must be text{shown}")


def test_names_of_pretraining_recipes_must_have_one_beside_that_of_the_transfer(tmp_path: Path) -> None:
    text = changed("source:", "source:\n  recipe: {long: short}") + "  long: {steps: 80}\n"
    assert faults(tmp_path, text) == ["line 5 source.recipe: names no pretraining beside 'short'; known: long"]
    text = text.replace("recipe: short", "recipe: {steps: 5}")
    assert faults(tmp_path, text) == [
        "line 5 source.recipe: names no pretraining beside a recipe written in place; known: long"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 holds no keys; a study starts with title, question, dataset"),
        ("- a\n- b\n", "line 1 holds no keys; a study starts with title, question, dataset"),
        ("title: a\n\tquestion: b\n", "line 2 not YAML: found character '\\t' that cannot start any token"),
        ("title: [a\nquestion: b", "line 2 not YAML: "),
        ("title: a\n---\ntitle: b\n", "line 2 not YAML: but found another document"),
        ("seeds: &a [*a]", "a value is nested too deeply, or stands within itself"),
        ("seeds: &a {b: *a}", "a value is nested too deeply, or stands within itself"),
        ("seeds: " + "[" * 1200, "a value is nested too deeply, or stands within itself"),
        ("seeds: 2020-13-45", "a value cannot be read: month must be in 1..12"),
        ("seeds: " + "9" * 5000, "a value cannot be read: Exceeds the limit (4300 digits)"),
        ("seeds: 0x" + "f" * 5000, "a value cannot be read: a whole number of more than 4,096 bits"),
        ("seeds: !!bool perhaps", "a value cannot be read: 'perhaps'"),
        (LAUGHS, "a value cannot be read: the file holds more than 100,000 values, each use of an anchor counted"),
    ],
)
def test_a_text_that_is_no_study_is_told_as_one_fault(tmp_path: Path, text: str, message: str) -> None:
    said = faults(tmp_path, text)
    assert len(said) == 1
    assert said[0].startswith(message)


def test_a_missing_file_is_answered_with_the_way_to_one(tmp_path: Path) -> None:
    with pytest.raises(DataFault) as refused:
        load_study(tmp_path / "no.yaml")
    assert str(refused.value) == (
        f"no study file at {tmp_path / 'no.yaml'}; `frostline list` names the presets, `frostline init` copies one"
    )


def test_what_is_not_text_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x80\x81\xff")
    (tmp_path / "nulls").write_bytes(b"title: \x00\x01")
    with pytest.raises(DataFault, match=r"binary is not a study file: it is not text in UTF-8$"):
        load_study(tmp_path / "binary")
    with pytest.raises(DataFault, match=r"nulls is not a study file: it holds characters that are not text$"):
        load_study(tmp_path / "nulls")
    with pytest.raises(DataFault, match=r"cannot be read as a study file: Is a directory$"):
        load_study(tmp_path)
