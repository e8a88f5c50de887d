"""A gradient as it comes from outside: a flat vector, a list of (dW, db), or a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array
from deltarule.check.diagnose.match import largest
from deltarule.core.arguments import no_array, plain_values, readable
from deltarule.core.errors import DataError, DeltaruleError, UsageError
from deltarule.core.notation import Notation
from deltarule.core.sequences import Sequences
from deltarule.engine import Samples
from deltarule.network import Network

SAME = 1e-12
"""Two calls may differ by so much of their largest entry: sums in another order."""


@dataclass(frozen=True, eq=False)
class Delivered:
    """A gradient as one vector in the order of theta, and what was noticed on the way."""

    vector: Array
    misfit: str = ""
    """What is wrong with its shapes, though it has as many numbers as theta."""
    accumulates: bool = False
    """Whether every call of the function adds the same gradient to what it returns."""


def read(
    gradient: Any, net: Network, theta: Array, samples: Samples, notation: Notation
) -> Delivered:
    """Return the gradient in the theory page's layout and sign.

    Raises `UsageError` for what has no such shape or is no gradient, `DataError` for entries that
    are not finite.
    """
    if not callable(gradient):
        return _one(gradient, net, notation, "the gradient")
    first, second = (call(gradient, net, theta, samples, notation) for _ in range(2))
    apart = second.vector - first.vector
    if largest(apart) <= SAME * largest(second.vector):
        return first
    third = call(gradient, net, theta, samples, notation).vector - second.vector
    if largest(third - apart) <= 1e-9 * largest(apart):
        return Delivered(apart, first.misfit, accumulates=True)
    worst = int(np.argmax(np.abs(apart)))
    raise UsageError(
        f"two calls of the function with the same arguments differ: {net.layout.where(worst)} is "
        f"{first.vector[worst]:.6g}, then {second.vector[worst]:.6g}. It is random, or keeps "
        "something from call to call; fix its seed or its state, then it can be diagnosed"
    )


def call(
    function: Callable[..., Any], net: Network, theta: Array, samples: Samples, notation: Notation
) -> Delivered:
    """Return what the function delivers for (theta, X, T), each a copy of its own.

    Where W is (in, out) in the notation, it is so in the theta that the function gets.

    Raises `UsageError` where it fails, changes its arguments or returns no gradient.
    """
    mine = {"theta": _turned(theta, net, notation), "X": samples.X, "T": samples.T}
    theirs = {name: _copied(value) for name, value in mine.items()}
    try:
        found = function(*theirs.values())
    except DeltaruleError:
        raise
    except Exception as error:
        raise UsageError(
            f"the function failed: {type(error).__name__}: {error}. It is called as "
            f"f(theta {theta.shape}, X {samples.X.shape}, T {samples.T.shape})"
        ) from error
    for name, value in mine.items():
        if not np.array_equal(np.asarray(value), np.asarray(theirs[name])):
            raise UsageError(
                f"the function changes its argument {name}; work on a copy of it (a sign that "
                "weights are updated before all gradients are known)"
            )
    if found is None:
        raise UsageError("the function returns None; it has to return the gradient")
    return _one(found, net, notation, "what the function returns")


def _copied(value: Any) -> Any:
    if isinstance(value, Sequences):
        return Sequences.of(value.values.copy(), value.lengths.copy())
    return value.copy()


def _one(found: Any, net: Network, notation: Notation, what: str) -> Delivered:
    with readable(what, found):
        vector, misfit = _flat(found, net, notation, what)
    vector = _turned(notation.sign * vector, net, notation, back=True)
    bad = np.flatnonzero(~np.isfinite(vector))
    if len(bad):
        named = ", ".join(f"{net.layout.where(int(i))} is {vector[i]}" for i in bad[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise DataError(f"{what} has {len(bad)} entries that are not finite: {named}{more}")
    return Delivered(vector, misfit)


def _flat(found: Any, net: Network, notation: Notation, what: str) -> tuple[Array, str]:
    """Return all numbers in the order in which they come, and what does not fit."""
    if _is_list(found):
        return _from_list(found, net, notation, what)
    vector = _numbers(found, what)
    if vector.shape == (net.size,):
        return vector, ""
    hint = " (it fits as one vector: ravel it)" if vector.size == net.size else ""
    raise UsageError(
        f"{what} has the shape {vector.shape}; this network has {net.size} parameters, so it "
        f"needs ({net.size},){hint}, or a list of (dW, db) for its {len(net.layers)} layers"
    )


def _is_list(found: Any) -> bool:
    if not isinstance(found, list | tuple) or not found:
        return False
    return any(isinstance(f, Mapping | Sequence) or np.ndim(f) > 0 for f in found)


def _from_list(
    found: Sequence[Any], net: Network, notation: Notation, what: str
) -> tuple[Array, str]:
    parts: list[Any] = []
    for given in found:
        values = list(given.values()) if isinstance(given, Mapping) else given
        if isinstance(values, list | tuple) and not values:
            continue  # of a layer without weights
        together = isinstance(values, list | tuple) and any(np.ndim(v) for v in values)
        # a nested list of numbers is one matrix, a pair of arrays is two
        nested = together and all(isinstance(v, list | tuple) for v in values)
        whole = nested and len({np.shape(v) for v in values}) == 1 and np.ndim(values[0]) == 1
        parts += [v for v in values if v is not None] if together and not whole else [values]
    entries = net.layout.entries
    if len(parts) != len(entries):
        names = ", ".join(f"d{e.parameter.name}{e.layer}" for e in entries)
        raise UsageError(f"{what} has {len(parts)} arrays; this network needs {names}")
    arrays, misfits, hopeless = [], [], False
    for part, e in zip(parts, entries, strict=True):
        name = f"d{e.parameter.name} of layer {e.layer}"
        a = _numbers(part, f"{name} in {what}")
        shape = e.parameter.shape[::-1] if notation.transposed else e.parameter.shape
        if a.shape != shape:
            turned = a.ndim == len(shape) == 2 and a.T.shape == shape
            hint = " (it fits if transposed)" if turned else ""
            hint = hint or (" (it fits if raveled)" if a.ravel().shape == shape else "")
            misfits.append(f"{name} has the shape {a.shape}; needed is {shape}{hint}")
            hopeless = hopeless or "raveled" in hint
        arrays.append(a.ravel())
    vector = np.concatenate(arrays)
    if misfits and (hopeless or vector.size != net.size):
        raise UsageError(f"{what} does not fit: {'; '.join(misfits)}")
    return vector, "; ".join(misfits)


def _numbers(found: Any, what: str) -> Array:
    """Return an array of float64; integers would hide what was rounded away."""
    found = plain_values(what, found)
    try:
        a = np.asarray(found)
    except ValueError:
        raise no_array(what, found) from None
    if a.dtype.kind in "iub":
        raise UsageError(
            f"{what} has the dtype {a.dtype}: whole numbers. A gradient is made of fractions; "
            "compute it in floating point"
        )
    if a.dtype.kind != "f":
        raise UsageError(f"{what} has the dtype {a.dtype}; real floating-point numbers are needed")
    return a.astype(np.float64)


def _turned(vector: Array, net: Network, notation: Notation, *, back: bool = False) -> Array:
    """Return a vector with W as (in, out) where the notation has it so; `back`: as (out, in)."""
    found = vector.copy()
    for e in net.layout.entries:
        if notation.transposed and len(e.parameter.shape) == 2:
            shape = e.parameter.shape[::-1] if back else e.parameter.shape
            found[e.start : e.stop] = vector[e.start : e.stop].reshape(shape).T.ravel()
    return found
