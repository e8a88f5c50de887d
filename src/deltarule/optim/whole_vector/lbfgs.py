"""L-BFGS: the curvature from the last few changes of the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.optim.optimiser import OPTIMISERS
from deltarule.optim.whole_vector.scipy_minimiser import ENDLESS, SciPyMinimiser


@OPTIMISERS.register
@dataclass(frozen=True)
class LBFGS(SciPyMinimiser):
    """L-BFGS: a quasi-Newton step from the last `memory` changes of theta and of its gradient.

    s_k = theta_{k+1} - theta_k and q_k = g_{k+1} - g_k make B, an estimate of the inverse of the
    Hessian; the step along -B g has a length that lowers E enough and flattens its slope enough
    (strong Wolfe conditions). SciPy's `L-BFGS-B`.
    """

    memory: int = 10
    """How many pairs are kept."""
    tol: float = 1e-8
    """It ends where every |dE/dw| is below this."""

    name = "lbfgs"
    method = "L-BFGS-B"
    equation = r"\theta \leftarrow \theta - \alpha B_k g,\quad B_k q_j = s_j"
    reference = "Nocedal (1980), Updating quasi-Newton matrices with limited storage; "
    reference += "Liu and Nocedal (1989), Mathematical Programming 45"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("memory", self.memory >= 1, "at least 1")

    def options(self) -> dict[str, Any]:
        """Return what SciPy is told."""
        bounds = {"maxiter": ENDLESS, "maxfun": ENDLESS}
        return {"gtol": self.tol, "ftol": 0.0, "maxcor": self.memory, **bounds}
