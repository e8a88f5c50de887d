"""The delta rule: what stands for f' and W on the way back, and which weights move when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deltarule.core.errors import UsageError, unknown_name
from deltarule.core.registry import Record
from deltarule.core.views import view
from deltarule.rules.choices import CHOICES, ChoiceRule
from deltarule.rules.custom import Custom
from deltarule.rules.derivatives import DERIVATIVES, DerivativeRule, LayerPass
from deltarule.rules.feedback import FEEDBACKS, FeedbackRule

ORDERS = ("simultaneous", "sequential", "layerwise")
"""When weights are updated."""


class LayerChange(NamedTuple):
    """What one layer does otherwise than the others."""

    layer: int
    derivative: DerivativeRule | None
    feedback: FeedbackRule | None


@dataclass(frozen=True, init=False)
class DeltaRule(Record):
    """How deltas are carried back.

        delta_l = (delta_{l+1} B_{l+1}) * g_l(net_l)

    with g = f' and B = W in the chain rule (`DeltaRule()`, also written `"exact"`). In a recurrent
    layer g stands at every net of every step, and C for U on the way back through time:

        dE/dh_{t-1} = delta_t C + (what goes past U)

    Args:
        hidden: what stands for f' in the hidden layers.
        output: what stands for f' in the output layer. Another than `"exact"` switches a fused
            pair (softmax + cross_entropy, ...) off.
        feedback: what stands for W.
        order: `"simultaneous"`: every delta is computed from the weights of the forward pass;
            `"sequential"`: a layer's weights are updated before the deltas below are computed
            (another rule than gradient descent; needs plain SGD). Mazur's widely copied tutorial
            prints the numbers of the sequential order. `"layerwise"`: update t moves the weights
            of one layer, l = 1 + (t - 1) mod L.
        choice: which weights an update moves.
        layers: what single layers do otherwise: `{2: {"derivative": "floor:0.1"}}`; the keys are
            `derivative` and `feedback` (what carries that layer's delta back).
        recurrent: what stands for U where errors go back through time, in all recurrent layers:
            `"none"` is e-prop (`deltarule.eligibility_gradient`), which needs no way back.

    Every part is a name with its numbers, such as `"offset:0.1"`, or an object; what stands for f'
    may be a function (net, y) of your own, too. A whole rule is
    written `"hidden=offset:0.1 feedback=random:3 layer2.derivative=exact"`.

    Raises `UsageError` for an unknown name.

    >>> DeltaRule(order="sequential").exact
    False
    """

    name = "delta_rule"

    hidden: DerivativeRule
    output: DerivativeRule
    feedback: FeedbackRule
    order: str
    choice: ChoiceRule
    layers: tuple[LayerChange, ...]
    recurrent: FeedbackRule

    def __init__(
        self,
        hidden: str | Mapping[str, Any] | DerivativeRule | Callable[..., Any] = "exact",
        output: str | Mapping[str, Any] | DerivativeRule | Callable[..., Any] = "exact",
        feedback: str | Mapping[str, Any] | FeedbackRule = "exact",
        order: str = "simultaneous",
        choice: str | Mapping[str, Any] | ChoiceRule = "all",
        layers: Mapping[int, Mapping[str, Any]] | Iterable[Any] = (),
        recurrent: str | Mapping[str, Any] | FeedbackRule = "exact",
    ) -> None:
        if order not in ORDERS:
            raise unknown_name("order of updates", order, ORDERS)
        object.__setattr__(self, "hidden", _derivative(hidden))
        object.__setattr__(self, "output", _derivative(output))
        object.__setattr__(self, "feedback", FEEDBACKS.get(feedback))
        object.__setattr__(self, "order", order)
        object.__setattr__(self, "choice", CHOICES.get(choice))
        object.__setattr__(self, "layers", _changes(layers))
        object.__setattr__(self, "recurrent", FEEDBACKS.get(recurrent))

    @property
    def exact(self) -> bool:
        """Whether this is the chain rule, so that the result is the gradient of E."""
        return self == DeltaRule()

    def at(self, layer: int, last: int, run: RuleRun | None = None) -> LayerRule:
        """Return the rule as layer l = 1..L meets it; `last` is L."""
        derivative = self.output if layer == last else self.hidden
        feedback = self.feedback
        for change in self.layers:
            if change.layer == layer:
                derivative = change.derivative or derivative
                feedback = change.feedback or feedback
        return LayerRule(derivative, feedback, self.recurrent, layer, run or RuleRun())

    def is_gradient(self, net: Any, loss: Any = "half_squared_error") -> Any:
        """Return whether what the rule computes on a network is the gradient of some function.

        See `deltarule.engine.integrable.is_gradient`: of which function, or two second derivatives
        that would be equal, and are not.
        """
        return view(DeltaRule.is_gradient)(self, net, loss)

    def consistent_activation(self, activation: Any, layer: str = "hidden") -> Any:
        """Return the activation F whose derivative is what stands for f' (`DerivativeRule`).

        A network with F in its hidden layers, trained by the chain rule, has the deltas that one
        with f has under this rule, on the same nets; `layer="output"` asks for the output's.

        Raises `UsageError` where there is none.
        """
        if layer not in ("hidden", "output"):
            raise unknown_name("layer", layer, ("hidden", "output"))
        rule: DerivativeRule = getattr(self, layer)
        return rule.consistent_activation(activation)

    @property
    def sequential(self) -> bool:
        """Whether weights are updated before the deltas below them."""
        return self.order == "sequential"

    def changes(self) -> str:
        """Return what differs from the chain rule, as it is written; empty where nothing does.

        >>> DeltaRule(hidden="offset:0.1", order="sequential").changes()
        'hidden=offset:0.1 order=sequential'
        """
        parts: dict[str, DerivativeRule | FeedbackRule] = {
            "hidden": self.hidden,
            "output": self.output,
            "feedback": self.feedback,
            "recurrent": self.recurrent,
        }
        said = [f"{key}={_said(part)}" for key, part in parts.items() if not part.exact]
        said += [] if self.order == ORDERS[0] else [f"order={self.order}"]
        said += [] if self.choice.everything else [f"choice={_said(self.choice)}"]
        for change in self.layers:
            for key in ("derivative", "feedback"):
                part = getattr(change, key)
                said += [] if part is None else [f"layer{change.layer}.{key}={_said(part)}"]
        return " ".join(said)


def _said(record: Record) -> str:
    """Return a record as a string that its registry reads; somebody's function by its name."""
    if isinstance(record, Custom):
        return record.called
    values = [v for k, v in record.to_dict().items() if k != "name"]
    while values and values[-1] is None:
        values.pop()
    numbers = ",".join("" if v is None else f"{v:g}" for v in values)
    return f"{record.name}:{numbers}" if numbers else record.name


def _derivative(given: Any) -> DerivativeRule:
    """Return a stand-in for f': by name, as an object, or somebody's function."""
    if callable(given) and not isinstance(given, DerivativeRule):
        return Custom(given)
    return DERIVATIVES.get(given)


def _changes(given: Any) -> tuple[LayerChange, ...]:
    """Return what single layers do otherwise, in their order."""
    found = []
    pairs = given.items() if isinstance(given, Mapping) else given
    for item in pairs:
        if isinstance(item, LayerChange):
            found.append(item)
            continue
        layer, *parts = item
        if len(parts) == 2:  # as `to_dict` writes it
            parts = [dict(zip(("derivative", "feedback"), parts, strict=True))]
        (change,) = parts
        number = int(layer) if str(layer).isdigit() else 0
        if number < 1:
            raise UsageError(f"DeltaRule: layers are numbered from 1; {layer!r} is none")
        if not isinstance(change, Mapping):
            raise UsageError(
                f"DeltaRule: layers[{number}] is a dictionary such as "
                f"{{'derivative': 'floor:0.1'}}, not {change!r}"
            )
        for key in change:
            if key not in ("derivative", "feedback"):
                raise unknown_name("part of a layer's rule", str(key), ("derivative", "feedback"))
        derivative, feedback = change.get("derivative"), change.get("feedback")
        found.append(
            LayerChange(
                number,
                None if derivative is None else _derivative(derivative),
                None if feedback is None else FEEDBACKS.get(feedback),
            )
        )
    return tuple(sorted(found, key=lambda change: change.layer))


def _no_numbers(layer: int, net: Any) -> Any:
    raise UsageError(f"layer {layer}: a rule that draws numbers needs a run to draw them for")


@dataclass(frozen=True)
class RuleRun:
    """What a rule knows of the run that it is used in."""

    t: Any = 1
    """The number of the update."""
    matrices: Mapping[int, Any] = field(default_factory=dict)
    """B_l of the layers that have one, by l."""
    uniform: Callable[[int, Any], Any] = _no_numbers
    """`uniform(l, net)`: a number in [0, 1) for every entry of net_l, for this update."""
    through: Mapping[int, Any] = field(default_factory=dict)
    """What was drawn to stand for U_l, by l."""


@dataclass(frozen=True)
class LayerRule:
    """The delta rule as one layer meets it."""

    derivative: DerivativeRule
    """What stands for its f'."""
    feedback: FeedbackRule
    """What stands for its W on the way back."""
    recurrent: FeedbackRule
    """What stands for its U, if it has one, on the way back through time."""
    layer: int
    """Its number l, from 1."""
    run: RuleRun

    def slope(self, activation: Any, net: Any, y: Any, xp: Any) -> Any:
        """Return what stands for f'(net) of an activation."""
        _, df = activation.body(xp)
        slope = df(net, y)
        if self.derivative.exact:
            return slope
        at = LayerPass(self.layer, activation.range, self.run.t, self._uniform)
        return self.derivative.body(xp)(net, y, slope, at)

    def _uniform(self, net: Any) -> Any:
        return self.run.uniform(self.layer, net)

    def carrier(self, W: Any, xp: Any) -> Any:
        """Return what stands for W in dE/dy_{l-1} = delta_l W_l."""
        if self.feedback.exact or self.layer == 1:  # from layer 1 nothing is carried on
            return W
        return self.feedback.matrix(W, self.run.matrices.get(self.layer), self.layer, xp)

    def through(self, U: Any, xp: Any) -> Any:
        """Return what stands for U in dE/dh_{t-1} = delta_t U."""
        if self.recurrent.exact:
            return U
        return self.recurrent.matrix(U, self.run.through.get(self.layer), self.layer, xp)
