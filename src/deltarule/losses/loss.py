"""What a loss is: e and de/dy written once, over any array namespace."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.namespace import NUMPY
from deltarule.core.registry import Record, Registry

Body = tuple[Callable[..., Any], Callable[..., Any]]


class Loss(Record):
    """An elementwise loss: E = sum over samples, sum over outputs of e(y, T).

    `body(xp)` returns the pair `(e, de)`: `e(y, T)` and `de(y, T)` = de/dy, written with the
    functions of a `Namespace` alone, so that they keep the dtype and let a complex step through.

    Calling a loss applies e with NumPy; `derivative` applies de/dy.
    """

    equation: ClassVar[str]
    """e as a LaTeX formula in `y` and `T`."""
    derivative_equation: ClassVar[str]
    """de/dy as a LaTeX formula."""
    reference: ClassVar[str]
    """Where it comes from."""
    probes: ClassVar[tuple[tuple[float, float], ...]]
    """Pairs (y, T), at least one on every branch."""
    output_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """Where y may lie (closed interval): an output activation with another range is refused."""
    target_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """Where T may lie (closed interval)."""
    distribution: ClassVar[bool] = False
    """Whether a row of y has to be a distribution (softmax)."""

    square: ClassVar[float | None] = None
    """a, where e = a/2 (T - y)^2: what a method for sums of squares needs."""

    @abstractmethod
    def body(self, xp: Any) -> Body:
        """Return `(e, de)` over the namespace `xp`."""

    def __call__(self, y: ArrayLike, T: ArrayLike) -> NDArray[Any]:
        """Return e(y, T), elementwise."""
        return self._apply(0, y, T)

    def derivative(self, y: ArrayLike, T: ArrayLike) -> NDArray[Any]:
        """Return de/dy at (y, T), elementwise."""
        return self._apply(1, y, T)

    def _apply(self, which: int, y: ArrayLike, T: ArrayLike) -> NDArray[Any]:
        y = np.asarray(y) if np.asarray(y).dtype.kind in "fc" else np.asarray(y, dtype=float)
        with np.errstate(divide="ignore", over="ignore"):
            found = self.body(NUMPY)[which](y, np.asarray(T, dtype=y.dtype))
        return np.asarray(found)


LOSSES: Registry[Loss] = Registry("loss", Loss)
"""Every loss by name."""
