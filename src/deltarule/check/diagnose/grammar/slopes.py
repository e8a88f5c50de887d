"""What may stand for f'(net): left out, twice, of the wrong thing, changed on purpose.

delta_l is dE/dy_l times any of them. Each can be in delta_l, in the layer's own gradient alone
(in both parts, or in one), or in the delta that is carried down alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS
from deltarule.check.diagnose.case import Case
from deltarule.core.namespace import NUMPY

FROM_OUTPUT = {"sigmoid": lambda v: v * (1.0 - v), "tanh": lambda v: 1.0 - v * v}
"""f' as a function of the OUTPUT, which is what these programs hold and feed the wrong value."""

_BOUNDED = ("sigmoid", "tanh")


@dataclass(frozen=True)
class Stand:
    """What stands for f'(net): `of(at)`, or `of(at, p)` with a number p."""

    name: str
    phrase: str
    of: Callable[..., Any]
    fits: Callable[[Case, int], bool]
    code: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    number: str = ""
    linear: bool = True
    allowed: Callable[[float], float | None] = lambda value: value
    rank: int | None = None
    everywhere: bool = True
    """Whether it is tried in a layer's own gradient and in the carried delta alone, too."""


def elementwise(case: Case, l: int) -> bool:
    """Whether layer l has an f' (and no Jacobian of a row)."""
    return l < case.L or not case.rowwise


def _named(*names: str) -> Callable[[Case, int], bool]:
    def fits(case: Case, l: int) -> bool:
        return elementwise(case, l) and case.activation(l).name in names

    return fits


def _kinked(case: Case, l: int) -> bool:
    kinks = case.activation(l).kinks if elementwise(case, l) else ()
    return any(np.any(case.nets[l] == kink) for kink in kinks)


def _another(of: str) -> Callable[[Case, int], bool]:
    return lambda case, l: elementwise(case, l) and case.activation(l).name != of


def _formula(at: Any) -> Any:
    return FROM_OUTPUT[at.case.activation(at.l).name](at.net)


def _of_another(of: str, argument: str) -> Callable[[Any], Any]:
    f, df = ACTIVATIONS.get(of).body(NUMPY)

    def slope(at: Any) -> Any:
        if argument == "y":
            return FROM_OUTPUT[of](at.y)
        return np.broadcast_to(df(at.net, f(at.net)), at.net.shape)

    return slope


def _neighbour(step: int, own: bool) -> tuple[Callable[[Any], Any], Callable[[Case, int], bool]]:
    def slope(at: Any) -> Any:
        m = at.l + step
        found = at.case.slope(at.l, at.case.nets[m]) if own else at.case.slope(m)
        return np.broadcast_to(found, at.net.shape)

    def fits(case: Case, l: int) -> bool:
        m = l + step
        if not elementwise(case, l) or not 1 <= m <= case.L or not (own or elementwise(case, m)):
            return False
        if not case.adjacent(max(l, m)):
            return False
        if own and case.activation(m).name == case.activation(l).name:
            return False  # the same as that layer's
        return case.nets[m].shape[1] in (1, case.nets[l].shape[1])

    return slope, fits


def _side(side: str) -> Callable[[Any], Any]:
    def slope(at: Any) -> Any:
        activation, found = at.case.activation(at.l), at.slope
        f, df = activation.body(NUMPY)
        for kink in activation.kinks:
            near = np.array([kink - 1e-9, kink + 1e-9])
            left, right = df(near, f(near))
            taken = {"left": left, "right": right, "middle": 0.5 * (left + right)}[side]
            found = np.where(at.net == kink, taken, found)
        return found

    return slope


def _clipped_output(at: Any, bound: float) -> Any:
    """Return f' as a function of y, y no nearer to its ends than `bound`."""
    name = at.case.activation(at.l).name
    low = 0.0 if name == "sigmoid" else -1.0
    return FROM_OUTPUT[name](np.clip(at.y, low + bound, 1.0 - bound))


def _up_to(most: float) -> Callable[[float], float | None]:
    return lambda value: value if 1e-9 < value < (1.0 - 1e-6) * most else None


