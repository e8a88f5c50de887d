"""What recurrent layers share: the walk through time, forwards and backwards."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError
from deltarule.core.layout import Parameter
from deltarule.layers.initialisers import INITIALISERS, Initialiser
from deltarule.layers.layer import Layer, Parameters, Shape, State
from deltarule.layers.recurrent.again import Again, Stretch
from deltarule.layers.recurrent.kept import (
    Deltas,
    Teacher,
    ThroughTime,
    in_rows,
    stacked,
)
from deltarule.layers.recurrent.walk import as_truncate, back, walk
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

    With `checkpoint=k` a state is kept every k steps alone, and the steps between are computed
    again on the way back: less memory for long sequences, for one more pass forwards. The gradient
    is the same to the rounding.
    """

    units: int
    """The number of nodes."""
    recurrent_init: Initialiser
    """How U starts, gate by gate."""
    truncate: tuple[int, int] | None
    """(k1, k2); None: errors go back to the first step."""
    checkpoint: int | None
    """k: a state is kept every k steps, and the steps between are computed again on the way back;
    None: all steps are kept."""
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
        T, every = y.shape[1], self.checkpoint or y.shape[1]

        def through(start: int, before: State) -> Stretch:
            return walk(self.step, p, y, before, xp, teacher, (start, min(start + every, T)))

        like = y[:, :1] @ p["W"].mT  # of the kind that a is, be it complex or dual
        states = [self.first_state(like, xp) if state is None else state]
        outputs: list[Any] = []
        for start in range(0, T, every):
            one = through(start, states[-1])
            outputs += [after[0] for after in one.states[1:]]
            states.append(one.states[-1])
        if every < T:
            again = Again(through, states, every, T)
            one = Stretch(*(again.all(field) for field in Stretch._fields))
        return stacked(outputs, xp), ThroughTime(y, *one, teacher), states[-1]

    @final
    def first_state(self, like: Any, xp: Any) -> State:
        """Return state_0 = 0 for as many samples, and in the dtype, of an array."""
        return tuple(xp.blank((like.shape[0], width), like) for width in self.held)

    @final
    def backward(
        self, p: Parameters, dE_dy: Any, saved: ThroughTime, rule: LayerRule, xp: Any
    ) -> tuple[Any, Parameters]:
        """Return dE/dx, and dE/dw by name, each summed over samples and steps."""
        T = len(saved.steps)
        if self.checkpoint is None or self.truncate is not None:
            found = self.through_time(p, dE_dy, saved, rule, xp)
            return self._summed(p, found, saved, (0, T), rule, xp)
        below: list[Any] = []
        gradient: Parameters = {}
        state: State = (0.0,) * len(self.held)
        for first in reversed(range(0, T, self.checkpoint)):
            end = min(first + self.checkpoint, T)
            part: list[Deltas | None] = [None] * (end - first)
            window = (first, first, end)
            state = back(self.step_back, p, dE_dy, saved, rule, xp, window, state, part)
            known = [deltas for deltas in part if deltas is not None]
            dE_dx, own = self._summed(p, known, saved, (first, end), rule, xp)
            below.insert(0, dE_dx)
            gradient = {name: g + gradient[name] if gradient else g for name, g in own.items()}
        return xp.concatenate(below, axis=1), gradient

    def _summed(
        self,
        p: Parameters,
        found: list[Deltas],
        saved: ThroughTime,
        stretch: tuple[int, int],
        rule: LayerRule,
        xp: Any,
    ) -> tuple[Any, Parameters]:
        """Return dE/dx of the steps [first, end), and their part of dE/dw."""
        first, end = stretch
        inward = stacked([deltas.inward for deltas in found], xp)
        flat = in_rows(inward)
        recurrent = in_rows(stacked([deltas.recurrent for deltas in found], xp))
        gradient = {
            "W": flat.T @ in_rows(saved.below[:, first:end]),
            "U": recurrent.T @ in_rows(stacked(saved.fed[first:end], xp)),
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
        found: list[Deltas | None] = [None] * len(saved.steps)
        for first, fresh, end in self.windows(len(saved.steps)):
            stretch = found[first:end]
            behind: State = (0.0,) * len(self.held)
            window = (first, fresh, end)
            back(self.step_back, p, dE_dy, saved, rule, xp, window, behind, stretch)
            found[first:end] = stretch
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
        object.__setattr__(self, "truncate", as_truncate(name, given.pop("truncate")))
        every = given.pop("checkpoint")
        every = None if every is None else whole(f"{name}: checkpoint", every, 1)
        object.__setattr__(self, "checkpoint", every)
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
