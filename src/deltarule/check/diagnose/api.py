"""`dr.diagnose`: which mistake gives this gradient."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.cost import check_diagnosis_cost
from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.diagnosis import Diagnosis
from deltarule.check.diagnose.experiment import answers
from deltarule.check.diagnose.given import call, read
from deltarule.check.diagnose.investigation import Outcome, investigate
from deltarule.check.diagnose.match import as_given, roundings
from deltarule.check.diagnose.report import conclude
from deltarule.core.errors import NumericError, UsageError
from deltarule.core.notation import Notation, as_notation
from deltarule.engine import Objective, as_samples
from deltarule.layers import Dense, all_of
from deltarule.losses import Loss
from deltarule.network import Network
from deltarule.rules import DeltaRule

__all__ = ["diagnose"]


def diagnose(
    gradient: Any,
    net: Network,
    theta: ArrayLike,
    X: ArrayLike,
    T: ArrayLike,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    notation: str | Notation = "theory",
) -> Diagnosis:
    """Compare a gradient with the true one and with what every known mistake would give.

        delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l),   dE/dW_l = delta_l^T y_{l-1}

    Every step of this backward pass can be made wrongly. All mistakes of the table are tried at
    every subset of layers, alone and in pairs, layer by layer from the output down: a layer is
    explained where no entry is off by more than half the digits of float64. Explanations without
    a fitted parameter come before fitted ones, one mistake before two; one mistake with a fitted
    whole number (three steps added up) stands beside two.

    Args:
        gradient: a flat vector in the order of theta, a list of (dW, db) for l = 1..L, or a
            function of (theta, X, T) that returns either. A function is called twice at the same
            point and, where several mistakes explain it, at other points too.
        net: the network.
        theta: its parameters, flat.
        X: inputs (n, n_0).
        T: targets (n, n_L).
        loss: e(y, T) that the gradient is meant for.
        reduction: `"sum"` or `"mean"` over the observations.
        rule: how deltas are meant to be carried back; not the sequential order, which is one of
            the mistakes.
        sample_weight: each sample's weight in E.
        l2: adds 1/2 l2 |W|^2 to E.
        notation: the notation that the gradient is in: with `"in_out"` W is (in, out), also in
            the theta that a function gets; where delta is -dE/dnet, the vector is the one that
            is added.

    Returns:
        A `Diagnosis`. The verdict is `"correct"`, `"explained"` (one explanation is best),
        `"ambiguous"` (several are the same here: `.candidates`) or `"unexplained"` (see
        `.localised`).

    Raises `UsageError` for what does not fit together or is no gradient, `DataError` for entries
    that are not finite, `NumericError` where the true gradient is not finite, `ResourceError` for a
    wrong gradient whose mistake it would take too long to look for.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1, "tanh")])
    >>> theta, X, T = net.init(seed=0), [[0.5, -1.0], [0.3, 0.8]], [[1.0], [0.0]]
    >>> bp = dr.backprop(net, theta, X, T)
    >>> found = dr.diagnose(-bp.gradient, net, theta, X, T)
    >>> found.verdict, found.mistakes[0].code, found.mistakes[0].layers
    ('explained', 'sign', (1, 2))
    """
    objective = Objective.of(net, loss, reduction, rule, l2)
    if objective.rule.sequential:
        raise UsageError(
            "diagnose compares with the gradient of the simultaneous order; the sequential order "
            "is one of its mistakes (sequential_update)"
        )
    all_of(net.layers, Dense)
    weights = net.check_theta(theta, np.float64)
    samples = as_samples(net, objective.loss, X, T, sample_weight, np.float64)
    written = as_notation(notation)
    case = Case(objective, weights, samples)
    _check_truth(case)
    delivered = read(gradient, net, weights, samples, written)
    given = as_given(case, delivered.vector, roundings(case))
    truth = backward(case)
    if all(given.matches(l, truth[l].delivered) for l in range(1, case.L + 1)):
        return conclude(case, delivered, given, Outcome())
    check_diagnosis_cost(net, len(samples))

    def ask(other: Case) -> Array:
        return call(gradient, net, other.theta, other.samples, written).vector

    elsewhere = (
        partial(answers, case, ask) if callable(gradient) and not delivered.accumulates else None
    )
    return conclude(case, delivered, given, investigate(case, delivered.vector, elsewhere))


def _check_truth(case: Case) -> None:
    with np.errstate(all="ignore"):
        vector = flat(backward(case))
    bad = np.flatnonzero(~np.isfinite(vector))
    if len(bad):
        where = case.objective.network.layout.where(int(bad[0]))
        raise NumericError(
            f"the true gradient is not finite here ({where} is {vector[bad[0]]}); nothing can be "
            "compared with it. Use smaller weights or inputs"
        )
