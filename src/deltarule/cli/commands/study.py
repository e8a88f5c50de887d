"""`deltarule study`: what happens over many seeds; run, list, show, new."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import complete
from deltarule.cli.commands import study_forecast
from deltarule.cli.guard import guarded, say_note
from deltarule.cli.screen import Screen
from deltarule.core.errors import DataError, DeltaruleError, SweepError, UsageError, nearest

if TYPE_CHECKING:
    from deltarule.studies import Results, Study

_JSON: Any = typer.Option("--json", help="Print one JSON object instead.")
_MANY = 1_000_000
"""So many runs are asked about first."""


@guarded
def run(
    study: Annotated[
        str,
        typer.Argument(
            metavar="NAME|STUDY.toml",
            help="A study that comes along (see `deltarule study list`), or a TOML file.",
            autocompletion=complete.studies,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The study's folder.", show_default="NAME-study here"),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Runs of every cell.", show_default="the study's own")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes that train.", show_default="one per processor"),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh/--resume",
            help="Start anew, the earlier results kept aside; or do only what is missing.",
        ),
    ] = False,
    executor: Annotated[
        str, typer.Option(help="loky (processes here), dask or ray (a cluster).")
    ] = "loky",
    address: Annotated[
        str | None, typer.Option(help="Of the cluster: tcp://HOST:PORT for Dask, auto for Ray.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Start a study of a million runs or more.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Train every cell of a study with many seeds; say, draw and report what that shows.

    The folder keeps every finished part: after Ctrl-C, or a power cut, the same command goes on.
    """
    from deltarule.series.studies import SHIPPED as FORECASTS
    from deltarule.series.studies import is_study
    from deltarule.studies.reading import SHIPPED, read_study

    if is_study(study):
        _check_plain(workers, executor, address)
        shown = not (quiet or as_json) and sys.stderr.isatty()
        study_forecast.run(study, seeds, out, fresh, quiet, as_json, shown)
        return
    named = study in SHIPPED or Path(study).exists()
    if not named and (hint := nearest(study, FORECASTS)):
        raise DataError(f"{study}: there is no such file{hint}")
    found = read_study(study, seeds=seeds)
    folder = out if out is not None else Path(f"{Path(study).stem}-study")
    if not yes:
        _check_size(found, workers)
    shown = not (quiet or as_json)
    if shown:
        _say_plan(found, folder)
    options = {"workers": workers, "fresh": fresh, "executor": executor, "address": address}
    failure = None
    try:
        results = found.run(folder, progress=shown and sys.stderr.isatty(), **options)  # type: ignore[arg-type]
    except SweepError as error:
        failure, results = error, error.results
    if results.table is not None:
        try:
            again = f"deltarule study run {study}" + (f" --seeds {seeds}" if seeds else "")
            _write(results, folder, again)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"all runs are kept in {folder}; the same command writes tables and pictures"
            ) from None
        _tell(results, folder, quiet, as_json)
    if failure is not None:
        raise failure


@guarded
def list_(
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """List the studies that come along, with the question of each and how many runs it takes."""
    from deltarule.series import studies as forecasts
    from deltarule.studies.reading import SHIPPED, read_study, shipped

    rows = []
    for name in SHIPPED:
        question = tomllib.loads(shipped(name))["study"]["question"]
        try:
            size = read_study(name).definition.size()
        except DeltaruleError as error:  # data that an extra brings along, which is not installed
            size = str(error)
        rows.append({"name": name, "question": question, "size": size})
    for name in forecasts.SHIPPED:
        study = forecasts.read_study(name)
        rows.append({"name": name, "question": study.question, "size": study.size()})
    if as_json:
        typer.echo(json.dumps(rows))
        return
    screen = Screen()
    for row in rows:
        screen.line(row["name"])
        screen.lines([row["question"], row["size"]])


@guarded
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A study's folder.")],
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show what a study's folder holds: the tables and what they say; nothing is trained."""
    from deltarule.studies import Results

    if study_forecast.is_folder(folder):
        study_forecast.show(folder, as_json)
        return
    _tell(Results.load(folder), folder, False, as_json)


@guarded
def new(
    path: Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The file to write.")] = Path(
        "study.toml"
    ),
    like: Annotated[
        str | None,
        typer.Option(help="Start from a study that comes along.", autocompletion=complete.studies),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Write a TOML file to start a study of your own from, with a comment on every entry."""
    from deltarule.core.files import new_file
    from deltarule.series import studies as forecasts
    from deltarule.studies.reading import TEMPLATE, shipped

    of = forecasts.shipped if like in forecasts.SHIPPED else shipped
    text = TEMPLATE.format(name=path) if like is None else of(like)
    with new_file(path, force=force, option="STUDY.toml") as temporary:
        temporary.write_text(text, encoding="utf-8")
    typer.echo(f"{path}: edit it, then run it: deltarule study run {path}")


def _check_plain(workers: int | None, executor: str, address: str | None) -> None:
    """Refuse, for a study of forecasts, what is for studies that many processes work on."""
    if workers is not None or executor != "loky" or address is not None:
        raise UsageError(
            "a study of forecasts is trained in this process, its seeds side by side: leave out "
            "`--workers`, `--executor` and `--address`"
        )


def _check_size(study: Study, workers: int | None) -> None:
    """Refuse, with an estimate, a study that may take days."""
    from deltarule.studies.running import estimate

    runs = len(study.cells) * len(study.seeds)
    if runs >= _MANY:
        raise UsageError(f"{study.definition.size()}: {estimate(study, workers)}. Start it with "
                         "`--yes`, or take fewer `--seeds`.")  # fmt: skip


def _say_plan(study: Study, folder: Path) -> None:
    screen, plain = Screen(), study.definition.plain
    screen.say("study", plain["title"] or str(folder))
    if plain["question"]:
        screen.say("question", plain["question"])
    screen.say("design", study.definition.size())


def _write(results: Results, folder: Path, command: str) -> None:
    """Write tables, pictures and the report beside the parts; they can always be made again."""
    results = results.told
    results.summary().write_csv(folder / "summary.csv")
    if results.definition.compared is not None:
        results.compare().write_csv(folder / "comparisons.csv")
    results.plot(folder / "overview.png", force=True)
    results.report(folder / "report.html", command=command, force=True)


def _tell(results: Results, folder: Path, quiet: bool, as_json: bool) -> None:
    from deltarule.studies.tables import summary_table

    there, asked = len(results.runs), len(results.definition.runs)
    results = results.told
    if as_json:
        typer.echo(json.dumps({**results.to_dict(), "out": str(folder)}, allow_nan=False))
    for note in results.notes if quiet or as_json else ():
        say_note(note)
    if quiet or as_json:
        return
    screen, plain = Screen(), results.definition.plain
    screen.say("note", list(results.notes))
    if there < asked:
        screen.say("unfinished", f"{there:,} of {asked:,} runs are there; what follows is of these")
    screen.line()
    if left_out := screen.fitted(*summary_table(results)):
        screen.lines([f"({left_out} more columns are in summary.csv and report.html)"])
    screen.line()
    screen.say("answer", results.answers() or ["there is nothing to compare"])
    screen.say("in detail", results.sentences())
    screen.say("certainty", [results.power(), _terms(plain)])
    screen.folder(folder)


def _terms(plain: Any) -> str:
    from deltarule.studies.statistics.sentences import CLAIMS

    goal = "An unsolved run counts as the most epochs in the mean of all. " if plain["goal"] else ""
    return (
        f"{goal}{CLAIMS} Every cell has the same seeds and the same epochs at most, unless its "
        "settings say otherwise."
    )
