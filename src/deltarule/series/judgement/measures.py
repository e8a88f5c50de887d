"""How good forecasts are: errors of points, of quantiles and of intervals.

MAE = mean |y - f|             RMSE = sqrt(mean (y - f)^2)
MASE = MAE / mean |y_t - y_{t-m}| over the training part (Hyndman and Koehler 2006)
sMAPE = mean 200 |y - f| / (|y| + |f|), in percent (M4's)
ARV = mean (y - f)^2 / variance of the series (Weigend et al. 1990)
pinball = mean of the quantile loss over quantiles; coverage and width of the outer interval
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deltarule.losses import Quantile

Array = NDArray[np.float64]


def mase_scale(y: Array, season: int) -> float:
    """Return the mean |y_t - y_{t-m}|; NaN where there is none or nothing changes.

    >>> mase_scale(np.array([1.0, 3.0, 2.0]), 1)
    1.5
    """
    if len(y) <= season:
        return float("nan")
    scale = float(np.mean(np.abs(y[season:] - y[:-season])))
    return scale if scale > 0 else float("nan")


def point_measures(y: Array, f: Array, scale: float, variance: float) -> dict[str, float]:
    """Return mae, rmse, mase, smape and arv of forecasts f of y, of any equal shape.

    >>> found = point_measures(np.array([1.0, 3.0]), np.array([2.0, 2.0]), 2.0, 4.0)
    >>> {name: round(value, 4) for name, value in found.items()}
    {'mae': 1.0, 'rmse': 1.0, 'mase': 0.5, 'smape': 53.3333, 'arv': 0.25}
    """
    error = np.abs(y - f)
    size = np.abs(y) + np.abs(f)
    relative = np.divide(error, size, out=np.zeros_like(error), where=size > 0)
    mae, mse = float(error.mean()), float(np.mean(np.square(error)))
    return {
        "mae": mae,
        "rmse": mse**0.5,
        "mase": mae / scale,
        "smape": float(200 * relative.mean()),
        "arv": mse / variance if variance > 0 else float("nan"),
    }


def pinball(y: Array, quantiles: Array, levels: Sequence[float]) -> float:
    """Return the mean quantile loss of `quantiles` (..., levels) for y (...)."""
    losses = [np.mean(Quantile(tau)(quantiles[..., i], y)) for i, tau in enumerate(levels)]
    return float(np.mean(losses))


def covered(y: Array, low: Array, high: Array) -> tuple[float, float]:
    """Return the share of y inside [low, high], and the mean width."""
    return float(np.mean((low <= y) & (y <= high))), float(np.mean(high - low))
