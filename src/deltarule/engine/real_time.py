"""Real-time recurrent learning: the gradient through time without going back in time.

    P_t = d state_t / d w = J_t P_{t-1} + (d state_t / d w, state_{t-1} held)        P_0 = 0
    dE/dw = sum over t of dE/dy_t P_t

P has a number for every state and every weight, and each step multiplies it by J_t: S^2 |w|
operations where backpropagation through time takes |w|, and no memory of the steps before.

Source: Williams and Zipser (1989), A learning algorithm for continually running fully recurrent
neural networks, Neural Computation 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.errors import UsageError
from deltarule.core.memory import require_large
from deltarule.engine.problem import Problem
from deltarule.layers import EachStep, Last, Recurrent
from deltarule.layers.recurrent.local import Local, locals_of
from deltarule.losses import Loss
from deltarule.network import Network

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RealTime:
    """What real-time recurrent learning finds."""

    gradient: Array
    """dE/dw for every parameter, flat: what backpropagation through time finds."""
    running: Array
    """(T, size): the sum up to every step, known as soon as the step is done."""
    sensitivities: tuple[Array, ...]
    """P_t of every step for the first sample, (states, parameters of the recurrent layer)."""


def real_time_gradient(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
) -> RealTime:
    """Return the gradient of a network with one recurrent layer, step by step forwards.

    Args:
        net: a network whose first layer is recurrent, with `Last`, `EachStep` and layers over
            vectors above it: what they say of a step is known at that step.
        theta, X, T, loss, reduction, sample_weight, l2: as in `deltarule.backprop`.

    Raises `UsageError` for other networks, `ResourceError` where P does not fit into memory, and
    what `deltarule.backprop` raises.

    >>> import deltarule as dr
    >>> net = dr.Network((5, 1), [dr.Elman(2), dr.Last(), dr.Dense(1)])
    >>> theta, x = net.init(0), [[[1.0], [0.0], [0.0], [2.0], [0.0]]]
    >>> found = dr.real_time_gradient(net, theta, x, [[1.0]])
    >>> bool(abs(found.gradient - dr.backprop(net, theta, x, [[1.0]]).gradient).max() < 1e-15)
    True
    """
    layer = _check(net)
    given = (net, theta, X, T, loss, reduction, "exact", sample_weight, l2)
    problem = Problem.of(*given, dtype=np.float64)
    own = [e for e in net.layout.entries if e.layer == 1]
    states, count = sum(layer.held), own[-1].stop
    require_large(
        "real_time_gradient",
        8.0 * states * count * (net.shapes[0][0] + 2),
        f"{states} states by {count:,} parameters at every step",
        "Take backprop",
    )
    bp = problem.backprop()
    p, inputs = net.unpack(problem.theta)[0], np.asarray(problem.samples.X)
    running = np.zeros((net.shapes[0][0], net.size))
    first: list[Array] = []
    for i, errors in enumerate(np.asarray(bp.dE_dy[1])):
        steps, saved = locals_of(layer, p, inputs[i])
        P = np.zeros((states, count))
        for t, here in enumerate(steps):
            P = here.state @ P + _direct(here, inputs[i, t], saved.states[t][0][0], own)
            running[t:, :count] += errors[t] @ P[: layer.held[0]]
            if i == 0:
                first.append(P)
    penalised = np.where(net.layout.mask("penalised"), l2 * problem.theta, 0.0)
    running[:, :count] += penalised[:count]
    running[:, count:] = bp.gradient[count:]
    return RealTime(running[-1], running, tuple(first))


def _direct(here: Local, x: Array, h: Array, own: list[Any]) -> Array:
    """Return d state_t / d w with state_{t-1} held, (states, parameters), in theta's order."""
    states = len(here.state)
    parts = {
        "W": here.inward[:, :, None] * x,
        "U": here.recurrent[:, :, None] * h,
        "b": here.inward,
        **here.further,
    }
    return np.concatenate([parts[e.parameter.name].reshape(states, -1) for e in own], axis=1)


def _check(net: Network) -> Recurrent:
    """Return the recurrent layer of a network that has one, and in the first place."""
    layer, *above = net.layers
    online = [one for one in above if isinstance(one, EachStep | Last) or not one.causal]
    if not isinstance(layer, Recurrent) or len(online) < len(above):
        names = ", ".join(one.name for one in net.layers)
        raise UsageError(
            "real-time recurrent learning is for networks whose first layer is recurrent, and "
            f"alone in that: the layers above say of a step what is known then. It has {names}"
        )
    if layer.truncate is not None:
        raise UsageError("real-time recurrent learning goes back to no step: leave out truncate")
    return layer
