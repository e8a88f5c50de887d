"""One forward and backward pass, taken apart into the numbers that every path multiplies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.activations import RowActivation
from deltarule.core.errors import NumericError
from deltarule.core.namespace import NUMPY
from deltarule.engine import Backprop, Objective, Problem, Samples
from deltarule.engine.rule_state import first_run
from deltarule.layers import Dense, all_of
from deltarule.losses import Loss
from deltarule.network import Network
from deltarule.rules import DeltaRule, Direct, DirectFeedback, RuleRun

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sweep:
    """A pass in float64, with what stands for W and f' on the way back. Index 0 is the input.

    delta_L = scale * end * slope_L (or, with a row activation, scale * sum_i end_i J_ij), and
    delta_l = (delta_{l+1} carrier_{l+1}) * slope_l.
    """

    objective: Objective
    samples: Samples
    theta: Array
    bp: Backprop
    carriers: tuple[Array | None, ...]
    """What carries delta_l back: W_l (n_l, n_{l-1}), the updated one in the sequential order; of a
    direct feedback, B_l (n_L, n_{l-1})."""
    slopes: tuple[Array | None, ...]
    """f'(net_l) or its stand-in, (n, n_l); None at an output that is fused or couples a row."""
    scale: Array
    """c s_i (n,): 1 over the number of observations or the total weight, and each one's weight."""
    ends: Array
    """(n, n_L): de/dy of the loss; of a fused pair, de/dnet."""
    exact: Backprop | None
    """The chain rule's pass, where the rule is another one."""
    _jacobians: dict[int, Array] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """The network."""
        return self.objective.network

    @property
    def layers(self) -> int:
        """L."""
        return len(self.network.layers)

    @property
    def fused(self) -> bool:
        """Whether f' of the output has cancelled."""
        return self.objective.fused is not None

    @property
    def coupled(self) -> bool:
        """Whether paths run through every output: a row activation that is not fused."""
        return self.network.output.rowwise and not self.fused

    @property
    def scaled(self) -> bool:
        """Whether c s_i is worth showing."""
        return self.objective.reduction == "mean" or self.samples.weight is not None

    def way(self, l: int) -> tuple[int, ...]:
        """Return the layers that a path from layer l visits: l + 1, l + 2, ..., L.

        Direct feedback goes from a layer to the output, past the layers between.
        """
        found, m = [], l
        while m < self.layers:
            direct = isinstance(self.objective.feedbacks[m + 1], Direct)
            m = self.layers if direct else m + 1
            found.append(m)
        return tuple(found)

    def told(self, l: int) -> Direct | None:
        """Return the feedback that tells a path from layer l something else than delta_L."""
        before = (l, *self.way(l))[-2:][0]
        rule = self.objective.feedbacks.get(before + 1)
        return rule if isinstance(rule, Direct) and not isinstance(rule, DirectFeedback) else None

    def ends_from(self, l: int) -> Array:
        """Return what a path from layer l is multiplied by at its end, (n, n_L), c s_i apart."""
        told = self.told(l)
        if told is None:
            return self.ends
        return np.asarray(told.source(self.bp.deltas[-1], self.samples.T, 1.0, NUMPY))

    def slopes_from(self, l: int, m: int) -> Array | None:
        """Return what stands for f' at layer m of a path from layer l, where it is a factor."""
        return None if m == self.layers > l and self.told(l) is not None else self.slopes[m]

    def couples(self, l: int) -> bool:
        """Whether a path from layer l runs through the output's Jacobian."""
        return self.coupled and self.told(l) is None

    def true_slope(self, l: int, j: int, i: int) -> float:
        """Return f'(net_{l,j}) itself, whatever the rule has in its place."""
        activation = self.network.affine[l - 1].activation
        _, df = activation.body(NUMPY)
        net, y = self.bp.nets[l][i - 1, [j - 1]], self.bp.outputs[l][i - 1, [j - 1]]
        return float(np.broadcast_to(df(net, y), (1,))[0])

    def jacobian(self, i: int) -> Array:
        """Return dy_o/dnet_j of the output row of observation i: (n_L, n_L), o before j."""
        activation = self.network.affine[-1].activation
        assert isinstance(activation, RowActivation)
        if i not in self._jacobians:
            self._jacobians[i] = activation.derivative(self.bp.nets[-1][i])
        return self._jacobians[i]


