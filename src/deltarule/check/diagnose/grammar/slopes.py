"""What may stand for f'(net): left out, twice, of the wrong thing, changed on purpose.

delta_l is dE/dy_l times any of them. What f' is looked up of is a `At` or, in a step of a layer
with a state, one of its gates: both have `activation`, `net`, `y`, `slope` and `slope_at`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS
from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.deltas import stands_for_delta
from deltarule.check.diagnose.grammar.slot import Fits
from deltarule.core.namespace import NUMPY

FROM_OUTPUT: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda v: v * (1.0 - v), "tanh": lambda v: 1.0 - v * v,
}  # fmt: skip
"""f' as a function of the OUTPUT, which is what these programs hold and feed the wrong value."""

STANDS: dict[str, tuple[str, Callable[..., Any], str, Mapping[str, Any]]] = {}
"""Everything that is tried in the place of f'(net): phrase, value, mistake, which variant."""


def _put(
    name: str, phrase: str, of: Callable[..., Any], code: str = "",
    told: Mapping[str, Any] | None = None, fits: Fits = Case.elementwise, **more: Any,
) -> None:  # fmt: skip
    STANDS[name] = phrase, of, code, told or {}
    stands_for_delta(name, f"dE/dy_l times {phrase}", lambda at, *p: at.dE_dy * of(at, *p), fits,
                     code, told, **more)  # fmt: skip


def _named(*names: str) -> Fits:
    return lambda case, l: case.elementwise(l) and case.activation(l).name in names


def _another(of: str) -> Fits:
    return lambda case, l: case.elementwise(l) and case.activation(l).name != of


def _kinked(case: Case, l: int) -> bool:
    kinks = case.activation(l).kinks if case.elementwise(l) else ()
    return any(np.any(case.nets[l] == kink) for kink in kinks)


def _formula(at: Any) -> Any:
    return FROM_OUTPUT.get(at.activation.name, lambda v: v)(at.net)


def _of_another(of: str) -> Callable[[Any], Any]:
    f, df = ACTIVATIONS.get(of).body(NUMPY)
    return lambda at: np.broadcast_to(df(at.net, f(at.net)), at.net.shape)


def _neighbour(step: int, own: bool) -> tuple[Callable[[Any], Any], Fits]:
    def slope(at: Any) -> Any:
        m = at.l + step
        found = at.slope_at(at.case.nets[m]) if own else at.case.slope(m)
        return np.broadcast_to(found, at.net.shape)

    def fits(case: Case, l: int) -> bool:
        m = l + step
        able = case.elementwise(l) and 1 <= m <= case.L and (own or case.elementwise(m))
        if not able or not case.adjacent(max(l, m)):
            return False
        if own and case.activation(m).name == case.activation(l).name:
            return False  # the same as that layer's
        return case.nets[m].shape[1] in (1, case.nets[l].shape[1])

    return slope, fits


def _side(side: str) -> Callable[[Any], Any]:
    def slope(at: Any) -> Any:
        found, (f, df) = at.slope, at.activation.body(NUMPY)
        for kink in at.activation.kinks:
            near = np.array([kink - 1e-9, kink + 1e-9])
            left, right = df(near, f(near))
            taken = {"left": left, "right": right, "middle": 0.5 * (left + right)}[side]
            found = np.where(at.net == kink, taken, found)
        return found

    return slope


def _applied_again(at: Any) -> Any:
    """Return f(y) (1 - f(y)) and the like: f' of a value to which f was applied once more."""
    f, _ = at.activation.body(NUMPY)
    return FROM_OUTPUT[at.activation.name](f(f(at.y)))


def _clipped_output(at: Any, bound: float) -> Any:
    """Return f' as a function of y, y no nearer to its ends than `bound`."""
    name = at.activation.name
    low = 0.0 if name == "sigmoid" else -1.0
    return FROM_OUTPUT[name](np.clip(at.y, low + bound, 1.0 - bound))


