"""Second derivatives of E, and the Jacobian of the outputs, by backpropagation.

    H v = d/de grad E(theta + e v)                 R{.}: the two passes over dual numbers
    G v = J^T (d2E/dz2) (J v)                      J = dz/dtheta: forward along v, then back
    J   dy_ik/dtheta                               back from output k, every row by itself

z is y_L, or net_L where a fused pair is in force (then d2E/dz2 is positive where the loss
matches its activation; Schraudolph 2002). Both products hold the penalties' part: l2 v of l2.

Source: Pearlmutter (1994), Neural Computation 6; Schraudolph (2002), Neural Computation 14.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.arrays.dual import DUAL, Dual, tangent, value_of
from deltarule.engine.objective import Objective
from deltarule.engine.reference import backprop, carry_back, output_slopes
from deltarule.engine.samples import Samples
from deltarule.layers import Affine


def hessian_product(objective: Objective, theta: Array, samples: Samples, v: Array) -> Array:
    """Return H v, (size,): the exact derivative of the gradient along v."""
    found = backprop(objective, Dual(theta, v), samples.X, samples.T, samples.weight, xp=DUAL)
    return np.asarray(tangent(found.gradient))


def gauss_newton_product(objective: Objective, theta: Array, samples: Samples, v: Array) -> Array:
    """Return G v, (size,), with G the (generalised) Gauss-Newton matrix."""
    net = objective.network
    along, ys = net.passed(Dual(theta, v), samples.X, DUAL)
    slopes = output_slopes(objective, ys[-1], samples.T, samples.weight, DUAL)
    dE_dy, delta = (None if slope is None else tangent(slope) for slope in slopes)
    saved = [None if kept is None else _plain(kept) for kept in along]
    y = [value_of(part) for part in ys]
    back = carry_back(_unpenalised(objective), theta, (saved, y), dE_dy, delta)
    found = net.layout.flat(back.gradients[1:], np)
    if not objective.penalties:
        return np.asarray(found)
    bent = tangent(objective.penalised(0.0, Dual(theta, v), DUAL))
    return np.asarray(found + np.where(net.layout.mask("penalised"), bent, 0.0))


def _unpenalised(objective: Objective) -> Objective:
    return replace(objective, l2=0.0, penalty=None)


def output_tangents(objective: Objective, theta: Array, X: Array, v: Array) -> Array:
    """Return J v, (n, n_L): the derivative of y_L along v."""
    _, y = objective.network.passed(Dual(theta, v), X, DUAL)
    return np.asarray(tangent(y[-1]))


def adjoint_product(objective: Objective, theta: Array, X: Array, u: Array) -> Array:
    """Return J^T u, (size,), for u (n, n_L): back from u in the place of dE/dy_L."""
    net = objective.network
    back = carry_back(_unpenalised(objective), theta, net.passed(theta, X), u)
    return np.asarray(net.layout.flat(back.gradients[1:], np))


def output_jacobians(
    objective: Objective, theta: Array, X: Array, scale: Array | None, out: Array
) -> tuple[Array, Iterator[Array]]:
    """Return y_L, and dy_ik/dtheta (size, n) for every output k in turn, times `scale` (n, K).

    All are written to the array `out`, each over the one before it.
    """
    passed = objective.network.passed(theta, X)
    y = passed[1][-1]

    def jacobians() -> Iterator[Array]:
        for k in range(int(np.prod(y.shape[1:]))):
            seed = np.zeros_like(y)
            seed.reshape(len(X), -1)[:, k] = 1.0 if scale is None else scale[:, k]
            _fill(out, _unpenalised(objective), theta, X, passed, seed)
            yield out

    return y, jacobians()


def _fill(
    J: Array, objective: Objective, theta: Array, X: Array, passed: tuple[Any, Any], seed: Array
) -> None:
    """Write each row's own gradient to J (size, n), where `seed` is dE/dy_L."""
    net, (_, y) = objective.network, passed
    if not all(isinstance(layer, Affine) for layer in net.layers):
        for i in range(len(seed)):
            one = net.passed(theta, X[i : i + 1])
            back = carry_back(objective, theta, one, seed[i : i + 1])
            J[:, i] = net.layout.flat(back.gradients[1:], np)
        return
    deltas = carry_back(objective, theta, passed, seed).deltas
    out: list[dict[str, Array]] = [{} for _ in net.layers]
    for e in net.layout.entries:
        rows = J[e.start : e.stop].reshape(*e.parameter.shape, len(seed))
        out[e.layer - 1][e.parameter.name] = rows
    for l, (layer, p) in enumerate(zip(net.affine, net.unpack(theta), strict=True)):
        layer.row_gradients(p, deltas[l + 1], y[l], out[l])


def _plain(saved: Any) -> Any:
    """Return what a layer saved, tuples of tuples of arrays, without the derivatives."""
    if isinstance(saved, tuple):
        parts = map(_plain, saved)
        return type(saved)(*parts) if hasattr(saved, "_fields") else tuple(parts)
    return value_of(saved)
