"""Which objective a program's gradient is for, where nobody says it.

A loss whose value the program computes is its loss. Else one for which the gradient is right, up
to a factor, since nothing else can tell; and else the usual one for the output layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arrays import Array
from deltarule.core.errors import DeltaruleError
from deltarule.engine import backprop
from deltarule.losses import LOSSES
from deltarule.network import Network

At = tuple[Array, Array, Array]
"""theta, X and T."""

_USUAL = ("half_squared_error", "squared_error", "cross_entropy", "binary_cross_entropy",
          "absolute_error", "log_cosh", "poisson")  # fmt: skip

_EXACT = 1e-6
"""Of the largest entry of its layer: a step of weights has lost some digits."""


@dataclass(frozen=True)
class Fit:
    """How a gradient compares with that of a loss."""

    loss: Any
    exact: bool
    """Whether it is that of the loss, times `factor`."""
    factor: float
    """The gradient over the true one: fitted to all entries where it is exact."""
    l2: float = 0.0

    @property
    def one(self) -> bool:
        """Whether it is that of the loss, up to the sign."""
        return self.exact and abs(abs(self.factor) - 1.0) < _EXACT


def losses_for(net: Network) -> list[str]:
    """Return the losses that the output layer allows, the most usual first."""
    low, high = net.output.range
    usual = sorted(_USUAL, key=lambda name: (name == "cross_entropy") is not net.output.rowwise)
    found = []
    for name in usual:
        loss = LOSSES.get(name)
        inside = loss.output_range[0] <= low and high <= loss.output_range[1]
        if inside and (net.output.rowwise or not loss.distribution):
            found.append(name)
    return found


def _truth(net: Network, at: At, loss: Any, reduction: str, l2: float) -> Array | None:
    try:
        return np.asarray(backprop(net, *at, loss=loss, reduction=reduction, l2=l2).gradient)
    except DeltaruleError:
        return None


def _fit(net: Network, at: At, gradient: Array, loss: Any, reduction: str, l2: float) -> Fit | None:
    """Return how a gradient, NaN where it is not known, compares with that of a loss."""
    truth, known = _truth(net, at, loss, reduction, l2), np.isfinite(gradient)
    product = 0.0 if truth is None else float(truth[known] @ truth[known])
    if truth is None or not product:
        return None
    factor = float(gradient[known] @ truth[known]) / product
    apart, size = np.abs(gradient - factor * truth), np.abs(factor * truth)
    parts = [slice(e.start, e.stop) for e in net.layout.entries]
    near = all(
        np.max(apart[p], initial=0.0, where=known[p])
        <= _EXACT * np.max(size[p], initial=0.0, where=known[p])
        for p in parts
    )
    return Fit(loss, bool(near and factor), factor, l2)


def best_fit(
    net: Network, at: At, gradient: Array, losses: Sequence[Any], reduction: str, l2: float = 0.0
) -> Fit:
    """Return the loss that a gradient fits: exactly, before up to a factor, before not at all."""
    tried = (_fit(net, at, gradient, loss, reduction, l2) for loss in losses)
    fits = [f for f in tried if f is not None]
    ones, exact = [f for f in fits if f.one], [f for f in fits if f.exact]
    return next(iter([*ones, *exact, *fits]), Fit(losses[0], False, 1.0, l2))


def completed(
    net: Network, at: At, gradient: Array, found: Fit, reduction: str, sign: float
) -> Array:
    """Return a gradient, `sign` times what was fitted, with the true entries where it has NaN."""
    missing = np.isnan(gradient)
    if not np.any(missing):
        return gradient
    factor = sign * found.factor if found.exact else 1.0
    truth = backprop(net, *at, loss=found.loss, reduction=reduction, l2=found.l2).gradient
    return np.where(missing, factor * truth, gradient)


def penalty(net: Network, at: At, gradient: Array, losses: Sequence[Any]) -> tuple[Fit, str] | None:
    """Return the loss, l2 > 0 and reduction that make a gradient right; None where none does."""
    known = np.isfinite(gradient)
    for loss in losses:
        for reduction in ("mean", "sum"):
            bare, whole = (_truth(net, at, loss, reduction, l2) for l2 in (0.0, 1.0))
            if bare is None or whole is None:
                continue
            w = np.where(known, whole - bare, 0.0)
            l2 = float(w @ np.where(known, gradient - bare, 0.0) / (w @ w))
            found = _fit(net, at, gradient, loss, reduction, l2) if l2 > 0 else None
            if found is not None and found.exact and abs(found.factor - 1.0) < _EXACT:
                return found, reduction
    return None


def delivered(net: Network, missing: NDArray[np.bool_]) -> str:
    """Say which arrays a partial gradient has."""
    named = [f"d{e.parameter.name}{e.layer}" for e in net.layout.entries if not missing[e.start]]
    return f"it delivers {', '.join(named)} alone; the rest is taken as right"
