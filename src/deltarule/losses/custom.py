"""Somebody's own loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from deltarule.core.errors import UsageError
from deltarule.core.own.code import asked, described, parameters, slope_of, title_of
from deltarule.losses.loss import LOSSES, Body, Loss


@dataclass(frozen=True, init=False, repr=False)
class Custom(Loss):
    """A loss of your own: e(y, T) of one output, with de/dy.

    Both are elementwise functions of arrays, written with operators and NumPy's functions, and
    traced like ours.

    Args:
        e: e(y, T).
        de: de/dy, of (y, T).
        name: what it is called; None takes the function's name.
        output_range, target_range: where y and T may lie.
        probes: pairs (y, T) at which de/dy is held against differences of e; None takes some that
            lie inside.
        check: False does not look at de/dy.

    Raises `UsageError` for a de/dy that is wrong, with the place and both numbers.

    >>> import deltarule as dr
    >>> fourth = dr.losses.Custom(lambda y, T: (y - T)**4, lambda y, T: 4 * (y - T)**3, "fourth")
    >>> net = dr.Network(1, [dr.Dense(1)])
    >>> dr.backprop(net, net.pack([([[2.0]], [0.0])]), [[1.0]], [[0.0]], loss=fourth).error
    16.0
    """

    e: Callable[..., Any]
    de: Callable[..., Any]

    name = "custom"
    equation = r"e(y, T)"
    derivative_equation = r"e'(y, T)"
    reference = "yours"

    def __init__(
        self,
        e: Callable[..., Any],
        de: Callable[..., Any],
        name: str | None = None,
        output_range: tuple[float, float] = (-math.inf, math.inf),
        target_range: tuple[float, float] = (-math.inf, math.inf),
        probes: Sequence[tuple[float, float]] | None = None,
        check: bool = True,
    ) -> None:
        title = title_of(name or "", e, "custom")
        if title in LOSSES.names():
            raise UsageError(f"your own loss cannot be called {title!r}: one of ours is")
        for key, function in (("e", e), ("de", de)):
            parameters(function, f"the loss {title}: {key}", "(y, T)", (2,))
        pairs = _inside(output_range, target_range) if probes is None else tuple(probes)
        values = {"e": e, "de": de, "name": title, "output_range": output_range}
        values |= {"target_range": target_range, "probes": pairs}
        for key, value in values.items():
            object.__setattr__(self, key, value)
        if not check:
            return
        for T in sorted({T for _, T in pairs}):
            at = [y for y, target in pairs if target == T]
            e_at, de_at = partial(self._apply, 0, T=T), partial(self._apply, 1, T=T)
            slope_of(f"the loss {title}, T = {T:g}", e_at, de_at, at, "y")

    def __repr__(self) -> str:
        return f"Custom({self.name})"

    def body(self, xp: Any) -> Body:
        """Return `(e, de)`: NumPy's functions, and traced terms, are all that they know."""
        what = f"the loss {self.name}"
        return (
            lambda y, T: asked(f"{what}: e", self.e, y, T),
            lambda y, T: asked(f"{what}: de", self.de, y, T),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return where it is to be found: a loss of one's own is no data."""
        ranges = {"output_range": self.output_range, "target_range": self.target_range}
        more: dict[str, Any] = {n: [str(end) for end in ends] for n, ends in ranges.items()}
        more |= {"name": self.name}
        return described("custom", self.name, self.e, self.de, kind="losses", arguments=more)


def _inside(outputs: tuple[float, float], targets: tuple[float, float]) -> Any:
    """Return pairs (y, T) inside two ranges."""

    def some(low: float, high: float, shares: tuple[float, ...]) -> list[float]:
        a = low if math.isfinite(low) else min(-1.3, high - 2.0)
        b = high if math.isfinite(high) else max(1.9, low + 2.0)
        return [float(np.round(a + (b - a) * share, 6)) for share in shares]

    ys = some(*outputs, (0.1, 0.37, 0.62, 0.9))
    return tuple((y, T) for T in some(*targets, (0.2, 0.75)) for y in ys)
