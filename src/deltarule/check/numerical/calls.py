"""E around a point, by calls of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deltarule.check.numerical.around import Around
from deltarule.check.numerical.called import values_of
from deltarule.check.numerical.point import Point
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError


class FunctionAround(Around):
    """E = u f(x) for a function of a vector: u is 1 for a scalar, else the projection."""

    def __init__(
        self, f: Callable[[Any], Any], point: Point, flat: Array, weights: Array, unit: float
    ) -> None:
        self._f, self._point, self._flat = f, point, flat
        self._u = weights
        self.x = self._base = flat.astype(np.float64)
        self.unit = unit
        self.here = np.full(flat.size, self.values(flat) @ weights)

    def values(self, flat: Array) -> Array:
        """Return f's outputs at a vector, flat, in float64 or complex128."""
        found = values_of(self._f(self._point.restore(flat))).ravel()
        if len(found) != len(self._u):
            raise UsageError(
                f"the function returned {len(found)} numbers beside x and {len(self._u)} at x"
            )
        return found.astype(np.complex128 if found.dtype.kind == "c" else np.float64)

    def moved(self, entries: Array, steps: Array) -> Array:
        """Return E with one coordinate moved, call by call."""
        found = np.empty(len(entries), np.result_type(steps, np.float64))
        with np.errstate(all="ignore"):
            for n, (i, step) in enumerate(zip(entries, steps, strict=True)):
                found[n] = self._u @ self.values(self._stepped(int(i), step))
        return found

    def along(self, direction: Array, steps: Array) -> Array:
        """Return E along a direction, call by call."""
        with np.errstate(all="ignore"):
            found = [self._u @ self.values(self._cast(self._base + s * direction)) for s in steps]
        return np.array(found)

    @property
    def direction_size(self) -> int:
        """The number of coordinates of x."""
        return int(self._base.size)

    def _stepped(self, i: int, step: Any) -> Array:
        kind = np.result_type(self._flat.dtype, np.complex64) if np.iscomplexobj(step) else None
        moved = self._flat.astype(kind or self._flat.dtype)
        moved[i] += step
        return moved

    def _cast(self, x: Array) -> Array:
        """Return a vector in the precision of the computation."""
        single = self._flat.dtype.itemsize < np.dtype(np.float64).itemsize
        if np.iscomplexobj(x):
            return x.astype(np.complex64) if single else x
        return x.astype(self._flat.dtype)


class JacobianAround(FunctionAround):
    """Every output's derivative by every coordinate: entry r n + i is df_r/dx_i."""

    def __init__(
        self, f: Callable[[Any], Any], point: Point, flat: Array, weights: Array, unit: float
    ) -> None:
        super().__init__(f, point, flat, weights, unit)
        outputs = self.values(flat)
        self._found: dict[tuple[int, complex], Array] = {}
        self.x = np.tile(flat.astype(np.float64), len(outputs))
        self.here = np.repeat(outputs, flat.size)

    def moved(self, entries: Array, steps: Array) -> Array:
        """Return the entry's output with its coordinate moved; a move serves every output."""
        found = np.empty(len(entries), np.result_type(steps, np.float64))
        with np.errstate(all="ignore"):
            for n, (entry, step) in enumerate(zip(entries, steps, strict=True)):
                r, i = divmod(int(entry), self._base.size)
                key = (i, complex(step))
                if key not in self._found:
                    self._found[key] = self.values(self._stepped(i, step))
                found[n] = self._found[key][r]
        return found
