"""Calling somebody's function: what it returns, whether it can be trusted to repeat itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.numerical.point import Point
from deltarule.core.arguments import no_array, plain_values, readable
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError

_REPEATS = 64.0
"""Rounding units by which two calls may differ: sums may be taken in another order."""


@dataclass(frozen=True, eq=False)
class Called:
    """What a first call of f told."""

    values: Array
    """Its outputs, flat."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    seconds: float


def values_of(result: Any) -> Array:
    """Return what f returned as an array of real or complex numbers; raises `UsageError`."""
    if result is None:
        raise UsageError("the function returned None; does it lack a return?")
    with readable("what the function returned", result):
        if type(result).__module__.partition(".")[0] == "torch":
            result = result.detach().cpu().resolve_conj().numpy()
        result = plain_values("what the function returned", result)
        try:
            found = np.asarray(result)
        except ValueError:
            raise no_array("what the function returned", result) from None
    if found.dtype.kind in "iub":
        raise UsageError(
            f"the function returned {found.dtype} numbers ({_some(found)}): they have no slope; "
            "let it compute in floating point"
        )
    if found.dtype.kind not in "fc":
        raise UsageError(f"the function returned {type(result).__name__}; a number is needed")
    return found


def call_function(f: Callable[[Any], Any], point: Point, flat: Array) -> Called:
    """Call f twice at a point and return what it gave.

    Raises `UsageError` where it changes its input or is random.
    """
    began = time.perf_counter()
    first = values_of(_unchanged(f, point, flat, "the function"))
    seconds = time.perf_counter() - began
    second = values_of(_unchanged(f, point, flat, "the function"))
    if first.dtype.kind == "c":
        raise UsageError("the function returned complex numbers at a real x; a real E is needed")
    _check_repeats(first, second, "the function")
    return Called(first.ravel().astype(np.float64), first.shape, first.dtype, seconds)


def call_gradient(gradient: Callable[..., Any], point: Point, flat: Array, *more: Any) -> Any:
    """Call a gradient function twice; the same errors as `call_function`."""
    first = _unchanged(gradient, point, flat, "the gradient function", *more)
    second = _unchanged(gradient, point, flat, "the gradient function", *more)
    if first is not None:
        with readable("the gradient"):
            one, two = (_numbers(a) for a in (first, second))
        _check_repeats(one, two, "the gradient function")
    return first


def _numbers(given: Any) -> Array:
    """Return every number in a gradient of any form."""
    if isinstance(given, dict):
        given = list(given.values())
    if isinstance(given, list | tuple):
        return np.concatenate([_numbers(a) for a in given]) if given else np.empty(0)
    if type(given).__module__.partition(".")[0] == "torch":
        given = given.detach().cpu().double().numpy()
    return np.asarray(given, dtype=np.float64).ravel()


def _unchanged(f: Callable[..., Any], point: Point, flat: Array, what: str, *more: Any) -> Any:
    x = point.restore(flat)
    found = f(x, *more)
    after = _numbers(x)
    changed = np.flatnonzero(~((after == flat) | (np.isnan(after) & np.isnan(flat))))
    if len(changed):
        i = int(changed[0])
        raise UsageError(
            f"{what} changes its input: {point.groups().entry(i)} was {flat[i]:.8g} before the "
            f"call and is {after[i]:.8g} after it; let it work on a copy"
        )
    return found


def _check_repeats(first: Array, second: Array, what: str) -> None:
    if first.shape != second.shape:
        raise UsageError(f"{what} returned {first.shape} and then {second.shape} numbers")
    size = np.max(np.abs(first), initial=0.0, where=np.isfinite(first))
    unit = float(np.finfo(first.dtype).eps)
    with np.errstate(invalid="ignore"):  # inf - inf
        near = np.abs(first - second) <= _REPEATS * unit * size
    bad = np.flatnonzero(~(near | ~np.isfinite(first)).ravel())
    if len(bad):
        i = int(bad[0])
        raise UsageError(
            f"{what} is random: two calls at the same x gave {first.ravel()[i]:.8g} and "
            f"{second.ravel()[i]:.8g}; fix its seed (or switch dropout and noise off)"
        )


def _some(found: Array) -> str:
    values = ", ".join(str(v) for v in found.ravel()[:3])
    return values + (", ..." if found.size > 3 else "")
