"""What recurrent layers share: the walk through time, forwards and backwards."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError
from deltarule.core.layout import Parameter
from deltarule.layers.initialisers import INITIALISERS, Initialiser
from deltarule.layers.layer import Layer, Parameters, Shape, State
from deltarule.rules import LayerRule

__all__ = [
    "ActivationSpec",
    "Deltas",
    "InitSpec",
    "Recurrent",
    "State",
    "Teacher",
    "ThroughTime",
    "Truncate",
    "gates",
]

ActivationSpec = str | Mapping[str, Any] | Activation
InitSpec = str | Mapping[str, Any] | Initialiser
Truncate = int | tuple[int, int] | None


class Teacher(NamedTuple):
    """What is fed back in the place of a layer's own outputs (Williams and Zipser 1989)."""

    values: Any
    """What is fed into steps 1, .., T, (n, T, outputs): targets of the step before."""
    forced: Any
    """1 where it is, 0 where the layer's own output is, (n, T)."""


class ThroughTime(NamedTuple):
    """What a recurrent layer keeps of a forward pass."""

    below: Any
    """x = y_{l-1}, (n, T, features)"""
    states: tuple[State, ...]
    """The states after 0, 1, .., T steps; arrays (n, units)."""
    steps: tuple[Any, ...]
    """What the cell keeps of steps 1, .., T: a named tuple each."""
    fed: tuple[Any, ...]
    """What met U in steps 1, .., T: h of the step before, or what a teacher gave."""
    teacher: Teacher | None = None


class Deltas(NamedTuple):
    """What one step of the way back finds, from dE/dstate_t."""

    inward: Any
    """dE/da_t, (n, rows)"""
    recurrent: Any
    """dE/dv_t, (n, rows)"""
    state: State
    """dE/dstate_{t-1}, but for what reaches it through v_t; 0.0 where nothing does."""
    further: Parameters
    """The step's part of dE/dw for the cell's further parameters, by name."""


