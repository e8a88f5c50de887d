"""The gradient through time without going back in time: real-time recurrent learning, and e-prop.

    P_t = J_t P_{t-1} + (d state_t / d w, state_{t-1} held)        P_0 = 0
    dE/dw = sum over t of dE/dy_t P_t

With the step's Jacobian J_t = d state_t / d state_{t-1} this is the gradient. P then has a number
for every state and every weight, and each step multiplies it by J_t: S^2 |w| operations where
backpropagation through time takes |w|, and no memory of the steps before. With a part of J_t that
leaves every node by itself, P has as many numbers as there are weights, and what it gives is near
the gradient: eligibility traces.

Sources: Williams and Zipser (1989), A learning algorithm for continually running fully recurrent
neural networks, Neural Computation 1. Bellec et al. (2020), A solution to the learning dilemma for
recurrent networks of spiking neurons, Nature Communications 11, 3625. Menick et al. (2021), A
practical sparse approximation for real time recurrent learning, ICLR.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.errors import UsageError, unknown_name
from deltarule.core.machine import require_large
from deltarule.engine.problem import Problem
from deltarule.layers import EachStep, Last, Recurrent
from deltarule.layers.recurrent.local import Local, locals_of
from deltarule.losses import Loss
from deltarule.network import Network

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RealTime:
    """What real-time recurrent learning finds, or eligibility traces."""

    gradient: Array
    """dE/dw for every parameter, flat: what backpropagation through time finds, or near it."""
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
    return _forwards(layer, Problem.of(*given, dtype=np.float64), lambda here: here.state)


def eligibility_gradient(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    traces: str = "memory",
) -> RealTime:
    """Return what eligibility traces give in the place of the gradient, step by step forwards.

        P_t = D_t P_{t-1} + (d state_t / d w, state_{t-1} held)        d = sum over t of dE/dy_t P_t

    D_t is a part of the step's Jacobian that leaves every node by itself, so that a weight's trace
    P is at home in the node that it leads into. As dE/dy_t is that of step t alone, all is known at
    step t, as in a brain. Left out are the ways through other nodes' outputs at later steps.

    Args:
        net: as in `real_time_gradient`.
        theta, X, T, loss, reduction, sample_weight, l2: as in `deltarule.backprop`.
        traces: D_t: `"memory"`, e-prop: all that does not go through v_t = h_{t-1} U, f_t of an
            LSTM, z_t of a GRU, nothing of an Elman or a Jordan layer; `"node"`: a node's share in
            its own next state, through its own weight in U, too (SnAp-1).

    Returns:
        A `RealTime`; its `gradient` is d. With `"memory"` it is what `deltarule.backprop` gives
        under `rule="recurrent=none"`, which is how a network is trained by it.

    The traces are computed as P is in real-time recurrent learning, with the zeros in it.

    Raises what `real_time_gradient` raises, and `UsageError` for other traces.

    >>> import deltarule as dr
    >>> net = dr.Network((5, 1), [dr.LSTM(2), dr.Last(), dr.Dense(1)])
    >>> theta, x = net.init(0), [[[1.0], [0.0], [0.0], [2.0], [0.0]]]
    >>> found = dr.eligibility_gradient(net, theta, x, [[1.0]])
    >>> same = dr.backprop(net, theta, x, [[1.0]], rule="recurrent=none").gradient
    >>> bool(abs(found.gradient - same).max() < 1e-15)
    True
    """
    if traces not in _TRACES:
        raise unknown_name("kind of traces", traces, _TRACES)
    layer = _check(net)
    given = (net, theta, X, T, loss, reduction, "exact", sample_weight, l2)
    nodes = np.concatenate([np.arange(width) for width in layer.held])
    own = nodes[:, None] == nodes
    kept = {"memory": lambda here: here.memory, "node": lambda here: here.state * own}
    return _forwards(layer, Problem.of(*given, dtype=np.float64), kept[traces])


_TRACES = ("memory", "node")


def _forwards(layer: Recurrent, problem: Problem, carried: Callable[[Local], Array]) -> RealTime:
    """Return the sum over steps; `carried` is what of a step's Jacobian carries P on."""
    net, l2 = problem.objective.network, problem.objective.l2
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
            P = carried(here) @ P + _direct(here, inputs[i, t], saved.states[t][0][0], own)
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
