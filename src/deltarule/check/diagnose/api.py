"""`dr.diagnose`: which mistake gives this gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.diagnose import mistakes  # noqa: F401 (registers them)
from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.diagnosis import Diagnosis, Finding, LayerAgreement
from deltarule.check.diagnose.experiment import surviving, telling
from deltarule.check.diagnose.given import Delivered, call, read
from deltarule.check.diagnose.match import EPS, Given, as_given, precisions_of, roundings
from deltarule.check.diagnose.mistake import MISTAKES, Trial
from deltarule.check.diagnose.search import Explanation, explain_gradient, trials_of
from deltarule.core.errors import NumericError, UsageError
from deltarule.core.notation import Notation, as_notation
from deltarule.engine import Objective, as_samples
from deltarule.losses import Loss
from deltarule.network import Network
from deltarule.rules import DeltaRule

__all__ = ["diagnose"]

_NOTHING = Explanation((), ())
_DELIVERY = ("transposed_output", "swapped_layers", "bias_first_row")


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
    a fitted parameter come before fitted ones, one mistake before two.

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
        notation: the notation that the gradient is in: with `"in_out"` W is (in, out); where
            delta is -dE/dnet, the vector is the one that is added.

    Returns:
        A `Diagnosis`. The verdict is `"correct"`, `"explained"` (one explanation is best),
        `"ambiguous"` (several are the same here: `.candidates`) or `"unexplained"` (see
        `.localised`).

    Raises `UsageError` for what does not fit together or is no gradient, `DataError` for entries
    that are not finite, `NumericError` where the true gradient is not finite.

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
    weights = net.check_theta(theta).astype(np.float64)
    samples = as_samples(net, objective.loss, X, T, sample_weight, np.float64)
    written = as_notation(notation)
    case = Case(objective, weights, samples)
    _check_truth(case)
    delivered = read(gradient, net, weights, samples, written)
    given = as_given(case, delivered.vector, roundings(case))
    truth = backward(case)
    right = all(given.matches(l, truth[l].delivered) for l in range(1, case.L + 1))
    found, notes = ([_NOTHING], []) if right else _search(case, delivered.vector)
    if len(found) > 1 and callable(gradient):

        def ask(other: Case) -> Array:
            return call(gradient, net, other.theta, other.samples, written).vector

        found, made = surviving(case, found, ask)
        notes += [f"told apart by a call with {name}" for name in made]
    return _conclude(case, delivered, given, found, notes)


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


def _search(case: Case, vector: Array) -> tuple[list[Explanation], list[str]]:
    """Return the best explanations, [] for none; and what else fits, though it was fitted."""
    trials = trials_of(case, vector)
    with np.errstate(all="ignore"):  # a wrong rule may well overflow
        found = explain_gradient(case, vector, trials)
        precisions = precisions_of(case, vector)
        low = tuple(l for l, eps in enumerate(precisions, 1) if eps > EPS)
        rough = explain_gradient(case, vector, trials, precisions) if low else []
    if rough and (not found or rough[0].cost < found[0].cost):
        noise = Trial(MISTAKES["float_noise"], (("eps", max(precisions)),))
        found = [Explanation((*e.trials, noise), (*e.layers, low)) for e in rough]
    best = [e for e in found if e.cost == found[0].cost]
    by_place: dict[Any, Explanation] = {}
    for e in best:  # variants of one mistake at the same layers are one explanation
        by_place.setdefault((e.codes, e.layers), e)
    return list(by_place.values()), _fitted_alike(found)


def _fitted_alike(found: list[Explanation]) -> list[str]:
    """Name single mistakes with a fitted parameter that give the same as the best without one."""
    if not found or found[0].cost != (0, 1):
        return []
    alike = [e.trials[0] for e in found if e.cost == (1, 1)]
    told = [f"{t.code} ({', '.join(f'{k}: {v:.6g}' for k, v in t.parameters if k in t.fitted)})"
            for t in alike]  # fmt: skip
    return [f"with a parameter fitted, the same as {', '.join(told)}"] if told else []


def _conclude(
    case: Case, delivered: Delivered, given: Given, found: list[Explanation], notes: list[str]
) -> Diagnosis:
    truth = backward(case)
    places = tuple(_agreement(case, given, l, truth[l].delivered) for l in range(1, case.L + 1))
    groups = [tuple(_findings(case, given, truth, e, number)) for number, e in enumerate(found, 1)]
    if delivered.accumulates:
        groups = [(*group, _accumulates()) for group in groups or [()] if found]
        notes = [*notes, "every call adds the same gradient: what one call adds is diagnosed"]
    if delivered.misfit and not _fits(groups):
        raise UsageError(f"the gradient does not fit: {delivered.misfit}")
    notes += [delivered.misfit] if delivered.misfit else []
    if not groups:
        return Diagnosis("unexplained", (), (), places, (*notes, *_where_to_look(places)))
    if len(groups) == 1:
        verdict = "explained" if groups[0] else "correct"
        unseen = () if groups[0] else _unseen(case, given)
        return Diagnosis(verdict, groups[0], (), places, tuple(notes), unseen)
    every = tuple(f for group in groups for f in group)
    certain = tuple(f for f in groups[0] if all(_in(f, group) for group in groups))
    notes += _how_to_tell(case, found)
    return Diagnosis("ambiguous", certain, every, places, tuple(notes))


def _fits(groups: Sequence[Sequence[Finding]]) -> bool:
    return any(f.code in _DELIVERY for group in groups for f in group)


def _in(f: Finding, group: Sequence[Finding]) -> bool:
    return any((g.code, g.layers, g.parameters) == (f.code, f.layers, f.parameters) for g in group)


def _agreement(case: Case, given: Given, l: int, truth: tuple[Array, Array]) -> LayerAgreement:
    bounds = zip(truth, given.pairs[l], given.bounds[l], strict=True)
    good = [bool(np.max(np.abs(a - g), initial=0.0) <= most) for a, g, most in bounds]
    biases = good[1] if case.bias(l) else None
    return LayerAgreement(l, good[0], biases, given.residual(l, truth))


def _findings(
    case: Case, given: Given, truth: list[Any], e: Explanation, number: int
) -> list[Finding]:
    """Return the records of one explanation, in the order of the table of mistakes."""
    mine = backward(case, e.acts())
    moved = [t for t in e.trials if "order" in t.mistake.changes]
    vector = given.vector
    for trial in moved:
        vector = trial.change("order", case, 0, vector)
    here = as_given(case, vector, roundings(case)) if moved else given
    found = []
    for trial, layers in zip(e.trials, e.layers, strict=True):
        parameters = dict(trial.parameters)
        concerned = layers or parameters.get("swapped") or range(1, case.L + 1)
        before = max(max(given.residual(l, truth[l].delivered)) for l in concerned)
        after = max(max(here.residual(l, mine[l].delivered)) for l in concerned)
        entries = np.concatenate([p.ravel() for l in concerned for p in given.pairs[l]])
        m = trial.mistake
        told = m.reported(entries, parameters)
        places = tuple(sorted(concerned))
        found.append(
            Finding(
                m.code, places, told, trial.fitted, m.does, m.should, m.line, before, after, number
            )
        )
    order = list(MISTAKES)
    return sorted(found, key=lambda f: order.index(f.code))


def _accumulates() -> Finding:
    m = MISTAKES["accumulated"]
    return Finding(m.code, (), {"times": "one more with every call"}, (), m.does, m.should, m.line,
                   1.0, 0.0)  # fmt: skip


def _where_to_look(places: Sequence[LayerAgreement]) -> list[str]:
    """Deltas flow downwards: the highest layer that differs is where to look first."""
    wrong = [p for p in places if not p.agrees]
    if not wrong:
        return []
    first = wrong[-1]
    above = "the layers above agree, so that" if first.layer < len(places) else "look first at"
    said = f"look at layer {first.layer} first"
    if first.biases and not first.weights:
        return [f"{said}: its biases agree, so delta_{first.layer} is right; the factor "
                f"y_{first.layer - 1} or the weights' sum is not"]  # fmt: skip
    if first.weights and first.biases is False:
        return [f"{said}: its weights agree, so delta_{first.layer} is right; the biases' sum "
                "is not"]  # fmt: skip
    if first.layer < len(places):
        return [f"{said}: {above} delta_{first.layer + 1} is right, and delta_{first.layer} or "
                "what is made of it is not"]  # fmt: skip
    return [f"{said}: it is the output layer, where the backward pass starts"]


def _how_to_tell(case: Case, found: list[Explanation]) -> list[str]:
    experiments = telling(case, found)
    if experiments:
        said = [f"to tell them apart, compare with {', '.join(experiments)}"]
    else:
        said = ["they are one and the same formula on this network: no weights or samples of it "
                "tell them apart"]  # fmt: skip
    hints = {t.code: t.mistake.tell_apart for e in found for t in e.trials if t.mistake.tell_apart}
    return said + [f"{code} would show with {hint}" for code, hint in hints.items()]


def _unseen(case: Case, given: Given) -> tuple[str, ...]:
    """Return the mistakes that could be made here and would change nothing."""
    seen: dict[str, bool] = {}
    for trial in trials_of(case, given.vector):
        closed = trial.closed(0.5) if trial.open else trial
        layers = [l for l in range(1, case.L + 1) if trial.mistake.layers(case, l)]
        if not layers or trial.mistake.changes.keys() == {"order"}:
            continue
        made = backward(case, [(closed, layers)])
        changed = any(not given.matches(l, made[l].delivered) for l in layers)
        seen[trial.code] = seen.get(trial.code, False) or changed
    return tuple(code for code, visible in seen.items() if not visible)
