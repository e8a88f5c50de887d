"""The namespace over which every elementwise formula is written.

A body such as `def body(self, xp): ... return f, df` sees only the names below. NumPy, JAX and
any array-API module are wrapped by `Namespace`; a compiled engine passes a namespace of scalar
functions with the same names. So one formula serves arrays, tracers, complex steps and scalars.

    exp log log1p expm1 sqrt tanh sin cos           as in the array API
    where maximum                                   as in the array API
    erfc                                            the complementary error function
    constant(value, like)                           a number in the dtype of `like`
    blank(shape, like)                              zeros in the dtype of `like`
    row_sum(a), row_max(a)                          over the last axis, which is kept
"""

from __future__ import annotations

import importlib
from functools import cached_property, lru_cache
from types import ModuleType
from typing import Any

import numpy as np

_NAMES = ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "where", "maximum")


class Namespace:
    """An array module (`numpy`, `jax.numpy`, ...) under the names that the formulas use."""

    def __init__(self, module: Any) -> None:
        self.module = module
        for name in _NAMES:
            setattr(self, name, getattr(module, name))

    def __getattr__(self, name: str) -> Any:
        """Reach the array module's other functions (`sum`, `concatenate`, ...)."""
        if name == "module":  # not there yet, while being unpickled
            raise AttributeError(name)
        return getattr(self.module, name)

    @cached_property
    def erfc(self) -> Any:
        """1 - erf: the module's own, else that of the SciPy beside it."""
        found = getattr(self.module, "erfc", None)
        if found is None:
            beside = self.module.__name__.replace("numpy", "scipy") + ".special"
            found = importlib.import_module(beside).erfc
        return found

    def constant(self, value: float, like: Any) -> Any:
        """Return `value` in the dtype of `like`, so that `where` keeps float32 in float32."""
        return self.module.asarray(value, dtype=like.dtype)

    def blank(self, shape: tuple[int, ...], like: Any) -> Any:
        """Return zeros of a shape in the dtype of `like`."""
        return self.module.zeros(shape, dtype=like.dtype)

    def row_sum(self, a: Any) -> Any:
        """Sum over the last axis, kept as an axis of length 1."""
        return self.module.sum(a, axis=-1, keepdims=True)

    def row_max(self, a: Any) -> Any:
        """Return the largest entry of the last axis, kept as an axis of length 1."""
        return self.module.max(a, axis=-1, keepdims=True)


class NumpyNamespace(Namespace):
    """NumPy, with a faster `where` between two constants and an accurate complex `log1p`."""

    def __init__(self) -> None:
        super().__init__(np)
        self.where = _where
        self.log1p = _log1p


def _log1p(z: Any) -> Any:
    """Return log(1 + z); for complex z, where NumPy takes log|1 + z| and loses a small z's digits,

    log(1 + x + iy) = log1p(2x + x^2 + y^2) / 2 + i atan2(y, 1 + x).
    """
    if not np.iscomplexobj(z):
        return np.log1p(z)
    x, y = np.real(z), np.imag(z)
    return 0.5 * np.log1p(2.0 * x + x * x + y * y) + 1j * np.arctan2(y, 1.0 + x)


def _where(condition: Any, a: Any, b: Any) -> Any:
    """Return np.where(condition, a, b); between two constants by a table of two entries."""
    if condition.size < 512 or np.ndim(a) or np.ndim(b):
        return np.where(condition, a, b)
    return np.array([b, a]).take(condition.view(np.uint8))


@lru_cache(maxsize=16)
def namespace(module: ModuleType) -> Namespace:
    """Return the (cached) `Namespace` of an array module."""
    return NumpyNamespace() if module is np else Namespace(module)


NUMPY = namespace(np)
"""The namespace of NumPy."""


def magnitude(a: Any, xp: Any) -> Any:
    """Return a, or -a where a is below 0: |a|, through which a complex step passes."""
    return xp.where(a < 0.0, -a, a)


def sign(a: Any, xp: Any) -> Any:
    """Return 1, 0 or -1, entry by entry, in the dtype of `a`; NaN has none and gives 0."""
    negative = xp.where(a < 0.0, xp.constant(-1.0, a), xp.constant(0.0, a))
    return xp.where(a > 0.0, xp.constant(1.0, a), negative)
