"""What an activation is: f and f' written once, over any array namespace."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.core.namespace import NUMPY
from deltarule.core.registry import Record, Registry

Body = tuple[Callable[..., Any], Callable[..., Any]]


class Activation(Record):
    """An activation y = f(net).

    `body(xp)` returns the pair `(f, df)`: `f(net)` and `df(net, y)`, the derivative f'(net) given
    net AND y = f(net), so that each picks the form that is stable. Both are written with the
    functions of a `Namespace` alone, without abs, sign or logaddexp, so that a complex step
    passes through, and keep the dtype of their argument.

    Calling an activation applies f with NumPy; `derivative` gives f'.
    """

    equation: ClassVar[str]
    """f as a LaTeX formula in `net`."""
    derivative_equation: ClassVar[str]
    """f' as a LaTeX formula in `net` and `y`."""
    reference: ClassVar[str]
    """Where it comes from."""
    probes: ClassVar[tuple[float, ...]]
    """Values of net, at least one on every branch of f and f'."""
    init: ClassVar[str] = "glorot_uniform"
    """The initialiser that suits it."""
    rowwise: ClassVar[bool] = False
    """Whether f couples the nodes of a row (softmax)."""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """The closed interval in which y lies."""
    kinks: ClassVar[tuple[float, ...]] = ()
    """The values of net at which f' may jump; what is taken there is in the docstring."""
    flat: ClassVar[bool] = False
    """Whether f' is 0 wherever there is one: nothing learns through it by the chain rule."""

    @abstractmethod
    def body(self, xp: Any) -> Body:
        """Return `(f, df)` over the namespace `xp`."""

    def __call__(self, net: ArrayLike) -> NDArray[Any]:
        """Return y = f(net), elementwise."""
        f, _ = self.body(NUMPY)
        with np.errstate(over="ignore"):
            return np.asarray(f(_floats(net)))

    @abstractmethod
    def derivative(self, net: ArrayLike) -> NDArray[Any]:
        """Return dy/dnet: f'(net) elementwise, or a row's Jacobian."""


class ElementwiseActivation(Activation):
    """An activation of each node by itself."""

    def derivative(self, net: ArrayLike) -> NDArray[Any]:
        """Return f'(net), elementwise."""
        f, df = self.body(NUMPY)
        net = _floats(net)
        with np.errstate(over="ignore"):
            return np.array(np.broadcast_to(df(net, f(net)), net.shape))


class RowActivation(Activation):
    """An activation that couples the nodes of a row: its Jacobian stands in place of f'.

    `body(xp)` returns `(f, vjp)`: `f(net)` over the last axis and `vjp(y, dE_dy)`, the product
    delta_j = sum_i dE/dy_i dy_i/dnet_j.
    """

    rowwise: ClassVar[bool] = True

    def derivative(self, net: ArrayLike) -> NDArray[Any]:
        """Return the Jacobian dy_i/dnet_j: one more axis, i before j."""
        f, vjp = self.body(NUMPY)
        y = f(_floats(net))
        rows = [vjp(y, np.broadcast_to(e, y.shape)) for e in np.eye(y.shape[-1], dtype=y.dtype)]
        return np.stack(rows, axis=-2)


def _floats(net: ArrayLike) -> NDArray[Any]:
    """Return `net` as an array of floats (integers become float64)."""
    array = np.asarray(net)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)


ACTIVATIONS: Registry[Activation] = Registry("activation", Activation)
"""Every activation by name."""
