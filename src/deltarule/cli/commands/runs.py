"""`deltarule runs`: which runs there are in a folder, and how good each is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from deltarule.cli.guard import guarded
from deltarule.cli.reports.model import HEADS
from deltarule.cli.screen import Screen, cell


@guarded
def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of model folders; else this one.")
    ] = Path(),
    sort: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="The column to sort by, best or newest first: accuracy, loss, r2, rmse, made, ...",
        ),
    ] = "folder",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list of objects instead.")
    ] = False,
) -> None:
    """List the models, forecasts and unfinished trainings in a folder, with their scores.

    Scores are those of the test rows, or, without any, of the validation rows.
    """
    from deltarule.models import runs as found

    table = found(folder, sort)
    if as_json:
        typer.echo(json.dumps(table.to_dicts(), allow_nan=False))
        return
    screen = Screen()
    if not table.height:
        screen.line(f"{folder}: no runs are there. `deltarule train` makes one.")
        return
    names = [n for n in table.columns if table[n].null_count() < table.height]
    rows = [[_cell(name, row[name]) for name in names] for row in table.iter_rows(named=True)]
    left_out = screen.fitted([HEADS.get(name, name) for name in names], rows)
    if left_out:
        screen.line(f"  {left_out} columns have no room here; --json has them")


def _cell(name: str, value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return cell(value, ".1f" if name == "seconds" else ".4g")