def sweep(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | Mapping[str, Any] | Loss,
    reduction: str,
    rule: str | Mapping[str, Any] | DeltaRule,
    sample_weight: ArrayLike | None,
    l2: float,
    lr: float | None = None,
    seed: int = 0,
    learned: ArrayLike | None = None,
    penalty: Any = None,
) -> Sweep:
    """Return the pass; it is computed in float64 whatever the dtype of theta.

    Raises what `deltarule.backprop` raises, and `NumericError` where a number is not finite.
    """
    all_of(net.layers, Dense)
    given = (net, theta, X, T, loss, reduction, rule, sample_weight, l2, penalty)
    problem = Problem.of(*given, dtype=np.float64)
    objective, theta, samples = problem.objective, problem.theta, problem.samples
    bp = problem.backprop(lr, seed, learned)
    _check_finite(net, theta, bp)
    run = first_run(objective, seed, np.float64, learned)
    exact = None if objective.rule.exact else problem.ruled("exact").backprop()
    with np.errstate(all="ignore"):
        slopes = _slopes(objective, bp, run)
        return Sweep(
            objective, samples, theta, bp, _carriers(objective, theta, bp, lr, run), slopes,
            _scale(objective, samples), _ends(objective, samples, bp), exact,
        )  # fmt: skip


def _check_finite(net: Network, theta: Array, bp: Backprop) -> None:
    bad = np.flatnonzero(~np.isfinite(theta))
    if len(bad):
        raise NumericError(
            f"theta is {theta[bad[0]]} at {net.layout.where(int(bad[0]))}; finite parameters are "
            f"needed"
        )
    for l in range(1, len(net.layers) + 1):
        for name, found in (("net", bp.nets[l]), ("y", bp.outputs[l]), ("delta", bp.deltas[l])):
            wrong = np.argwhere(~np.isfinite(found))
            if len(wrong):
                i, j = wrong[0]
                raise NumericError(
                    f"{name}[{l},{j + 1}] of observation {i + 1} is {found[i, j]}: there is no "
                    f"finite gradient to explain. Scale the inputs, or look at the weights into "
                    f"that node"
                )


def _slopes(objective: Objective, bp: Backprop, run: RuleRun | None) -> tuple[Array | None, ...]:
    rule, layers = objective.rule, objective.network.affine
    found: list[Array | None] = [None]
    for l, layer in enumerate(layers, 1):
        last = l == len(layers)
        if last and (objective.fused is not None or layer.activation.rowwise):
            found.append(None)
            continue
        here = rule.at(l, len(layers), run)
        slope = here.slope(layer.activation, bp.nets[l], bp.outputs[l], NUMPY)
        found.append(np.array(np.broadcast_to(slope, bp.nets[l].shape)))
    return tuple(found)


def _carriers(
    objective: Objective, theta: Array, bp: Backprop, lr: float | None, run: RuleRun | None
) -> tuple[Array | None, ...]:
    """Return what stands for W_l on the way back; in the sequential order it is updated first."""
    rule, net = objective.rule, objective.network
    weights, gradients = net.unpack(theta), net.unpack(bp.gradient)
    found: list[Array | None] = [None]
    for l, (p, g) in enumerate(zip(weights, gradients, strict=True), 1):
        W = p["W"] - (lr or 0.0) * g["W"] if rule.sequential else p["W"]
        # below layer 1 nothing is carried, so that no rule has a matrix for it
        B = rule.at(l, len(weights), run).carrier(W, NUMPY) if l > 1 else W
        found.append(np.asarray(B))
    return tuple(found)


def _scale(objective: Objective, samples: Samples) -> Array:
    weight = np.ones(len(samples)) if samples.weight is None else samples.weight
    return np.asarray(weight / samples.total if objective.reduction == "mean" else weight)


def _ends(objective: Objective, samples: Samples, bp: Backprop) -> Array:
    y = bp.outputs[-1]
    pair = objective.fused
    _, slope = objective.loss.body(NUMPY) if pair is None else pair(NUMPY)
    return np.array(np.broadcast_to(slope(y, samples.T), y.shape))
