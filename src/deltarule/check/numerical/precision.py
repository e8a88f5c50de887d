"""In which precision a function and its gradient are computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.numerical.point import Point

_DOUBLE = np.dtype(np.float64)


@dataclass(frozen=True)
class Precision:
    """What f and its gradient are given and what they can be trusted to."""

    dtype: np.dtype[Any]
    unit: float
    """The rounding unit of f."""
    gradient_dtype: np.dtype[Any]
    gradient_unit: float
    notes: tuple[str, ...] = ()


def choose_precision(f: Callable[[Any], Any], gradient: Any, point: Point) -> Precision:
    """Return float64 for f and for the gradient where they permit it, else the precision of x.

    A function permits it where it takes float64 and returns float64; whether it computes in it is
    seen from its rounding, which is measured.
    """
    own = point.dtype
    if own == _DOUBLE:
        unit = _unit(_result_dtype(gradient) or own) if not callable(gradient) else _unit(own)
        return Precision(own, _unit(own), own, unit)
    found = _DOUBLE if _permits(f, point) else own
    slope = own
    if callable(gradient) and found == _DOUBLE and _permits(gradient, point):
        slope = _DOUBLE
    unit = _unit(slope) if callable(gradient) else _unit(_result_dtype(gradient) or own)
    if found == _DOUBLE:
        note = f"x is {own}: f is computed in float64"
        note += ", and so is the gradient" if slope == _DOUBLE else f", the gradient in {own}"
    else:
        note = f"x is {own} and f does not take float64: few digits can be told"
        if any(leaf.kind == "jax" for leaf in point.leaves):
            note += " (jax.config.update('jax_enable_x64', True) gives JAX float64)"
    return Precision(found, _unit(found), slope, unit, (note,))


def _permits(f: Callable[[Any], Any], point: Point) -> bool:
    if not point.upcasts:
        return False
    try:
        dtype = _result_dtype(f(point.restore(point.flat.astype(np.float64))))
    except Exception:  # whatever somebody else's function raises for another precision
        return False
    return dtype == _DOUBLE


def _result_dtype(result: Any) -> np.dtype[Any] | None:
    """Return the lowest precision in what a function returned, or None."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        found = [d for d in map(_result_dtype, result) if d is not None]
        return min(found, key=lambda d: d.itemsize, default=None)
    if isinstance(result, float):
        return _DOUBLE
    name = str(getattr(result, "dtype", "")).removeprefix("torch.")
    return np.dtype(name) if name in ("float16", "float32", "float64") else None


def _unit(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).eps)
