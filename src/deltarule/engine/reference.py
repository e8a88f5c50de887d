"""Backpropagation as the textbook writes it.

    net_l = y_{l-1} W_l^T + b_l                    y_l = f_l(net_l)
    E = c sum over samples, sum over outputs of e(y_L, T)
    delta_L = dE/dy_L * f_L'(net_L)
    delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)               for l = L-1 .. 1
    dE/dW_l = delta_l^T y_{l-1}                    dE/db_l = sum over samples of delta_l

Everything here is a pure function over an array namespace: the same lines run under NumPy and,
jit-compiled, under JAX. A list indexed by layer has l = 0..L; index 0 belongs to the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from deltarule.core.namespace import NUMPY
from deltarule.engine.objective import Objective
from deltarule.engine.rule_state import RuleState
from deltarule.engine.update import joint_update, rate_factors
from deltarule.layers import Affine
from deltarule.optim import Clipping, Optimiser
from deltarule.rules import Direct, RuleRun


@dataclass(frozen=True, repr=False)
class Backprop:
    """Everything that one forward and backward pass finds, for l = 1..L.

    `outputs[0]` is X; index 0 of the other lists is None. The deltas are dE/dnet of E as it is
    defined: the reduction and the sample weights are in them.
    """

    error: Any
    """E, the penalty included."""
    nets: Sequence[Any]
    """net_l, (n, n_l); None for a layer that is not affine."""
    outputs: Sequence[Any]
    """y_l, (n, n_l)."""
    dE_dy: Sequence[Any]
    """dE/dy_l, (n, n_l); None for l = L where a fused pair made it unnecessary."""
    deltas: Sequence[Any]
    """delta_l = dE/dnet_l, (n, n_l); None for a layer that is not affine."""
    gradient: Any
    """dE/dw for every parameter, flat, in the order of theta."""
    penalty: Any
    """The part of E that no sample has, such as 1/2 l2 |W|^2."""
    saved: Sequence[Any] = ()
    """What every layer keeps of its forward pass, by name: `saved[l].net` of an affine layer."""

    def __repr__(self) -> str:
        rows, layers = self.outputs[0].shape[0], len(self.outputs) - 1
        return f"Backprop(E = {self.error:.6g}, {rows} observations through {layers} layers)"


def backprop(
    objective: Objective,
    theta: Any,
    X: Any,
    T: Any,
    weight: Any = None,
    lr: Any = None,
    xp: Any = NUMPY,
    run: RuleRun | None = None,
    passed: tuple[Any, Any] | None = None,
) -> Backprop:
    """Return E, every net, output and delta, and the gradient.

    `weight` holds the sample weights (n,). With the sequential rule, `lr` is the learning rate
    of the updates that happen on the way back. `run` is what the rule knows of the run. `passed`
    is a forward pass of X that began in other states: what it saved, and every output.
    """
    net = objective.network
    # forward: y_l = f_l(net_l), net_l = y_{l-1} W_l^T + b_l
    saved, y = net.passed(theta, X, xp) if passed is None else passed
    nets = [getattr(kept, "net", None) for kept in saved]
    decay = penalty(objective, theta, xp)
    E = data_error(objective, nets[-1], y[-1], T, weight, xp) + decay

    dE_dy, delta = output_slopes(objective, y[-1], T, weight, xp)
    back = carry_back(objective, theta, (saved, y), dE_dy, delta, T, weight, lr, xp, run)
    flat = net.layout.flat(back.gradients[1:], xp)
    return Backprop(E, nets, y, back.dE_dy, back.deltas, flat, decay, saved)


def output_slopes(objective: Objective, y: Any, T: Any, weight: Any, xp: Any) -> tuple[Any, Any]:
    """Return dE/dy_L and None; or, with a fused pair, None and delta_L, as f' has cancelled."""
    if objective.fused is None:
        return output_gradient(objective, y, T, weight, xp), None
    _, delta = objective.fused(xp)
    return None, _scale(objective, y, weight, xp) * delta(y, T)


class CarriedBack(NamedTuple):
    """What the way back finds; index 0 belongs to the input."""

    dE_dy: list[Any]
    deltas: list[Any]
    gradients: list[Any]
    """dE/dw by name for every layer."""


def carry_back(
    objective: Objective,
    theta: Any,
    passed: tuple[Any, Any],
    dE_dy_L: Any,
    delta_L: Any = None,
    T: Any = None,
    weight: Any = None,
    lr: Any = None,
    xp: Any = NUMPY,
    run: RuleRun | None = None,
) -> CarriedBack:
    """Return dE/dy_l, delta_l and dE/dw of every layer from dE/dy_L, or from delta_L.

    `passed` is what the forward pass saved and every output. A rule may ask for the rest.
    """
    net, rule, (saved, y) = objective.network, objective.rule, passed
    L = len(net.layers)
    layers: list[Any] = [None, *net.layers]
    p: list[Any] = [None, *net.unpack(theta)]
    dE_dy: list[Any] = [*[None] * L, dE_dy_L]
    deltas: list[Any] = [*[None] * L, delta_L]
    gradients: list[Any] = [None] * len(layers)
    # from the output: dE/dy_{l-1} needs delta_l and the weights that carry it
    for l in range(L, 0, -1):
        layer, here = layers[l], rule.at(l, L, run)
        if isinstance(layer, Affine):
            if deltas[l] is None:
                deltas[l] = layer.delta(dE_dy[l], saved[l], here, xp)
            gradients[l] = layer.gradient(p[l], deltas[l], y[l - 1], xp)
        else:
            dE_dy[l - 1], gradients[l] = layer.backward(p[l], dE_dy[l], saved[l], here, xp)
        for name in _penalised(objective, l):
            gradients[l][name] = objective.penalised(gradients[l][name], p[l][name], xp)
        if rule.sequential:  # the deltas below are computed from updated weights
            p[l] = {name: w - lr * gradients[l][name] for name, w in p[l].items()}
        if isinstance(layer, Affine) and l > 1:
            if isinstance(here.feedback, Direct):  # past the layers between
                scale = _scale(objective, y[L], weight, xp)
                source = here.feedback.source(deltas[L], T, scale, xp)
                dE_dy[l - 1] = source @ here.carrier(None, xp)
            else:
                dE_dy[l - 1] = layer.below(p[l], deltas[l], here, xp)
    dE_dy[0] = None
    return CarriedBack(dE_dy, deltas, gradients)


