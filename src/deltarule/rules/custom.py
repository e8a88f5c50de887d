"""Somebody's own stand-in for f'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deltarule.core.own.code import asked, described, parameters
from deltarule.rules.derivatives import DerivativeRule, StandIn

_WORDS = "(net, y) or (net, y, slope)"


@dataclass(frozen=True)
class Custom(DerivativeRule):
    """What a function says, in the place of f': `function(net, y)` or `function(net, y, slope)`.

    It is an elementwise function of arrays, written with operators and NumPy's functions; slope is
    f'(net). The compiled engine traces it as it does ours; where it cannot, the reference engine
    does the job, and says so. In a `DeltaRule` the function alone will do:
    `dr.DeltaRule(hidden=lambda net, y: 0.25)`.

    Args:
        function: the stand-in.
        title: what it is called in explanations.

    Raises `UsageError` for what cannot be called with two or three arguments, and, when it is used,
    for numbers of another shape than net's, and for what is no number.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(1, "sigmoid"), dr.Dense(1)])
    >>> half = dr.DeltaRule(hidden=dr.rules.Custom(lambda net, y, slope: slope / 2))
    >>> a, b = (dr.backprop(net, net.init(0), [[1.0]], [[0.0]], rule=r) for r in ("exact", half))
    >>> a.deltas[1] / b.deltas[1]
    array([[2.]])
    """

    function: Callable[..., Any]
    title: str = ""

    name = "custom"
    equation = r"g(net, y, f'(net))"
    reference = "yours"
    passes = True

    def __post_init__(self) -> None:
        count = parameters(self.function, "a stand-in for f'", _WORDS, (3, 2))
        object.__setattr__(self, "_count", count)

    def __hash__(self) -> int:
        return hash((self.function, self.title))

    def body(self, xp: Any) -> StandIn:
        """Return `stand_in(net, y, slope, at)` over the namespace `xp`."""
        function, count = self.function, vars(self)["_count"]

        def stand_in(net: Any, y: Any, slope: Any, at: Any) -> Any:
            return asked(f"the stand-in {self.called}", function, *(net, y, slope)[:count])

        return stand_in

    @property
    def called(self) -> str:
        """Its title, or the function's name."""
        return self.title or getattr(self.function, "__name__", "custom")

    def to_dict(self) -> dict[str, Any]:
        """Return where the function is to be found, as text: a rule of one's own is no data."""
        return described(
            self.name, self.called, self.function, kind="rules", arguments={"title": self.called}
        )
