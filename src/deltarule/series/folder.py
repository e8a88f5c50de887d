"""The folder of a forecast: written, and read back to continue the series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.core.errors import DeltaruleError, FileError, UsageError, first_few, nearest
from deltarule.core.surroundings import surroundings
from deltarule.models.describe import SCHEMA
from deltarule.models.folder import HISTORY, RUN, WEIGHTS, history_file, write_folder
from deltarule.models.pictures.gallery import draw_all
from deltarule.models.read import FORECAST, damaged, read_description, read_tensors, settled
from deltarule.network import Network
from deltarule.series.calendar import Calendar
from deltarule.series.fitted import Fitted
from deltarule.series.forecaster import Forecaster
from deltarule.series.recipe import Recipe
from deltarule.series.recursion import Networks
from deltarule.series.series import Series
from deltarule.series.transforms import Transform

if TYPE_CHECKING:
    from deltarule.series.panel import Panel
    from deltarule.series.result import Forecast

_ALONE = ""
"""The name of a series that is no panel's."""


def save(
    forecast: Forecast, out: str | Path, *, force: bool = False, rescue: bool = False
) -> list[str]:
    """Write a forecast's folder and return notes on what could not be drawn.

    `model.safetensors` (networks and series), `run.json`, `history.csv`, `forecast.csv`,
    `backtest.csv` and `forecast.png`. It is written and replaced as a model's folder is.
    """
    tables = forecast.table, forecast.backtest
    judged = {"metrics": forecast.measures, "verdict": forecast.verdict}
    return _save({_ALONE: forecast}, tables, judged, forecast.plot, out, (force, rescue))


def save_panel(
    panel: Panel, out: str | Path, *, force: bool = False, rescue: bool = False
) -> list[str]:
    """Write a panel's folder, as `save` does a forecast's."""
    judged = {"metrics": panel.summary, "verdict": panel.verdict, "skipped": panel.skipped}
    tables = panel.table, panel.backtest
    return _save(panel.forecasts, tables, judged, panel.plot, out, (force, rescue))


def _save(
    forecasts: Mapping[str, Forecast],
    tables: tuple[Any, Any],
    judged: Mapping[str, Any],
    plot: Callable[[Path], None],
    out: str | Path,
    how: tuple[bool, bool],
) -> list[str]:
    first = next(iter(forecasts.values()))
    said = {
        "schema": SCHEMA,
        "kind": FORECAST,
        **surroundings("numpy"),
        "network": first.forecaster.networks.network.to_dict(),
        "recipe": first.recipe.to_dict(),
        **judged,
        "notes": list(first.notes),
        "series": {name: _about(forecast) for name, forecast in forecasts.items()},
    }
    files = {
        WEIGHTS: _weights(forecasts),
        HISTORY: history_file(first.forecaster.history),
        "forecast.csv": tables[0].write_csv().encode(),
        "backtest.csv": tables[1].write_csv().encode(),
    }

    draw = partial(draw_all, {"forecast.png": plot})
    return write_folder(out, files, said, draw, force=how[0], rescue=how[1])


def _about(forecast: Forecast) -> dict[str, Any]:
    """Return everything about one series but its arrays, ready for JSON."""
    series, model = forecast.series, forecast.forecaster
    return {
        "name": series.name,
        "source": series.source,
        "time": series.time,
        "resample": series.resample,
        "missing": series.missing,
        "panel": list(series.panel) if series.panel else None,
        "calendar": series.calendar.to_dict(),
        "known": list(series.known),
        "past": list(series.past),
        "static": dict(series.static),
        "transform": model.transform.to_dict(),
        "covariates": {name: list(pair) for name, pair in model.covariates.items()},
        "test_from": series.calendar.label(forecast.segments.cut),
    }


