"""A point of somebody's function: NumPy, PyTorch or JAX arrays, alone or in lists and tables."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.numerical.groups import Groups
from deltarule.core.arguments import no_array, plain_values
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError


@dataclass(frozen=True, eq=False)
class Leaf:
    """One array of the point."""

    name: str
    kind: str
    """numpy, torch, jax, or number for Python's own."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    device: Any = None

    @property
    def size(self) -> int:
        """The number of its entries."""
        return math.prod(self.shape)

    def array(self, flat: Array) -> Any:
        """Return the leaf's own kind of array from its part of a flat vector."""
        return self.array_like(flat.reshape(self.shape))

    def array_like(self, a: Array) -> Any:
        """Return an array of any shape as the leaf's own kind."""
        if self.kind == "torch":
            return sys.modules["torch"].from_numpy(a.copy()).to(self.device)
        if self.kind == "jax":
            return sys.modules["jax"].numpy.asarray(a)
        if self.kind == "number":
            return a.item()
        return a.copy()


@dataclass(frozen=True, eq=False)
class Point:
    """x as it was given, and as one flat vector."""

    form: Any
    """x with the number of a leaf in the place of every array."""
    leaves: tuple[Leaf, ...]
    flat: Array

    @property
    def dtype(self) -> np.dtype[Any]:
        """The precision of x."""
        return np.dtype(self.flat.dtype)

    @property
    def upcasts(self) -> bool:
        """Whether float64 can be passed: JAX has it only where it was enabled."""
        if any(leaf.kind == "jax" for leaf in self.leaves):
            return bool(sys.modules["jax"].config.jax_enable_x64)
        return True

    def restore(self, flat: Array) -> Any:
        """Return a vector in the form of x, in the vector's own dtype."""
        parts, start = [], 0
        for leaf in self.leaves:
            parts.append(leaf.array(flat[start : start + leaf.size]))
            start += leaf.size
        return _filled(self.form, parts)

    def gradient(self, given: Any) -> Array:
        """Return a gradient in the form of x as one flat vector.

        Raises `UsageError` naming both shapes where it does not fit.
        """
        if given is None:
            raise UsageError("the gradient is None; does the function lack a return?")
        if isinstance(given, Mapping) and isinstance(self.form, dict):
            missing = [k for k in self.form if k not in given]
            if missing:
                raise UsageError(f"the gradient has no entry {missing[0]!r}, and x has one")
            given = {k: given[k] for k in self.form}
        parts = [p for _, p in _leaves(given, "")]
        if len(self.leaves) == 1:
            parts = parts if len(parts) == 1 else [np.asarray(given)]
        if len(parts) != len(self.leaves):
            raise UsageError(
                f"the gradient has {len(parts)} arrays and x has {len(self.leaves)}; it needs one "
                "for each, in the same order"
            )
        pairs = zip(self.leaves, parts, strict=True)
        flats = [_fitting(leaf, as_numpy(part, "the gradient")) for leaf, part in pairs]
        return np.concatenate(flats) if flats else np.empty(0)

    def groups(self) -> Groups:
        """Return one group per array, entries by name: `x[3]`, `W1[0,2]` as Python counts."""
        stops = tuple(int(n) for n in np.cumsum([leaf.size for leaf in self.leaves]))
        names = tuple(leaf.name for leaf in self.leaves)
        return Groups("array", names, stops, self._entry)

    def _entry(self, index: int) -> str:
        for leaf in self.leaves:
            if index < leaf.size:
                where = ",".join(str(int(i)) for i in np.unravel_index(index, leaf.shape))
                return f"{leaf.name}[{where}]" if leaf.shape else leaf.name
            index -= leaf.size
        raise UsageError(f"x has no entry {index}")


def point_of(x: Any, name: str = "x") -> Point:
    """Return x as a `Point`; raises `UsageError` for what holds no floating-point numbers."""
    found = [(path, a, as_numpy(a, path)) for path, a in _leaves(x, name)]
    if not found or not sum(a.size for _, _, a in found):
        raise UsageError(f"{name} has no entries, so there is nothing to check")
    arrays = [a if a.dtype.kind == "f" else a.astype(np.float64) for _, _, a in found]
    leaves = tuple(
        Leaf(path, _kind(raw), a.shape, a.dtype, getattr(raw, "device", None))
        for (path, raw, _), a in zip(found, arrays, strict=True)
    )
    flat = np.concatenate([a.ravel() for a in arrays])
    bad = np.flatnonzero(~np.isfinite(flat))
    made = Point(_form(x, iter(range(len(leaves)))), leaves, flat)
    if len(bad):
        where = made._entry(int(bad[0]))
        raise UsageError(f"{len(bad)} entries of x are not finite, the first being {where}")
    return made


def as_numpy(a: Any, what: str) -> Array:
    """Return an array of any of the known kinds as NumPy's; complex numbers are refused."""
    if _kind(a) == "torch":
        a = a.detach().cpu()
        a = (a.float() if "bfloat16" in str(a.dtype) else a).numpy()
    a = plain_values(what, a)
    try:
        found = np.asarray(a)
    except ValueError:
        raise no_array(what, a) from None
    if found.dtype.kind not in "fiu":
        raise UsageError(f"{what} has the dtype {found.dtype}; real numbers are needed")
    return found


def _kind(a: Any) -> str:
    room = type(a).__module__.partition(".")[0]
    if room in ("jax", "jaxlib"):
        return "jax"
    if room == "torch":
        return "torch"
    return "number" if isinstance(a, float | int) else "numpy"


def _holds_arrays(x: Any) -> bool:
    """Whether a list is one of arrays; a list of plain numbers is an array itself."""
    return (
        isinstance(x, list | tuple)
        and any(
            isinstance(a, list | tuple | Mapping) or _kind(a) in ("torch", "jax") or np.ndim(a)
            for a in x
        )
        and not _plain(x)
    )


def _plain(x: Any) -> bool:
    """Whether nested lists hold Python numbers alone."""
    if isinstance(x, list | tuple):
        return all(_plain(a) for a in x)
    return isinstance(x, float | int)


def _leaves(x: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(x, Mapping):
        return [leaf for k, v in x.items() for leaf in _leaves(v, str(k))]
    if _holds_arrays(x):
        return [leaf for i, v in enumerate(x) for leaf in _leaves(v, f"{name}[{i}]")]
    return [(name, x)]


def _form(x: Any, numbers: Any) -> Any:
    if isinstance(x, Mapping):
        return {k: _form(v, numbers) for k, v in x.items()}
    if _holds_arrays(x):
        made = [_form(v, numbers) for v in x]
        return tuple(made) if isinstance(x, tuple) else made
    return next(numbers)


def _filled(form: Any, parts: list[Any]) -> Any:
    if isinstance(form, dict):
        return {k: _filled(v, parts) for k, v in form.items()}
    if isinstance(form, list | tuple):
        return type(form)(_filled(v, parts) for v in form)
    return parts[form]


def _fitting(leaf: Leaf, found: Array) -> Array:
    if found.shape != leaf.shape:
        flips = found.ndim > 1 and found.T.shape == leaf.shape
        hint = " (it fits if transposed)" if flips else ""
        hint = "; reshape it" if not hint and found.size == leaf.size else hint
        raise UsageError(
            f"the gradient of {leaf.name} has the shape {found.shape}; {leaf.name} has "
            f"{leaf.shape}{hint}"
        )
    return found.ravel()
