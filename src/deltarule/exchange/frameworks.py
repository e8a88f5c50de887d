"""Networks of PyTorch, Keras and scikit-learn as ours, and ours as PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.frameworks.keras_network import keras_network
from deltarule.check.frameworks.scikit import network_of
from deltarule.check.frameworks.torch_network import module_of, plain_network
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.network import Network

_ROWS = 64
_CLOSE = 1e-11


def from_torch(module: Any) -> tuple[Network, Array]:
    """Return a plain module of PyTorch's as `(net, theta)`, for `dr.explain` and the other verbs.

    Plain is a chain of `Linear` layers with activations that are known here: a `Sequential`, or a
    module whose `forward` is one (it is traced). Dropout is left out, as in `module.eval()`. The
    outputs of both are held against one another on random rows, in float64.

    Raises `UsageError` naming what is not plain: a branch, another layer, another activation.

    See `dr.to_torch` for the way back.
    """
    net, theta = plain_network(module)
    X = np.random.default_rng(0).normal(size=(_ROWS, net.inputs))
    theirs, ours = _asked(module, X), net(theta.astype(np.float64), X)
    off = float(np.max(np.abs(theirs - ours)))
    if not off <= _CLOSE * max(1.0, float(np.max(np.abs(ours)))):
        raise UsageError(
            "from_torch: the module's outputs are not those of its layers one after the other "
            f"(they differ by {off:.2g}): something else happens in it"
        )
    return net, theta


def _asked(module: Any, X: Array) -> Array:
    """Return what a copy of the module in float64 gives, out of training."""
    import copy
    import sys

    torch = sys.modules["torch"]
    with torch.no_grad():
        found = copy.deepcopy(module).double().eval().cpu()(torch.from_numpy(X))
    return np.asarray(found.numpy())


def from_keras(model: Any) -> tuple[Network, Array]:
    """Return a plain model of Keras's as `(net, theta)`, for `dr.explain` and the other verbs.

    Plain are Dense layers and activations that are known here, one after the other, in a
    `Sequential` or a functional model. Dropout is left out, as outside of training. The outputs of
    both are held against one another on random rows.

    Raises `UsageError` naming what is not plain: a branch, another layer, another activation.
    """
    return keras_network(model)


def from_sklearn(mlp: Any) -> tuple[Network, Array]:
    """Return scikit-learn's fitted `MLPClassifier` or `MLPRegressor` as `(net, theta)`.

    Raises `UsageError` for another estimator, or one that is not fitted.

    >>> from sklearn.neural_network import MLPRegressor
    >>> X = [[0.0, 1.0], [1.0, 0.5], [0.5, -1.0]]
    >>> mlp = MLPRegressor(hidden_layer_sizes=3, solver="lbfgs", random_state=0)
    >>> mlp = mlp.fit(X, [1.0, 2.0, 3.0])
    >>> net, theta = from_sklearn(mlp)
    >>> bool(np.allclose(net(theta, X)[:, 0], mlp.predict(X)))
    True
    """
    if not hasattr(mlp, "coefs_") or not hasattr(mlp, "out_activation_"):
        theirs = type(mlp).__name__.startswith("MLP")
        raise UsageError(
            "from_sklearn takes a fitted MLPClassifier or MLPRegressor, not "
            f"{type(mlp).__name__}{': fit it first' if theirs else ''}"
        )
    net = network_of(mlp)
    pairs = zip(mlp.coefs_, mlp.intercepts_, strict=True)
    return net, net.pack([(np.asarray(W).T, b) for W, b in pairs], mlp.coefs_[0].dtype)


def to_torch(net: Network, theta: ArrayLike) -> Any:
    """Return a network with its weights as a `torch.nn.Sequential`, in the dtype of theta.

    Raises `UsageError` for a layer or an activation that PyTorch has no class for; the file of
    `dr.export(..., "torch")` writes any formula.
    """
    return module_of(net, net.check_theta(theta))
