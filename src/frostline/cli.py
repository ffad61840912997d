"""The command line: one call and one print a command, none of which imports torch before it needs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frostline.arguments import (
    Arms,
    ExecutorName,
    Folder,
    ListedName,
    RecipeName,
    Seed,
    Seeds,
    Shares,
    StandIns,
    StudyName,
    WithAudio,
    Workers,
)
from frostline.data_commands import prepare, show
from frostline.errors import FrostlineError
from frostline.examples import shown
from frostline.named import default_folder, planned_as, typed_of, whole_plan
from frostline.options import Options
from frostline.presets import find_study
from frostline.report.wanted import Wanted

if TYPE_CHECKING:
    from frostline.spec.plan import Plan
    from frostline.spec.study import Study

app = typer.Typer(
    name="frostline",
    help="Find how deep to freeze a pretrained network, and how sure the answer is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Runs one command; a user's mistake is told in words and ends with status 2."""
    try:
        app()
    except FrostlineError as error:
        print_error(str(error))
        sys.exit(2)


def print_error(text: str) -> None:
    """Writes ``text`` to the standard error stream."""
    typer.echo(text, err=True)


@app.command(epilog=shown("plan"))
def plan(
    study: StudyName,
    shares: Shares = None,
    seeds: Seeds = None,
    seed: Seed = None,
    arm: Arms = None,
    recipe: RecipeName = None,
    stand_in: StandIns = None,
) -> None:
    """Say what a study will run, without running it."""
    from frostline.summary import plan_summary

    narrowed, planned = planned_as(study, Options(shares, seeds, seed, arm or [], recipe, stand_in or []))
    typer.echo(plan_summary(narrowed, planned))


app.command(epilog=shown("prepare"))(prepare)
app.command(epilog=shown("show"))(show)


@app.command(epilog=shown("run"))
def run(
    study: StudyName,
    to: Folder = None,
    shares: Shares = None,
    seeds: Seeds = None,
    seed: Seed = None,
    arm: Arms = None,
    recipe: RecipeName = None,
    stand_in: StandIns = None,
    executor: ExecutorName = "processes",
    workers: Workers = None,
) -> None:
    """Run what a study still lacks, then write its report. Ctrl-C stops it; the same command goes on."""
    from frostline.carry_out import Scope, carry_out

    options = Options(shares, seeds, seed, arm or [], recipe, stand_in or [])
    narrowed, planned = planned_as(study, options)
    whole = whole_plan(study, planned, Options(None, None, None, [], recipe, stand_in or []))
    folder = to or default_folder(study)
    try:
        carry_out(narrowed, Scope(planned, whole), folder, executor, workers)
    except KeyboardInterrupt:
        print_error("stopped; what had finished is kept, and running the same command again goes on from there")
        raise typer.Exit(130) from None
    _report(narrowed, planned, folder, Wanted(typed_of(study, options)))


@app.command(epilog=shown("status"))
def status(
    study: StudyName,
    to: Folder = None,
    shares: Shares = None,
    seeds: Seeds = None,
    seed: Seed = None,
    arm: Arms = None,
    recipe: RecipeName = None,
    stand_in: StandIns = None,
) -> None:
    """Say what of a study is finished, failed and missing."""
    from frostline.store import read_outcomes, read_scores
    from frostline.summary import never_run, scores_summary, status_summary

    narrowed, planned = planned_as(study, Options(shares, seeds, seed, arm or [], recipe, stand_in or []))
    folder = to or default_folder(study)
    known = read_outcomes(folder)
    never = never_run(narrowed, planned, known)
    told = [status_summary(planned, known, folder, never), *scores_summary(planned, read_scores(folder), never)]
    typer.echo("\n".join(told))


