"""What runs a method of SciPy's on our gradient, one epoch per iteration."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from deltarule.core.arrays import Array
from deltarule.optim.whole_vector.minimiser import ErrorFunction, Minimiser, Proceed

ENDLESS = 2**31 - 1


class SciPyMinimiser(Minimiser):
    """A method of `scipy.optimize.minimize`.

    Its memory is SciPy's own: a training that is continued begins with the gradient again.
    """

    resumable = False
    method: ClassVar[str]
    tol: float

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Return what SciPy is told."""

    def minimise(
        self, of: ErrorFunction, theta: Array, slots: tuple[Array, ...], proceed: Proceed
    ) -> str:
        """Go down until the gradient is small, E falls no further, or `proceed` says no."""
        from scipy.optimize import minimize

        before, _ = of.gradient(theta)
        ended = False

        def both(x: Array) -> tuple[float, Array]:
            E, g = of.gradient(x.astype(theta.dtype))
            return E, g.astype(np.float64)

        def after(intermediate_result: Any) -> None:
            nonlocal before, ended
            ended = not proceed(intermediate_result.x.astype(theta.dtype), before, ())
            before = float(intermediate_result.fun)
            if ended:
                raise StopIteration

        found = minimize(
            both,
            theta.astype(np.float64),
            jac=True,
            method=self.method,
            callback=after,
            options=self.options(),
        )
        if ended:
            return ""
        small = np.max(np.abs(found.jac), initial=0.0) <= self.tol
        return "gradient" if small else "no_descent"
