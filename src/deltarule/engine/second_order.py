"""`dr.hessian_vector`, `dr.gauss_newton_vector`, `dr.hessian`, `dr.jacobian`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.arguments import array
from deltarule.core.errors import UsageError
from deltarule.core.machine import require_large
from deltarule.engine.curvature import gauss_newton_product, hessian_product, output_jacobians
from deltarule.engine.objective import Objective
from deltarule.engine.problem import Problem
from deltarule.losses import Loss
from deltarule.network import Network


def hessian_vector(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    v: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
) -> NDArray[Any]:
    """Return H v, exactly: the derivative of the gradient in the direction v.

        H v = d/de dE/dtheta(theta + e v) at e = 0

    by backpropagation over dual numbers (Pearlmutter's R{.}), for about twice the cost of a
    gradient; H itself is never made.

    Args:
        net, theta, X, T, loss, reduction, sample_weight, l2: the objective, as in `dr.backprop`.
        v: a direction (net.size,).

    Returns:
        H v (net.size,). At a kink of an activation or a loss it is the second derivative of the
        branch that `dr.backprop` takes there.

    Raises `UsageError` for what does not fit together, and for functions of the user's own that
    are not written over `xp` (dual numbers do not go through NumPy's).

    Source: Pearlmutter (1994), Fast exact multiplication by the Hessian, Neural Computation 6.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(1)])  # E = 1/2 (T - w x - b)^2
    >>> dr.hessian_vector(net, net.pack([([[0.5]], [0.0])]), [[3.0]], [[1.0]], [1.0, 0.0])
    array([9., 3.])
    """
    problem = Problem.of(net, theta, X, T, loss, reduction, "exact", sample_weight, l2)
    return _carried(hessian_product, problem, _direction(problem, v))


def gauss_newton_vector(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    v: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
) -> NDArray[Any]:
    """Return G v, G = J^T (d2E/dz2) J being the part of H without the outputs' own curvature.

    z is the output; or the last net where loss and activation are a fused pair (sigmoid with
    binary_cross_entropy, softmax with cross_entropy). Where e is convex in z, G has no negative
    eigenvalue. Arguments as in `dr.hessian_vector`.

    Source: Schraudolph (2002), Fast curvature matrix-vector products, Neural Computation 14.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(1)])  # linear: G is H
    >>> dr.gauss_newton_vector(net, net.pack([([[0.5]], [0.0])]), [[3.0]], [[1.0]], [1.0, 0.0])
    array([9., 3.])
    """
    problem = Problem.of(net, theta, X, T, loss, reduction, "exact", sample_weight, l2)
    return _carried(gauss_newton_product, problem, _direction(problem, v))


def hessian(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
) -> NDArray[Any]:
    """Return H (net.size, net.size): d2E / dw_i dw_j, a product with every unit vector.

    For small networks: `net.size` times the cost of `dr.hessian_vector`, whose arguments it takes.
    Raises `ResourceError` where the matrix does not fit into memory.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(1)])
    >>> dr.hessian(net, net.pack([([[0.5]], [0.0])]), [[3.0]], [[1.0]])
    array([[9., 3.],
           [3., 1.]])
    """
    problem = Problem.of(net, theta, X, T, loss, reduction, "exact", sample_weight, l2)
    n = net.size
    require_large("hessian", n * n * 8.0, f"a matrix of {n:,} x {n:,}", "Take hessian_vector")
    H = np.empty((n, n), problem.theta.dtype)
    e = np.zeros(n, problem.theta.dtype)
    for i in range(n):
        e[i] = 1.0
        H[:, i] = _carried(hessian_product, problem, e)
        e[i] = 0.0
    return H


def jacobian(net: Network, theta: ArrayLike, X: ArrayLike) -> NDArray[Any]:
    """Return dy/dtheta (n, n_L, net.size): every output of every sample by every parameter.

    Backpropagation from each output in turn, of every sample by itself.

    Args:
        net, theta, X: the network, its parameters and inputs, as in `dr.backprop`.

    Raises `UsageError` for shapes that do not fit, `ResourceError` for what does not fit into
    memory.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(1)])
    >>> dr.jacobian(net, net.pack([([[0.5]], [0.0])]), [[3.0], [4.0]])[:, 0]
    array([[3., 1.],
           [4., 1.]])
    """
    objective = Objective.of(net, "half_squared_error", "sum", "exact", 0.0)
    theta = net.check_theta(theta)
    inputs = net.check_inputs(X, theta.dtype)
    n, outputs = len(inputs), int(np.prod(net.shapes[-1]))
    needed = float(n) * outputs * net.size * theta.itemsize
    require_large("jacobian", needed, f"{n:,} x {outputs:,} x {net.size:,}", "Give fewer rows")
    found = np.empty((n, outputs, net.size), theta.dtype)
    room = np.empty((net.size, n), theta.dtype)
    with np.errstate(all="ignore"):
        for k, J in enumerate(output_jacobians(objective, theta, inputs, None, room)[1]):
            found[:, k] = J.T
    return found


def _direction(problem: Problem, v: ArrayLike) -> NDArray[Any]:
    found, size = array("v", v, problem.theta.dtype), problem.theta.size
    if found.shape != (size,):
        raise UsageError(
            f"v has the shape {found.shape}; a direction has an entry for each of the network's "
            f"{size} parameters: ({size},)"
        )
    return found


def _carried(product: Any, problem: Problem, v: NDArray[Any]) -> NDArray[Any]:
    try:
        with np.errstate(all="ignore"):
            found: NDArray[Any] = product(problem.objective, problem.theta, problem.samples, v)
    except (TypeError, AttributeError) as error:
        raise UsageError(
            "a second derivative needs layers, activations and losses written with the functions "
            f"of `xp`, through which dual numbers go: {error}"
        ) from error
    return found
