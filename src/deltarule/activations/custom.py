"""Somebody's own activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deltarule.activations.activation import ACTIVATIONS, Body, ElementwiseActivation
from deltarule.core.errors import UsageError
from deltarule.core.own.code import asked, described, parameters, slope_of, title_of

_PROBES = (-6.0, -2.5, -1.0, -0.3, 0.2, 0.7, 1.5, 4.0)


@dataclass(frozen=True, init=False, repr=False)
class Custom(ElementwiseActivation):
    """An activation of your own: y = f(net), with its derivative.

    Both are elementwise functions of arrays, written with operators and NumPy's functions; the
    compiled engine traces them as it does ours. Where it cannot, the reference engine does the job,
    and says so.

    Args:
        f: f(net).
        df: f'(net), as a function of net, or of net and y = f(net).
        name: what it is called; None takes the function's name.
        range: between which numbers y lies; a loss may ask.
        kinks: where f' jumps: no differences are taken there.
        probes: the values of net at which f' is held against differences of f.
        init: the first weights of a layer with it.
        check: False does not look at f'.

    Raises `UsageError` for an f' that is wrong, with the place and both numbers.

    >>> import deltarule as dr
    >>> f = lambda x: x / (1 + x * x)
    >>> try:
    ...     dr.activations.Custom(f, lambda x: 1 / (1 + x * x) ** 2, name="bent", probes=[2.0])
    ... except dr.UsageError as error:
    ...     print(str(error).partition(", and")[0])
    the activation bent: the derivative is wrong at net = 2: it is given as 0.04
    >>> bent = dr.activations.Custom(f, lambda x: (1 - x * x) / (1 + x * x) ** 2, name="bent")
    >>> dr.Network(2, [dr.Dense(3, bent), dr.Dense(1)]).sizes
    (2, 3, 1)
    """

    f: Callable[..., Any]
    df: Callable[..., Any]

    name = "custom"
    equation = r"f(net)"
    derivative_equation = r"f'(net)"
    reference = "yours"

    def __init__(
        self,
        f: Callable[..., Any],
        df: Callable[..., Any],
        name: str | None = None,
        range: tuple[float, float] = (-math.inf, math.inf),
        kinks: Sequence[float] = (),
        probes: Sequence[float] = _PROBES,
        init: str = "glorot_uniform",
        check: bool = True,
    ) -> None:
        title = title_of(name or "", f, "custom")
        if title in ACTIVATIONS.names():
            raise UsageError(
                f"an activation of your own cannot be called {title!r}: one of ours is"
            )
        parameters(f, f"the activation {title}: f", "(net)", (1,))
        count = parameters(df, f"the activation {title}: df", "(net) or (net, y)", (2, 1))
        near = [x for x in probes if all(abs(x - kink) > 1e-3 for kink in kinks)]
        values = {"f": f, "df": df, "name": title, "range": range, "kinks": tuple(kinks)}
        values |= {"probes": tuple(near), "init": init, "_count": count}
        for key, value in values.items():
            object.__setattr__(self, key, value)
        if check:
            slope_of(f"the activation {title}", self, self.derivative, near, "net")

    def __repr__(self) -> str:
        return f"Custom({self.name})"

    def body(self, xp: Any) -> Body:
        """Return `(f, df)`: NumPy's functions, and traced terms, are all that they know."""
        what, count = f"the activation {self.name}", vars(self)["_count"]
        return (
            lambda net: asked(f"{what}: f", self.f, net),
            lambda net, y: asked(f"{what}: df", self.df, *(net, y)[:count]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return where it is to be found: an activation of one's own is no data."""
        more: dict[str, Any] = {
            "range": [str(end) for end in self.range],
            "kinks": [float(kink) for kink in self.kinks],
        }
        more |= {"name": self.name, "init": self.init}
        return described("custom", self.name, self.f, self.df, kind="activations", arguments=more)
