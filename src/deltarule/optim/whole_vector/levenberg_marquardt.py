"""Levenberg-Marquardt: between Gauss-Newton and a short step along the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError, unknown_name
from deltarule.optim.optimiser import OPTIMISERS
from deltarule.optim.whole_vector.minimiser import ENDS, ErrorFunction, Minimiser, Proceed

_METHODS = ("cholesky", "lsmr")


@OPTIMISERS.register
@dataclass(frozen=True)
class LevenbergMarquardt(Minimiser):
    """Levenberg-Marquardt, for a sum of squares E = 1/2 sum r_i^2.

        (J^T J + mu I) d = -J^T r,        J = dr/dtheta, a row per sample and output

    theta moves by d where that lowers E, and mu is multiplied by `down`; else mu is multiplied by
    `up` and d found again. A large mu makes d a short step along the gradient. mu counts in units
    of the sum of squares, whatever E divides it by (`reduction`).

    Args:
        mu: the damping to begin with.
        down, up: what it is multiplied by after a step that lowers E, and after one that does not.
        limit: where mu reaches it, there is no step that lowers E: an end without convergence,
            unless the gradient is small.
        tol: an end where every entry of J^T r is below this.
        method: `"cholesky"` solves the equations as they stand, in (size, size) numbers; `"lsmr"`
            solves the damped least-squares problem from products with J alone, for a large theta.

    Source: Levenberg (1944); Marquardt (1963); Hagan and Menhaj (1994), Training feedforward
    networks with the Marquardt algorithm, IEEE Transactions on Neural Networks 5, whose defaults
    these are.
    """

    mu: float = 0.001
    down: float = 0.1
    up: float = 10.0
    limit: float = 1e10
    tol: float = 1e-7
    method: str = "cholesky"

    name = "levenberg_marquardt"
    squares = True
    slots = ("mu",)
    ends: ClassVar[Mapping[str, str]] = {
        **ENDS,
        "mu": "mu has reached its limit: no step lowers E any more, however short; this is no "
        "convergence (a plateau, or the digits are used up)",
    }
    equation = r"\theta \leftarrow \theta - (J^T J + \mu I)^{-1} J^T r"
    reference = "Levenberg (1944); Marquardt (1963); Hagan and Menhaj (1994)"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.method not in _METHODS:
            raise unknown_name(f"method of {self.name}", self.method, _METHODS)
        if not 0.0 < self.mu <= self.limit:
            raise UsageError(f"{self.name}: mu is above 0 and at most limit, not {self.mu:g}")
        self._require("down", self.down > 0.0, "above 0")

    def minimise(
        self, of: ErrorFunction, theta: Array, slots: tuple[Array, ...], proceed: Proceed
    ) -> str:
        """Go down until J^T r is small, mu reaches its limit, or `proceed` says no."""
        mu = float(slots[0][0]) if slots[0].size else self.mu
        steps = _Damped if self.method == "cholesky" else _LeastSquares
        while True:
            here = steps(of, theta)
            if np.max(np.abs(here.g), initial=0.0) <= self.tol * of.unit:
                return "gradient"
            while True:
                new = (theta + here.step(mu * of.unit)).astype(theta.dtype)
                if of.error(new) < here.E:
                    break
                mu *= self.up
                if mu > self.limit:
                    return "mu"
            mu = max(self.down * mu, np.finfo(float).tiny)
            theta = new
            if not proceed(theta, here.E, (np.array([mu]),)):
                return ""


class _Damped:
    """The normal equations at a theta, solved by Cholesky's factors."""

    def __init__(self, of: ErrorFunction, theta: Array) -> None:
        self.E, self.g, self._G = of.normal_equations(theta)
        self._factor = np.empty_like(self._G)

    def step(self, damping: float) -> Array:
        """Return d; NaN where the matrix has no factors, which more damping mends."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        np.copyto(self._factor, self._G)
        self._factor.flat[:: len(self.g) + 1] += damping
        try:  # the matrix is symmetric: its transposed lies as LAPACK wants it
            factor = cho_factor(self._factor.T, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return np.full_like(self.g, math.nan)
        found: Array = cho_solve(factor, -self.g, check_finite=False)
        return found


class _LeastSquares:
    """min |J d + r|^2 + damping |d|^2 at a theta, from products with J."""

    def __init__(self, of: ErrorFunction, theta: Array) -> None:
        self.E, self._r, self._J = of.residuals(theta)
        self.g = self._J.rmatvec(self._r)

    def step(self, damping: float) -> Array:
        """Return d."""
        from scipy.sparse.linalg import lsmr

        found: Array = lsmr(self._J, -self._r, damp=math.sqrt(damping), atol=1e-10, btol=1e-10)[0]
        return found
