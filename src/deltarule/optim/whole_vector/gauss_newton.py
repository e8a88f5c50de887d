"""Gauss-Newton, truncated: the step is found from products with the matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deltarule.core.arrays import Array
from deltarule.optim.optimiser import OPTIMISERS
from deltarule.optim.whole_vector.minimiser import ErrorFunction, Minimiser, Proceed

_SUFFICIENT = 1e-4
"""The part of the slope's promise that a step has to keep (Armijo)."""
_HALVINGS = 40


@OPTIMISERS.register
@dataclass(frozen=True)
class GaussNewton(Minimiser):
    """Gauss-Newton: theta moves by alpha d, where G d = -g and G = J^T (d2E/dz2) J.

    For any loss: z is the output, or net where the loss and its activation are a fused pair. G d
    = -g is solved by conjugate gradients, as far as min(1/2, sqrt |g|) |g|; no matrix is made.
    alpha is 1, halved until E falls by 1e-4 of what the slope promises.

    Source: Gauss (1809); Dembo and Steihaug (1983) for the inexact solution; Schraudolph (2002)
    for G.
    """

    tol: float = 1e-8
    """It ends where every |dE/dw| is below this."""

    name = "gauss_newton"
    equation = r"\theta \leftarrow \theta - \alpha\, G^{-1} g"
    reference = "Gauss (1809); Dembo and Steihaug (1983); Schraudolph (2002)"

    def minimise(
        self, of: ErrorFunction, theta: Array, slots: tuple[Array, ...], proceed: Proceed
    ) -> str:
        """Go down until the gradient is small, no step lowers E, or `proceed` says no."""
        while True:
            E, g = of.gradient(theta)
            if np.max(np.abs(g), initial=0.0) <= self.tol:
                return "gradient"
            d = self._direction(of, theta, g)
            slope = float(g @ d)
            alpha = 1.0
            for _ in range(_HALVINGS):
                new = (theta + alpha * d).astype(theta.dtype)
                if of.error(new) < E + _SUFFICIENT * alpha * slope:
                    break
                alpha *= 0.5
            else:
                return "no_descent"
            theta = new
            if not proceed(theta, E, ()):
                return ""

    def _direction(self, of: ErrorFunction, theta: Array, g: Array) -> Array:
        from scipy.sparse.linalg import LinearOperator, cg

        n, length = len(theta), float(np.linalg.norm(g))
        G = LinearOperator((n, n), lambda v: of.gauss_newton_vector(theta, v), dtype=theta.dtype)
        d: Array = cg(G, -g, rtol=min(0.5, math.sqrt(length)), maxiter=n)[0]
        return d if float(g @ d) < 0.0 else -g
