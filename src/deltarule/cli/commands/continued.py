"""What `predict` and `show` do with the folder of a forecast."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from deltarule.cli.guard import say_note
from deltarule.cli.reports.forecast import measure_rows, network_words, summary_rows
from deltarule.cli.screen import Screen, written_csv
from deltarule.core.texts import some


def is_forecast(folder: Path) -> bool:
    """Whether a folder is that of a forecast; raises `FileError` where it cannot be read."""
    from deltarule.models.read import FORECAST, read_description

    return bool(read_description(folder).get("kind") == FORECAST)


def continued(
    folder: Path,
    data: str,
    form: Mapping[str, Any],
    series: str | None,
    how: tuple[Path | None, bool, bool],
) -> None:
    """Continue the series by new rows, and write what comes after them as CSV."""
    from deltarule.series import load_forecast

    out, force, quiet = how
    fitted = load_forecast(folder, series).more(data, **form)
    head, rows = fitted.table.columns, fitted.table.rows()
    with written_csv(out, force) as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
    if quiet:
        return
    for note in fitted.notes:
        say_note(note)
    new = len(fitted.series) - fitted.forecaster.end
    label = fitted.series.calendar.label
    typer.echo(
        f"{some(new, 'new value')}, to {label(len(fitted.series) - 1)}; the "
        "networks are those of training",
        err=True,
    )
    score = fitted.score()
    if score:
        typer.echo(
            f"each of them forecast one step before it: RMSE {score['rmse']:.4g}, MAE "
            f"{score['mae']:.4g}",
            err=True,
        )
    if out is not None:
        typer.echo(f"{len(rows):,} forecasts are in {out}", err=True)


def show_forecast(folder: Path) -> None:
    """Show what is in the folder of a forecast."""
    from deltarule.models.read import read_description
    from deltarule.series import load_forecast

    names = list(read_description(folder)["series"])
    fitted = load_forecast(folder, names[0] if len(names) > 1 else None)
    said, series, recipe = fitted.description, fitted.series, fitted.forecaster.recipe
    label, n, screen = series.calendar.label, len(series), Screen()
    screen.say("forecast", f"{folder}: {series.name}, by deltarule {said['versions']['deltarule']}")
    more = f" (and {len(names) - 1:,} series more)" if len(names) > 1 else ""
    screen.say("data", f"{series.source}: {n:,} values, {label(0)} to {label(n - 1)}{more}")
    screen.say("", list(said["notes"]))
    screen.say("network", network_words(recipe))
    if "skipped" in said:
        screen.line()
        screen.table(*summary_rows(said["metrics"]))
    else:
        for period in [p for p in said["metrics"]["network"] if p != "train"]:
            screen.line()
            screen.table(*measure_rows(said["metrics"], period))
    screen.line()
    screen.say("verdict", list(said["verdict"]))
