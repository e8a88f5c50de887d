"""The backward pass of a layer with a state, as the same program over slots.

    dE/dstate_t = errors_t + what comes from step t+1              t = T .. 1
    deltas_t = step_back(dE/dstate_t)             dE/dh_{t-1} = delta_t U, + the way past U
    dE/dW = sum over t of delta_t^T x_t           dE/dU = sum over t of delta_t^T h_{t-1}

Written out, a gradient is a double sum: the error of step s, carried back to step t <= s, times
what its weight meets at t. Most mistakes in time are other weights on its terms: of the errors
(slot `errors`), of the distance s - t (`reach`), of the steps t (`steps`). The rest are other
quantities in a step: another f' (`slope`), another step's numbers (`kept`, `before`), another W.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.stages import Pair
from deltarule.core.namespace import NUMPY
from deltarule.layers.recurrent.recurrent import Deltas
from deltarule.rules import LayerRule

TIME = frozenset({"errors", "slope", "kept", "through", "memory", "reach"})
"""The slots that decide the deltas of a layer with a state."""

Put = Callable[[str, Any], Any]
"""What stands in a slot: `put(slot, right)`."""


@dataclass(frozen=True)
class Gate:
    """One net of a step where its f' is taken: what a quantity that stands for f' looks at."""

    name: str
    activation: Any
    net: Array
    y: Array
    slope: Array

    def slope_at(self, net: Array) -> Array:
        """Return f' at another net."""
        f, df = self.activation.body(NUMPY)
        return np.broadcast_to(df(net, f(net)), self.net.shape)


@dataclass(frozen=True, eq=False)
class InTime:
    """The deltas of every step."""

    errors: tuple[Any, ...]
    """dE/dstate_t"""
    deltas: tuple[Deltas, ...]
    back: Callable[[Any, int], Deltas]
    """`step_back` with what stands in its slots, of dE/dstate_t at step t."""

    def rows(self, name: str) -> Array:
        """Return `inward` or `recurrent` of all steps, a row for every observation and step."""
        each = [getattr(d, name) for d in self.deltas]
        return np.stack(each, axis=1).reshape(-1, each[0].shape[-1])


def in_time(case: Case, l: int, dE_dy: Array, put: Put, changed: bool = False) -> InTime:
    """Return the deltas of layer l from dE/dy_l, row by row. `changed`: whether f' may be.

    Beside the slots of the grammar there are two more: `p`, the layer's parameters by name, and
    `deltas`, those of a step.
    """
    stage, saved = case.stages[l], case.saved[l]
    layer, parts = stage.layer, stage.parts((case.W[l], case.b[l]))
    shapes = {b.parameter.name: b.parameter.shape for b in stage.blocks}
    p = put("p", {name: w.reshape(shapes[name]) for name, w in parts.items()})
    kept = put("kept", tuple(saved.steps))
    rule: Any = _Slopes(case.rule(l), put) if changed else case.rule(l)
    U, T = rule.through(p["U"], NUMPY), len(kept)
    errors = put("errors", dE_dy.reshape(case.n, T, -1))

    def back(state: Any, t: int) -> Deltas:
        if changed:
            rule.kept = kept[t]
        found: Deltas = put("deltas", layer.step_back(p, state, kept[t], rule, NUMPY))
        return found

    windows = put("reach", tuple(layer.windows(T)))
    none = tuple(np.zeros((case.n, width)) for width in layer.held)
    total: list[Any] = [None] * T
    deltas: list[Any] = [None] * T
    for first, fresh, end in windows:
        state: Any = none
        for t in range(end - 1, first - 1, -1):
            if t >= fresh:
                state = (errors[:, t] + state[0], *state[1:])
            here = back(state, t)
            pairs = [] if total[t] is None else zip(total[t], state, strict=True)
            total[t] = state if total[t] is None else tuple(a + b for a, b in pairs)
            deltas[t] = here if total[t] is state else None
            through = put("through", (here, U, p["W"]))
            through = through if isinstance(through, np.ndarray) else here.recurrent @ U
            past = put("memory", here.state)
            state = (through + past[0], *past[1:])
    total = [none if one is None else one for one in total]
    found = tuple(back(total[t], t) if d is None else d for t, d in enumerate(deltas))
    return InTime(tuple(total), found, back)


