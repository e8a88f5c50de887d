"""What delta_l may be multiplied by, and which rows are summed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS
from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slopes import FROM_OUTPUT
from deltarule.check.diagnose.grammar.slot import EVERYWHERE, Fits, always, put
from deltarule.core.namespace import NUMPY


def _wide_as_x(case: Case, l: int) -> bool:
    return l > 1 and case.outputs[0].shape == case.inputs[l].shape


def _wide_as_y(case: Case, l: int) -> bool:
    return bool(case.outputs[l].shape == case.inputs[l].shape)


def _below_is_not(name: str) -> Fits:
    return lambda case, l: case.adjacent(l) and case.activation(l - 1).name != name


def _f_of(name: str) -> Callable[[Any, Any], Any]:
    f, _ = ACTIVATIONS.get(name).body(NUMPY)
    return lambda at, y: f(at.case.nets[at.l - 1])


put("input", "net", "net_{l-1}", lambda at, y: at.case.nets[at.l - 1], fits=Case.adjacent,
    code="net_for_output")  # fmt: skip
put("input", "x", "the network's input x", lambda at, y: at.case.outputs[0], fits=_wide_as_x,
    code="input_for_hidden")  # fmt: skip
put("input", "ones", "1", lambda at, y: np.ones_like(y), over=EVERYWHERE,
    code="delta_for_gradient")  # fmt: skip
put("input", "own_output", "y_l, the layer's own output", lambda at, y: at.y, fits=_wide_as_y)
put("input", "own_net", "net_l, the layer's own", lambda at, y: at.net, fits=_wide_as_y)
put("input", "f_again", "f(y_{l-1}): f is applied once more",
    lambda at, y: at.case.activation(at.l - 1).body(NUMPY)[0](y), fits=Case.adjacent)  # fmt: skip
put("input", "slope", "f'(net_{l-1})", lambda at, y: at.case.slopes[at.l - 1], fits=Case.adjacent)
for _name in ("sigmoid", "tanh", "relu"):
    put("input", f"f_of_{_name}", f"{_name}(net_{{l-1}}): another f's output", _f_of(_name),
        fits=_below_is_not(_name))  # fmt: skip
for _name, _slope in FROM_OUTPUT.items():
    put("input", f"slope_of_{_name}", f"the f' of {_name}, of y_{{l-1}}",
        lambda at, y, slope=_slope: slope(y), fits=_below_is_not(_name))  # fmt: skip
put("input", "squared", "y_{l-1} squared", lambda at, y: y * y, over=EVERYWHERE)
put("input", "reversed", "y_{l-1} with its rows in the other order", lambda at, y: y[::-1])
put("input", "mean", "the mean of y_{l-1} over the observations",
    lambda at, y: np.broadcast_to(y.mean(axis=0), y.shape),
    fits=lambda case, l: case.n > 1)  # fmt: skip


def _one_row(row: int, divided: bool) -> Callable[[Any, Any], Any]:
    def value(at: Any, over: Any) -> Any:
        case = at.case
        kept = np.zeros((case.n, 1, 1))
        kept[row] = 1.0 if divided or not case.mean else case.samples.total
        rows = np.broadcast_to(kept, (case.n, case.per(at.l), 1)).reshape(-1, 1)
        return over[0] * rows, over[1] * rows

    return value


for _which, _row in (("last", -1), ("first", 0)):
    for _divided in (True, False):
        put("rows", f"{_which}{'_divided' if _divided else ''}", f"the {_which} row's alone",
            _one_row(_row, _divided), over=EVERYWHERE, code=f"{_which}_sample_only",
            fits=(lambda case, l: case.mean) if _divided else always,
            told={"divided": _divided})  # fmt: skip
put("rows", "online", "summed over the rows, the weights moving after every one",
    lambda at, x, lr: x, fits=lambda case, l: False, code="online_update", number="lr")  # fmt: skip
