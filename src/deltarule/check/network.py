"""`dr.check_gradient`: a network's gradient beside numerical derivatives of E."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.compare import Setting, compare, compare_along
from deltarule.check.numerical.cost import check_directions_cost, check_network_cost
from deltarule.check.numerical.formulas import check_method
from deltarule.check.numerical.groups import layer_groups
from deltarule.check.numerical.incremental import Incremental
from deltarule.check.numerical.passes import Passes
from deltarule.check.ours import Ours
from deltarule.check.result import GradientCheck
from deltarule.core.arguments import array, boolean, whole
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.engine import Objective, Problem, Samples, backprop
from deltarule.engine.reference import backprop as textbook
from deltarule.layers import Dense
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.rules import DeltaRule, as_rule


def check_gradient(
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
    gradient: Any = None,
    method: str = "auto",
    directions: int | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    reuse: bool = True,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> GradientCheck:
    """Check dE/dw of every parameter of a network against numerical derivatives of E.

    An entry is right where |got - expected| <= tolerance * (largest |expected| of its layer) +
    rounding; nothing grows with the number of entries.

    Args:
        net, theta, X, T, loss, reduction, sample_weight, l2, penalty: as in `dr.backprop`. E is
            computed in float64 whatever the dtype of theta.
        rule, lr: the rule whose result is checked; another than `"exact"` is not E's gradient.
        gradient: the gradient in question, flat in the order of theta, as a list of (dW, db), or
            as a function of (theta, X, T) that returns either; None takes `dr.backprop`'s.
        method: `"complex"` (complex step), `"central"`, `"forward"`, `"five_point"`,
            `"richardson"`, or `"auto"`: the complex step where E is analytic, else differences.
        directions: check so many random directions in the place of every entry.
        tolerance: None takes 1e-9 with complex steps, 1e-7 with differences, and 1,000 rounding
            units of the gradient's dtype where that is more.
        seed: draws the random directions.
        reuse: False computes every moved E from the input; True only what the move reaches.

    Returns:
        A `GradientCheck`: `.passed`, `.worst`, `.digits`, `.layers`, `.kinks`, `.verdict`,
        `.sweep()`; `.diagnosis`, the mistake by name (`dr.diagnose`); printed, a table.

    Raises `UsageError` for what does not fit together, `NumericError` for what is not finite and
    `ResourceError` where the check would take too long, naming the cheaper one.

    Source: Squire and Trapp (1998), SIAM Review 40, for the complex step.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)])
    >>> check = dr.check_gradient(net, net.init(seed=0), [[0.5, -1.0]], [[1.0]])
    >>> check.passed, check.method, check.digits > 14
    (True, 'complex', True)
    """
    method = check_method(method)
    given = (net, theta, X, T, loss, reduction, "exact", sample_weight, l2, penalty)
    problem = Problem.of(*given, data=np.float64)
    objective, theta, samples = problem.objective, problem.theta, problem.samples
    if theta.dtype.kind == "c":
        raise UsageError("theta is complex; a gradient is checked at a real theta")
    own = _backprop_of(net, samples, objective, rule, lr)
    got = own(theta) if gradient is None else flat_gradient(net, gradient, theta, samples)
    count = None if directions is None else whole("directions", directions, 1)
    if count is None:
        check_network_cost(net, len(samples), method, reuse=boolean("reuse", reuse))
    else:
        check_directions_cost(count, net.size, len(samples))
    dense = all(type(layer) is Dense for layer in net.layers)
    around = (Incremental if reuse and dense else Passes)(objective, theta, samples)
    unit = float(np.finfo(got.dtype).eps)
    got = got.astype(np.float64)
    ours = Ours(
        net, theta, samples.X, samples.T, objective.loss, objective.reduction, samples.weight,
        objective.l2, got, gradient if callable(gradient) else None, penalty=objective.penalty,
    )  # fmt: skip

    def sensitivity() -> Array:
        own_exact = gradient is None and as_rule(rule) == objective.rule
        known = got if own_exact and unit == around.unit else None
        exact = _exact(objective, samples)
        return gradient_noise(exact, theta.astype(np.float64), unit, seed, known)

    setting = Setting(method, tolerance, unit, seed, ours=ours)
    if count is not None:
        return compare_along(around, around.x, got, count, setting, sensitivity)
    return compare(around, around.x, got, layer_groups(net), setting, sensitivity)


def _backprop_of(
    net: Network, samples: Samples, objective: Objective, rule: Any, lr: float | None
) -> Callable[[Array], Array]:
    """Return `dr.backprop`'s gradient as a function of theta."""

    def gradient(theta: Array) -> Array:
        found = backprop(
            net, theta, samples.X, samples.T, objective.loss, objective.reduction, rule,
            samples.weight, objective.l2, lr, penalty=objective.penalty,
        )  # fmt: skip
        return np.asarray(found.gradient)

    return gradient


def _exact(objective: Objective, samples: Samples) -> Callable[[Array], Array]:
    """Return the gradient of E as a function of theta; the samples have been looked at."""

    def gradient(theta: Array) -> Array:
        with np.errstate(all="ignore"):  # what is not finite was found in the gradient asked about
            found = textbook(objective, theta, samples.X, samples.T, samples.weight)
        return np.asarray(found.gradient)

    return gradient


def gradient_noise(
    gradient: Callable[[Array], Array], x: Array, unit: float, seed: int = 0,
    here: Array | None = None,
) -> Array:  # fmt: skip
    """Return how far a gradient moves when x moves by a rounding unit, four times over.

    A residual that has almost vanished, or contributions that cancel, leave few digits; no
    gradient can have more. `here` is the gradient at x, where it is known.
    """
    signs = np.random.default_rng((seed, 2)).choice([-1.0, 1.0], size=(2, x.size))
    here = gradient(x) if here is None else here
    moves = [np.abs(gradient(x * (1.0 + unit * s)) - here) for s in signs]
    return np.asarray(4.0 * np.max(moves, axis=0), dtype=np.float64)


def flat_gradient(net: Network, given: Any, theta: Array, samples: Samples) -> Array:
    """Return a gradient in the order of theta, from whatever form it has.

    Raises `UsageError` naming both shapes where it does not fit.
    """
    found = given(theta.copy(), samples.X, samples.T) if callable(given) else given
    if found is None:
        raise UsageError("the gradient function returned None; does it lack a return?")
    if isinstance(found, list | tuple) and len(found) and not np.isscalar(found[0]):
        try:
            return net.pack(found, np.result_type(*_leaves(found), np.float32))
        except UsageError as error:
            raise UsageError(str(error).replace("pack:", "gradient:", 1)) from None
    flat = array("gradient", found)
    if flat.dtype.kind not in "f":
        flat = flat.astype(np.float64) if flat.dtype.kind in "iu" else flat
    if flat.dtype.kind == "c":
        raise UsageError("the gradient is complex; take its real part if that is what is meant")
    if flat.shape != (net.size,):
        hint = "; flatten it" if flat.size == net.size else ""
        raise UsageError(
            f"the gradient has the shape {flat.shape}; theta has {net.size} entries, so it needs "
            f"({net.size},){hint}"
        )
    return flat


def _leaves(parameters: Any) -> list[Any]:
    """Return every array's dtype in a list of (dW, db)."""
    found = []
    for layer in parameters:
        values = layer.values() if isinstance(layer, Mapping) else layer
        values = [layer] if isinstance(layer, np.ndarray) else values
        found += [np.asarray(v).dtype for v in values if v is not None]
    return found
