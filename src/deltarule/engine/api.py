"""`dr.backprop`: one forward and backward pass over checked arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from deltarule.engine.problem import Problem
from deltarule.engine.reference import Backprop
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.rules import DeltaRule


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
