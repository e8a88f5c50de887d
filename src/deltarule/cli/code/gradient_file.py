"""A gradient with what it was computed from, in an NPZ file: theta, X, T, gradient."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import UsageError

if TYPE_CHECKING:
    from deltarule.network import Network


def point_of(
    path: Path, arrays: Mapping[str, Any], net: Network, notation: str = "theory"
) -> tuple[Any, Any, Any]:
    """Return theta, X (`Sequences` where there are `lengths`) and T.

    A flat theta is in our order; W1, W2, ... are (in, out) where the notation has it so.

    Raises `UsageError` where one is missing or does not fit.
    """
    from deltarule.core.notation import as_notation
    from deltarule.core.sequences import Sequences

    transposed = as_notation(notation).transposed
    try:
        theta, X, T = theta_of(arrays, net, transposed=transposed), arrays["X"], arrays["T"]
        if "lengths" in arrays and X.ndim == 3:
            X = Sequences(X, arrays["lengths"])
        return theta, X, T
    except KeyError as missing:
        raise _missing(path, arrays, missing) from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def theta_of(arrays: Mapping[str, Any], net: Network, *, transposed: bool = False) -> Any:
    """Return `theta`, else W1, b1, W2, ... as one vector; raises `KeyError` for neither."""
    if "theta" in arrays:
        return arrays["theta"]
    layers = _layers(arrays, net, "")
    turned = [{k: v.T if transposed and v.ndim == 2 else v for k, v in p.items()} for p in layers]
    return net.pack(turned)


def gradient_of(path: Path, arrays: Mapping[str, Any], net: Network) -> Any:
    """Return `gradient`, or the list of (dW_l, db_l); raises `UsageError` for neither."""
    if "gradient" in arrays:
        return arrays["gradient"]
    try:
        return [tuple(layer.values()) for layer in _layers(arrays, net, "d")]
    except KeyError as missing:
        raise _missing(path, arrays, missing) from None


def _layers(arrays: Mapping[str, Any], net: Network, prefix: str) -> list[dict[str, Any]]:
    """Return `{"W": W1, "b": b1}`, ... as the network has them."""
    layers: list[dict[str, Any]] = [{} for _ in net.layers]
    for e in net.layout.entries:
        layers[e.layer - 1][e.parameter.name] = arrays[f"{prefix}{e.parameter.name}{e.layer}"]
    return layers


def _missing(path: Path, arrays: Mapping[str, Any], missing: KeyError) -> UsageError:
    there = ", ".join(sorted(arrays)) or "none"
    return UsageError(
        f"{path}: there is no array {missing.args[0]}. Its arrays: {there}. Needed are theta (or "
        "W1, b1, W2, b2, ...), X, T, and gradient (or dW1, db1, dW2, db2, ...)."
    )
