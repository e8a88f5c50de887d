"""A folder that the lab is started with: a study, live while it runs, or a forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from deltarule.core.errors import UsageError
from deltarule.web.values import rounded

_PAST = 200
"""Values of a series that are drawn before its forecast."""
_CURVES = 12
"""Cells of a study whose learning curves are drawn."""
_TOLD = ("n", "diverged", "solved_share", "epochs_mean", "error_mean", "accuracy_mean")
"""Columns of a study's summary, each with its interval where it has one."""


class View(Protocol):
    """What is shown of a folder: `kind` says how, `shown` what."""

    @property
    def kind(self) -> str:
        """study or series."""

    def shown(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return it; `message` says what of it."""


def view_of(path: Path) -> View:
    """Return the view of a folder by what is in it. Raises `UsageError` for another one."""
    if (path / "study.json").is_file():
        return StudyView(path)
    if (path / "forecast.csv").is_file():
        return SeriesView(path)
    raise UsageError(
        f"{path}: the lab shows the folder of a model (`deltarule train --out`), of a study "
        "(`deltarule study run --out`) or of a forecast (`deltarule forecast --out`), a file with "
        "a table, or a bundled name"
    )


@dataclass(frozen=True)
class StudyView:
    """A study's table and learning curves, from what is finished of it."""

    path: Path
    kind: str = "study"

    def shown(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the summary of every cell, and the median of E over the epochs."""
        from deltarule.studies import Results
        from deltarule.studies.measure import checkpoints

        results = Results.load(self.path)
        plain = results.definition.plain
        found: dict[str, Any] = {
            "kind": self.kind,
            "title": plain.get("title") or self.path.name,
            "size": results.definition.size(),
            "done": 0 if results.table is None else len(results.table),
            "head": [],
            "rows": [],
            "says": [],
            "curves": [],
        }
        if not found["done"]:
            return found
        results = results.told
        summary = results.summary()
        factors = list(results.definition.factors)
        told = [name for name in _TOLD if name in summary.columns]
        found["head"] = [*factors, *told]
        for row in summary.iter_rows(named=True):
            found["rows"].append([*(row[f] for f in factors), *(_cell(row, n) for n in told)])
        found["says"] = results.answers()
        for key, cell in list(results.cells.items())[:_CURVES]:
            curves = np.array(cell["curve"].to_list(), np.float64)
            ranked = np.where(np.isfinite(curves), curves, np.inf)
            middle = np.quantile(ranked, 0.5, axis=0, method="nearest")
            epochs = checkpoints(results.definition.epochs[key])[: curves.shape[1]]
            curve = {"name": ", ".join(key), "x": epochs.tolist(), "E": rounded(middle, 5)}
            found["curves"].append(curve)
        return found


def _cell(row: Mapping[str, Any], name: str) -> str:
    if row[name] is None:
        return ""
    text = f"{row[name]:.4g}"
    if row.get(f"{name}_low") is None:
        return text
    return f"{text} [{row[f'{name}_low']:.3g}, {row[f'{name}_high']:.3g}]"


class SeriesView:
    """A forecast: the series and what comes next; each step's inputs, and a gradient's terms."""

    kind = "series"

    def __init__(self, path: Path) -> None:
        from deltarule.series import load_forecast

        self.fitted = load_forecast(path)

    def shown(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the forecast; with `at`, a time, what each input did to the forecast for it."""
        if "at" in message:
            return self._why(str(message["at"])[:80])
        series, table = self.fitted.series, self.fitted.table
        first = max(0, len(series) - _PAST)
        return {
            "kind": self.kind,
            "title": f"{series.name}, {series.calendar.label(0)} to "
            f"{series.calendar.label(len(series) - 1)}: {self.fitted.forecaster.recipe.said}",
            "times": [series.calendar.label(i) for i in range(first, len(series))],
            "values": rounded(series.values[first:]),
            "head": table.columns,
            "rows": [[row[0], *rounded(row[1:], 6)] for row in table.iter_rows()],
            "steps": self._steps(),
        }

    def _why(self, at: str) -> dict[str, Any]:
        from deltarule.series.why.shares import why_forecast

        why = why_forecast(self.fitted, at)
        shares = [
            [s.name, s.time, *rounded([s.value, s.slope, s.share, s.difference], 5)]
            for s in why.shares
        ]
        return {"kind": "why", "says": str(why), "rows": shares}

    def _steps(self) -> dict[str, Any] | None:
        """Return the terms, step by step, of a recurrent weight's gradient at the last window."""
        from deltarule.explanation import explain
        from deltarule.layers.recurrent import Recurrent

        model = self.fitted.forecaster
        net = model.networks.network
        recurrent = [l for l, one in enumerate(net.layers, 1) if isinstance(one, Recurrent)]
        if not recurrent:
            return None
        _, z, covariates = model.scaled(self.fitted.series)
        X, T = model.networks.samples(z, 0, len(z), covariates)
        theta = np.atleast_2d(model.networks.thetas)[0]
        weight = (recurrent[0], 1, 1)
        found = explain(net, theta, X[-1:], T[-1:], weight=weight, reduction="sum")
        if found.reach is None:
            return None
        steps = [[s.step, *rounded([s.value, s.arriving, s.to_end], 5)] for s in found.reach.steps]
        return {"name": found.reach.name, "rows": steps, "says": found.reach.says}