class _Slopes:
    """A layer's rule, with what stands in the slot of f'."""

    kept: Any = None

    def __init__(self, rule: LayerRule, put: Put) -> None:
        self.rule, self.put = rule, put

    def slope(self, activation: Any, net: Any, y: Any, xp: Any) -> Any:
        right = self.rule.slope(activation, net, y, xp)
        return self.put("slope", Gate(_name(self.kept, net), activation, net, y, right))

    def through(self, U: Any, xp: Any) -> Any:
        return self.rule.through(U, xp)


_LETTERS = {4: "ifgo", 3: "rzn"}


def _name(kept: Any, net: Any) -> str:
    """Return what a net is called among what a step has kept."""
    for field, value in zip(kept._fields, kept, strict=True):
        if value is net:
            return str(field)
        if isinstance(value, tuple):
            for letter, one in zip(_LETTERS.get(len(value), ""), value, strict=False):
                if one is net:
                    return letter
    return "net"


def gates_of(case: Case, l: int) -> dict[str, Gate]:
    """Return the nets of a step of layer l at which f' is taken, by name."""
    if l in case.gates:
        return dict(case.gates[l])
    found: dict[str, Gate] = {}

    def put(slot: str, right: Any) -> Any:
        if slot == "slope":
            found[right.name] = right
            return right.slope
        return right

    with np.errstate(all="ignore"):
        in_time(case, l, np.ones(case.outputs[l].shape), put, changed=True)
    case.gates[l] = found
    return found


def summed(case: Case, l: int, time: InTime, put: Put, over: Pair) -> dict[str, Array]:
    """Return dE/dw by name: sums over rows, weighted by `over` for weights and for biases."""
    stage, T = case.stages[l], len(time.deltas)
    inward, recurrent = put("gates", (time.rows("inward"), time.rows("recurrent")))
    before = put("before", _before(case, l)).reshape(len(inward), -1)
    x = put("input", case.inputs[l])
    found = {
        "W": (inward * over[0]).T @ x,
        "U": (recurrent * over[0]).T @ before,
        "b": (inward * over[1]).sum(axis=0),
    }
    for block in stage.blocks[3:]:
        name = block.parameter.name
        each = over[1] if block.columns is None else over[0]
        if np.all(each == 1.0):
            found[name] = sum(d.further[name] for d in time.deltas)
            continue
        weights = each.reshape(case.n, T)
        found[name] = sum(  # step_back is linear in its errors
            time.back(tuple(weights[:, t : t + 1] * e for e in time.errors[t]), t).further[name]
            for t in range(T)
        )
    return found


def _before(case: Case, l: int) -> Array:
    """Return h_{t-1} at every step, (n, T, H)."""
    return np.stack([state[0] for state in case.saved[l].states[:-1]], axis=1)


def magnitudes(case: Case, l: int, size: Array, error: Array) -> tuple[Pair, Array, Array]:
    """Return the sizes behind dE/dw_l, with their rounding, and those of the deltas of a_t.

    `size` and `error` are those of dE/dy_l. The same pass in magnitudes, and once more with every
    number off by a little: what it moves by is the rounding.
    """
    little = 2.0**-20
    pair, delta = _sized(case, l, size, 0.0)
    moved, more = _sized(case, l, size + little * error, little)
    each = [p + (m - p) / little for p, m in zip(pair, moved, strict=True)]
    return (each[0], each[1]), delta, (more - delta) / little


def _sized(case: Case, l: int, dE_dy: Array, little: float) -> tuple[Pair, Array]:
    p: dict[str, Array] = {}

    def put(slot: str, right: Any) -> Any:
        if slot == "p":
            p.update({name: np.abs(w) for name, w in right.items()})
            return p
        if slot == "slope":  # off by what code that has it from y knows of it
            size = np.abs(right.slope)
            return size + little * (size + 1.0)
        if slot == "reach":
            return ((0, 0, len(case.saved[l].steps)),)
        if slot == "through":
            return right[0].recurrent @ p["U"]
        if slot == "deltas":
            return _absolute(right)
        return np.abs(right) if slot in ("before", "input") else right

    time, ones = in_time(case, l, dE_dy, put, changed=True), np.ones((len(case.inputs[l]), 1))
    return case.stages[l].pair(summed(case, l, time, put, (ones, ones))), time.rows("inward")


def _absolute(found: Deltas) -> Deltas:
    further: Mapping[str, Any] = {name: np.abs(w) for name, w in found.further.items()}
    state = tuple(np.abs(part) for part in found.state)
    return Deltas(np.abs(found.inward), np.abs(found.recurrent), state, dict(further))
