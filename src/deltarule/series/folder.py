"""The folder of a forecast: written, and read back to continue the series."""

from __future__ import annotations

import csv
import io
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import deltarule
from deltarule.core.errors import DeltaruleError, FileError
from deltarule.models.describe import SCHEMA
from deltarule.models.folder import HISTORY, RUN, WEIGHTS, history_file, write_folder
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
    from deltarule.series.result import Forecast

__all__ = ["load_forecast", "save"]


def save(
    forecast: Forecast, out: str | Path, *, force: bool = False, rescue: bool = False
) -> list[str]:
    """Write a forecast's folder and return notes on what could not be drawn.

    `model.safetensors` (networks and series), `run.json`, `history.csv`, `forecast.csv`,
    `backtest.csv` and `forecast.png`. It is written and replaced as a model's folder is.
    """
    files = {
        WEIGHTS: _weights(forecast),
        HISTORY: history_file(forecast.forecaster.history),
        "forecast.csv": _csv(forecast.table.to_dicts()),
        "backtest.csv": _csv(forecast.backtest.to_dicts()),
    }

    def draw(folder: Path) -> list[str]:
        forecast.plot(folder / "forecast.png")
        return []

    return write_folder(out, files, description(forecast), draw, force=force, rescue=rescue)


def description(forecast: Forecast) -> dict[str, Any]:
    """Return everything about a forecast but its arrays, ready for JSON."""
    series, model = forecast.series, forecast.forecaster
    return {
        "schema": SCHEMA,
        "kind": FORECAST,
        "versions": {
            "deltarule": deltarule.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "network": model.networks.network.to_dict(),
        "recipe": forecast.recipe.to_dict(),
        "transform": model.transform.to_dict(),
        "covariates": {name: list(pair) for name, pair in model.covariates.items()},
        "series": {
            "name": series.name,
            "source": series.source,
            "time": series.time,
            "calendar": series.calendar.to_dict(),
            "known": list(series.known),
            "past": list(series.past),
        },
        "test_from": series.calendar.label(forecast.segments.cut),
        "metrics": forecast.measures,
        "verdict": forecast.verdict,
        "notes": list(forecast.notes),
    }


def _weights(forecast: Forecast) -> bytes:
    from safetensors.numpy import save as to_bytes

    series = forecast.series
    arrays = {"thetas": forecast.forecaster.networks.thetas, "values": series.values}
    arrays |= {f"known.{name}": v for name, v in series.known.items()}
    arrays |= {f"past.{name}": v for name, v in series.past.items()}
    arrays["errors"] = forecast.errors
    return bytes(to_bytes({name: np.ascontiguousarray(a) for name, a in arrays.items()}))


def _csv(rows: list[dict[str, Any]]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def load_forecast(folder: str | Path) -> Fitted:
    """Return what `deltarule forecast` or `Forecast.save` wrote, ready to go on.

    Raises `FileError` naming the file and what is wrong with it.
    """
    return settled(Path(folder), _load)


def _load(place: Path) -> Fitted:
    plain = read_description(place)
    if plain.get("kind") != FORECAST:
        raise FileError(
            f"{place}: this is the folder of a model, not of a forecast. `dr.load` takes it; "
            "`deltarule forecast` makes one of a forecast."
        )
    tensors = read_tensors(place, plain)
    try:
        return _fitted(plain, tensors)
    except (DeltaruleError, LookupError, TypeError, ValueError, AttributeError) as error:
        said = str(error).rstrip(".")
        raise damaged(place / RUN, f"it does not describe a forecast ({said})") from error


def _fitted(plain: dict[str, Any], tensors: dict[str, Any]) -> Fitted:
    about, recipe = plain["series"], Recipe.from_dict(plain["recipe"])
    series = Series(
        name=about["name"],
        values=tensors["values"],
        calendar=Calendar(**about["calendar"]),
        source=about["source"],
        known={name: tensors[f"known.{name}"] for name in about["known"]},
        past={name: tensors[f"past.{name}"] for name in about["past"]},
        time=about["time"],
    )
    network = Network.from_dict(plain["network"])
    thetas = tensors["thetas"]
    if thetas.shape != (recipe.networks, network.size) or not np.isfinite(thetas).all():
        raise ValueError(f"the weights have the shape {thetas.shape}, or are not finite")
    networks = Networks(network, thetas, recipe.lags, len(series.past), len(series.known))
    scales = {name: (float(a), float(b)) for name, (a, b) in plain["covariates"].items()}
    transform = Transform.from_dict(plain["transform"])
    model = Forecaster(recipe, networks, transform, scales, len(series), {})
    return Fitted(series, model, tensors["errors"], plain)
