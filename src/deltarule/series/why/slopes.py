"""dy/dx of networks, by backpropagation: deltas of an error whose dE/dy is 1 for one output.

e = 1/2 (T - y)^2 with T = y - 1   =>   dE/dy = y - T = 1,   dE/dx = dy/dx
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deltarule.core.namespace import NUMPY
from deltarule.engine import backprop
from deltarule.network import Network
from deltarule.rules import DeltaRule
from deltarule.series.recursion import Networks

Array = NDArray[np.float64]


def slopes(networks: Networks, x: Array) -> Array:
    """Return dy_k/dx_i of the mean output at one input x (inputs,), as (K, inputs).

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(1)])
    >>> slopes(Networks(net, np.array([[3.0, 4.0, 5.0]]), (1, 2)), np.zeros(2))
    array([[3., 4.]])
    """
    found = [[_slopes(networks.network, theta, x) for theta in g] for g in networks.groups]
    return np.concatenate(np.mean(found, axis=1))


def _slopes(net: Network, theta: Array, x: Array) -> Array:
    K = net.sizes[-1]
    X = np.repeat(x[None], K, axis=0)  # one row per output that is asked about
    T = net(theta, X) - np.eye(K)
    found = backprop(net, theta, X, T, loss="half_squared_error", reduction="sum")
    first, rule = net.layers[0], DeltaRule().at(1, len(net.layers))
    p = net.unpack(theta)[0]
    dE_dx, _ = first.backward(p, found.dE_dy[1], found.saved[1], rule, NUMPY)
    return np.asarray(dE_dx, np.float64)
