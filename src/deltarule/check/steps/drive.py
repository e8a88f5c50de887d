"""Somebody's optimiser driven with random gradients: its weights before and after every update."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError

_METHODS = ("step", "update", "apply", "update_params", "update_weights", "optimize", "__call__")


def drive(thing: Any, updates: int = 12, size: int = 7, seed: int = 0) -> tuple[Array, Array]:
    """Return the weights (m + 1, n) and the gradients (m, n) of some updates.

    `thing` is a function of (theta, g), or an object (or a class that needs no arguments) with
    such a method; it returns the new weights, or changes theta in place.

    Raises `UsageError` where it can be called in neither order of its arguments.
    """
    rng = np.random.default_rng(seed)
    start = rng.normal(size=size) + 3.0 * np.sign(rng.normal(size=size))
    gradients = rng.normal(size=(updates, size)) + 0.5
    failed: Exception | None = None
    for turned in _orders(thing):
        try:
            update = _update(thing)
            thetas = [start]
            for g in gradients:
                thetas.append(_next(update, thetas[-1], g, turned))
        except UsageError:
            raise
        except Exception as error:
            failed = error
            continue
        return np.array(thetas), gradients
    raise UsageError(
        f"the optimiser failed ({type(failed).__name__}: {failed}). It has to be a function of "
        "(theta, g), or an object with such a method (step, update), that returns the new weights "
        "or changes theta in place"
    )


def _update(thing: Any) -> Callable[..., Any]:
    """Return the function of (theta, g), of a fresh object where it is a class."""
    if inspect.isclass(thing):
        thing = thing()
    if inspect.isroutine(thing):
        return thing
    for name in _METHODS:
        if callable(getattr(thing, name, None)):
            return getattr(thing, name)  # type: ignore[no-any-return]
    raise UsageError(
        f"{type(thing).__name__} is no function and has none of the methods {', '.join(_METHODS)}"
    )


def _orders(thing: Any) -> tuple[bool, ...]:
    """Return whether the gradient comes first, the likelier first: by the arguments' names."""
    try:
        names = [n.lower() for n in inspect.signature(_update(thing)).parameters]
    except (TypeError, ValueError):
        return False, True
    first = bool(names) and (names[0].startswith(("g", "d")) and names[0] not in ("data",))
    return (True, False) if first else (False, True)


def _next(update: Callable[..., Any], theta: Array, g: Array, turned: bool) -> Array:
    mine, slope = theta.copy(), g.copy()
    found = update(slope, mine) if turned else update(mine, slope)
    if found is None:
        found = mine
    new = np.asarray(found, dtype=np.float64)
    if new.shape != theta.shape:
        raise TypeError(f"it returns the shape {new.shape} for {theta.shape} weights")
    if np.linalg.norm(new - theta) > np.linalg.norm(new) and np.any(new != mine):
        new = theta + new  # it returns the step
    return new
