"""A model over sequences, one step after the other, in the units of its data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.arguments import array
from deltarule.core.errors import DataError, UsageError
from deltarule.data.preparation.scale import Scaler
from deltarule.layers import Steps
from deltarule.network import Network
from deltarule.network_stream import Stream


class ModelStream:
    """A model that keeps its state: `stream(x)` is what it predicts after one more step.

    x are the features of a step as the data have them, (features,), or (samples, features) for
    several sequences side by side; predictions are as `Model.predict` gives them, one for each.
    `Model.stream` makes one.
    """

    network: Stream
    """The network behind it: its `states`, to be kept or put back, its `steps`."""

    def __init__(
        self,
        net: Network,
        theta: NDArray[Any],
        scaler: Scaler,
        decide: Callable[[NDArray[Any]], NDArray[Any]],
        samples: int = 1,
    ) -> None:
        first = net.layers[0]
        if not isinstance(first, Steps):
            raise UsageError(
                "stream: the model takes the rows of a table, which have no steps; one over "
                "sequences is trained with --network gru:8,dense:1 on an NPZ file"
            )
        if first.latest_first:
            raise UsageError("stream: the steps are lags, the latest first; a model has none such")
        self._features, self._dtype, self._decide = first.features, theta.dtype, decide
        steps = net.shapes[1][0]
        at = slice(0, steps * first.features, steps)  # all steps of a feature are scaled alike
        self._offset, self._scale = scaler.offset[at], scaler.scale[at]
        self._constant = scaler.constant[at]
        self.network = net.stream(theta, samples)

    def outputs(self, x: ArrayLike) -> NDArray[Any]:
        """Return the network's outputs after one more step, (samples, n_L).

        Raises `DataError` for numbers that are not finite, `UsageError` for another shape.
        """
        raw = array("stream: a step", x, np.float64)
        if not np.isfinite(raw).all():
            raise DataError(
                f"stream: step {self.network.steps + 1} has a number that is not finite"
            )
        if raw.shape[-1:] != (self._features,):
            self.network(raw)  # which says what is needed
        scaled = np.where(self._constant, 0.0, (raw - self._offset) / self._scale)
        y = self.network(scaled.astype(self._dtype))
        return y.reshape(self.network.samples, -1)

    def __call__(self, x: ArrayLike) -> Any:
        """Return the prediction after one more step; (samples, ..) where there are several."""
        said = self._decide(self.outputs(x))
        return said[0] if np.ndim(x) == 1 else said
