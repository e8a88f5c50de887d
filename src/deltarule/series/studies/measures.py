"""What a study of forecasts may measure, from what `point_measures` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["MEASURES"]

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