def _far_from(value: float) -> Callable[[float], float | None]:
    return lambda p: p if abs(p - value) > 1e-9 else None


def _up_to(most: float) -> Callable[[float], float | None]:
    return lambda value: value if 1e-9 < value < (1.0 - 1e-6) * most else None


_BOUNDED, _RECTIFIED = _named(*FROM_OUTPUT), _named("relu", "leaky_relu")

_put("twice", "f' twice", lambda at: at.slope * at.slope, "double_derivative")
_put("of_y", "f' taken at y", lambda at: at.slope_at(at.y), "derivative_of_output",
     {"argument": "y"})  # fmt: skip
_put("formula_of_net", "f' by its formula for y, of net", _formula, "derivative_of_output",
     {"argument": "net, in the formula for y"}, _BOUNDED)  # fmt: skip
for _where, _step in (("below", -1), ("above", 1)):
    for _end, _whose in (("", "that layer's"), ("_own", "its own")):
        _slope, _fits = _neighbour(_step, bool(_end))
        _put(f"of_layer_{_where}{_end}", f"the f' of the layer {_where}", _slope,
             "derivative_wrong_layer", {"of": f"the layer {_where}", "activation": _whose},
             _fits)  # fmt: skip
for _of, _from_output in FROM_OUTPUT.items():
    _put(f"{_of}_of_y", f"the f' of {_of}, of y", lambda at, df=_from_output: df(at.y),
         "wrong_activation", {"of": _of, "argument": "y"}, _another(_of))  # fmt: skip
    _put(f"{_of}_of_net", f"the f' of {_of}, of net", _of_another(_of), "wrong_activation",
         {"of": _of, "argument": "net"}, _another(_of))  # fmt: skip
_put("relu_of_net", "the f' of relu", _of_another("relu"), "wrong_activation",
     {"of": "relu", "argument": "net"}, _another("relu"), rank=1)  # fmt: skip
_put("f", "y = f(net), in the place of f'", lambda at: at.y)
_put("one_minus_y", "1 - y", lambda at: 1.0 - at.y)
_put("one_minus_f_of_y", "the f' of f(y), to which f is applied once more", _applied_again,
     fits=_BOUNDED)  # fmt: skip
_put("net", "net", lambda at: at.net)
for _where in ("left", "right", "middle"):
    _put(f"kink_{_where}", f"f', the {_where} one at the kink", _side(_where), "relu_kink",
         {"side": _where}, _kinked, everywhere=False)  # fmt: skip
for _below in (0.0, 0.01):
    _put(f"below_zero_{_below:g}", f"f', but {_below:g} for net < 0",
         lambda at, p=_below: np.where(at.net < 0, p, at.slope), "dead_relu_slope",
         {"slope_below": _below}, _RECTIFIED, everywhere=False)  # fmt: skip
_put("below_zero", "f', but another number for net < 0",
     lambda at, p: np.where(at.net < 0, p, at.slope), "dead_relu_slope", None, _RECTIFIED,
     number="slope_below", everywhere=False)  # fmt: skip
_put("constant", "a constant number", lambda at, p: np.full_like(at.net, p), "derivative_constant",
     number="constant", everywhere=False, allowed=_far_from(1.0))  # fmt: skip
_put("offset", "f' plus a number", lambda at, p: at.slope + p, "derivative_offset",
     number="offset", everywhere=False, allowed=_far_from(0.0))  # fmt: skip
_put("floor", "f', but no less than a number", lambda at, p: np.maximum(at.slope, p),
     "derivative_floor", number="floor", linear=False, everywhere=False,
     allowed=_up_to(1.0))  # fmt: skip
_put("clipped_output", "f' taken of y after y was kept away from its ends", _clipped_output,
     "derivative_clipped_output", None, _BOUNDED, number="bound", linear=False, everywhere=False,
     allowed=_up_to(0.5))  # fmt: skip
