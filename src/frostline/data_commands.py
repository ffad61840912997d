"""The commands that look at data and train nothing; `cli.py` gives them their names.

Nothing here imports torch before a command needs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from frostline.arguments import Arms, Folder, RecipeName, Seed, Seeds, Shares, StandIns, StudyName
from frostline.named import default_folder, planned_as
from frostline.options import Options


def prepare(
    study: StudyName,
    to: Folder = None,
    shares: Shares = None,
    seeds: Seeds = None,
    seed: Seed = None,
    arm: Arms = None,
    recipe: RecipeName = None,
    stand_in: StandIns = None,
) -> None:
    """Decode, fetch and check all data and weights that a study reads, and say which files cannot be used.

    Of tags and values, the annotations that are used are written into the study folder.
    """
    from rich.console import Console

    from frostline.look.prepare import prepare as prepared
    from frostline.look.prepare import refuse_idle_folder

    narrowed, planned = planned_as(study, Options(shares, seeds, seed, arm or [], recipe, stand_in or []))
    refuse_idle_folder(planned, to)
    for paragraph in prepared(planned, narrowed.most_left_out, Console(stderr=True), to or default_folder(study)):
        typer.echo(paragraph)


def show(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="A dataset, folder:PATH, manifest:PATH, or the target of a STUDY")
    ],
    to: Annotated[Path | None, typer.Option(help="The folder of the page  [default: results/show/NAME]")] = None,
) -> None:
    """Write a page of a dataset: classes, split, durations or sizes, and samples as the network will see them."""
    from rich.console import Console

    from frostline.look.show import show as shown

    for paragraph in shown(dataset, to, Console(stderr=True)):
        typer.echo(paragraph)
