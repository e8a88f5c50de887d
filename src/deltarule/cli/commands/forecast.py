"""`deltarule forecast`: a series in; its future, a backtest and a folder out."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from deltarule.cli import complete, options
from deltarule.cli.guard import guarded

__all__ = ["forecast"]

_DATA, _NETWORK, _TRAINING, _JUDGEMENT, _OUTPUT = (
    "Data", "Network", "Training", "Judgement", "Output",
)  # fmt: skip


@guarded
def forecast(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A file (.csv .tsv .txt .parquet .npz) or a bundled series: sunspots, "
            "sunspots_monthly, lynx, airpassengers; m1_yearly holds 181.",
        ),
    ],
    time: Annotated[
        str | None,
        typer.Option(
            help="The column of times: years, positions, dates. none takes rows as they stand.",
            show_default="the only column of dates; bundled series know theirs",
            rich_help_panel=_DATA,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="The column to forecast.",
            show_default="the only other column of numbers",
            rich_help_panel=_DATA,
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column that tells several series apart: all are forecast, by the same "
            "networks.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    each: Annotated[
        bool,
        typer.Option("--each", help="Networks of its own for every series.", rich_help_panel=_DATA),
    ] = False,
    skip_short: Annotated[
        bool,
        typer.Option(
            "--skip-short", help="Leave out series that are too short.", rich_help_panel=_DATA
        ),
    ] = False,
    known: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A covariate that is known in the future, too: rows at the end without a target "
            "give it. Repeatable.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    past: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A covariate that is known up to the last value. Repeatable.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    missing: Annotated[
        str,
        typer.Option(
            help="Missing values and times: refuse them (error), repeat the value before "
            "(previous), or draw a line to the next (interpolate).",
            rich_help_panel=_DATA,
        ),
    ] = "error",
    transform: Annotated[
        str,
        typer.Option(
            help="Of every value: none, log, box_cox:0.5; undone in the end.",
            rich_help_panel=_DATA,
        ),
    ] = "none",
    difference: Annotated[
        str | None,
        typer.Option(
            metavar="LAG,LAG,...",
            help="Take differences at these lags: 1, or 12 of months, or both; undone in the end.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    season: Annotated[
        int | None,
        typer.Option(
            help="Steps in a season.", show_default="the calendar's", rich_help_panel=_DATA
        ),
    ] = None,
    separator: Annotated[str | None, options.SEPARATOR] = None,
    encoding: Annotated[str | None, options.ENCODING] = None,
    header: Annotated[bool | None, options.HEADER] = None,
    columns: Annotated[str | None, options.COLUMNS] = None,
    decimal: Annotated[str | None, options.DECIMAL] = None,
    thousands: Annotated[str | None, options.THOUSANDS] = None,
    date_format: Annotated[str | None, options.DATE_FORMAT] = None,
    na: Annotated[str | None, options.NA] = None,
    comment: Annotated[str | None, options.COMMENT] = None,
    horizon: Annotated[int, typer.Option(help="Steps to forecast.", rich_help_panel=_NETWORK)] = 1,
    lags: Annotated[
        str | None,
        typer.Option(
            metavar="N|LAG,LAG,...|auto",
            help="The values before that are inputs: 12 for the twelve before, 1,2,12, or auto.",
            show_default="the network's, else 12",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="SIZES",
            help="Numbers of nodes, such as 12-8-1. With K outputs it says K steps at a time; one "
            "output is fed back for longer horizons.",
            show_default="half as many hidden nodes as inputs and one; one output",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    auto: Annotated[
        bool,
        typer.Option(
            "--auto",
            help="Lags by the AIC of a linear autoregression, and the season's; the network by "
            "them; as R's nnetar.",
            rich_help_panel=_NETWORK,
        ),
    ] = False,
    activation: Annotated[
        str,
        typer.Option(
            help="f of the hidden layers.",
            autocompletion=complete.activations,
            rich_help_panel=_NETWORK,
        ),
    ] = "tanh",
    networks: Annotated[
        int,
        typer.Option(
            help="Networks from different first weights, which are averaged.",
            rich_help_panel=_TRAINING,
        ),
    ] = 20,
    optimizer: Annotated[
        str,
        typer.Option(
            help="As in train, with its parameters: adam:0.01.",
            autocompletion=complete.optimizers,
            rich_help_panel=_TRAINING,
        ),
    ] = "adam:0.01",
    epochs: Annotated[
        int, typer.Option(help="Passes over the windows.", rich_help_panel=_TRAINING)
    ] = 1000,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Windows per update.", show_default="all of them", rich_help_panel=_TRAINING
        ),
    ] = None,
    l2: Annotated[
        float, typer.Option(help="Adds 1/2 l2 |W|^2 to the error.", rich_help_panel=_TRAINING)
    ] = 0.003,
    half_life: Annotated[
        float | None,
        typer.Option(
            metavar="STEPS",
            help="A window counts half after so many steps.",
            show_default="all count alike",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    loss: Annotated[
        str,
        typer.Option(
            help="e(y, T): half_squared_error, quantile:0.9, huber:0.5, ...",
            autocompletion=complete.losses,
            rich_help_panel=_TRAINING,
        ),
    ] = "half_squared_error",
    rule: Annotated[str, typer.Option(help=options.RULE_HELP, rich_help_panel=_TRAINING)] = "exact",
    seed: Annotated[
        int, typer.Option(help="Determines the first weights.", rich_help_panel=_TRAINING)
    ] = 0,
    test_from: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Where the test part begins; nothing from there on is learnt before it is judged.",
            show_default="the last fifth; for sunspots 1921, as in the literature",
            rich_help_panel=_JUDGEMENT,
        ),
    ] = None,
    backtest: Annotated[
        int,
        typer.Option(
            help="Go through the test part in so many blocks, fitting anew before each.",
            rich_help_panel=_JUDGEMENT,
        ),
    ] = 1,
    quantiles: Annotated[
        str, typer.Option(help="Which ones are forecast.", rich_help_panel=_JUDGEMENT)
    ] = ".1,.5,.9",
    intervals: Annotated[
        str,
        typer.Option(
            help="Quantiles from earlier errors of the same horizon (conformal), or from simulated "
            "futures (paths).",
            rich_help_panel=_JUDGEMENT,
        ),
    ] = "conformal",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder to make.",
            show_default="NAME-forecast here, NAME being the data's",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a folder of ours.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print errors only.", rich_help_panel=_OUTPUT)
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object instead.", rich_help_panel=_OUTPUT),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=_OUTPUT),
    ] = False,
) -> None:
    """Forecast a time series, and judge the network by what it would have said before.

    Values are cut into windows of lags, and several networks learn the next value from them. On
    the test part they stand beside persistence, drift, exponential smoothing, theta and a linear
    autoregression on the same lags; a network that loses to them says so. Of several series, the
    test part is the last --horizon values of each.
    """
    from deltarule.cli import parse
    from deltarule.cli.commands import forecast_report
    from deltarule.core.errors import UsageError
    from deltarule.data.read import name_of
    from deltarule.models import check_destination, claimed

    if auto and (lags is not None or network is not None):
        raise UsageError("--auto finds the lags and the network: leave --lags and --network out")
    folder = out if out is not None else Path(f"{name_of(data)}-forecast")
    form = options.text_format(
        separator, encoding, header, columns, decimal, thousands, date_format, na, comment
    )
    check_destination(folder, force=force)
    with claimed(folder):
        found = _forecasts(data, series, each, skip_short)(
            target=target,
            time=time,
            lags="auto" if auto else parse.lags("--lags", lags),
            horizon=horizon,
            network=network,
            test_from=test_from,
            known=known or (),
            past=past or (),
            missing=missing,
            form=form.to_dict(),
            progress=not (quiet or as_json) and sys.stderr.isatty(),
            activation=activation,
            networks=networks,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            l2=l2,
            half_life=half_life,
            loss=loss,
            rule=rule,
            transform=transform,
            difference=parse.wholes("--difference", difference) if difference else (),
            season=season,
            quantiles=parse.numbers("--quantiles", quantiles),
            intervals=intervals,
            backtest=backtest,
            seed=seed,
        )
        undrawn = found.save(folder, force=force)
    if as_json:
        for note in undrawn:
            typer.echo(note, err=True)
        typer.echo(json.dumps(forecast_report.as_json(found, str(folder)), allow_nan=False))
    elif not quiet:
        forecast_report.report(found, folder, undrawn)


def _forecasts(data: str, series: str | None, each: bool, skip_short: bool) -> Any:
    """Return the function that forecasts one series, or several."""
    from deltarule.core.errors import UsageError
    from deltarule.series import forecast, forecast_panel, is_panel

    if series is not None or is_panel(data):
        return partial(
            forecast_panel, data, series=series, together=not each, skip_short=skip_short
        )
    if each or skip_short:
        raise UsageError("--each and --skip-short are for several series: name their --series")
    return partial(forecast, data)
