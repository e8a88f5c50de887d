"""The compiled engine's backpropagation: one update, whose optimiser keeps the gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import deltarule as dr
from deltarule.engine import Objective, as_samples
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.compiled.trainer import CompiledTrainer
from deltarule.engine.rule_state import learned
from deltarule.engine.trainer import BatchPlan, Outcome, Totals
from deltarule.optim import Clipping, Optimiser
from deltarule.rules import as_rule


@dataclass(frozen=True)
class Reveal(Optimiser):
    """theta <- theta - lr g, and g is kept in the slot."""

    lr: float = 0.0

    name = "reveal"
    equation = r"\theta \leftarrow \theta - \eta g"
    reference = "plain gradient descent"
    slots = ("g",)

    def body(self, xp: Any) -> Any:
        def update(theta: Any, g: Any, lr: Any, t: Any, penalised: Any, kept: Any) -> Any:
            return theta - lr * g, g

        return update


@dataclass(frozen=True)
class Seen:
    """What can be seen of a compiled pass: no nets, outputs or deltas."""

    error: float
    gradient: np.ndarray


def one_update(
    spec: Specialisation, samples: Any, theta: Any, slots: Any, lr: float, t: int = 1
) -> Outcome:
    """Do one update from one batch."""
    plan = BatchPlan(samples, None, len(samples), 0, t - 1, np.array([float(lr)]))
    trainer = CompiledTrainer(spec, len(samples))
    with np.errstate(all="ignore"):
        return trainer.run(plan, theta, slots, Totals(), lambda _: True)


def backprop(
    net: dr.Network,
    theta: Any,
    X: Any,
    T: Any,
    loss: Any = "half_squared_error",
    reduction: str = "mean",
    rule: Any = "exact",
    sample_weight: Any = None,
    l2: float = 0.0,
    lr: float | None = None,
) -> Any:
    """Return E and the gradient as a compiled program finds them.

    A complex theta, which no program takes, goes to the reference engine: a complex step of its E
    is the oracle for the gradient here. So does the sequential order over several rows with a
    penalty, which `dr.train` leaves to the reference engine too. All biases are trained here, so
    that the gradient has their entries.
    """
    theta = net.check_theta(theta)
    by_layers = as_rule(rule).sequential and len(np.atleast_2d(X)) > 1
    if np.iscomplexobj(theta) or (by_layers and l2):  # the latter no program takes, either
        return dr.backprop(net, theta, X, T, loss, reduction, rule, sample_weight, l2, lr)
    layers = [
        replace(layer, train_bias=True) if isinstance(layer, dr.Dense) else layer
        for layer in net.layers
    ]
    trained = dr.Network(net.shapes[0], layers)
    objective = Objective.of(trained, loss, reduction, rule, l2)
    samples = as_samples(net, objective.loss, X, T, sample_weight, theta.dtype)
    weighted, online = samples.weight is not None, len(samples) == 1
    spec = Specialisation(objective, Reveal(), Clipping(), theta.dtype, weighted, online)
    slots = np.zeros_like(theta), *learned(objective, 0, theta.dtype)
    done = one_update(spec, samples, theta, slots, lr or 0.0)
    if done.non_finite is not None:
        return Seen(done.non_finite.error, done.non_finite.gradient)
    return Seen(done.totals.epoch_error(objective), done.slots[0])


def training_step(objective: Objective, optimiser: Optimiser, clipping: Clipping) -> Any:
    """Return `step(theta, state, X, T, weight, lr, t) -> (theta, state, E)` of a program."""

    def step(theta: Any, state: Any, X: Any, T: Any, weight: Any, lr: float, t: int) -> Any:
        samples = as_samples(objective.network, objective.loss, X, T, weight, theta.dtype)
        parts = (samples.weight is not None, len(samples) == 1)
        spec = Specialisation(objective, optimiser, clipping, theta.dtype, *parts)
        done = one_update(spec, samples, theta, state, lr, t)
        return done.theta, done.slots, done.totals.epoch_error(objective)

    return step
