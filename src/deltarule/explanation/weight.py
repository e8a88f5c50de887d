"""`dr.explain` and `dr.explain_node`: one derivative, in full."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from deltarule.core.arguments import whole
from deltarule.core.notation import Notation, as_notation
from deltarule.explanation.columns import Columns
from deltarule.explanation.explanation import Explanation
from deltarule.explanation.paths import find_paths, penalty_paths
from deltarule.explanation.place import check_node, check_weight, gradient_index
from deltarule.explanation.records import Contribution, Factor, product
from deltarule.explanation.recursion import recursion
from deltarule.explanation.setting import setting_of
from deltarule.explanation.sweep import sweep
from deltarule.explanation.through_time import explain_through_time
from deltarule.explanation.updates import first_updates
from deltarule.explanation.writing.names import Names
from deltarule.layers import Dense
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.rules import DeltaRule


def explain(
    net: Network,
    theta: ArrayLike,
    x: ArrayLike,
    t: ArrayLike,
    weight: tuple[int, int, int] | tuple[str | int, ...] | str,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "sum",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    notation: str | Notation = "theory",
    limit: int = 20,
    lr: float | None = None,
    columns: Columns | None = None,
    seed: int = 0,
    learned: ArrayLike | None = None,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> Explanation:
    """Explain one weight's gradient: factors, paths, deltas, and what optimisers do with it.

        dE/dw_{l,j,k} = y_{l-1,k} f_l'(net_{l,j}) *
            sum over all paths j -> j_{l+1} -> ... -> j_L of
                prod_{m=l+1..L} [ w_{m, j_m, j_{m-1}} f_m'(net_{m,j_m}) ] * dE/dy_{L,j_L}

    Args:
        net: the network, of dense layers; or with layers over time.
        theta: its parameters, flat. Everything is computed in float64, whatever its dtype.
        x: one observation (n_0,) or many (n, n_0).
        t: targets, as `deltarule.backprop` takes them.
        weight: (l, j, k): the layer, the node that the weight leads into, the node of layer l-1
            from which it comes; all from 1. k = 0 is the bias. Or its name in the notation, in
            any form that is printed: `"w[2,1,1]"`, `"w_{2,1,1}"`, `"w211"`, `"b[2,1]"`; `"W2[0,0]"`
            and `"b2[0]"` index as NumPy does, from 0. A weight that a layer uses at every time
            step is explained as the sum over steps; `"u[1,2,3]"` is one from node 3 of the step
            before.
        loss, reduction, rule, sample_weight, l2, penalty: as in `deltarule.backprop`; but the
            reduction is `"sum"` where none is given.
        notation: the symbols, the order of indices and the sign of delta: a name in
            `deltarule.core.notation.NOTATIONS`. The value is dE/dw in every one.
        limit: as many paths are listed; where there are more, the largest, and the sum of the
            others as one number. They are found without walking through all.
        lr: the learning rate of the sequential order, which updates weights on the way back.
        columns: what inputs and targets are called in a table, and their original values;
            `deltarule.models.observed` gives them for a trained model and its rows.
        seed, learned: as in `deltarule.backprop`: what a rule draws numbers from, and has learned.

    Returns:
        An `Explanation`. The products of its `paths`, which hold every factor, and its
        `remainder` add up to its `value`. With `l2`, the last path is the direct one from the
        weight to E through the penalty, and visits no nodes. Of a weight that acts at every step,
        the paths are the steps' terms, and `reach` says which of them still contribute.

    Raises `UsageError` for a weight that does not exist (with the range of every index) and what
    does not fit together, `DataError` for data that cannot be used, and `NumericError` where a
    number is not finite.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(2), dr.Dense(1)])
    >>> theta = net.pack([([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0]), ([[5.0, 6.0]], [0.0])])
    >>> why = dr.explain(net, theta, [1.0, -1.0], 0.0, weight=(1, 2, 1))
    >>> why.value, [path.nodes for path in why.paths], why.formula
    (-66.0, [(1, 2, 1)], '1.0 * 1.0 * 6.0 * 1.0 * (-11.0)')
    """
    found = as_notation(notation)
    limit = whole("limit", limit, 1)
    if not all(isinstance(layer, Dense) for layer in net.layers):
        options: dict[str, Any] = {
            "loss": loss,
            "reduction": reduction,
            "rule": rule,
            "l2": l2,
            "penalty": penalty,
            "lr": lr,
        }
        options |= {"sample_weight": sample_weight, "seed": seed, "learned": learned}
        return explain_through_time(net, theta, x, t, weight, options, found, limit)
    l, j, k = check_weight(net, weight, found)
    more = (lr, seed, learned, penalty)
    passed = sweep(net, theta, x, t, loss, reduction, rule, sample_weight, l2, *more)
    index = gradient_index(net, l, j, k)
    value = float(passed.bp.gradient[index])
    names = Names(passed, found, columns)
    penalised = penalty_paths(names, l, j, k) if k and passed.objective.penalties else []
    decay = math.fsum(path.product for path in penalised)
    contributions = _contributions(names, l, j, k)
    data = math.fsum(c.value for c in contributions) if penalised else value
    paths, remainder, count = find_paths(names, l, j, k, data, limit)
    symbol = names.quantity(l, j, k)
    trained = bool(net.layout.mask("trained")[index])
    return Explanation(
        name=symbol.text,
        latex_name=symbol.latex,
        value=value,
        contributions=contributions,
        penalty=decay,
        paths=(*paths, *penalised),
        remainder=remainder,
        path_count=count,
        recursion=recursion(names, l, j, k, value, limit),
        update=first_updates(float(passed.theta[index]), value, weight=k > 0, trained=trained),
        notation=found,
        setting=setting_of(
            passed,
            {"weight": [l, j, k], "trained": trained, "limit": limit, "lr": lr},
            None if passed.exact is None else float(passed.exact.gradient[index]),
        ),
        columns=columns,
    )


def explain_node(
    net: Network,
    theta: ArrayLike,
    x: ArrayLike,
    t: ArrayLike,
    node: tuple[int, int] | str,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "sum",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    sample_weight: ArrayLike | None = None,
    l2: float = 0.0,
    notation: str | Notation = "theory",
    limit: int = 20,
    lr: float | None = None,
    columns: Columns | None = None,
    seed: int = 0,
    learned: ArrayLike | None = None,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> Explanation:
    """Explain one node's delta, dE/dnet_{l,j}, as `explain` does a weight's gradient.

        delta_{l,j} = f_l'(net_{l,j}) * sum over i of delta_{l+1,i} w_{l+1,i,j}

    Args:
        net, theta, x, t, loss, reduction, rule, sample_weight, l2, penalty: as in `explain`.
        notation, limit, lr, columns, seed, learned: as in `explain`.
        node: (l, j): the layer and the node, from 1; or a name, `"delta[2,1]"`, `"net[2,1]"`.

    Returns:
        An `Explanation`; of several observations, its value is the sum of their deltas (which is
        dE/db of the node) and `contributions` has each. The value is dE/dnet in every notation.

    Raises what `explain` raises.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(2), dr.Dense(1)])
    >>> theta = net.pack([([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0]), ([[5.0, 6.0]], [0.0])])
    >>> dr.explain_node(net, theta, [1.0, -1.0], 0.0, node=(1, 1))
    Explanation(delta[1,1] = -55.0, 1 of 1 paths)
    """
    found = as_notation(notation)
    limit = whole("limit", limit, 1)
    l, j = check_node(net, node, found)
    more = (lr, seed, learned, penalty)
    passed = sweep(net, theta, x, t, loss, reduction, rule, sample_weight, l2, *more)
    value = float(passed.bp.deltas[l][:, j - 1].sum())
    names = Names(passed, found, columns)
    paths, remainder, count = find_paths(names, l, j, None, value, limit)
    symbol = names.quantity(l, j)
    return Explanation(
        name=symbol.text,
        latex_name=symbol.latex,
        value=value,
        contributions=_contributions(names, l, j, None),
        penalty=0.0,
        paths=paths,
        remainder=remainder,
        path_count=count,
        recursion=recursion(names, l, j, None, value, limit),
        update=(),
        notation=found,
        setting=setting_of(
            passed,
            {"node": [l, j], "limit": limit, "lr": lr},
            None if passed.exact is None else float(passed.exact.deltas[l][:, j - 1].sum()),
        ),
        columns=columns,
    )


def _contributions(names: Names, l: int, j: int, k: int | None) -> tuple[Contribution, ...]:
    """Return, for every observation, y_{l-1,k} f'(net_{l,j}) dE/dy_{l,j} with its factors."""
    found = []
    for i in range(1, len(names.sweep.samples) + 1):
        factors = _factors(names, l, j, k, i)
        found.append(Contribution(i, factors, product(factors)))
    return tuple(found)


def _factors(names: Names, l: int, j: int, k: int | None, i: int) -> tuple[Factor, ...]:
    incoming = () if k is None else (names.incoming(l, k, i),)
    if names.sweep.slopes[l] is None:  # fused, or a row's Jacobian: f' is no factor of its own
        return (*names.turn, *incoming, names.delta(l, j, i))
    return (*incoming, names.slope(l, j, i), names.dE_dy(l, j, i))
