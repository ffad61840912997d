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

    A target that is not there and has no suffix is a folder to be made.

    Raises:
        UnknownName: no preset is called so.
        DataFault: the target is there already (nothing is overwritten), or cannot be written.
    """
    source = _preset(name)
    target = target / source.name if target.is_dir() or not (target.suffix or target.exists()) else target
    if target.exists():
        raise DataFault(f"{target} is there already and stays as it is; name another file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    except OSError as error:
        raise DataFault(f"cannot write {target}: {error.strerror}") from None
    return target


def _preset(name: str) -> Path:
    known = presets()
    if name not in known:
        raise UnknownName("preset", name, known)
    return known[name]