class Recurrent(Layer):
    """A layer that meets its own state of the step before, with the same weights at every step.

        a_t = x_t W^T + b        v_t = h_{t-1} U^T        state_t = step(a_t, v_t, state_{t-1})

    Backpropagation through time goes from t = T to 1. At every step, dE/dh_t is what comes from
    the layer above plus what comes from step t+1:

        dE/da_t, dE/dv_t, .. = step_back(dE/dstate_t)        dE/dh_{t-1} += dE/dv_t U
        dE/dW = sum over t of dE/da_t^T x_t                  dE/dx_t = dE/da_t W
        dE/dU = sum over t of dE/dv_t^T h_{t-1}              dE/db = sum over t of dE/da_t

    each summed over the samples, too. A cell is `step` and `step_back`; its elementwise functions
    are activations, whose f' a rule may replace (`rule.slope`), at every step alike; it may replace
    U on the way back, too (`rule.through`).

    With `truncate=(k1, k2)` the error of the last k1 steps goes back k2 steps, that of the k1 steps
    before them k2 steps from there, and so on: what is left out is not the gradient of anything
    (Williams and Peng 1990). k2 >= T leaves nothing out.
    """

    units: int
    """The number of nodes."""
    recurrent_init: Initialiser
    """How U starts, gate by gate."""
    truncate: tuple[int, int] | None
    """(k1, k2); None: errors go back to the first step."""
    gate_names: ClassVar[tuple[str, ...]]
    """The nets of a node: W, U and b have as many times `units` rows, gate after gate."""
    gate_biases: tuple[float, ...] = ()
    """What is added to the first b, gate by gate, where it is not 0."""
    side_by_side = True

    @property
    def gates(self) -> int:
        """How many nets a node has."""
        return len(self.gate_names)

    @property
    def held(self) -> tuple[int, ...]:
        """The widths of the parts of the state: first that of h, which is y_l and meets U."""
        return (self.units,)

    def further(self) -> tuple[Parameter, ...]:
        """Return the cell's parameters besides W, U and b."""
        return ()

    @abstractmethod
    def step(self, p: Parameters, a: Any, v: Any, state: State, xp: Any) -> tuple[State, Any]:
        """Return state_t, and what `step_back` needs to know, from a_t, v_t and state_{t-1}."""

    @abstractmethod
    def step_back(
        self, p: Parameters, dE_dstate: State, kept: Any, rule: LayerRule, xp: Any
    ) -> Deltas:
        """Return the deltas of step t from dE/dstate_t: all that state_t does to E."""

    @final
    def __repr__(self) -> str:
        plain = type(self)(self.units)  # type: ignore[call-arg]  # as every cell takes them
        named = [(f.name, getattr(self, f.name)) for f in fields(self)]  # type: ignore[arg-type]
        parts = [f"{name}={value!r}" for name, value in named if value != getattr(plain, name)]
        return f"{type(self).__name__}({', '.join([str(self.units), *parts])})"

    @final
    def outputs(self, inputs: Shape) -> Shape:
        """Return (time, units); raises `UsageError` where a sample of y_{l-1} is no sequence."""
        if len(inputs) != 2:
            raise UsageError(
                f"a layer of the type {self.name} takes samples of the shape (time, features), not "
                f"{inputs}; for one step after the other, give Network((time, features), [...])"
            )
        if self.truncate is not None and self.truncate[0] > inputs[0]:
            raise UsageError(
                f"a layer with truncate={self.truncate} starts its way back every "
                f"{self.truncate[0]} steps, but the sequences have {inputs[0]}; give k1 <= T"
            )
        return (inputs[0], self.held[0])

    @final
    def parameters(self, inputs: Shape) -> tuple[Parameter, ...]:
        """Return W, U, b, and the cell's own."""
        rows = self.gates * self.units
        return (
            Parameter("W", (rows, inputs[1]), penalised=True),
            Parameter("U", (rows, self.held[0]), penalised=True),
            Parameter("b", (rows,), penalised=False),
            *self.further(),
        )

    @final
    def initial(
        self, inputs: Shape, init: Initialiser, rngs: list[np.random.Generator]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the first parameters, drawn gate by gate: U by `recurrent_init`."""
        found = {}
        for parameter, rng in zip(self.parameters(inputs), rngs, strict=True):
            how = self.recurrent_init if parameter.name == "U" else init
            rows, *columns = parameter.shape
            parts = self.gates if parameter.name in "WUb" else 1
            shape = rows // parts, (columns or [1])[0]
            drawn = bool(columns) or how.biases
            each = [how.draw(rng, shape) if drawn else np.zeros(shape) for _ in range(parts)]
            if parameter.name == "b":
                extra = self.gate_biases or (0.0,) * parts
                each = [w + more for w, more in zip(each, extra, strict=True)]
            w = np.concatenate(each, axis=-2)
            found[parameter.name] = w if columns else w[..., 0]
        return found

    @final
    def forward(self, p: Parameters, y: Any, xp: Any) -> tuple[Any, ThroughTime]:
        """Return h_1..h_T, (n, T, units), and what every step has kept."""
        return self.resume(p, y, None, xp)[:2]

    @final
    def resume(
        self,
        p: Parameters,
        y: Any,
        state: State | None,
        xp: Any,
        teacher: Teacher | None = None,
    ) -> tuple[Any, ThroughTime, State]:
        """Return h_1..h_T, what every step has kept, and state_T, from state_0."""
        a = y @ p["W"].mT + p["b"]  # of all steps at once: it needs no state
        states: list[State] = [self.first_state(a, xp) if state is None else state]
        steps, fed = [], []
        for t in range(y.shape[1]):
            h = states[-1][0]
            fed.append(h if teacher is None else _forced(teacher, t, h, xp))
            v = fed[-1] @ p["U"].mT
            after, kept = self.step(p, a[:, t], v, states[-1], xp)
            states.append(after)
            steps.append(kept)
        h = _stacked([one[0] for one in states[1:]], xp)
        saved = ThroughTime(y, tuple(states), tuple(steps), tuple(fed), teacher)
        return h, saved, states[-1]

    @final
    def first_state(self, like: Any, xp: Any) -> State:
        """Return state_0 = 0 for as many samples, and in the dtype, of an array."""
        return tuple(xp.blank((like.shape[0], width), like) for width in self.held)

    @final
    def backward(
        self, p: Parameters, dE_dy: Any, saved: ThroughTime, rule: LayerRule, xp: Any
    ) -> tuple[Any, Parameters]:
        """Return dE/dx, and dE/dw by name, each summed over samples and steps."""
        found = self.through_time(p, dE_dy, saved, rule, xp)
        inward = _stacked([deltas.inward for deltas in found], xp)
        flat = _rows(inward)
        recurrent = _rows(_stacked([deltas.recurrent for deltas in found], xp))
        before = _rows(_stacked(saved.fed, xp))
        gradient = {
            "W": flat.T @ _rows(saved.below),
            "U": recurrent.T @ before,
            "b": xp.sum(flat, axis=0),
        }
        for name in found[0].further:
            gradient[name] = sum(deltas.further[name] for deltas in found)
        return inward @ rule.carrier(p["W"], xp), gradient

    @final
    def through_time(
        self, p: Parameters, dE_dy: Any, saved: ThroughTime, rule: LayerRule, xp: Any
    ) -> list[Deltas]:
        """Return the deltas of steps 1..T; `state` is dE/dstate_{t-1}, all of it."""
        U = rule.through(p["U"], xp)
        found: list[Deltas | None] = [None] * len(saved.steps)
        for first, fresh, end in self.windows(len(saved.steps)):
            dE_dstate: State = (0.0,) * len(self.held)
            for t in range(end - 1, first - 1, -1):
                if t >= fresh:  # this window's own errors
                    dE_dstate = (dE_dy[:, t] + dE_dstate[0], *dE_dstate[1:])
                here = self.step_back(p, dE_dstate, saved.steps[t], rule, xp)
                through = here.recurrent @ U
                if saved.teacher is not None:  # what a teacher has fed comes from no step before
                    through = through * (1.0 - saved.teacher.forced[:, t, None])
                through = through + here.state[0]
                dE_dstate = (through, *here.state[1:])
                found[t] = _together(found[t], here._replace(state=dE_dstate))
        return [deltas for deltas in found if deltas is not None]

    @final
    def windows(self, steps: int) -> Iterator[tuple[int, int, int]]:
        """Give the stretches of time that errors go back through: [first, end) from 0.

        The errors of the steps from `fresh` on are those that start their way back in the window.
        """
        k1, k2 = self.truncate or (steps, steps)
        for end in range(steps, 0, -k1):
            yield max(0, end - k2), max(0, end - k1), end

    def _fill(self, units: Any, **given: Any) -> None:
        """Set the fields of a frozen record, each checked by what it is."""
        name = type(self).__name__
        object.__setattr__(self, "units", whole(f"{name}: units", units, 1, 2**31))
        init = given.pop("init")
        object.__setattr__(self, "init", None if init is None else INITIALISERS.get(init))
        recurrent = INITIALISERS.get(given.pop("recurrent_init"))
        object.__setattr__(self, "recurrent_init", recurrent)
        object.__setattr__(self, "truncate", _windows(name, given.pop("truncate")))
        for field, spec in given.items():
            activation = ACTIVATIONS.get(spec)
            if activation.rowwise:
                raise UsageError(
                    f"{name}: {field} is {activation.name}, which couples a row; a recurrent layer "
                    "needs an f of each node by itself. Use it in a last layer, "
                    "EachStep(Dense(n, 'softmax'))"
                )
            object.__setattr__(self, field, activation)


def gates(a: Any, count: int) -> list[Any]:
    """Return the gates' columns of an array (n, count * units)."""
    units = a.shape[-1] // count
    return [a[:, k * units : (k + 1) * units] for k in range(count)]


def _windows(name: str, given: Any) -> tuple[int, int] | None:
    """Return (k1, k2) from k, (k1, k2) or None."""
    if given is None:
        return None
    pair = given if isinstance(given, Sequence) and not isinstance(given, str) else (given, given)
    if len(pair) != 2:
        raise UsageError(f"{name}: truncate is (k1, k2), a number of steps, or None, not {given!r}")
    k1 = whole(f"{name}: k1 of truncate", pair[0], 1)
    k2 = whole(f"{name}: k2 of truncate", pair[1], 1)
    if k2 < k1:
        raise UsageError(
            f"{name}: truncate=({k1}, {k2}) would leave out the errors of {k1 - k2} of every {k1} "
            "steps; give k2 >= k1"
        )
    return k1, k2


def _forced(teacher: Teacher, t: int, h: Any, xp: Any) -> Any:
    """Return what meets U in step t."""
    return xp.where(teacher.forced[:, t, None] > 0.0, teacher.values[:, t], h)


def _stacked(steps: Sequence[Any], xp: Any) -> Any:
    """Return arrays (n, k), one a step, as (n, T, k)."""
    return xp.concatenate([step[:, None] for step in steps], axis=1)


def _rows(a: Any) -> Any:
    """Return (n, T, k) as (n T, k): the sum over samples and steps is one product."""
    return a.reshape(-1, a.shape[-1])


def _together(one: Deltas | None, other: Deltas) -> Deltas:
    """Return the sum of what two windows say of a step: deltas are linear in the errors."""
    if one is None:
        return other
    state = tuple(a + b for a, b in zip(one.state, other.state, strict=True))
    further = {name: g + other.further[name] for name, g in one.further.items()}
    recurrent = one.recurrent + other.recurrent
    return Deltas(one.inward + other.inward, recurrent, state, further)