def stands() -> Iterator[Stand]:
    """Yield everything that is tried in the place of f'(net)."""
    yield Stand("twice", "f' twice", lambda at: at.slope * at.slope, elementwise,
                "double_derivative")  # fmt: skip
    yield Stand("of_y", "f' taken at y", lambda at: at.case.slope(at.l, at.y), elementwise,
                "derivative_of_output", {"argument": "y"})  # fmt: skip
    yield Stand("formula_of_net", "f' by its formula for y, of net", _formula, _named(*_BOUNDED),
                "derivative_of_output", {"argument": "net, in the formula for y"})  # fmt: skip
    for side, step in (("below", -1), ("above", 1)):
        for own in (False, True):
            slope, fits = _neighbour(step, own)
            told = {"of": f"the layer {side}", "activation": "its own" if own else "that layer's"}
            name = f"of_layer_{side}{'_own' if own else ''}"
            yield Stand(name, f"the f' of the layer {side}", slope, fits,
                        "derivative_wrong_layer", told)  # fmt: skip
    for of in FROM_OUTPUT:
        for argument in ("y", "net"):
            yield Stand(f"{of}_of_{argument}", f"the f' of {of}, of {argument}",
                        _of_another(of, argument), _another(of), "wrong_activation",
                        {"of": of, "argument": argument})  # fmt: skip
    yield Stand("relu_of_net", "the f' of relu", _of_another("relu", "net"), _another("relu"),
                "wrong_activation", {"of": "relu", "argument": "net"}, rank=1)  # fmt: skip
    yield Stand("f", "y = f(net), in the place of f'", lambda at: at.y, elementwise)
    yield Stand("one_minus_y", "1 - y", lambda at: 1.0 - at.y, elementwise)
    yield Stand("one_minus_f_of_y", "the f' of f(y), to which f is applied once more",
                _applied_again, _named(*_BOUNDED))  # fmt: skip
    yield Stand("net", "net", lambda at: at.net, elementwise)
    for side in ("left", "right", "middle"):
        yield Stand(f"kink_{side}", f"f', the {side} one at the kink", _side(side), _kinked,
                    "relu_kink", {"side": side}, everywhere=False)  # fmt: skip
    rectified = _named("relu", "leaky_relu")
    for below in (0.0, 0.01):
        yield Stand(f"below_zero_{below:g}", f"f', but {below:g} for net < 0", _below(below),
                    rectified, "dead_relu_slope", {"slope_below": below},
                    everywhere=False)  # fmt: skip
    yield Stand("below_zero", "f', but another number for net < 0",
                lambda at, p: np.where(at.net < 0, p, at.slope), rectified,
                "dead_relu_slope", number="slope_below", everywhere=False)  # fmt: skip
    yield Stand("constant", "a constant number", lambda at, p: np.full_like(at.net, p),
                elementwise, "derivative_constant", number="constant", everywhere=False,
                allowed=lambda p: p if abs(p - 1.0) > 1e-9 else None)  # fmt: skip
    yield Stand("offset", "f' plus a number", lambda at, p: at.slope + p, elementwise,
                "derivative_offset", number="offset", everywhere=False,
                allowed=lambda p: p if abs(p) > 1e-9 else None)  # fmt: skip
    yield Stand("floor", "f', but no less than a number", lambda at, p: np.maximum(at.slope, p),
                elementwise, "derivative_floor", number="floor", linear=False, everywhere=False,
                allowed=_up_to(1.0))  # fmt: skip
    yield Stand("clipped_output", "f' taken of y after y was kept away from its ends",
                _clipped_output, _named(*_BOUNDED), "derivative_clipped_output", number="bound",
                linear=False, everywhere=False, allowed=_up_to(0.5))  # fmt: skip


def _below(number: float) -> Callable[[Any], Any]:
    return lambda at: np.where(at.net < 0, number, at.slope)


def _applied_again(at: Any) -> Any:
    """Return f(y) (1 - f(y)) and the like: f' of a value to which f was applied once more."""
    activation = at.case.activation(at.l)
    f, _ = activation.body(NUMPY)
    return FROM_OUTPUT[activation.name](f(f(at.y)))
