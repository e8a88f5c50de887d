"""What `deltarule forecast` says of what it found."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.cli.screen import Screen

if TYPE_CHECKING:
    from deltarule.series import Forecast

__all__ = ["as_json", "measure_rows", "report"]


def report(found: Forecast, folder: Path, undrawn: list[str]) -> None:
    """Print what was understood, the measures, the verdict and the steps to come."""
    screen, series, cal = Screen(), found.series, found.series.calendar
    n, recipe = len(series), found.recipe
    screen.say("data", f"{series.source}: {n:,} values, {cal.label(0)} to {cal.label(n - 1)}")
    screen.say("", list(found.notes))
    lags = ", ".join(map(str, recipe.lags))
    screen.say("network", f"{recipe.network}, {recipe.networks} of them averaged; lags {lags}")
    for period in found.periods:
        screen.line()
        head, rows = measure_rows(found.measures, period.name)
        screen.table(head, rows)
    screen.line()
    screen.say("verdict", found.verdict)
    screen.line()
    head = list(found.table.columns)
    screen.table(head, [[_cell(v) for v in row] for row in found.table.rows()])
    screen.line()
    screen.say("folder", f"{folder}: {', '.join(sorted(p.name for p in folder.iterdir()))}")
    screen.say("", undrawn)
    time = found.times[-1]
    screen.say("next", shlex.join(["deltarule", "why", str(folder), "--at", time]))


_HEADS = {"smape": "sMAPE"}


def measure_rows(measures: Any, period: str) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of measures in a period; the network first."""
    names = list(measures["network"][period])
    head = [period, *(_HEADS.get(n, n if len(n) > 4 else n.upper()) for n in names)]
    rows = [
        [method.replace("_", " "), *(_cell(parts[period].get(name)) for name in names)]
        for method, parts in measures.items()
    ]
    return head, rows


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "-" if value is None else format(value, ".4g")


def as_json(found: Forecast, out: str) -> dict[str, Any]:
    """Return what `--json` prints; what is not defined is null."""
    series, recipe = found.series, found.recipe
    return {
        "series": series.name,
        "source": series.source,
        "rows": len(series),
        "lags": list(recipe.lags),
        "horizon": recipe.horizon,
        "network": recipe.network,
        "networks": recipe.networks,
        "test_from": series.calendar.label(found.segments.cut),
        "arv": found.arv,
        "measures": found.measures,
        "verdict": found.verdict,
        "forecast": found.table.to_dicts(),
        "notes": list(found.notes),
        "out": out,
    }