def _weights(forecasts: Mapping[str, Forecast]) -> bytes:
    """Return theta once where all series have the same networks, with every series' arrays."""
    from safetensors.numpy import save as to_bytes

    arrays: dict[str, Any] = {}
    shared = next(iter(forecasts.values())).forecaster.networks.thetas
    for i, forecast in enumerate(forecasts.values()):
        series, model = forecast.series, forecast.forecaster
        own = "" if model.networks.thetas is shared else f"{i}."
        arrays[f"{own}thetas"] = model.networks.thetas
        arrays |= {f"{own}band {k}": band.thetas for k, band in enumerate(model.bands)}
        arrays |= {f"{i}.values": series.values, f"{i}.errors": forecast.errors}
        arrays[f"{i}.season"] = model.transform.components.season
        arrays |= {f"{i}.known.{name}": v for name, v in series.known.items()}
        arrays |= {f"{i}.past.{name}": v for name, v in series.past.items()}
    return bytes(to_bytes({name: np.ascontiguousarray(a) for name, a in arrays.items()}))


def load_forecast(folder: str | Path, series: str | None = None) -> Fitted:
    """Return what `deltarule forecast` or `Forecast.save` wrote, ready to go on.

    `series` names one of a panel's.

    Raises `FileError` naming the file and what is wrong with it, `UsageError` for a series that is
    not there or not named.
    """
    return settled(Path(folder), lambda place: _load(place, series))


def _load(place: Path, series: str | None) -> Fitted:
    plain = read_description(place)
    if plain.get("kind") != FORECAST:
        raise FileError(
            f"{place}: this is the folder of a model, not of a forecast. `dr.load` takes it; "
            "`deltarule forecast` makes one of a forecast."
        )
    tensors = read_tensors(place, plain)
    try:
        names = list(plain["series"])
        name = _chosen(place, names, series)
        return _fitted(plain, tensors, names.index(name), plain["series"][name])
    except _NotChosenError as error:
        raise UsageError(str(error)) from None
    except (DeltaruleError, LookupError, TypeError, ValueError, AttributeError) as error:
        said = str(error).rstrip(".")
        raise damaged(place / RUN, f"it does not describe a forecast ({said})") from error


class _NotChosenError(Exception):
    """The folder is sound, but does not hold what was asked for."""


def _chosen(place: Path, names: list[str], series: str | None) -> str:
    if series is None and len(names) == 1:
        return names[0]
    if series is None:
        raise _NotChosenError(
            f"{place}: which of its {len(names)} series? Name it with `--series`: "
            f"{first_few(names, 5)}"
        )
    if names == [_ALONE]:
        raise _NotChosenError(f"{place}: it holds one series; leave `--series` out")
    if series not in names:
        raise _NotChosenError(
            f"{place}: there is no series {series!r}{nearest(series, names) or '.'} Its "
            f"{len(names)} series: {first_few(names, 5)}"
        )
    return series


def _fitted(
    plain: Mapping[str, Any], tensors: Mapping[str, Any], i: int, about: Mapping[str, Any]
) -> Fitted:
    recipe = Recipe.from_dict(plain["recipe"])
    series = Series(
        name=about["name"],
        values=tensors[f"{i}.values"],
        calendar=Calendar(**about["calendar"]),
        source=about["source"],
        known={name: tensors[f"{i}.known.{name}"] for name in about["known"]},
        past={name: tensors[f"{i}.past.{name}"] for name in about["past"]},
        static=about.get("static", {}),
        time=about["time"],
        resample=about.get("resample"),
        missing=about.get("missing", "error"),
        panel=tuple(about["panel"]) if about.get("panel") else None,
    )
    network = Network.from_dict(plain["network"])
    own = f"{i}." if f"{i}.thetas" in tensors else ""
    shape: tuple[int, ...] = (recipe.networks, network.size)
    shape = (recipe.horizon, *shape) if recipe.strategy == "direct" else shape

    counts = len(series.past), len(series.known), len(series.static)

    def networks(name: str) -> Networks:
        thetas = tensors[f"{own}{name}"]
        if thetas.shape != shape or not np.isfinite(thetas).all():
            raise ValueError(f"the weights have the shape {thetas.shape}, or are not finite")
        return Networks(network, thetas, recipe.lags, *counts)

    levels = len(recipe.quantiles) if recipe.intervals == "pinball" else 0
    bands = tuple(networks(f"band {k}") for k in range(levels))
    scales = {name: (float(a), float(b)) for name, (a, b) in about["covariates"].items()}
    transform = Transform.from_dict(about["transform"], tensors[f"{i}.season"])
    model = Forecaster(recipe, networks("thetas"), transform, scales, len(series), {}, bands)
    return Fitted(series, model, tensors[f"{i}.errors"], plain)
