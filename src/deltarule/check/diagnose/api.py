"""`dr.diagnose`: which mistake gives this gradient."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.diagnosis import Diagnosis
from deltarule.check.diagnose.experiment import answers
from deltarule.check.diagnose.given import call, read
from deltarule.check.diagnose.investigation import Outcome, investigate
from deltarule.check.diagnose.match import as_given, roundings
from deltarule.check.diagnose.report import UP_TO, conclude
from deltarule.check.numerical.cost import check_diagnosis_cost
from deltarule.core.errors import NumericError, UsageError, unknown_name
from deltarule.core.notation import Notation, as_notation
from deltarule.engine import Problem
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.rules import DeltaRule


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
    up_to: str = "factor",
    l2_rows: int = 0,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> Diagnosis:
    """Compare a gradient with the true one and with what every known mistake would give.

        delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l),   dE/dW_l = delta_l^T y_{l-1}

    The backward pass is a program with slots (dE/dy, f', the delta carried down, the W it is
    carried through, ...), and a mistake is a quantity in a slot where another one belongs. All are
    tried at every subset of layers, alone and in pairs, layer by layer from the output down: a
    layer that agrees is left as it is, another is explained where no entry is off by more than
    half the digits of float64.

    A recurrent layer's weights are used at every step. Its pass through time is a program of the
    same kind: whose errors go back, how far, past which f', and which steps' terms are added up.

    A factor that is common to all layers (a learning rate, a step that is added, the sum in the
    place of the mean, 1/2) is a convention, and no mistake. Fewer changes come before more, no
    fitted number before one. A fitted number proves something where several nodes, each on its
    own, or a second point give the same one; else the mistake is only possible.

    Args:
        gradient: a flat vector in the order of theta, a list of (dW, db) for l = 1..L, with
            (dW, dU, db) of a recurrent layer and () of one without weights, or a function of
            (theta, X, T) that returns either. A function is called twice at the same point and,
            where it is wrong, at other points: what does not hold there is not believed.
        net: the network, of dense, recurrent (Elman, GRU, LSTM, Jordan) and Conv1d layers.
        theta, X, T, loss, reduction, sample_weight, l2, penalty: where the gradient is taken, and
            the E that it is meant for, as in `dr.backprop`.
        rule: how deltas are meant to be carried back; not the sequential order, which is one of
            the mistakes.
        notation: the notation that the gradient is in: with `"in_out"` W is (in, out), also in
            the theta that a function gets; where delta is -dE/dnet, the vector is the one that
            is added.
        up_to: which factor common to all layers is a convention: `"factor"`, any; `"rate"`, a
            positive one, as the vector is subtracted; `"nothing"`, none, as it claims to be the
            gradient of this very E.
        l2_rows: the number of observations that l2 is for, where the penalty in E is divided by
            them (of 1/2 (l2_rows / n) l2 |W|^2); 0 where it is not.

    Returns:
        A `Diagnosis`. The verdict is `"correct"` (`.conventions` says up to what), `"explained"`
        (one explanation is best), `"ambiguous"` (several are the same here: `.candidates`),
        `"possible"` (it fits, but is not proved), `"partial"` (some layers are explained) or
        `"unexplained"` (see `.localised`).

    Raises `UsageError` for what does not fit together or is no gradient, `DataError` for entries
    that are not finite, `NumericError` where the true gradient is not finite, `ResourceError` for a
    wrong gradient whose mistake it would take too long to look for.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1, "tanh")])
    >>> theta, X, T = net.init(seed=0), [[0.5, -1.0], [0.3, 0.8]], [[1.0], [0.0]]
    >>> bp = dr.backprop(net, theta, X, T)
    >>> found = dr.diagnose(-0.1 * bp.gradient, net, theta, X, T)
    >>> found.verdict, [c.title for c in found.conventions if c.explanation == 1]
    ('correct', ['sign in layers 1, 2 (of: both)', 'learning_rate in layers 1, 2 (factor: 0.1)'])
    >>> slopeless = dr.backprop(net, theta, X, T, rule={"hidden": "constant:1"}).gradient
    >>> dr.diagnose(slopeless, net, theta, X, T).mistakes[0].title
    'missing_derivative in layer 1'
    """
    if up_to not in UP_TO:
        raise unknown_name("convention", up_to, UP_TO)
    if not isinstance(net, Network):
        hint = "; the network comes second" if isinstance(gradient, Network) else ""
        raise UsageError(
            f"diagnose: net is of the type {type(net).__name__}, and no Network{hint}. It is "
            "called as diagnose(gradient, net, theta, X, T)"
        )
    given = (net, theta, X, T, loss, reduction, rule, sample_weight, l2, penalty)
    problem = Problem.of(*given, dtype=np.float64)
    weights, samples = problem.theta, problem.samples
    if problem.objective.rule.sequential:
        raise UsageError(
            "diagnose compares with the gradient of the simultaneous order; the sequential order "
            "is one of its mistakes (sequential_update)"
        )
    for feedback in (*problem.objective.feedbacks.values(), problem.objective.rule.recurrent):
        if feedback.kind != "of_W":
            raise UsageError(
                "diagnose compares with what a rule computes of the weights alone; "
                f"{feedback.name} has numbers of its own, drawn for a run. Compare with "
                "dr.backprop(..., rule=..., seed=...).gradient"
            )
    written = as_notation(notation)
    case = Case(problem.objective, weights, samples, l2_rows)
    _check_truth(case)
    delivered = read(gradient, net, weights, samples, written)
    told = as_given(case, delivered.vector, roundings(case))
    truth = backward(case)
    if all(told.matches(l, truth[l].delivered) for l in range(1, case.L + 1)):
        return conclude(case, delivered, told, Outcome(), up_to)
    check_diagnosis_cost(net, len(samples), case.steps)

    def ask(other: Case) -> Array:
        return call(gradient, net, other.theta, other.samples, written).vector

    elsewhere = (
        partial(answers, case, ask) if callable(gradient) and not delivered.accumulates else None
    )
    outcome = investigate(case, delivered.vector, elsewhere)
    return conclude(case, delivered, told, outcome, up_to)


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
