"""The delta rule: what stands for f' and W on the way back, and when weights are updated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deltarule.core.errors import UsageError, nearest, unknown_name
from deltarule.core.registry import Record
from deltarule.rules.derivatives import DERIVATIVES, DerivativeRule
from deltarule.rules.feedback import FEEDBACKS, FeedbackRule

__all__ = ["RULES", "DeltaRule", "LayerRule", "as_rule"]

ORDERS = ("simultaneous", "sequential")


@dataclass(frozen=True, init=False)
class DeltaRule(Record):
    """How deltas are carried back.

        delta_l = (delta_{l+1} B_{l+1}) * g_l(net_l)

    with g = f' and B = W in the chain rule (`DeltaRule()`, also written `"exact"`).

    Args:
        hidden: what stands for f' in the hidden layers.
        output: what stands for f' in the output layer. Another than `"exact"` switches a fused
            pair (softmax + cross_entropy, ...) off.
        feedback: what stands for W.
        order: `"simultaneous"`: every delta is computed from the weights of the forward pass;
            `"sequential"`: a layer's weights are updated before the deltas below are computed
            (another rule than gradient descent; needs plain SGD). Mazur's widely copied tutorial
            prints the numbers of the sequential order.

    Raises `UsageError` for an unknown name.

    >>> DeltaRule(order="sequential").exact
    False
    """

    name = "delta_rule"

    hidden: DerivativeRule
    output: DerivativeRule
    feedback: FeedbackRule
    order: str

    def __init__(
        self,
        hidden: str | Mapping[str, Any] | DerivativeRule = "exact",
        output: str | Mapping[str, Any] | DerivativeRule = "exact",
        feedback: str | Mapping[str, Any] | FeedbackRule = "exact",
        order: str = "simultaneous",
    ) -> None:
        if order not in ORDERS:
            raise unknown_name("order of updates", order, ORDERS)
        object.__setattr__(self, "hidden", DERIVATIVES.get(hidden))
        object.__setattr__(self, "output", DERIVATIVES.get(output))
        object.__setattr__(self, "feedback", FEEDBACKS.get(feedback))
        object.__setattr__(self, "order", order)

    @property
    def exact(self) -> bool:
        """Whether this is the chain rule, so that the result is the gradient of E."""
        return self == DeltaRule()

    def at(self, layer: int, last: int) -> LayerRule:
        """Return the rule as layer l = 1..L meets it; `last` is L."""
        return LayerRule(self.output if layer == last else self.hidden, self.feedback, layer)

    @property
    def sequential(self) -> bool:
        """Whether weights are updated before the deltas below them."""
        return self.order == "sequential"


@dataclass(frozen=True)
class LayerRule:
    """The delta rule as one layer meets it."""

    derivative: DerivativeRule
    """What stands for its f'."""
    feedback: FeedbackRule
    """What stands for its W on the way back."""
    layer: int
    """Its number l, from 1."""

    def slope(self, df: Callable[[Any, Any], Any], net: Any, y: Any, xp: Any) -> Any:
        """Return what stands for f'(net) = df(net, y)."""
        return self.derivative.body(xp)(net, y, df(net, y))

    def carrier(self, W: Any) -> Any:
        """Return what stands for W in dE/dy_{l-1} = delta_l W_l."""
        return self.feedback.matrix(W, self.layer)


RULES: dict[str, DeltaRule] = {
    "exact": DeltaRule(),
    "sequential": DeltaRule(order="sequential"),
}
"""Rules that have a name of their own."""


def as_rule(rule: str | Mapping[str, Any] | DeltaRule) -> DeltaRule:
    """Return the rule that a name, a dictionary or a `DeltaRule` describes.

    >>> as_rule("exact") == DeltaRule()
    True
    """
    if isinstance(rule, DeltaRule):
        return rule
    if isinstance(rule, str):
        if rule not in RULES:
            raise unknown_name("rule", rule, RULES)
        return RULES[rule]
    if isinstance(rule, Mapping):
        unknown = [k for k in rule if k not in (*DeltaRule.__dataclass_fields__, "name")]
        if unknown:
            hint = nearest(str(unknown[0]), DeltaRule.__dataclass_fields__)
            raise UsageError(f"DeltaRule has no parameter {unknown[0]!r}{hint}")
        return DeltaRule(**{k: v for k, v in rule.items() if k != "name"})
    raise UsageError(f"a rule is a name or a DeltaRule, not {rule!r}")
