"""Whether what a rule computes is the gradient of some function.

A field v(theta) is a gradient only if its Jacobian is symmetric: dv_i/dw_j = dv_j/dw_i. One pair
that is not equal is a witness that there is no such function, whatever one calls the error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.namespace import NUMPY
from deltarule.core.notation import entry_name
from deltarule.engine.objective import Objective
from deltarule.engine.reference import backprop
from deltarule.engine.rule_state import first_run
from deltarule.losses import Loss
from deltarule.network import Network
from deltarule.rules import DeltaRule

_ROWS, _ENTRIES = 5, 40
"""The samples, and the entries of theta, on which a witness is looked for."""

_STEP = 1e-5
_CLEAR = 1e-4
"""From which relative difference on two second derivatives are taken to be different: central
differences of this step are wrong by far less."""


@dataclass(frozen=True)
class Witness:
    """Two second derivatives that would be equal if there were a function."""

    first: str
    """w_i"""
    second: str
    """w_j"""
    values: tuple[float, float]
    """d v_i / d w_j and d v_j / d w_i, at the theta and the samples of seed 0."""


@dataclass(frozen=True, repr=False)
class Integrability:
    """Whether a rule's result is a gradient: `bool` of it is the answer, `print` says why."""

    is_gradient: bool | None
    """None where no witness was found and no function is known."""
    says: str
    """Of what it is the gradient, or why of nothing."""
    witness: Witness | None = None

    def __bool__(self) -> bool:
        return bool(self.is_gradient)

    def __str__(self) -> str:
        if self.witness is None:
            return self.says
        w, (a, b) = self.witness, self.witness.values
        return (
            f"{self.says}\n"
            f"  d v[{w.first}] / d {w.second} = {a:.6g}\n"
            f"  d v[{w.second}] / d {w.first} = {b:.6g}"
        )

    __repr__ = __str__


def is_gradient(
    rule: str | Mapping[str, Any] | DeltaRule,
    net: Network,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
) -> Integrability:
    """Return whether what a rule computes on a network is the gradient of some function, and which.

        changed at the output alone   the gradient of H with dH/dnet_k = de/dy_k g(net_k)
        changed elsewhere             none, where dv_i/dw_j and dv_j/dw_i differ: a witness

    Second derivatives are central differences of the rule's result, at the first theta of seed 0 on
    samples of seed 0, so that the answer is the same every time.

    Raises `UsageError` for a rule that does not fit the network.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
    >>> print(dr.DeltaRule(output="constant:1").is_gradient(net))
    the gradient of binary_cross_entropy: f' has cancelled at the output
    >>> bool(dr.DeltaRule(hidden="constant:1").is_gradient(net))
    False
    """
    objective = Objective.of(net, loss, "mean", rule, 0.0)
    rule = objective.rule
    if rule.exact:
        return Integrability(True, f"the gradient of E, {objective.loss.name}")
    if rule.order != "simultaneous":
        return Integrability(False, f"the {rule.order} order moves weights by several gradients, "
                             "each at another theta")  # fmt: skip
    if not rule.choice.everything:
        return Integrability(False, f"choice={rule.choice.name}: parts of a gradient, other ones "
                             "at every theta")  # fmt: skip
    L = len(net.layers)
    hidden = [rule.at(l, L).derivative.exact for l in range(1, L)]
    if all(hidden) and all(feedback.exact for feedback in objective.feedbacks.values()):
        return Integrability(True, _of_output(objective))
    witness = _witness(objective)
    if witness is None:
        return Integrability(None, "no witness was found, and no function is known: it cannot be "
                             "told")  # fmt: skip
    return Integrability(
        False, "the gradient of nothing: two second derivatives differ that would be equal", witness
    )


def _of_output(objective: Objective) -> str:
    """Return of what a rule that changes the output alone computes the gradient."""
    net, L = objective.network, len(objective.network.layers)
    derivative = objective.rule.at(L, L).derivative
    if derivative.exact:
        return f"the gradient of E, {objective.loss.name}: the rule changes nothing in this network"
    removed = derivative.to_dict() == {"name": "constant", "c": 1.0}
    pair = net.affine[-1].activation.name, objective.loss.name
    if removed and pair == ("sigmoid", "half_squared_error"):
        return "the gradient of binary_cross_entropy: f' has cancelled at the output"
    if removed:
        return (
            f"the gradient of H, whose derivative by the output's net is that of {pair[1]} by y: "
            f"dH/dnet = de/dy"
        )
    return (
        f"the gradient of H with dH/dnet = de/dy g(net) at the output, g being {derivative.name} "
        f"in the place of f', and e {pair[1]}"
    )


def _witness(objective: Objective) -> Witness | None:
    """Return the pair of entries whose second derivatives differ most, if any do clearly."""
    net = objective.network
    rng = np.random.default_rng(0)
    X = rng.normal(size=(_ROWS, *net.shapes[0]))
    low, high = objective.loss.target_range
    T = rng.uniform(max(low, 0.0), min(high, 1.0), size=(_ROWS, *net.shapes[-1]))
    theta, run = net.init(0), first_run(objective, 0, np.float64)

    def v(at: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            return np.asarray(backprop(objective, at, X, T, xp=NUMPY, run=run).gradient)

    entries = np.unique(np.linspace(0, net.size - 1, min(net.size, _ENTRIES)).astype(int))
    J = np.empty((len(entries), len(entries)))
    for column, j in enumerate(entries):
        step = np.zeros_like(theta)
        step[j] = _STEP
        J[:, column] = ((v(theta + step) - v(theta - step)) / (2.0 * _STEP))[entries]
    apart = np.abs(J - J.T)
    i, j = np.unravel_index(int(np.argmax(np.nan_to_num(apart))), apart.shape)
    if not apart[i, j] > _CLEAR * np.nanmax(np.abs(J)):
        return None
    names = [_name(net, int(entries[k])) for k in (i, j)]
    return Witness(names[0], names[1], (float(J[i, j]), float(J[j, i])))


def _name(net: Network, entry: int) -> str:
    """Return an entry's name, such as w[2,1,3]."""
    (e,) = [e for e in net.layout.entries if e.start <= entry < e.stop]
    place = np.unravel_index(entry - e.start, e.parameter.shape)
    return entry_name(e.parameter.name, e.layer, [int(k) for k in place])
