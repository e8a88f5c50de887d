"""The objective: what E is for a network, and how its deltas are carried back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from deltarule.core.arguments import number
from deltarule.core.errors import UsageError, unknown_name
from deltarule.engine.rule_check import check_rule
from deltarule.layers import Affine
from deltarule.losses import FUSED, L2, LOSSES, PENALTIES, Loss, Penalty
from deltarule.losses.loss import Body
from deltarule.network import Network
from deltarule.optim import SGD, Clipping, Method
from deltarule.rules import DeltaRule, ExactFeedback, FeedbackRule, as_rule

REDUCTIONS = ("sum", "mean")


@dataclass(frozen=True)
class Objective:
    """E of a network: a loss, a reduction, a penalty, and the rule for its deltas.

        E = c sum over samples s_i sum over outputs e(y_ik, T_ik)  +  1/2 l2 sum over weights w^2
            +  scale sum over weights p(w)

    s_i are the sample weights (1 without them); c = 1 for `"sum"` and 1 / sum_i s_i for `"mean"`.
    Penalties, that of l2 and one more, cover weights, not biases, and are divided by nothing.
    """

    network: Network
    loss: Loss
    reduction: str = "mean"
    rule: DeltaRule = DeltaRule()  # noqa: RUF009 (a frozen record)
    l2: float = 0.0
    penalty: Penalty | None = None

    @classmethod
    def of(
        cls,
        network: Network,
        loss: str | Mapping[str, Any] | Loss,
        reduction: str,
        rule: str | Mapping[str, Any] | DeltaRule,
        l2: float,
        penalty: str | Mapping[str, Any] | Penalty | None = None,
    ) -> Objective:
        """Return the checked objective; raises `UsageError` where its parts do not fit."""
        if reduction not in REDUCTIONS:
            raise unknown_name("reduction", reduction, REDUCTIONS)
        decay = number("l2", l2, low=0.0)
        more = None if penalty is None else PENALTIES.get(penalty)
        found = cls(network, LOSSES.get(loss), reduction, as_rule(rule), decay, more)
        _check_output(network, found.loss)
        check_rule(network, found.rule)
        return found

    @cached_property
    def feedbacks(self) -> dict[int, FeedbackRule]:
        """What stands for W_l on the way back, for l = 2..L; W itself where there is none."""
        net, L = self.network, len(self.network.layers)
        weighted = {e.layer for e in net.layout.entries if e.parameter.name == "W"}
        return {
            l: self.rule.at(l, L).feedback if l in weighted else ExactFeedback()
            for l in range(2, L + 1)
        }

    @cached_property
    def feedback_kinds(self) -> frozenset[str]:
        """The kinds of feedback there are: see `FeedbackRule.kind`."""
        return frozenset(rule.kind for rule in self.feedbacks.values())

    @cached_property
    def penalties(self) -> tuple[Penalty, ...]:
        """What E has for the weights, whatever the samples: that of l2, and one more."""
        found: list[Penalty] = [L2(self.l2)] if self.l2 else []
        found += [] if self.penalty is None else [self.penalty]
        return tuple(found)

    def penalty_of(self, total: Callable[[Callable[..., Any]], Any], xp: Any) -> Any:
        """Return the penalties' part of E; `total(p)` adds p(w) over the weights."""
        parts = [each.scale * total(each.body(xp)[0]) for each in self.penalties]
        return sum(parts[1:], parts[0]) if parts else 0.0

    def penalised(self, g: Any, w: Any, xp: Any) -> Any:
        """Return g, weights' dE/dw, with the penalties' slopes at w added."""
        for each in self.penalties:
            g = g + each.body(xp)[1](w)
        return g

    @property
    def learns(self) -> bool:
        """Whether a B lies beside theta, and changes in training."""
        return any(rule.learns for rule in self.feedbacks.values())

    @property
    def fused(self) -> Callable[[Any], Body] | None:
        """The fused pair of the output activation and the loss, where one is in force.

        A rule that changes the output's f' switches it off.
        """
        output, L = self.network.output, len(self.network.layers)
        if not isinstance(output, Affine) or not self.rule.at(L, L).derivative.exact:
            return None
        return FUSED.get((output.activation.name, self.loss.name))

    def to_dict(self) -> dict[str, Any]:
        """Return loss, reduction, rule, l2 and a penalty as plain values, ready for JSON."""
        more = {} if self.penalty is None else {"penalty": self.penalty.to_dict()}
        return {
            "loss": self.loss.to_dict(),
            "reduction": self.reduction,
            "rule": self.rule.to_dict(),
            "l2": self.l2,
            **more,
        }


def _check_output(network: Network, loss: Loss) -> None:
    """Refuse an output layer whose values the loss has no meaning for."""
    output = network.output
    what = f"{output.name} layer"
    if isinstance(output, Affine):
        what = f"layer's activation {output.activation.name}"
    if loss.distribution and not output.rowwise:
        raise UsageError(
            f"the loss {loss.name} needs every row of outputs to be a distribution, but the output "
            f"{what} gives none; use softmax (or binary_cross_entropy)"
        )
    if output.rowwise and network.shapes[-1][-1] == 1:
        raise UsageError(
            f"{output.activations[0].name} over one node is always 1; for two classes use "
            "one sigmoid node with binary_cross_entropy, or two softmax nodes with cross_entropy"
        )
    low, high = loss.output_range
    if output.range[0] < low or output.range[1] > high:
        raise UsageError(
            f"the loss {loss.name} needs outputs in [{low:g}, {high:g}], but the output {what} "
            f"gives [{output.range[0]:g}, {output.range[1]:g}]; choose an activation that stays "
            "inside"
        )


def check_order(rule: DeltaRule, optimiser: Method, clipping: Clipping) -> None:
    """Refuse what the sequential order has no meaning for."""
    if not rule.sequential:
        return
    if not isinstance(optimiser, SGD):
        raise UsageError(
            f"the sequential order updates weights on the way back, which is defined for "
            f"plain SGD; the optimizer is {optimiser.name}"
        )
    if clipping.active:
        raise UsageError(
            "the sequential order updates weights before the gradient is complete, so it "
            "cannot be clipped; leave out clip_norm and clip_value"
        )
