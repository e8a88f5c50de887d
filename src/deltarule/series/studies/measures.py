"""What a study of forecasts may measure, from what `point_measures` gives; figures of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Measure = Callable[[Mapping[str, float]], float]

MEASURES: dict[str, Measure] = {
    "mae": lambda m: m["mae"],
    "rmse": lambda m: m["rmse"],
    "mse": lambda m: m["rmse"] ** 2,
    "mase": lambda m: m["mase"],
    "smape": lambda m: m["smape"],
    "arv": lambda m: m["arv"],
    "nrmse": lambda m: m["arv"] ** 0.5,
}
"""By name: NRMSE is the root of the ARV, RMSE over the deviation of the series."""


def figures(value: Any) -> list[float]:
    """Return what others have printed: a number, several, or nothing."""
    return value if isinstance(value, list) else [] if value is None else [value]
