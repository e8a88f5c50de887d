"""Dual numbers: arrays that carry a derivative along.

    (a + a' eps)(b + b' eps) = ab + (a'b + ab') eps,        f(a + a' eps) = f(a) + f'(a) a' eps

with eps^2 = 0. What is computed from theta + v eps has the derivative in the direction v as its
tangent: of an output, J v; of a gradient, H v. So Pearlmutter's R{.} operator is the same lines
run over other numbers.

Source: Clifford (1873), Preliminary sketch of biquaternions; Pearlmutter (1994), Fast exact
multiplication by the Hessian, Neural Computation 6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deltarule.core.namespace import NUMPY, Namespace


class Dual:
    """An array `value` with its derivative `tangent`, of one shape.

    >>> x = Dual(np.array([3.0]), np.array([1.0]))
    >>> (x * x + 1.0).tangent
    array([6.])
    """

    __slots__ = ("tangent", "value")
    __array_ufunc__ = None
    """NumPy's arrays leave `array * dual` to `Dual`."""
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, tangent: Any) -> None:
        self.value = value
        self.tangent = tangent

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of both."""
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(self.value.ndim)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(self.value.size)

    @property
    def dtype(self) -> Any:
        """The type of the numbers."""
        return self.value.dtype

    @property
    def T(self) -> Dual:
        """The transposed."""
        return Dual(self.value.T, self.tangent.T)

    @property
    def mT(self) -> Dual:  # noqa: N802 (the array API's name)
        """The last two axes exchanged."""
        return Dual(self.value.mT, self.tangent.mT)

    def reshape(self, *shape: Any) -> Dual:
        """Return both in another shape."""
        return Dual(self.value.reshape(*shape), self.tangent.reshape(*shape))

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> Dual:
        return Dual(self.value[key], self.tangent[key])

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.tangent + other.tangent)
        value = self.value + other
        return Dual(value, _spread(self.tangent, value))

    def __radd__(self, other: Any) -> Dual:
        return self.__add__(other)

    def __sub__(self, other: Any) -> Dual:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Dual:
        return self.__neg__().__add__(other)

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            a, b = self.value, other.value
            return Dual(a * b, self.tangent * b + a * other.tangent)
        return Dual(self.value * other, self.tangent * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            found = self.value / other.value
            return Dual(found, (self.tangent - found * other.tangent) / other.value)
        return Dual(self.value / other, self.tangent / other)

    def __rtruediv__(self, other: Any) -> Dual:
        found = other / self.value
        return Dual(found, -found / self.value * self.tangent)

    def __pow__(self, power: float) -> Dual:
        return Dual(self.value**power, power * self.value ** (power - 1) * self.tangent)

    def __matmul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            a, b = self.value, other.value
            return Dual(a @ b, self.tangent @ b + a @ other.tangent)
        return Dual(self.value @ other, self.tangent @ other)

    def __rmatmul__(self, other: Any) -> Dual:
        return Dual(other @ self.value, other @ self.tangent)

    def __lt__(self, other: Any) -> Any:
        return self.value < value_of(other)

    def __le__(self, other: Any) -> Any:
        return self.value <= value_of(other)

    def __gt__(self, other: Any) -> Any:
        return self.value > value_of(other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= value_of(other)

    def __eq__(self, other: object) -> Any:
        return self.value == value_of(other)

    def __ne__(self, other: object) -> Any:
        return self.value != value_of(other)


def tangent(number: Any) -> Any:
    """Return the derivative that a number carries: 0 where it carries none."""
    return number.tangent if isinstance(number, Dual) else np.zeros_like(number)


def value_of(number: Any) -> Any:
    """Return a number without the derivative that it carries."""
    return number.value if isinstance(number, Dual) else number


def _spread(tangent: Any, value: Any) -> Any:
    return tangent if tangent.shape == value.shape else np.broadcast_to(tangent, value.shape)


class DualNamespace(Namespace):
    """The namespace of the formulas over dual numbers; plain arrays pass as they are."""

    def __init__(self) -> None:
        self.module = np
        root_pi = np.sqrt(np.pi)
        rules = {
            "exp": lambda x, y: y,
            "log": lambda x, y: 1.0 / x,
            "log1p": lambda x, y: 1.0 / (1.0 + x),
            "expm1": lambda x, y: y + 1.0,
            "sqrt": lambda x, y: 0.5 / y,
            "tanh": lambda x, y: 1.0 - y * y,
            "sin": lambda x, y: np.cos(x),
            "cos": lambda x, y: -np.sin(x),
            "erfc": lambda x, y: -2.0 / root_pi * np.exp(-x * x),
        }
        for name, slope in rules.items():
            setattr(self, name, _lifted(name, slope))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"dual numbers have no function {name}")

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """Return a where the condition holds, else b, each with its derivative."""
        if not (isinstance(a, Dual) or isinstance(b, Dual)):
            return NUMPY.where(condition, a, b)
        value = np.where(condition, value_of(a), value_of(b))
        return Dual(value, np.where(condition, tangent(a), tangent(b)))

    def maximum(self, a: Any, b: Any) -> Any:
        """Return the larger, the first where both are equal."""
        return self.where(a >= b, a, b)

    def constant(self, value: float, like: Any) -> Any:
        """Return `value` in the dtype of `like`."""
        return np.asarray(value, dtype=like.dtype)

    def sum(self, a: Any, **axis: Any) -> Any:
        """Return the sum over all entries, or over an axis."""
        if not isinstance(a, Dual):
            return np.sum(a, **axis)
        return Dual(np.sum(a.value, **axis), np.sum(a.tangent, **axis))

    def row_sum(self, a: Any) -> Any:
        """Sum over the last axis, kept as an axis of length 1."""
        return self.sum(a, axis=-1, keepdims=True)

    def row_max(self, a: Any) -> Any:
        """Return the largest entry of the last axis, kept as an axis of length 1."""
        if not isinstance(a, Dual):
            return NUMPY.row_max(a)
        place = np.argmax(a.value, axis=-1)[..., None]
        pair = (np.take_along_axis(part, place, axis=-1) for part in (a.value, a.tangent))
        return Dual(*pair)

    def concatenate(self, parts: Any, axis: int = 0) -> Dual:
        """Return parts one behind the other."""
        value = np.concatenate([value_of(part) for part in parts], axis)
        return Dual(value, np.concatenate([tangent(part) for part in parts], axis))


def _lifted(name: str, slope: Any) -> Any:
    """Return a function of dual numbers from f(x), by its name, and slope(x, y) = f'(x).

    f is looked up when it is called: NumPy's erfc is SciPy's, whose import takes its time.
    """

    def lifted(x: Any) -> Any:
        if not isinstance(x, Dual):
            return getattr(NUMPY, name)(x)
        y = getattr(NUMPY, name)(x.value)
        return Dual(y, slope(x.value, y) * x.tangent)

    return lifted


DUAL = DualNamespace()
"""The namespace of dual numbers."""
