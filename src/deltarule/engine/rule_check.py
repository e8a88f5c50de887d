"""Whether a rule fits a network: what cannot be is refused, what is other than it seems is said."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from deltarule.activations import Activation
from deltarule.core.errors import UsageError
from deltarule.layers import Affine, Recurrent, all_of
from deltarule.losses import FUSED
from deltarule.network import Network
from deltarule.rules import (
    DeltaRule,
    DerivativeRule,
    FeedbackRule,
    LargestDelta,
    RandomDerivative,
)
from deltarule.rules.surrogates import Surrogate


class RuleWarning(UserWarning):
    """A rule does something else on this network than its name says."""


def check_rule(network: Network, rule: DeltaRule) -> None:
    """Raise `UsageError` for a rule that a network has no meaning for."""
    if rule.exact:
        return
    L = len(network.layers)
    for change in rule.layers:
        if change.layer > L:
            raise UsageError(
                f"the rule speaks of layer {change.layer}; this network has {L} layers"
            )
        if change.layer == 1 and change.feedback is not None:
            raise UsageError(
                "the rule's layer1.feedback has no effect: nothing is carried back through layer 1"
            )
    own = not rule.feedback.exact or any(change.feedback for change in rule.layers)
    recurrent = any(isinstance(layer, Recurrent) for layer in network.layers)
    if rule.sequential or isinstance(rule.choice, LargestDelta) or (own and not recurrent):
        all_of(network.layers, Affine)  # each has a delta, and a W that carries it back
    if not rule.recurrent.exact:
        _check_recurrent(rule.recurrent, recurrent)
    _check_derivatives(network, rule)
    _check_feedback(network, rule)
    trained = int(network.layout.mask("trained").sum())
    if why := rule.choice.refusal(trained):
        raise UsageError(f"choice: {why}")
    if rule.sequential and not rule.choice.everything:
        raise UsageError(
            "the sequential order updates weights before the gradient is complete, so there is "
            f"nothing to choose from; leave out choice={rule.choice.name} or the order"
        )


_OVER_TIME = ("of_W", "drawn")
"""The kinds of feedback that have a sense in and around recurrent layers."""


def _check_recurrent(feedback: FeedbackRule, any_layer: bool) -> None:
    if not any_layer:
        raise UsageError(
            f"the rule's recurrent={feedback.name} has no effect: it stands for U of recurrent "
            "layers, and the network has none"
        )
    if feedback.kind not in _OVER_TIME:
        raise UsageError(
            f"recurrent={feedback.name} cannot stand for U: it is exact, none, random, sign or "
            "sign_fixed"
        )


def _check_derivatives(network: Network, rule: DeltaRule) -> None:
    for l, activation, derivative in _derivatives(network, rule):
        layer = network.layers[l - 1]
        if isinstance(derivative, RandomDerivative) and not isinstance(layer, Affine):
            raise UsageError(
                f"layer {l}: {derivative.name} draws one number for every node of a layer, and a "
                f"layer of the type {layer.name} has several nets a node; leave it out"
            )
        if activation.rowwise and not derivative.exact:
            raise UsageError(
                f"the rule's output derivative is {derivative.name!r}, but {activation.name} has a "
                "Jacobian in place of f'; use 'exact'"
            )
        if why := derivative.refusal(activation):
            raise UsageError(f"layer {l}: the rule {derivative.name!r} cannot be used: {why}")


def _derivatives(
    network: Network, rule: DeltaRule
) -> Iterator[tuple[int, Activation, DerivativeRule]]:
    """Give every layer's number with each f of its nodes, and what stands for their f'."""
    for l, layer in enumerate(network.layers, 1):
        for activation in layer.activations:
            yield l, activation, rule.at(l, len(network.layers)).derivative


def remarks(network: Network, rule: DeltaRule, loss: str) -> list[str]:
    """Return what a rule does on a network that its name does not say."""
    found = []
    for l, activation, derivative in _derivatives(network, rule):
        where = f"layer {l} has the activation {activation.name}"
        if activation.flat and derivative.exact:
            found.append(
                f"{where}, whose f' is 0: no delta passes it; give the rule a stand-in for f', "
                "such as hidden=fast_sigmoid:25"
            )
        elif activation.flat and not derivative.passes:
            found.append(f"{where}, whose f' is 0, and {derivative.name} leaves it so")
        elif isinstance(derivative, Surrogate) and not activation.flat:
            found.append(
                f"{where}, which has an f' of its own; {derivative.name} is a stand-in for that of "
                "a step"
            )
        if l == len(network.layers) and not derivative.exact and (activation.name, loss) in FUSED:
            found.append(
                f"{derivative.name} in the place of the output's f' switches the fused pair "
                f"{activation.name} + {loss} off: delta_L is dE/dy times it, and dE/dy is large "
                "where y saturates"
            )
    return found


def _check_feedback(network: Network, rule: DeltaRule) -> None:
    L = len(network.layers)
    if L == 1 and not rule.feedback.exact:
        raise UsageError(
            f"feedback={rule.feedback.name} has no effect: a network of one layer carries nothing "
            "back"
        )
    feedbacks = {l: rule.at(l, L).feedback for l in range(2, L + 1)}
    over_time = any(isinstance(layer, Recurrent) for layer in network.layers)
    asked = {change.layer for change in rule.layers if change.feedback is not None}
    for l, feedback in feedbacks.items():
        if feedback.exact:
            continue
        names = [p.name for p in network.layers[l - 1].parameters(network.shapes[l - 1])]
        if "W" not in names:
            if over_time and l not in asked:  # such as Last: there is nothing to stand for
                continue
            raise UsageError(f"layer {l} has no W that feedback={feedback.name} could stand for")
        if over_time and feedback.kind not in _OVER_TIME:
            raise UsageError(
                f"feedback={feedback.name} is for networks of dense layers; of one with recurrent "
                "layers give exact, random, sign, sign_fixed or none"
            )
        if rule.sequential and feedback.kind != "of_W":
            raise UsageError(
                f"the sequential order carries deltas back through updated weights; "
                f"feedback={feedback.name} has none. Leave out one of the two"
            )
        if feedback.kind == "direct" and len(network.shapes[l - 1]) > 1:
            raise UsageError(
                f"feedback={feedback.name} carries the output's delta to vectors; layer {l - 1} "
                f"gives samples of the shape {network.shapes[l - 1]}"
            )

    learning = {feedback for feedback in feedbacks.values() if feedback.learns}
    if len(learning) > 1:
        raise UsageError(
            "the rule's layers learn their B in several ways: "
            f"{', '.join(sorted({feedback.name for feedback in learning}))}; give one, with the "
            "same numbers, to all layers that learn"
        )


def warn(network: Network, rule: DeltaRule, loss: str) -> None:
    """Say by `RuleWarning` what a rule does that its name does not say."""
    for remark in remarks(network, rule, loss):
        warnings.warn(remark, RuleWarning, stacklevel=3)
