"""What a network is given: the shape of its inputs, and arrays of that shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from deltarule.core.arguments import array, whole
from deltarule.core.errors import UsageError
from deltarule.core.sequences import Sequences
from deltarule.layers.layer import Layer, Shape, check_ends


def as_shape(inputs: int | Sequence[int]) -> Shape:
    """Return the shape of an input from its number of nodes, or from its shape."""
    if isinstance(inputs, Sequence) and not isinstance(inputs, str) and inputs:
        return tuple(whole("Network: inputs", n, 1, 2**53) for n in inputs)
    return (whole("Network: inputs", inputs, 1, 2**53),)


def as_inputs(
    X: ArrayLike | Sequences, dtype: DTypeLike, shape: Shape, layers: Sequence[Layer]
) -> Any:
    """Return X as an array of `dtype` with samples of a shape; raises `UsageError` for another.

    `Sequences` stay what they are, with as many places for steps as the network has.
    """
    if isinstance(X, Sequences):
        if len(shape) != 2 or X.shape[2] != shape[1]:
            raise _misfit(X.shape, shape, "")
        check_ends(layers)
        return X.up_to(shape[0]).astype(dtype)
    found = array("X", X, dtype)
    if found.shape == shape or (found.ndim == 1 and shape == (1,)):
        found = found.reshape(-1, *shape)
    if found.shape[1:] != shape:
        hint = " (it fits if transposed)" if found.T.shape[1:] == shape else ""
        raise _misfit(found.shape, shape, hint)
    return found


def _misfit(given: tuple[int, ...], shape: Shape, hint: str) -> UsageError:
    """Return the error of inputs of another shape."""
    needed = ", ".join(map(str, ("n", *shape)))
    takes = f"{shape[0]} inputs" if len(shape) == 1 else f"inputs of the shape {shape}"
    takes = "1 input" if shape == (1,) else takes
    if len(given) == 3 and len(shape) == 1:
        hint = (
            "; for sequences begin the network with a layer over time, such as Network("
            f"{given[1:]}, [GRU(8), Last(), ...]), or with Flatten()"
        )
    elif len(given) == 2 and len(shape) == 2:
        hint = "; a series is cut into windows, (n, time, features)"
    elif len(given) == 3 and given[2:] == shape[1:]:
        hint = (
            f"; for sequences of {given[1]} steps make it as Network({given[1:]}, ...) with "
            "the same layers and theta, for shorter ones give Sequences(X, lengths)"
        )
    return UsageError(
        f"X has the shape {given}; this network has {takes}, so it needs ({needed}){hint}"
    )