@app.command(epilog=shown("report"))
def report(
    study: Annotated[
        list[str], typer.Argument(metavar="STUDY | FILE.json...", help="A study, or published JSON files")
    ],
    to: Folder = None,
    shares: Shares = None,
    seeds: Seeds = None,
    seed: Seed = None,
    arm: Arms = None,
    recipe: RecipeName = None,
    stand_in: StandIns = None,
    audio: WithAudio = False,
) -> None:
    """Write the page, the table, the figures and the published layout of what is finished."""
    options = Options(shares, seeds, seed, arm or [], recipe, stand_in or [])
    if all(name.endswith(".json") for name in study):
        from frostline.report.page import write_report_of_files

        if options.given:
            raise FrostlineError(f"{', '.join(options.given)} cannot narrow published files; leave them out")
        if audio:
            raise FrostlineError(
                "--audio: there is nothing to hear, for published files name no recordings; leave it out"
            )
        typer.echo(
            f"report: {write_report_of_files([Path(name) for name in study], to or Path('results') / 'published')}"
        )
        return
    if len(study) > 1:
        raise FrostlineError(f"report takes one study, or published .json files (got {' '.join(study)})")
    narrowed, planned = planned_as(study[0], options)
    wanted = Wanted(typed_of(study[0], options), "asked" if audio else "offered")
    _report(narrowed, planned, to or default_folder(study[0]), wanted)


@app.command(epilog=shown("audit"))
def audit(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Published results: CSV, or layer-cut JSON")],
    against: Annotated[str | None, typer.Option(help="The arm to compare all with  [default: scratch, if any]")] = None,
    claim: Annotated[list[str] | None, typer.Option(help="'A > B' or 'A > B p=0.03'; repeatable")] = None,
    test_size: Annotated[int | None, typer.Option(min=1, help="How many items the official test part has")] = None,
    train_size: Annotated[int | None, typer.Option(min=1, help="How many items the official training part has")] = None,
    sizes: Annotated[Path | None, typer.Option(help="CSV (share, train_items) or YAML (share: items)")] = None,
    evaluated_size: Annotated[
        int | None, typer.Option(min=1, help="How many items were tested, training items among them; needs --sizes")
    ] = None,
) -> None:
    """Say what the figures that others published can show, and what is wrong with them."""
    from frostline.analysis.audit import audit
    from frostline.analysis.audit_questions import Asked, questions
    from frostline.analysis.audit_words import written
    from frostline.analysis.published_results import read_results

    results = read_results(files)
    asked = Asked(against, tuple(claim or ()), test_size, train_size, sizes, evaluated_size)
    typer.echo(written(results, audit(results, questions(asked, results.frame))))


@app.command(epilog=shown("export"))
def export(
    study: StudyName,
    to: Folder = None,
    zipped: Annotated[bool, typer.Option("--zip", help="As one zip file beside the study folder")] = False,
) -> None:
    """Pack the page, the tables, the figures and the weights of a study into one file, and say what is not there."""
    from frostline.packing import pack

    if not zipped:
        raise FrostlineError(f"export packs a study into one .zip file alone; write: frostline export {study} --zip")
    typer.echo(
        pack(
            *planned_as(study, Options(None, None, None, [], None, [])), find_study(study), to or default_folder(study)
        )
    )


@app.command("list", epilog=shown("list"))
def list_(name: ListedName = None) -> None:
    """List the presets, datasets and networks that a study file can name, or the classes of one, or its layers."""
    from frostline.listed import listed

    typer.echo(listed(name))


@app.command(epilog=shown("init"))
def init(
    preset: Annotated[str, typer.Argument(help="The name of a preset; `frostline list` shows them")] = "digits",
    to: Annotated[Path, typer.Option(help="The new file, or the folder to put it in")] = Path("."),
) -> None:
    """Copy a preset, to be changed into a study of your own."""
    from frostline.presets import copy_preset

    typer.echo(f"wrote {copy_preset(preset, to)}")


def _report(study: Study, plan: Plan, folder: Path, wanted: Wanted) -> None:
    """Writes the report, says what failed, the recommended depth of each share, where the page is and of what part.

    Ends with status 1 where a trial has failed.
    """
    from frostline.reporting import reported

    found = reported(study, plan, folder, wanted)
    for answer in found.answers:
        typer.echo(answer)
    for said in found.warned:
        print_error(f"warning: {said}")
    typer.echo(f"report: {found.page}")
    if wanted.narrowed_by:
        typer.echo(f"that page is of what {wanted.narrowed_by} chose, not of all that the study declares")
    if found.failed:
        print_error(f"{found.trouble}: the report says why; running again retries them")
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
