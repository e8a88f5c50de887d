"""From windows to forecasts: networks run forward, and their outputs fed back for longer horizons.

    z^_{t+h} = mean over the networks of net(z_{t+h-l_1}, ..., z_{t+h-l_p}, covariates)

where every z of a time from t on is itself a forecast. A network with K outputs says K steps at a
time: with K = H nothing is fed back. So it is with networks of their own for each of K steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.network import Network
from deltarule.series.windows import before, pairs, select

Array = NDArray[np.float64]
Covariates = tuple[Array, Array, Array]
"""Past, known and static ones, a row each."""
Noise = Callable[[int, tuple[int, int]], Array]
"""Returns what is added to the forecasts of a step, (step, (rows, K))."""


@dataclass(frozen=True, eq=False)
class Networks:
    """Networks of one shape whose outputs are averaged.

    Inputs are the lags of z, latest first, then the lags of every past covariate, then every known
    covariate at the K times that are forecast, then the static ones.
    """

    network: Network
    thetas: NDArray[Any]
    """(m, size); (K, m, size) where every step has networks of its own, with one output each."""
    lags: tuple[int, ...]
    past: int = 0
    known: int = 0
    static: int = 0

    @property
    def outputs(self) -> int:
        """K: steps that are forecast at once."""
        return len(self.thetas) if self.thetas.ndim == 3 else self.network.sizes[-1]

    @property
    def groups(self) -> NDArray[Any]:
        """The networks that say the same steps, (1 or K, m, size)."""
        return self.thetas if self.thetas.ndim == 3 else self.thetas[None]

    def __call__(self, X: Array) -> Array:
        """Return the mean output, (n, K), for inputs (n, inputs)."""
        X = np.ascontiguousarray(X)
        means = [sum(self.network(theta, X) for theta in g) / len(g) for g in self.groups]
        return np.asarray(np.concatenate(means, axis=1), np.float64)

    def forecasts(
        self,
        z: Array,
        origins: NDArray[np.intp],
        horizon: int,
        covariates: Covariates,
        noise: Noise | None = None,
    ) -> Array:
        """Return forecasts of z[origin], ..., z[origin + horizon - 1], (origins, horizon).

        Nothing at an origin or after it is looked at, but known covariates. `covariates` are the
        past ones (past, n), the known ones (known, n + horizon) and the static ones (static, 1).
        """
        span, K = max(self.lags), self.outputs
        values = np.empty((len(origins), span + -(-horizon // K) * K))
        values[:, :span] = before(z, origins, span)
        for h in range(0, horizon, K):
            X = self.inputs(values[:, h : span + h], origins + h, covariates)
            out = self(X)
            if noise is not None:
                out = out + noise(h, out.shape)
            values[:, span + h : span + h + K] = out
        return values[:, span : span + horizon]

    def inputs(self, windows: Array, times: NDArray[np.intp], covariates: Covariates) -> Array:
        """Return the inputs (n, inputs) for windows (n, span) that end before `times`."""
        past, known, static = covariates
        span, K = max(self.lags), self.outputs
        blocks = [select(windows, self.lags)]
        blocks += [select(before(column, times, span), self.lags) for column in past]
        for column in known:
            wide = np.concatenate([column, np.full(K, column[-1])])  # steps that are cut off
            blocks.append(before(wide, np.minimum(times + K, len(wide)), K))
        blocks += [np.full((len(windows), 1), value) for (value,) in static]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)

    def samples(
        self, z: Array, start: int, end: int, covariates: Covariates
    ) -> tuple[Array, Array]:
        """Return every input and target of the times from `start` to before `end`."""
        X, T = pairs(z[start:end], self.lags, self.outputs)
        if not (self.past or self.known or self.static):
            return X, T
        span = max(self.lags)
        times = np.arange(start + span, end - self.outputs + 1)
        return self.inputs(before(z, times, span), times, covariates), T
