"""The layout of theta: all parameters in one contiguous vector, with named views.

For l = 1..L, the parameters of layer l stand one after the other (for a dense layer: W_l row by
row, then b_l). Optimisers, checks, checkpoints and reductions see only the vector.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import array
from deltarule.core.errors import UsageError
from deltarule.core.notation import entry_name


@dataclass(frozen=True)
class Parameter:
    """What a layer says of one of its parameters."""

    name: str
    """`"W"`, `"b"`, ..."""
    shape: tuple[int, ...]
    penalised: bool
    """Whether `l2` and weight decay apply (weights: yes, biases: no)."""
    trained: bool = True
    """Whether training changes it."""


@dataclass(frozen=True)
class Entry:
    """One parameter's place in theta."""

    layer: int
    """The layer's number, from 1."""
    parameter: Parameter
    start: int
    stop: int


class Layout:
    """Where every parameter of a network lies in theta.

    >>> layout = Layout([[Parameter("W", (1, 2), True), Parameter("b", (1,), False)]])
    >>> layout.size, [(e.parameter.name, e.start, e.stop) for e in layout.entries]
    (3, [('W', 0, 2), ('b', 2, 3)])
    """

    def __init__(self, layers: Iterable[Sequence[Parameter]]) -> None:
        entries, start, numbers = [], 0, 0
        for number, parameters in enumerate(layers, 1):
            for p in parameters:
                stop = start + math.prod(p.shape)
                entries.append(Entry(number, p, start, stop))
                start = stop
            numbers = number
        self.entries = tuple(entries)
        self.layers = numbers
        self.size = start
        self._masks: dict[str, NDArray[np.bool_]] = {}

    def views(self, theta: Any) -> list[dict[str, Any]]:
        """Return, for every layer, its parameters by name as views into `theta`.

        Works on NumPy arrays (views: writing to one writes to theta) and on JAX tracers.
        """
        found: list[dict[str, Any]] = [{} for _ in range(self.layers)]
        for e in self.entries:
            found[e.layer - 1][e.parameter.name] = theta[e.start : e.stop].reshape(
                e.parameter.shape
            )
        return found

    def fill(self, theta: NDArray[Any], given: Any, number: int) -> None:
        """Write one layer's parameters, `(W, b)`, `{"W": W, "b": b}` or W, into `theta`.

        Raises `UsageError` where they are others, or a shape does not fit.
        """
        views = self.views(theta)[number - 1]
        values = by_name(given, list(views), number)
        for name, view in views.items():
            value = array(f"pack: {name} of layer {number}", values[name], theta.dtype)
            if value.shape != view.shape:
                hint = " (it fits if transposed)" if value.T.shape == view.shape else ""
                raise UsageError(
                    f"pack: {name} of layer {number} has the shape {value.shape}; needed is "
                    f"{view.shape}{hint}"
                )
            view[...] = value

    def flat(self, layers: Sequence[dict[str, Any]], xp: Any) -> Any:
        """Return one vector from the layers' parameters by name: the inverse of `views`."""
        if not self.entries:
            return xp.zeros(0)
        parts = [layers[e.layer - 1][e.parameter.name].reshape(-1) for e in self.entries]
        return xp.concatenate(parts)

    def rows(self, layers: Sequence[dict[str, Any]], many: int, dtype: Any) -> NDArray[Any]:
        """Return a vector per row, (many, size), from parameters that have a row for each.

        A parameter of its own shape, without rows, is the same for all.
        """
        found = np.empty((many, self.size), dtype)
        for e in self.entries:
            rows = layers[e.layer - 1][e.parameter.name]
            rows = np.broadcast_to(rows, (many, *e.parameter.shape))
            found[:, e.start : e.stop] = rows.reshape(many, -1)
        return found

    def where(self, index: int) -> str:
        """Name entry `index` of theta in the notation: `w[2,1,3]` or `b[2,1]` (nodes from 1).

        >>> Layout([[Parameter("W", (2, 3), True), Parameter("b", (2,), False)]]).where(7)
        'b[1,2]'
        """
        for e in self.entries:
            if e.start <= index < e.stop:
                nodes = np.unravel_index(index - e.start, e.parameter.shape)
                return entry_name(e.parameter.name, e.layer, [int(n) for n in nodes])
        raise UsageError(f"theta has {self.size} entries; there is no entry {index}")

    def mask(self, attribute: str) -> NDArray[np.bool_]:
        """Return a (shared, read-only) vector that is True where the parameter's `attribute` is."""
        if attribute not in self._masks:
            found = np.zeros(self.size, dtype=bool)
            for e in self.entries:
                found[e.start : e.stop] = getattr(e.parameter, attribute)
            found.flags.writeable = False
            self._masks[attribute] = found
        return self._masks[attribute]


def by_name(given: Any, names: list[str], number: int) -> dict[str, Any]:
    """Return one layer's parameters by name from `(W, b)`, `{"W": W, "b": b}` or W."""
    if isinstance(given, Mapping):
        found = dict(given)
    elif isinstance(given, np.ndarray) and names == ["W"]:
        found = {"W": given}
    else:
        values = [v for v in given if v is not None] if isinstance(given, Sequence) else [given]
        if len(values) != len(names):
            raise UsageError(
                f"pack: layer {number} has the parameters {', '.join(names)}, given: {len(values)}"
            )
        found = dict(zip(names, values, strict=True))
    if set(found) != set(names):
        raise UsageError(
            f"pack: layer {number} has the parameters {', '.join(names)}, "
            f"given: {', '.join(map(str, found))}"
        )
    return found
