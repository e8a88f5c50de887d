"""Where an object keeps arrays: found, read and written, whatever it calls them.

A slot is an array at a path inside an object: an attribute, an entry of a dictionary or a list,
an attribute of an object in a list. Neurons that keep a list of weights each are one slot, whose
rows are theirs; so are the rows of a list that counts from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.check.adapter.calls.seen import leaves_of
from deltarule.check.adapter.roles import role_of

Path = tuple[Any, ...]

_NO_PARAMETER = re.compile(
    r"^(_?d_?[A-Zwb](?![a-z]{3})|d_?(weight|bias)|grad|nabla|delta|vel|mom|prev|last|old|cache|error"
    r"|change)|(grad|gradient|gradients|delta|deltas|velocity|velocities|momentum)s?\d*$",
)
"""Names of what stands beside parameters and has their shapes."""


@dataclass(frozen=True)
class Slot:
    """An array of numbers inside an object: one path, or one for each of its rows or numbers."""

    paths: tuple[Path, ...]
    shape: tuple[int, ...]
    rows: bool = False
    """Whether every path holds one row (of a matrix), or one number."""

    @property
    def name(self) -> str:
        """The path as it is written: W1, layers[0].weights."""
        text = ""
        for step in self.paths[0]:
            if isinstance(step, str) and step.startswith("."):
                text += step if text else step[1:]
            else:
                text += f"[{step!r}]" if text else str(step)
        return text

    @property
    def bias(self) -> bool:
        """Whether its name is that of biases: b, b1, bias_hidden."""
        return re.match(r"(.*[._])?b(ias(es)?)?(\d|_|\[|$)", self.name.lower()) is not None

    @property
    def beside(self) -> bool:
        """Whether its name is that of a gradient or a velocity, no parameter."""
        words = [str(step).lstrip(".") for step in self.paths[0] if isinstance(step, str)]
        return any(_NO_PARAMETER.search(word) for word in words)


def slots_of(root: Any) -> list[Slot]:
    """Return every array in an object, in the order in which it keeps them."""
    found: list[tuple[Path, Any]] = []
    for path, value in leaves_of(root):
        a = np.asarray(value)
        if a.ndim == 3:  # layers of one shape
            found += [((*path, i), a[i]) for i in range(len(a))]
        else:
            found.append((path, a))
    matrices = {path[:i] for path, a in found if a.ndim == 2 for i in range(1, len(path) + 1)}
    neurons: dict[Path, list[Path]] = {}
    slots: dict[Path, Slot] = {}
    for path, a in found:
        key = _from_one(root, path) if a.ndim == 1 else None
        key = _neuron(path, matrices) if key is None else key
        if a.ndim < 2 and key is not None:
            neurons.setdefault(key, []).append(path)
            paths = tuple(neurons[key])
            slots[key] = Slot(paths, (len(paths), *a.shape), rows=True)
        elif a.size and (a.dtype.kind == "f" or a.ndim > 1):  # whole numbers in a row are sizes
            slots[path] = Slot((path,), a.shape)
    slots = _connections(slots)
    return [slot for slot in slots.values() if slot.shape or slot.bias]


def _connections(slots: dict[Path, Slot]) -> dict[Path, Slot]:
    """Return the slots with the weights of connections, objects at every neuron, as matrices."""
    found: dict[Path, Slot] = {}
    for key, slot in slots.items():
        star = key.index("*") if "*" in key else 0
        words = [str(step).lstrip(".") for step in key[max(0, star - 1) :]]  # .w[*], .w[*].data
        named = any(role_of(word) in ("theta", "W") for word in words)
        weights = slot.rows and len(slot.shape) == 1 and named
        outer = _neuron(key[:star], ()) if weights and star and not slot.bias else None
        if outer is None:
            found[key] = slot
            continue
        whole = (*outer, *key[star:])
        before = found.get(whole, Slot((), (0, *slot.shape), rows=True))
        if before.shape[1:] == slot.shape:
            shape = (before.shape[0] + 1, *slot.shape)
            found[whole] = Slot((*before.paths, *slot.paths), shape, rows=True)
    return found


def _neuron(path: Path, matrices: Iterable[Path]) -> Path | None:
    """Return a path without its last index, where something with a name stands behind that."""
    at = max((i for i, step in enumerate(path) if isinstance(step, int)), default=-1)
    if at < 0 or at == len(path) - 1 or path[: at + 1] in matrices:
        return None
    return (*path[:at], "*", *path[at + 1 :])


def _from_one(root: Any, path: Path) -> Path | None:
    """Return the path of a list that counts from 1, [None, row, row, ...], of one of its rows."""
    if not path or not isinstance(path[-1], int):
        return None
    inside = at(root, path[:-1])
    return (*path[:-1], "*") if isinstance(inside, list) and inside[0] is None else None


def at(root: Any, path: Path) -> Any:
    """Return what stands at a path; raises `LookupError` where nothing does."""
    for step in path:
        if isinstance(step, str) and step.startswith("."):
            if step[1:] not in vars(root):
                raise LookupError(step)
            root = vars(root)[step[1:]]
        else:
            root = root[step]
    return root


def read(root: Any, slot: Slot) -> NDArray[np.float64] | None:
    """Return a copy of a slot's array; None where it is gone or is no array any more."""
    try:
        values = [at(root, path) for path in slot.paths]
        if slot.rows:
            return np.array(values, dtype=np.float64).reshape(slot.shape)
        return np.array(values[0], dtype=np.float64)
    except (LookupError, TypeError, ValueError):
        return None


def write(root: Any, slot: Slot, a: NDArray[Any]) -> None:
    """Write an array where the slot is: into the array that is there, since it may have two names.

    A list gets lists; what is no array of float64 is replaced.
    """
    numbers = slot.rows and np.ndim(at(root, slot.paths[0])) == 0
    values = a.ravel() if numbers else a if slot.rows else [a]
    for path, value in zip(slot.paths, values, strict=True):
        held = at(root, path)
        if isinstance(held, np.ndarray) and held.dtype == np.float64 and held.shape == value.shape:
            held[...] = value
            continue
        new = value if isinstance(held, np.ndarray) else np.asarray(value).tolist()
        if isinstance(held, list) and isinstance(new, list):
            held[:] = new
            continue
        _put(root, path, new)


def _put(root: Any, path: Path, new: Any) -> None:
    inside = at(root, path[:-1])
    step = path[-1]
    if isinstance(step, str) and step.startswith("."):
        setattr(inside, step[1:], new)
    else:
        inside[step] = new
