"""Nonlinear conjugate gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS
from deltarule.optim.whole_vector.scipy_minimiser import ENDLESS, SciPyMinimiser


@OPTIMISERS.register
@dataclass(frozen=True)
class ConjugateGradient(SciPyMinimiser):
    """Nonlinear conjugate gradients, in the form of Polak and Ribiere.

    p_k = -g_k + beta p_{k-1}, beta = max(0, g_k . (g_k - g_{k-1}) / |g_{k-1}|^2); the length of
    the step is searched for along p. SciPy's `CG`.
    """

    tol: float = 1e-8
    """It ends where every |dE/dw| is below this."""

    name = "conjugate_gradient"
    method = "CG"
    equation = r"\theta \leftarrow \theta + \alpha p_k,\quad p_k = -g_k + \beta_k p_{k-1}"
    reference = "Fletcher and Reeves (1964); Polak and Ribiere (1969)"

    def options(self) -> dict[str, Any]:
        """Return what SciPy is told."""
        return {"gtol": self.tol, "maxiter": ENDLESS}
