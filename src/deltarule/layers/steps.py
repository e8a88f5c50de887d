"""From a row of a table to a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from deltarule.core.arguments import boolean, whole
from deltarule.core.arrays.dual import value_of
from deltarule.core.errors import UsageError
from deltarule.core.sequences import Sequences
from deltarule.layers.layer import LAYERS, Parameters, Shape
from deltarule.layers.unweighted import Unweighted
from deltarule.rules import LayerRule


class Kept(NamedTuple):
    """What the way back needs."""

    below: Any


@LAYERS.register
@dataclass(frozen=True)
class Steps(Unweighted):
    """A row of numbers as time steps: (n, features * time) becomes (n, time, features).

    All steps of the first feature stand first, then those of the second, as windows of a series
    have them, or the columns of a table. It has no parameters.

    Args:
        features: how many numbers every step has.
        latest_first: whether the last step stands first, as lags do.
        lengths: whether each row ends in its number of steps; what stands behind them is not
            looked at.

    Raises `UsageError` where a row cannot be cut so.

    >>> Steps(2).outputs((10,)), Steps(2, lengths=True).outputs((11,))
    ((5, 2), (5, 2))
    """

    features: int = 1
    latest_first: bool = False
    lengths: bool = False

    name = "steps"
    equation = r"y_{l,t} = (y_{l-1,t}, y_{l-1,T+t}, \dots)"

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", whole("Steps: features", self.features, 1))
        for name in ("latest_first", "lengths"):
            object.__setattr__(self, name, boolean(f"Steps: {name}", getattr(self, name)))

    @property
    def ends(self) -> bool:  # type: ignore[override]
        """Whether there are lengths."""
        return self.lengths

    def outputs(self, inputs: Shape) -> Shape:
        """Return (time, features); raises `UsageError` for another number of inputs."""
        numbers = inputs[0] - self.lengths
        if len(inputs) != 1 or numbers < self.features or numbers % self.features:
            more = " and its length" if self.lengths else ""
            raise UsageError(
                f"a layer of the type steps takes rows of {self.features} numbers a step{more}, "
                f"not samples of the shape {inputs}"
            )
        return (numbers // self.features, self.features)

    def forward(self, p: Parameters, y: Any, xp: Any) -> tuple[Any, Kept]:
        """Return the steps; with lengths, as `Sequences`."""
        rows = y[:, : y.shape[1] - self.lengths]
        steps = rows.reshape(y.shape[0], self.features, -1).mT
        steps = steps[:, ::-1] if self.latest_first else steps
        if not self.lengths:
            return steps, Kept(y)
        count = np.real(np.asarray(value_of(y[:, -1]))).round()
        ends = np.clip(count, 1, steps.shape[1]).astype(np.intp)
        return Sequences.of(steps, ends), Kept(y)

    def backward(
        self, p: Parameters, dE_dy: Any, saved: Kept, rule: LayerRule, xp: Any
    ) -> tuple[Any, Parameters]:
        """Return dE/dy_l in rows; 0 for the lengths."""
        steps = dE_dy[:, ::-1] if self.latest_first else dE_dy
        rows = steps.mT.reshape(dE_dy.shape[0], -1)
        if self.lengths:
            rows = xp.concatenate([rows, xp.blank((dE_dy.shape[0], 1), rows)], axis=1)
        return rows, {}
