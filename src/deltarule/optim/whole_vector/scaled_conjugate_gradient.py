"""Scaled conjugate gradients: the length of a step from the curvature along it, no search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deltarule.core.arrays import Array
from deltarule.optim.optimiser import OPTIMISERS
from deltarule.optim.whole_vector.minimiser import ErrorFunction, Minimiser, Proceed

_HUGE = 1e20


@OPTIMISERS.register
@dataclass(frozen=True)
class ScaledConjugateGradient(Minimiser):
    """Scaled conjugate gradients (SCG).

        delta = p . H p + lam |p|^2,        theta <- theta + alpha p,  alpha = p . r / delta

    with r = -g. lam grows where E is not what the parabola promised, and makes delta positive
    where the curvature is not. H p is exact here (R{.} backpropagation), where the paper takes a
    difference of two gradients. An iteration that lowers nothing is an epoch, too.
    """

    lam: float = 1e-6
    """lambda, to begin with."""
    tol: float = 1e-8
    """It ends where every |dE/dw| is below this."""

    name = "scaled_conjugate_gradient"
    slots = ("p", "r", "scale")
    equation = r"\theta \leftarrow \theta + \frac{p^T r}{p^T H p + \lambda |p|^2}\, p,\quad r = -g"
    reference = "Moller (1993), A scaled conjugate gradient algorithm for fast supervised "
    reference += "learning, Neural Networks 6"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("lam", self.lam > 0.0, "above 0")

    def minimise(
        self, of: ErrorFunction, theta: Array, slots: tuple[Array, ...], proceed: Proceed
    ) -> str:
        """Go down until the gradient is small, lambda is huge, or `proceed` says no."""
        p, r, scale = slots
        E, g = of.gradient(theta)
        if not scale.size:
            p, r, scale = -g, -g, np.array([self.lam, 0.0])
        lam, k = (float(number) for number in scale)
        curvature: float | None = None
        while True:
            if np.max(np.abs(r), initial=0.0) <= self.tol:
                return "gradient"
            if lam > _HUGE:
                return "no_descent"
            length = float(p @ p)
            if curvature is None:
                curvature = float(p @ of.hessian_vector(theta, p))
            delta = curvature + lam * length
            if delta <= 0.0:  # make it positive
                delta, lam = lam * length - delta, 2.0 * (lam - delta / length)
            promised = float(p @ r)
            new = (theta + promised / delta * p).astype(theta.dtype)
            E_new = of.error(new)
            kept = 2.0 * delta * (E - E_new) / promised**2  # E's fall over the parabola's
            before, k = E, k + 1.0
            if kept >= 0.0:
                theta, (E, g) = new, of.gradient(new)
                restart = k % len(theta) == 0
                beta = 0.0 if restart else float(g @ g + g @ r) / promised  # |r'|^2 - r' . r
                r, curvature = -g, None
                p = r + beta * p
                lam = lam / 4.0 if kept >= 0.75 else lam
            if not kept >= 0.25:
                lam += delta * (1.0 - kept) / length if np.isfinite(kept) else 9.0 * lam
            if not proceed(theta, before, (p, r, np.array([lam, k]))):
                return ""
