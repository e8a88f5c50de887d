"""What a minimiser is: an optimiser of the whole vector, which steps and ends by itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np

from deltarule.core.arrays import Array
from deltarule.optim.optimiser import Method

Proceed = Callable[[Array, float, tuple[Array, ...]], bool]

ENDS = {
    "gradient": "every |dE/dw| is below `tol`: a minimum, or another point where E is level",
    "no_descent": "no step along the direction lowers E any more: the digits are used up, or E is "
    "not smooth here",
}
"""Why a minimiser ends by itself."""


class ErrorFunction(Protocol):
    """E over all samples as a function of theta. Parameters that stay have derivative 0."""

    unit: float
    """What E multiplies a squared error with: E = 1/2 unit sum_i s_i |T_i - y_i|^2 + penalty,
    where it is a sum of squares."""

    def error(self, theta: Array) -> float:
        """Return E."""

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """Return E and dE/dtheta."""

    def hessian_vector(self, theta: Array, v: Array) -> Array:
        """Return H v."""

    def gauss_newton_vector(self, theta: Array, v: Array) -> Array:
        """Return G v."""

    def normal_equations(self, theta: Array) -> tuple[float, Array, Array]:
        """Return E, dE/dtheta and G (size, size): for a sum of squares, J^T J."""

    def residuals(self, theta: Array) -> tuple[float, Array, Any]:
        """Return E = 1/2 |r|^2, r, and its Jacobian as a linear operator."""


class Minimiser(Method):
    """An optimiser of the whole vector: full batches, steps of its own length, an end of its own.

    It is given E as a function (`ErrorFunction`) where an `Optimiser` is given one gradient. An
    epoch is one of its iterations.
    """

    full_batch = True
    squares: ClassVar[bool] = False
    """Whether E has to be a sum of squares."""
    resumable: ClassVar[bool] = True
    """Whether theta and its slots are all that it goes on from."""
    ends: ClassVar[Mapping[str, str]] = ENDS

    @abstractmethod
    def minimise(
        self, of: ErrorFunction, theta: Array, slots: tuple[Array, ...], proceed: Proceed
    ) -> str:
        """Go down from theta; return a key of `ends`, or "" where `proceed` has ended it.

        After every iteration `proceed(theta, E, slots)` is told the new theta, E BEFORE the
        iteration, and the state to go on from; it says whether to go on.
        """

    def start(self, theta: Array) -> tuple[Array, ...]:
        """Return the state before the first iteration."""
        return tuple(np.zeros(0, theta.dtype) for _ in self.slots)
