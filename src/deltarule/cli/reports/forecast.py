"""What `deltarule forecast` says of what it found."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.cli.screen import Screen, cell

if TYPE_CHECKING:
    from deltarule.series import Forecast, Panel
    from deltarule.series.recipe import Recipe


def report(found: Forecast | Panel, folder: Path, undrawn: list[str]) -> None:
    """Print what was understood, the measures, the verdict and the steps to come."""
    from deltarule.series import Panel

    screen = Screen()
    last = _panel(screen, found) if isinstance(found, Panel) else _alone(screen, found)
    screen.line()
    screen.folder(folder)
    screen.say("", undrawn)
    screen.say("next", shlex.join(["deltarule", "why", str(folder), *last]))


def _alone(screen: Screen, found: Forecast) -> list[str]:
    """Report one series; return what asks why of its last step."""
    series, cal = found.series, found.series.calendar
    n = len(series)
    screen.say("data", f"{series.source}: {n:,} values, {cal.label(0)} to {cal.label(n - 1)}")
    screen.say("", list(found.notes))
    screen.say("network", network_words(found.recipe))
    for period in found.periods:
        screen.line()
        screen.table(*measure_rows(found.measures, period.name))
    screen.line()
    screen.say("verdict", found.verdict)
    screen.line()
    screen.table(found.table.columns, [[cell(v) for v in row] for row in found.table.rows()])
    return ["--at", found.times[-1]]


def _panel(screen: Screen, found: Panel) -> list[str]:
    """Report several series; return what asks why of the first one's last step."""
    name, first = next(iter(found.forecasts.items()))
    values = sum(len(f.series) for f in found.forecasts.values())
    screen.say("data", f"{len(found):,} series, {values:,} values")
    if found.skipped:
        why = next(iter(found.skipped.values()))
        screen.say("", f"{len(found.skipped):,} series left out as too short: {why}")
    of = "the same for all series" if found.together else "of its own for every series"
    screen.say("network", f"{network_words(first.recipe)}; {of}")
    screen.line()
    screen.table(*summary_rows(found.summary))
    screen.line()
    screen.say("verdict", found.verdict)
    return ["--series", name, "--at", first.times[-1]]


def network_words(recipe: Recipe) -> str:
    """Return what the networks are like."""
    lags = ", ".join(map(str, recipe.lags))
    return f"{recipe.said}, {recipe.networks} of them averaged; lags {lags}"


_HEADS = {"smape": "sMAPE", "pinball": "pinball", "coverage": "coverage", "width": "width"}


def measure_rows(measures: Any, period: str) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of measures in a period; the network first."""
    return _rows(period, {method: parts[period] for method, parts in measures.items()})


def summary_rows(summary: Any) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table of a panel's mean measures."""
    return _rows("means", summary)


def _rows(corner: str, measures: Any) -> tuple[list[str], list[list[str]]]:
    names = list(measures["network"])
    head = [corner, *(_HEADS.get(name, name.upper()) for name in names)]
    return head, [
        [method.replace("_", " "), *(cell(values.get(name)) for name in names)]
        for method, values in measures.items()
    ]


def as_json(found: Forecast | Panel, out: str) -> dict[str, Any]:
    """Return what `--json` prints; what is not defined is null."""
    from deltarule.series import Panel

    first = next(iter(found.forecasts.values())) if isinstance(found, Panel) else found
    recipe = first.recipe
    said = {
        "lags": list(recipe.lags),
        "horizon": recipe.horizon,
        "network": recipe.said,
        "networks": recipe.networks,
        "forecast": found.table.to_dicts(),
        "out": out,
    }
    if isinstance(found, Panel):
        judged = {"measures": found.summary, "verdict": found.verdict, "skipped": found.skipped}
        return {"series": list(found.forecasts), **said, **judged}
    return {
        "series": found.series.name,
        "source": found.series.source,
        "rows": len(found.series),
        "test_from": found.series.calendar.label(found.segments.cut),
        "arv": found.arv,
        "measures": found.measures,
        "verdict": found.verdict,
        "notes": list(found.notes),
        **said,
    }
