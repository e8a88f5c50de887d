"""Samples for an engine: X, T and their weights as arrays of the right shape, dtype and range."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from deltarule.core.arguments import array, number
from deltarule.core.errors import DataError, UsageError
from deltarule.core.sequences import Sequences
from deltarule.layers import check_ends
from deltarule.losses import Loss
from deltarule.network import Network

_ROWS = 4096
"""Rows looked at together."""

ClassWeight = Mapping[int, float] | ArrayLike | str | None


@dataclass(frozen=True)
class Samples:
    """n samples: X (n, n_0), T (n, n_L) and, if they differ, weights (n,).

    Where a sample is no vector, its shape stands in the place of n_0 or n_L. Where outputs are
    sequences of different lengths, the weights are (n, time): 0 behind a sequence's end.
    """

    X: Any
    """An array, or `Sequences`."""
    T: NDArray[Any]
    weight: NDArray[Any] | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def take(self, rows: NDArray[np.intp] | slice) -> Samples:
        """Return the samples in `rows`."""
        weight = None if self.weight is None else self.weight[rows]
        return Samples(self.X[rows], self.T[rows], weight)

    def to_longest(self) -> Samples:
        """Return sequences of different lengths without the steps behind the longest one."""
        if not isinstance(self.X, Sequences) or self.X.lengths.max() == self.X.shape[1]:
            return self
        steps = int(self.X.lengths.max())
        X = Sequences.of(self.X.values[:, :steps], self.X.lengths)
        if self.weight is None or self.weight.ndim == 1:  # one target a sequence
            return Samples(X, self.T, self.weight)
        return Samples(X, self.T[:, :steps], self.weight[:, :steps])

    @property
    def total(self) -> float:
        """The sum of the weights: n where there are none."""
        if self.weight is None:
            return float(len(self))
        return float(np.sum(self.weight if self.weight.ndim == 1 else self.weight[:, 0]))


def as_samples(
    net: Network,
    loss: Loss,
    X: ArrayLike,
    T: ArrayLike,
    sample_weight: ArrayLike | None,
    dtype: DTypeLike,
    class_weight: ClassWeight = None,
    what: str = "",
) -> Samples:
    """Return checked samples in `dtype`.

    Raises `UsageError` for shapes that do not fit and `DataError` for values that cannot be used
    (not finite, or outside the loss's range), naming the first ones. `what` names the data in
    messages ("validation").
    """
    what = f"{what} " if what else ""
    if T is None:
        raise UsageError(f"{what}T is None: without targets there is no E to be lowered")
    inputs = net.check_inputs(X, dtype)
    ends = inputs if isinstance(inputs, Sequences) and check_ends(net.layers) else None
    targets = _check_targets(net, _in_step(T, ends, what), inputs.shape[0], dtype, what)
    if inputs.shape[0] == 0:
        raise DataError(f"the {what}data have no rows")
    _check_finite(np.asarray(inputs), f"{what}X")
    _check_finite(targets, f"{what}T")
    low, high = loss.target_range
    if (low, high) != (-math.inf, math.inf):
        _check(
            targets,
            lambda T: (T.real >= low) & (T.real <= high),
            f"{what}T",
            f"the loss {loss.name} needs targets in [{low:g}, {high:g}]",
        )
    if ends is not None and getattr(sample_weight, "ndim", 1) == 2:  # as it is in `Samples`
        sample_weight = np.asarray(sample_weight)[:, 0]
    weight = _check_weight(sample_weight, inputs.shape[0], dtype, what)
    if class_weight is not None:
        by_class = _class_weights(class_weight, targets, dtype)
        weight = by_class if weight is None else weight * by_class
    if weight is not None:
        _check_size(weight, what)
    if ends is not None:
        mask = ends.mask.astype(dtype)
        weight = mask if weight is None else weight[:, None] * mask
    return Samples(inputs, targets, weight)


def _in_step(T: Any, ends: Sequences | None, what: str) -> Any:
    """Return targets that are sequences, too, with as many places for steps as X has.

    Raises `UsageError` where X and T have other lengths. What lies behind an end is not looked at.
    """
    if ends is None:
        if isinstance(T, Sequences):
            raise UsageError(
                f"{what}T is Sequences; where X is an array, or the network ends in one vector a "
                "sample, it is an array, too"
            )
        return T
    if not isinstance(T, Sequences):
        T = array(f"{what}T", T)
        if T.shape[:2] != ends.shape[:2]:
            return T  # refused with the shapes that are needed
        T = Sequences(T, ends.lengths)
    if len(T) == len(ends) and np.any(other := T.lengths != ends.lengths):
        i = int(np.argmax(other))
        raise UsageError(
            f"{what}T: sequence {i + 1} has {T.lengths[i]} steps, and that of X {ends.lengths[i]}"
        )
    return T.up_to(ends.shape[1]).values


def _check_targets(net: Network, T: ArrayLike, n: int, dtype: DTypeLike, what: str) -> NDArray[Any]:
    found, shape = array(f"{what}T", T, dtype), net.shapes[-1]
    if (found.ndim <= 1 and shape == (1,)) or (n == 1 and found.shape == shape):
        found = found.reshape(-1, *shape)
    if found.shape != (n, *shape):
        hint = ""
        if found.shape == (n,) and np.array_equal(found, np.round(found.real)):
            hint = "; for class numbers give one-hot rows, such as np.eye(k)[T]"
        elif found.shape == (*shape[::-1], n):
            hint = " (it fits if transposed)"
        outputs = f"{shape[0]} outputs" if len(shape) == 1 else f"outputs of the shape {shape}"
        raise UsageError(
            f"{what}T has the shape {found.shape}; for {n} rows of X and {outputs} it "
            f"needs {(n, *shape)}{hint}"
        )
    return found


def _check_finite(a: NDArray[Any], name: str) -> None:
    _check(a, np.isfinite, name, f"finite {a.dtype} numbers are needed")


def _check(
    a: NDArray[Any], good: Callable[[NDArray[Any]], NDArray[np.bool_]], name: str, need: str
) -> None:
    """Raise `DataError` where an entry is not good; a block of rows at a time."""
    starts = range(0, len(a), _ROWS)
    bad = [(s + i, *j) for s in starts for i, *j in _places(good(a[s : s + _ROWS])).tolist()]
    if not bad:
        return
    places = ", ".join(f"{a[at]} in {_words(at)}" for at in bad[:5])
    raise DataError(f"{name} has {len(bad)} values that cannot be used: {places}; {need}")


def _words(at: tuple[int, ...]) -> str:
    row, *rest = (i + 1 for i in at)
    return f"row {row}, column {rest[0]}" if len(rest) == 1 else f"row {row}, at {tuple(rest)}"


def _places(good: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the places (row, column, ..) that are not good."""
    return np.empty((0, good.ndim), np.intp) if good.all() else np.argwhere(~good)


def _check_size(weight: NDArray[Any], what: str) -> None:
    """Refuse weights that lose their digits: subnormal ones, and a sum that overflows."""
    limits = np.finfo(weight.dtype)
    small = np.flatnonzero((weight.real > 0) & (weight.real < limits.tiny))
    if len(small):
        raise DataError(
            f"{what}sample weights: {len(small)} are below {limits.tiny:.3g}, the smallest "
            f"{weight.dtype} number with all its digits; the first is {weight[small[0]]:g} in row "
            f"{small[0] + 1}. Multiply all weights by the same number, or make these 0"
        )
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not np.isfinite(total):
        raise DataError(
            f"{what}sample weights: their sum is beyond {limits.max:.3g}, the largest "
            f"{weight.dtype} number. Divide all weights by the same number"
        )


def _check_weight(
    weight: ArrayLike | None, n: int, dtype: DTypeLike, what: str
) -> NDArray[Any] | None:
    if weight is None:
        return None
    found = array(f"{what}sample_weight", weight, dtype)
    if found.shape != (n,):
        raise UsageError(f"{what}sample_weight has the shape {found.shape}; it needs ({n},)")
    bad = np.flatnonzero(~(np.isfinite(found) & (found.real >= 0)))
    if len(bad):
        raise DataError(
            f"{what}sample_weight has {len(bad)} values that are negative or not finite; the "
            f"first is {found[bad[0]]} in row {bad[0] + 1}"
        )
    if not np.any(found):
        raise DataError(f"{what}sample_weight is zero in every row")
    return found


def _class_weights(given: ClassWeight, T: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return a weight per row, from its class: the largest entry of T, or T > 1/2 if it is one.

    `"balanced"` gives class c the weight n / (k n_c) for k classes, n_c rows of c (King and Zeng
    2001).
    """
    if T.ndim != 2:
        raise UsageError(f"class_weight needs one vector per sample, and T has the shape {T.shape}")
    shares = T.real if T.shape[1] > 1 else np.hstack([T.real, 1.0 - T.real])
    if np.any(shares < 0) or not np.allclose(shares.sum(axis=1), 1.0):
        raise UsageError(
            "class_weight needs classes: targets of 0 and 1 for one output, one-hot rows for "
            "several; T has other values. For other targets give sample_weight"
        )
    label = (T[:, 0].real > 0.5).astype(int) if T.shape[1] == 1 else np.argmax(T.real, axis=1)
    k = max(2, T.shape[1])
    if isinstance(given, str):
        if given != "balanced":
            raise UsageError(f"class_weight is 'balanced' or a weight per class, not {given!r}")
        counts = np.bincount(label, minlength=k)
        weights = len(label) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return np.asarray(weights[label], dtype=dtype)
    weights = np.ones(k)
    if isinstance(given, Mapping):
        unknown = [c for c in given if c not in range(k)]
        if unknown:
            raise UsageError(
                f"class_weight names the class {unknown[0]!r}; there are {k}, 0 to {k - 1}"
            )
        for c, w in given.items():
            weights[int(c)] = number(f"class_weight of class {c}", w, low=0.0)
    else:
        weights = array("class_weight", [] if given is None else given, np.float64)
        if weights.shape != (k,):
            raise UsageError(f"class_weight has the shape {weights.shape}; it needs ({k},)")
    if not np.all(np.isfinite(weights) & (weights >= 0)):
        raise UsageError(f"class_weight has to be finite and >= 0, not {weights.tolist()}")
    return np.asarray(weights[label], dtype=dtype)
