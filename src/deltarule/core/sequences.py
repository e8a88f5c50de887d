"""Sequences of different lengths, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from deltarule.core.arguments import array
from deltarule.core.errors import UsageError


class Sequences:
    """n sequences of vectors with their own lengths; it takes the place of X or T.

    After its end, a sequence holds its last step again, up to the longest: numbers that nothing
    looks at. In E, steps behind the end count nothing, and `Last` takes the last step before it.

    Args:
        steps: a list of arrays (time, features), or one array (n, time, features).
        lengths: the steps of every sequence, where `steps` is one array.

    Raises `UsageError` for shapes that do not fit together and lengths that cannot be.

    >>> both = Sequences([[[1.0], [2.0], [3.0]], [[4.0]]])
    >>> both.shape, both.lengths, both.values[1, :, 0]
    ((2, 3, 1), array([3, 1]), array([4., 4., 4.]))
    """

    values: NDArray[Any]
    """(n, time, features)"""
    lengths: NDArray[np.intp]
    """(n,)"""

    def __init__(
        self, steps: ArrayLike | Sequence[ArrayLike], lengths: ArrayLike | None = None
    ) -> None:
        if lengths is None:
            given = steps if isinstance(steps, list | tuple) else list(np.asarray(steps))
            self.values, self.lengths = _side_by_side(given)
        else:
            values = array("Sequences: steps", steps)  # type: ignore[arg-type]
            self.lengths = _checked(values, lengths)
            self.values = _filled(values, self.lengths)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of `values`."""
        return self.values.shape

    @property
    def ndim(self) -> int:
        """3"""
        return self.values.ndim

    @property
    def size(self) -> int:
        """The number of entries of `values`."""
        return self.values.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.values.dtype

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Whether a step is before the end, (n, time)."""
        return np.arange(self.shape[1]) < self.lengths[:, None]

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __getitem__(self, rows: Any) -> Sequences:
        """Return some of the sequences, by a slice or an array of their numbers."""
        return self.of(self.values[rows], self.lengths[rows])

    def astype(self, dtype: DTypeLike) -> Sequences:
        """Return them in another type."""
        return self.of(self.values.astype(dtype, copy=False), self.lengths)

    def up_to(self, steps: int) -> Sequences:
        """Return them with `steps` places for each; raises `UsageError` where one is longer."""
        more = steps - self.shape[1]
        if more < 0:
            if self.lengths.max() > steps:
                longest = int(np.argmax(self.lengths))
                raise UsageError(
                    f"X: sequence {longest + 1} has {self.lengths[longest]} steps; this network "
                    f"takes {steps} at most. Make it as Network(({self.lengths[longest]}, "
                    f"{self.shape[2]}), ...), with the same layers and theta"
                )
            return self.of(self.values[:, :steps], self.lengths)
        values = np.concatenate([self.values, np.repeat(self.values[:, -1:], more, axis=1)], axis=1)
        return self.of(values, self.lengths)

    @staticmethod
    def of(values: Any, lengths: NDArray[np.intp]) -> Sequences:
        """Return sequences of what is known to fit together, as it is."""
        found = Sequences.__new__(Sequences)
        found.values, found.lengths = values, lengths
        return found

    def __repr__(self) -> str:
        steps = f"{self.lengths.min()} to {self.lengths.max()}" if len(self) else "no"
        return f"Sequences({len(self)} of {steps} steps, {self.shape[-1]} features)"


def _side_by_side(given: Sequence[ArrayLike]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return a list of arrays (time, features) as one array, and their lengths."""
    if not len(given):
        raise UsageError("Sequences: there are none; give a list of arrays (time, features)")
    each = [array(f"Sequences: sequence {i}", one) for i, one in enumerate(given, 1)]
    for i, one in enumerate(each, 1):
        if one.ndim != 2 or one.shape[1:] != each[0].shape[1:] or not len(one):
            raise UsageError(
                f"Sequences: sequence {i} has the shape {one.shape}; it needs (time, "
                f"{each[0].shape[-1] if each[0].ndim == 2 else 'features'}) with a step at least"
            )
    lengths = np.array([len(one) for one in each])
    last = max(lengths)
    filled = [np.concatenate([one, np.repeat(one[-1:], last - len(one), axis=0)]) for one in each]
    return np.stack(filled), lengths


def _checked(values: NDArray[Any], lengths: ArrayLike) -> NDArray[np.intp]:
    """Return lengths as whole numbers from 1 to the number of steps there are."""
    if values.ndim != 3:
        raise UsageError(
            f"Sequences: steps have the shape {values.shape}; with lengths they need "
            "(n, time, features)"
        )
    found = array("Sequences: lengths", lengths)
    if found.shape != values.shape[:1]:
        raise UsageError(
            f"Sequences: lengths have the shape {found.shape}; for {len(values)} sequences they "
            f"need ({len(values)},)"
        )
    bad = np.flatnonzero((found != np.floor(found.real)) | (found < 1) | (found > values.shape[1]))
    if len(bad):
        raise UsageError(
            f"Sequences: sequence {bad[0] + 1} has the length {found[bad[0]]}; a length is a whole "
            f"number from 1 to {values.shape[1]}, the steps there are. Leave empty ones out"
        )
    return found.astype(np.intp)


def _filled(values: NDArray[Any], lengths: NDArray[np.intp]) -> NDArray[Any]:
    """Return the sequences with their last step in the place of what comes behind it."""
    at = np.minimum(np.arange(values.shape[1]), lengths[:, None] - 1)
    return np.take_along_axis(values, at[:, :, None], axis=1)
