"""The study files that come with Frostline."""

from __future__ import annotations

from pathlib import Path

from frostline.errors import DataFault, UnknownName

HERE = Path(__file__).parent


def presets() -> dict[str, Path]:
    """Every preset, by name: from the installed package, or from the checkout that this file lies in."""
    folders = (HERE / "studies", HERE.parents[1] / "studies")
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise DataFault(f"the presets are missing from this installation (looked in {folders[0]}); install it again")
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_study(name: str) -> Path:
    """The study file that ``name`` means: a path, or the name of a preset."""
    path = Path(name)
    return path if path.exists() or path.suffix or "/" in name else _preset(name)


def copy_preset(name: str, target: Path) -> Path:
    """The path of a new copy of the preset called ``name``: ``target``, or inside it where that is a folder.

    Raises:
        UnknownName: no preset is called so.
        DataFault: the target is there already; nothing is overwritten.
    """
    source = _preset(name)
    target = target / source.name if target.is_dir() else target
    if target.exists():
        raise DataFault(f"{target} is there already and stays as it is; name another file")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    return target


def _preset(name: str) -> Path:
    known = presets()
    if name not in known:
        raise UnknownName("preset", name, known)
    return known[name]
