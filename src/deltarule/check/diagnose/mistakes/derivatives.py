"""Mistakes in the factor f'(net): left out, twice, of the wrong thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Mistake, register
from deltarule.core.namespace import NUMPY

_SLOPE = "delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)"

_FROM_OUTPUT = {"sigmoid": lambda v: v * (1.0 - v), "tanh": lambda v: 1.0 - v * v}
"""f' as a function of the OUTPUT, which is what these programs hold and feed the wrong value."""


def _ones(case: Case, l: int, slope: Array) -> Array:
    return np.ones_like(slope)


def _no_jacobian(case: Case, l: int, value: tuple[Array, Array, Array]) -> Array:
    return value[2]


def _squared(case: Case, l: int, slope: Array) -> Array:
    return slope * slope


def _elementwise(case: Case, l: int) -> bool:
    return l < case.L or not case.rowwise


def _arguments(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    yield {"argument": "y"}
    if any(layer.activation.name in _FROM_OUTPUT for layer in case.objective.network.affine):
        yield {"argument": "net, in the formula for y"}


def _of_output(case: Case, l: int, slope: Array, argument: str) -> Array:
    if argument == "y":
        return np.asarray(case.slope(l, case.outputs[l]))
    formula = _FROM_OUTPUT.get(case.objective.network.affine[l - 1].activation.name)
    return slope if formula is None else np.asarray(formula(case.nets[l]))


def _neighbours(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    if case.L == 1:
        return
    names = {layer.activation.name for layer in case.objective.network.affine}
    for of in ("the layer below", "the layer above"):
        yield {"of": of, "activation": "that layer's"}
        if len(names) > 1:
            yield {"of": of, "activation": "its own"}


def _of_neighbour(case: Case, l: int, slope: Array, of: str, activation: str) -> Array:
    m = l - 1 if of == "the layer below" else l + 1
    if not 1 <= m <= case.L or case.nets[m].shape[1] not in (1, slope.shape[1]):
        return slope  # one column would be broadcast; any other width could not run
    own = activation == "its own"
    if not own and not _elementwise(case, m):
        return slope
    return np.broadcast_to(case.slope(l, case.nets[m]) if own else case.slope(m), slope.shape)


def _other_formulas(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    for of in _FROM_OUTPUT:
        yield {"of": of, "argument": "y"}
        yield {"of": of, "argument": "net"}


def _of_another(case: Case, l: int, slope: Array, of: str, argument: str) -> Array:
    if case.objective.network.affine[l - 1].activation.name == of:
        return slope
    if argument == "y":
        return np.asarray(_FROM_OUTPUT[of](case.outputs[l]))
    f, df = ACTIVATIONS.get(of).body(NUMPY)
    net = case.nets[l]
    return np.asarray(df(net, f(net)))


def _kinked(case: Case, l: int) -> bool:
    activation = case.objective.network.affine[l - 1].activation
    return any(np.any(case.nets[l] == kink) for kink in activation.kinks)


def _other_side(case: Case, l: int, slope: Array, side: str) -> Array:
    activation = case.objective.network.affine[l - 1].activation
    f, df = activation.body(NUMPY)
    found = slope
    for kink in activation.kinks:
        near = np.array([kink - 1e-9, kink + 1e-9])
        left, right = df(near, f(near))
        taken = {"left": left, "right": right, "middle": 0.5 * (left + right)}[side]
        found = np.where(case.nets[l] == kink, taken, found)
    return found


def _rectified(case: Case, l: int) -> bool:
    return case.objective.network.affine[l - 1].activation.name in ("relu", "leaky_relu")


def _below_zero(case: Case, l: int, slope: Array, slope_below: float) -> Array:
    return np.where(case.nets[l] < 0, slope_below, slope)


register(
    Mistake(
        code="missing_derivative",
        does="the factor f'(net) is left out",
        should="delta is dE/dy times f'(net)",
        line=_SLOPE,
        changes={"slope": _ones, "jacobian": _no_jacobian},
    )
)
register(
    Mistake(
        code="double_derivative",
        does="the factor f'(net) is multiplied in twice",
        should="f'(net) enters each delta once",
        line=_SLOPE,
        changes={"slope": _squared},
        layers=_elementwise,
    )
)
register(
    Mistake(
        code="derivative_of_output",
        does="f' is taken of the wrong one of net and y",
        should="f' is taken at net; for sigmoid y (1 - y), for tanh 1 - y^2 are f'(net)",
        line=_SLOPE,
        changes={"slope": _of_output},
        layers=_elementwise,
        variants=_arguments,
    )
)
register(
    Mistake(
        code="derivative_wrong_layer",
        does="f' is taken at the net of a neighbouring layer",
        should="delta_l has f_l' at net_l",
        line=_SLOPE,
        changes={"slope": _of_neighbour},
        layers=_elementwise,
        variants=_neighbours,
    )
)
register(
    Mistake(
        code="relu_kink",
        does="at the kink f' is another subgradient",
        should="f' at the kink is the one that the activation states; both are legitimate",
        line="at relu's kink (net = 0) the derivative is undefined",
        changes={"slope": _other_side},
        layers=_kinked,
        variants=lambda case, given: ({"side": "left"}, {"side": "right"}, {"side": "middle"}),
        tell_apart="inputs or weights for which no net is exactly at the kink",
    )
)
register(
    Mistake(
        code="dead_relu_slope",
        does="f' for net < 0 is not the activation's slope there",
        should="for net < 0 f' is 0 for relu, the activation's own slope for leaky relu",
        line=_SLOPE,
        changes={"slope": _below_zero},
        layers=_rectified,
        variants=lambda case, given: tuple({"slope_below": s} for s in (0.0, 0.01, None)),
    )
)
register(
    Mistake(
        code="wrong_activation",
        does="f' is the derivative of another activation",
        should="f' belongs to the layer's own f: y (1 - y) to sigmoid, 1 - y^2 to tanh",
        line=_SLOPE,
        changes={"slope": _of_another},
        layers=_elementwise,
        variants=_other_formulas,
    )
)
