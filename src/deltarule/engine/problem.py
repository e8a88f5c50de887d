"""What the verbs are asked about: E of a network at one theta, checked once, at the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from deltarule.core.arguments import number
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.engine.objective import Objective
from deltarule.engine.reference import Backprop, output_gradient
from deltarule.engine.reference import backprop as textbook
from deltarule.engine.rule_state import first_run
from deltarule.engine.samples import Samples, as_samples
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.rules import DeltaRule


@dataclass(frozen=True, eq=False)
class Problem:
    """An objective, the parameters and the samples at which it is looked at."""

    objective: Objective
    theta: NDArray[Any]
    samples: Samples

    @classmethod
    def of(
        cls,
        net: Network,
        theta: ArrayLike,
        X: ArrayLike,
        T: ArrayLike,
        loss: str | Mapping[str, Any] | Loss,
        reduction: str,
        rule: str | Mapping[str, Any] | DeltaRule,
        sample_weight: ArrayLike | None,
        l2: float,
        penalty: str | Mapping[str, Any] | Penalty | None = None,
        dtype: DTypeLike | None = None,
        data: DTypeLike | None = None,
    ) -> Problem:
        """Return the problem with theta in `dtype` and samples in `data`: None is theta's own.

        Raises `UsageError` for what does not fit together and `DataError` for values that cannot
        be used.
        """
        objective = Objective.of(net, loss, reduction, rule, l2, penalty)
        theta = net.check_theta(theta, dtype)
        kind = theta.dtype if data is None else data
        samples = as_samples(net, objective.loss, X, T, sample_weight, kind)
        return cls(objective, theta, samples)

    def ruled(self, rule: str | Mapping[str, Any] | DeltaRule) -> Problem:
        """Return it with another rule, checked."""
        o = self.objective
        other = Objective.of(o.network, o.loss, o.reduction, rule, o.l2, o.penalty)
        return replace(self, objective=other)

    def backprop(
        self, lr: float | None = None, seed: int = 0, learned: ArrayLike | None = None
    ) -> Backprop:
        """Return what `deltarule.backprop` does; raises `UsageError` for an lr in its wrong place.

        A number that is not finite is in the result, to be looked at.
        """
        objective, samples = self.objective, self.samples
        if objective.rule.sequential and lr is None:
            raise UsageError("the sequential order updates weights on the way back: give it lr=")
        if lr is not None:
            lr = number("lr", lr, low=0.0)
            if not objective.rule.sequential:
                raise UsageError("backprop takes lr for the sequential order alone; leave it out")
        with np.errstate(all="ignore"):
            run = first_run(objective, seed, self.theta.dtype, learned)
            found = textbook(
                objective, self.theta, samples.X, samples.T, samples.weight, lr, run=run
            )
            y, dE_dy = found.outputs[-1], list(found.dE_dy)
            dE_dy[-1] = output_gradient(objective, y, samples.T, samples.weight, NUMPY)
        decay = np.asarray(found.penalty).item()
        return replace(found, error=found.error.item(), dE_dy=dE_dy, penalty=decay)


def backprop(
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    lr: float | None = None,
    seed: int = 0,
    learned: ArrayLike | None = None,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> Backprop:
    """Return E, every net, output, dE/dy, delta, and the gradient of one pass.

        delta_L = dE/dy_L * f_L'(net_L)
        delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)
        dE/dW_l = delta_l^T y_{l-1},   dE/db_l = sum over samples of delta_l

    Args:
        net: the network.
        theta: its parameters, flat; its dtype is the dtype of the computation, to which X and T
            are converted. A complex theta gives a complex step.
        X: inputs (n, n_0), or one observation (n_0,).
        T: targets (n, n_L), or (n,) for one output.
        loss: e(y, T).
        reduction: `"sum"` adds over samples, `"mean"` divides by their number (or total weight);
            neither divides by the number of outputs.
        rule: how deltas are carried back; `"exact"` is the chain rule.
        sample_weight: s_i (n,), each sample's weight in E.
        l2: adds 1/2 l2 |W|^2 to E (weights, not biases).
        lr: the learning rate; only the sequential order needs it.
        seed: the run's, from which a rule such as random feedback draws its numbers.
        learned: B as a rule has learned it beside theta (`run.learned`); None: as it starts.
        penalty: adds another term over the weights to E, such as `"weight_elimination:1e-4,0.5"`;
            see `dr.losses.WeightElimination`.

    Returns:
        A `Backprop` with `.error`, `.nets[l]`, `.outputs[l]`, `.dE_dy[l]`, `.deltas[l]` for
        l = 1..L (`outputs[0]` is X) and `.gradient`, flat, in the order of theta. With a fused
        pair `.dE_dy[L]` is the unfused derivative, which can be inf at a saturated output where
        `.deltas[L]` is finite.

    Raises `UsageError` for what does not fit together and `DataError` for values that cannot be
    used.

    Source: Rumelhart, Hinton and Williams (1986), Nature 323.

    >>> import deltarule as dr
    >>> net = dr.Network(1, [dr.Dense(1, "sigmoid")])
    >>> bp = dr.backprop(net, net.pack([([[0.0]], [0.0])]), [[1.0]], [[0.0]], reduction="sum")
    >>> bp.error, bp.deltas[1], bp.gradient
    (0.125, array([[0.125]]), array([0.125, 0.125]))
    """
    given = (net, theta, X, T, loss, reduction, rule, sample_weight, l2, penalty)
    return Problem.of(*given).backprop(lr, seed, learned)
