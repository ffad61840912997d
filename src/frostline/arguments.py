"""What the commands take on the command line, each argument and option that several of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="A study file, or the name of a preset.")]
Folder = Annotated[Path | None, typer.Option("--to", help="The study folder  [default: results/NAME]")]
Shares = Annotated[str | None, typer.Option(help="Only these shares, for example 0.01,0.1")]
Seeds = Annotated[int | None, typer.Option(help="Only the first so many seeds of the study")]
Seed = Annotated[int | None, typer.Option(help="Only this one seed")]
Arms = Annotated[list[str] | None, typer.Option("--arm", help="Only this surgery, for example f3r3; repeatable")]
RecipeName = Annotated[str | None, typer.Option("--recipe", help="Another of the study's recipes")]
StandIns = Annotated[list[str] | None, typer.Option("--stand-in", help="NAME=OTHER: another dataset in place of one")]
WithAudio = Annotated[
    bool, typer.Option("--audio", help="With an excerpt of each listed recording to listen to, in the page itself")
]
Workers = Annotated[int | None, typer.Option(min=1, help="How many worker processes  [default: what the cores take]")]
ListedName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="A dataset, plain_cnn, mlp, mtt_vgg, spectrogram_transformer or a model of timm",
    ),
]
ExecutorName = Annotated[Literal["processes", "inline"], typer.Option(help="Where trials run")]
