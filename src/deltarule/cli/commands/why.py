"""`deltarule why`: one forecast taken apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli.guard import guarded
from deltarule.cli.screen import Screen, cell

if TYPE_CHECKING:
    from deltarule.series import WhyForecast


@guarded
def why(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a forecast.")],
    at: Annotated[
        str, typer.Option(metavar="TIME", help="The time whose forecast is taken apart.")
    ],
    steps: Annotated[
        int | None,
        typer.Option(
            help="How many steps before it the forecast is made.",
            show_default="1; after the series' end, as many as it takes",
        ),
    ] = None,
    series: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which of a panel's series.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="The picture to draw, a PNG.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Say why a forecast came out: what each value before it did, through every step.

    A share is slope times the value's distance from its mean; shares, the mean and the rest add up
    to the forecast. The difference is exact: the forecast, less the one with this value at its
    mean.
    """
    from deltarule.series import load_forecast, why_forecast

    found = why_forecast(load_forecast(folder, series), at, steps)
    if plot is not None:
        found.plot(plot, force=force)
    if as_json:
        typer.echo(json.dumps(_as_json(found), allow_nan=False))
    else:
        _report(found, plot)


def _report(found: WhyForecast, plot: Path | None) -> None:
    screen = Screen()
    screen.say("forecast", str(found))
    if found.actual is not None:
        seen = "; the networks were trained on it" if found.seen else ""
        screen.say("", f"the value was {found.actual:.6g}{seen}")
    screen.line()
    rows = [
        [s.name, s.time, *(cell(v) for v in (s.value, s.slope, s.share, s.difference))]
        for s in found.shares
    ]
    screen.table(["input", "time", "value", "slope", "share", "difference"], rows)
    screen.line()
    total = sum(s.share for s in found.shares)
    screen.say(
        "sum",
        f"mean {found.mean:.6g} + shares {total:.6g} + rest {found.rest:.6g} = "
        f"{found.transformed:.6g}" + _unit(found),
    )
    if plot is not None:
        screen.say("picture", str(plot))


def _unit(found: WhyForecast) -> str:
    from deltarule.series.transforms import PLAIN

    if found.how == PLAIN:
        return ""
    return f", in units of the transformed series ({found.how}); differences are in its own"


def _as_json(found: WhyForecast) -> dict[str, Any]:
    plain = {k: v for k, v in vars(found).items() if k not in ("shares", "table")}
    return {**plain, "shares": [vars(s) for s in found.shares]}