def data_error(objective: Objective, net: Any, y: Any, T: Any, weight: Any, xp: Any) -> Any:
    """Return E without the penalty: c sum_i s_i sum_k e(y_ik, T_ik), from the last layer's net."""
    return xp.sum(data_errors(objective, net, y, T, weight, xp))


def data_errors(objective: Objective, net: Any, y: Any, T: Any, weight: Any, xp: Any) -> Any:
    """Return the terms c s_i e(y_ik, T_ik); net and y may have axes before those of T."""
    scale = _scale(objective, T, weight, xp)
    if objective.fused is not None:
        e, _ = objective.fused(xp)
        return scale * e(net, T)
    e, _ = objective.loss.body(xp)
    return scale * e(y, T)


def penalty(objective: Objective, theta: Any, xp: Any) -> Any:
    """Return the penalties' part of E, over the weights, not the biases."""
    if not objective.penalties:
        return 0.0
    views = objective.network.unpack(theta)
    weights = [p[name] for l, p in enumerate(views, 1) for name in _penalised(objective, l)]
    return objective.penalty_of(lambda p: sum(xp.sum(p(w)) for w in weights), xp)


def _scale(objective: Objective, rows: Any, weight: Any, xp: Any) -> Any:
    """Return c s_i beside `rows`, (n, 1), or c alone where there are no weights.

    Weights (n, time) are those of sequences of different lengths: s_i, and 0 behind the end.
    """
    mean = objective.reduction == "mean"
    if weight is None:
        return 1.0 / rows.shape[0] if mean else 1.0
    # of sequences with lengths, the first step has the sample's weight, for none is empty
    total = xp.sum(weight if weight.ndim == 1 else weight[:, 0])
    # a batch of rows that all weigh nothing has E = 0, not 0 / 0
    factor = weight / xp.where(total > 0, total, 1.0) if mean else weight
    return factor.reshape(*factor.shape, *[1] * (rows.ndim - factor.ndim))


def output_gradient(objective: Objective, y: Any, T: Any, weight: Any, xp: Any) -> Any:
    """Return dE/dy_L = c s_i de/dy."""
    _, de = objective.loss.body(xp)
    return _scale(objective, y, weight, xp) * de(y, T)


def _penalised(objective: Objective, l: int) -> list[str]:
    """Return the names of layer l's parameters that the penalty covers."""
    if not objective.penalties:
        return []
    entries = objective.network.layout.entries
    return [e.parameter.name for e in entries if e.layer == l and e.parameter.penalised]


Step = Callable[..., tuple[Any, ...]]


def training_step(
    objective: Objective,
    optimiser: Optimiser,
    clipping: Clipping,
    xp: Any = NUMPY,
    apply: Callable[..., Any] = lambda update, *arguments, **given: update(*arguments, **given),
    rule: RuleState | None = None,
    passes: Callable[..., Backprop] = backprop,
) -> Step:
    """Return `step(theta, state, X, T, weight, lr, t) -> (theta, state, E, penalty, gradient)`.

    It takes `passed` as `backprop` does, too.

    One update from one batch: backpropagation, clipping, the optimiser's update. `state` is a
    tuple of the optimiser's vectors, and of those that the rule learns; E, the penalty and the
    (unclipped) gradient are those of theta BEFORE the update. `apply(update, theta, g, lr, t,
    penalised, *state, **given)` says how the elementwise update is applied to the vectors; by
    default, to all of each at once. `rule` is what the rule needs of the run, where it needs any;
    `passes` what stands in the place of `backprop`, whose gradient is then followed.
    """
    layout = objective.network.layout
    trained, penalised = layout.mask("trained"), layout.mask("penalised")
    everything = bool(trained.all())
    update = joint_update(objective, optimiser, xp)
    learned, factors = len(optimiser.slots), rate_factors(objective, optimiser)

    def step(
        theta: Any,
        state: tuple[Any, ...],
        X: Any,
        T: Any,
        weight: Any,
        lr: Any,
        t: Any,
        passed: tuple[Any, Any] | None = None,
    ) -> tuple[Any, ...]:
        run = None if rule is None else rule.at(t, state[learned:])
        begun = () if passed is None else (passed,)
        found = passes(objective, theta, X, T, weight, lr, xp, run, *begun)
        g = found.gradient
        used = g if everything else xp.where(trained, g, xp.constant(0.0, g))
        if clipping.active:
            used = clipping.apply(used, xp)
        given = {"error": found.error} if optimiser.by_error else {}
        rate = lr if factors is None else lr * factors.astype(theta.dtype)
        new = apply(update, theta, used, rate, t, penalised, *state, **given)
        if rule is not None and rule.chooses:
            moves = rule.moved(found, used, t)
            pairs = zip(new, (theta, *state), strict=True)
            new = tuple(xp.where(moves, after, before) for after, before in pairs)
        if rule is not None and rule.mirrors:
            new = (*new[:-1], rule.mirrored(new[0], new[-1], t))
        return new[0], tuple(new[1:]), found.error, found.penalty, g

    return step
