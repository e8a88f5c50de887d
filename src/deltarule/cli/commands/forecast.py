"""`deltarule forecast`: a series in; its future, a backtest and a folder out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from deltarule.cli import options
from deltarule.cli.forecast_options import judgement, networks, series_data, training
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.cli.reports import forecast as forecast_report
from deltarule.core.errors import UsageError

_data: Any = partial(typer.Option, rich_help_panel="Data")
_output: Any = partial(typer.Option, rich_help_panel="Output")

_DATA = typer.Argument(
    metavar="DATA",
    help="A file as train takes it, or a bundled series: sunspots, sunspots_monthly, lynx, "
    "airpassengers; m1_yearly holds 181.",
)
_SERIES = _data(
    metavar="COLUMN",
    help="The column that tells several series apart: all are forecast, by the same networks.",
)
_STATIC = _data(
    metavar="COLUMN",
    help="Of several series: a column with one value for each, an input of the networks. "
    "Repeatable.",
)
_OUT = _output(help="The folder to make.", show_default="NAME-forecast here, NAME being the data's")

_KEPT = _output(
    metavar="DIR",
    help="Keep the state of every network in this folder as it is trained: after a kill the same "
    "command goes on.",
)


@guarded
@grouped(
    values=series_data, form=options.text_file, shape=networks, learning=training,
    judged=judgement,
)  # fmt: skip
def forecast(
    data: Annotated[str, _DATA],
    series: Annotated[str | None, _SERIES] = None,
    each: Annotated[bool, _data("--each", help="Networks of its own for every series.")] = False,
    skip_short: Annotated[
        bool, _data("--skip-short", help="Leave out series that are too short.")
    ] = False,
    static: Annotated[list[str] | None, _STATIC] = None,
    text: Annotated[list[str] | None, options.TEXT_COLUMN] = None,
    values: Any = None,
    form: Any = None,
    shape: Any = None,
    learning: Any = None,
    judged: Any = None,
    out: Annotated[Path | None, _OUT] = None,
    checkpoints: Annotated[Path | None, _KEPT] = None,
    force: Annotated[bool, _output("--force", help="Replace a folder of ours.")] = False,
    quiet: Annotated[bool, _output("--quiet", help="Print errors only.")] = False,
    as_json: Annotated[bool, _output("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Forecast a time series, and judge the network by what it would have said before.

    Values are cut into windows of lags, and several networks learn the next value from them. On
    the test part they stand beside persistence, drift, exponential smoothing, theta and a linear
    autoregression on the same lags; a network that loses to them says so. Of several series, the
    test part is the last --horizon values of each.
    """
    from deltarule.data.read import name_of
    from deltarule.models import check_destination, claimed
    from deltarule.training.keeping.checkpoints import checkpoints as kept

    folder = out if out is not None else Path(f"{name_of(data)}-forecast")
    check_destination(folder, force=force)
    keeping = nullcontext() if checkpoints is None else kept(checkpoints)
    with claimed(folder), keeping:
        found = _forecasts(data, series, each, skip_short, static or ())(
            **values,
            **shape,
            **learning,
            **judged,
            form={**form.to_dict(), "text": text or ()},
            progress=not (quiet or as_json) and sys.stderr.isatty(),
        )
        undrawn = found.save(folder, force=force)
    if as_json:
        for note in undrawn:
            typer.echo(note, err=True)
        typer.echo(json.dumps(forecast_report.as_json(found, str(folder)), allow_nan=False))
    elif not quiet:
        forecast_report.report(found, folder, undrawn)


def _forecasts(
    data: str, series: str | None, each: bool, skip_short: bool, static: Sequence[str]
) -> Any:
    """Return the function that forecasts one series, or several."""
    from deltarule.series import forecast, forecast_panel, is_panel

    if series is not None or is_panel(data):
        several: Any = {"together": not each, "skip_short": skip_short, "static": static}
        return partial(forecast_panel, data, series=series, **several)
    if each or skip_short or static:
        raise UsageError(
            "--each, --skip-short and --static are for several series: name their --series"
        )
    return partial(forecast, data)
