"""E over all samples as a function of theta, as an optimiser of the whole vector asks for it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.machine import require_large
from deltarule.engine.curvature import (
    adjoint_product,
    gauss_newton_product,
    hessian_product,
    output_jacobians,
    output_tangents,
)
from deltarule.engine.epoch import error_over
from deltarule.engine.objective import Objective
from deltarule.engine.reference import backprop
from deltarule.engine.samples import Samples

_NUMBERS = 1 << 22
"""The most numbers of a block of the Jacobian: 32 MB."""


class WholeBatch:
    """E of an objective over all its samples; derivatives of parameters that stay are 0."""

    def __init__(self, objective: Objective, samples: Samples) -> None:
        self.objective, self.samples = objective, samples
        layout = objective.network.layout
        self._stays = np.flatnonzero(~layout.mask("trained"))
        self._moves = layout.mask("trained").astype(samples.X.dtype)
        self._penalised = layout.mask("penalised")
        divided = samples.total if objective.reduction == "mean" else 1.0
        square = objective.loss.square or math.nan
        self._arrays: tuple[Array, Array] | None = None
        self.unit = square / divided if divided > 0.0 else square

    def error_over(self, theta: Array, samples: Samples) -> float:
        """Return E over any samples."""
        return error_over(self.objective, theta, samples)

    def error(self, theta: Array) -> float:
        """Return E."""
        with np.errstate(all="ignore"):
            return error_over(self.objective, theta, self.samples)

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """Return E and dE/dtheta."""
        s = self.samples
        with np.errstate(all="ignore"):
            found = backprop(self.objective, theta, s.X, s.T, s.weight)
        return float(found.error), found.gradient * self._moves

    def hessian_vector(self, theta: Array, v: Array) -> Array:
        """Return H v."""
        with np.errstate(all="ignore"):
            found = hessian_product(self.objective, theta, self.samples, v * self._moves)
        return np.asarray(found * self._moves)

    def gauss_newton_vector(self, theta: Array, v: Array) -> Array:
        """Return G v."""
        with np.errstate(all="ignore"):
            found = gauss_newton_product(self.objective, theta, self.samples, v * self._moves)
        return np.asarray(found * self._moves)

    def normal_equations(self, theta: Array) -> tuple[float, Array, Array]:
        """Return E, dE/dtheta and J^T J, which the next call writes over.

        Raises `ResourceError` where the matrix does not fit into memory.
        """
        s, n, l2 = self.samples, len(theta), self.objective.l2
        require_large(
            f"a matrix of {n:,} x {n:,}",
            3.0 * n * n * 8,  # as it is, damped, factored
            "J^T J and its factors",
            "Take method='lsmr', another optimizer",
        )
        rows = min(len(s), max(1, _NUMBERS // n))
        if self._arrays is None:  # once: fresh memory costs as much as what is written to it
            self._arrays = np.empty((n, rows), theta.dtype), np.empty((2, n, n))
        room, (G, more) = self._arrays
        G[...], g, E = 0.0, np.zeros(n), 0.0
        with np.errstate(all="ignore"):
            for start in range(0, len(s), rows):
                block = s.take(slice(start, start + rows))
                root = None if block.weight is None else _roots(block)
                y, jacobians = output_jacobians(
                    self.objective, theta, block.X, root, room[:, : len(block)]
                )
                r = (y - block.T).reshape(len(block), -1)
                r = r if root is None else r * root
                for k, J in enumerate(jacobians):
                    J[self._stays] = 0.0
                    G += np.matmul(J, J.T, out=more)
                    g += J @ r[:, k]
                E += float(np.vdot(r, r))
        w = np.where(self._penalised, theta, 0.0)
        G *= self.unit
        G.flat[:: n + 1] += l2 * self._penalised
        g = self.unit * g + l2 * w * self._moves
        return 0.5 * (self.unit * E + l2 * float(w @ w)), g, G

    def residuals(self, theta: Array) -> tuple[float, Array, Any]:
        """Return E = 1/2 |r|^2, r (n n_L + size,), and J = dr/dtheta as a linear operator."""
        from scipy.sparse.linalg import LinearOperator

        s, n = self.samples, len(theta)
        y = self.objective.network.forward(theta, s.X)[1][-1]
        root = math.sqrt(self.unit) * _roots(s).reshape(y.shape)
        decay = math.sqrt(self.objective.l2) * self._penalised

        def along(v: Array) -> Array:
            J_v = output_tangents(self.objective, theta, s.X, v.reshape(n) * self._moves)
            return np.concatenate([(root * J_v).ravel(), decay * v.reshape(n)])

        def back(u: Array) -> Array:
            upper = root * u[: y.size].reshape(y.shape)
            found = adjoint_product(self.objective, theta, s.X, upper)
            return np.asarray((found + decay * u.reshape(-1)[y.size :]) * self._moves)

        r = np.concatenate([(root * (y - s.T)).ravel(), decay * theta])
        J = LinearOperator((len(r), n), matvec=along, rmatvec=back, dtype=np.float64)
        return 0.5 * float(r @ r), r, J


def _roots(samples: Samples) -> Array:
    """Return the root of each output's weight, (n, outputs of a sample)."""
    shape = samples.T.shape
    weight = np.ones(len(samples)) if samples.weight is None else samples.weight
    spread = weight.reshape(*weight.shape, *[1] * (len(shape) - weight.ndim))
    return np.asarray(np.sqrt(np.broadcast_to(spread, shape)).reshape(len(samples), -1))
