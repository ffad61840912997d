"""What the documents of this package say of it is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from frostline.spec.plan import plan
from frostline.spec.study_file import load_study

ROOT = Path(__file__).parents[1]


def test_the_architecture_names_the_layers_that_are_kept() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    kept = [layer.replace("frostline.", "").split(" | ") for layer in contracts[0]["layers"]]
    document = (ROOT / "ARCHITECTURE.md").read_text()
    block = document.partition("import-linter keeps it")[2].split("```")[1]
    assert [line.split() for line in block.strip().splitlines()] == kept


def test_the_example_of_synthetic_items_is_a_study_with_arms_that_have_some(tmp_path: Path) -> None:
    pattern = r"<!-- example synthetic items -->\n```yaml\n(.*?)```"
    found = re.search(pattern, (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    (tmp_path / "study.yaml").write_text(found[1])
    made = plan(load_study(tmp_path / "study.yaml"))
    assert [arm.written for arm in made.arms] == ["r3", "r3 with gan", "r3 with shuffled"]
