"""Outputs of which a row has the same bits whatever rows stand beside it.

A product of matrices adds up in another order for another number of rows, and for another place
among them (OpenBLAS's sgemm takes six columns in one order and the next six in another), so a
prediction would depend on what else is predicted. Here every row is a product of its own, W times a
vector, of the same shape for all. That takes about three times as long as one product for all rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.network import Network

_NUMBERS = 1 << 20
"""Outputs of the widest layer that exist at a time."""


def outputs_of(net: Network, theta: NDArray[Any], X: Any) -> NDArray[Any]:
    """Return Y (n, n_L) for X (n, n_0), dense or sparse, in the dtype of theta.

    >>> import deltarule as dr
    >>> net = dr.Network(3, [dr.Dense(5, "tanh"), dr.Dense(2)])
    >>> theta, X = net.init(), np.linspace(-1, 1, 300).reshape(100, 3)
    >>> bool(np.all(outputs_of(net, theta, X)[7:9] == outputs_of(net, theta, X[7:9])))
    True
    """
    n = X.shape[0]
    found = np.empty((n, net.sizes[-1]), theta.dtype)
    step = max(1, _NUMBERS // max(net.sizes))
    for start in range(0, n, step):
        rows = X[start : start + step]
        rows = rows.toarray() if hasattr(rows, "toarray") else rows
        with np.errstate(over="ignore", invalid="ignore"):
            single = np.ascontiguousarray(rows, theta.dtype)[:, None]  # (n, 1, n_0)
            found[start : start + step] = net.forward(theta, single)[1][-1][:, 0]
    return found
