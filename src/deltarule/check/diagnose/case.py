"""A case: one network at one theta with its samples, after the forward pass.

Everything that a backward rule, right or wrong, may look at is here. All of it is float64. Lists
indexed by layer have l = 0..L, as on the theory page. Layers are those that have weights
(`stages.py`); `number(l)` is a layer's number in the network. A layer over time has its
observations' steps as rows, one observation after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import Activation
from deltarule.check.diagnose.stages import STATE, VECTOR, Stage, stages_of
from deltarule.core.namespace import NUMPY
from deltarule.core.sequences import Sequences
from deltarule.engine import Objective, Samples
from deltarule.losses import Loss
from deltarule.rules import LayerRule

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """An objective, theta and samples: what a gradient is computed from.

    `W[l]` (n_l, inputs) and `b[l]` (n_l,), which is empty where the layer has no bias; `nets[l]`
    and `outputs[l]` (rows, n_l), `inputs[l]` the rows that W meets.
    """

    objective: Objective
    theta: Array
    samples: Samples
    l2_rows: int = 0
    """The number of observations that l2 is for, where E's penalty is divided by them; else 0."""

    def at(self, samples: Samples) -> Case:
        """Return the case of other samples."""
        share = self.l2_rows / len(samples) if self.l2_rows else 1.0
        objective = replace(self.objective, l2=share * self.objective.l2)
        return Case(objective, self.theta, samples, len(samples) if self.l2_rows else 0)

    @cached_property
    def stages(self) -> tuple[Any, ...]:
        """The layers that have weights, from 1; nothing at index 0."""
        return (None, *stages_of(self.objective.network))

    def penalty_slope(self, w: Array) -> Array:
        """Return what the penalties add to dE/dw at weights w."""
        return np.asarray(self.objective.penalised(np.zeros_like(w), w, NUMPY))

    @property
    def L(self) -> int:
        """The number of layers that have weights."""
        return len(self.stages) - 1

    def number(self, l: int) -> int:
        """The number of layer l in the network."""
        return int(self.stages[l].number)

    def over(self, l: int) -> str:
        """What layer l is over: vectors, steps, or steps that have a state."""
        return str(self.stages[l].over)

    @property
    def n(self) -> int:
        """The number of observations."""
        return len(self.samples)

    @property
    def k(self) -> int:
        """The number of outputs."""
        return self.objective.network.shapes[-1][-1]

    @cached_property
    def steps(self) -> int:
        """How many steps the sequences have; 1 where there are none."""
        net = self.objective.network
        over = [net.shapes[s.number - 1] for s in self.stages[1:] if s.over != VECTOR]
        return over[0][0] if over else 1

    def per(self, l: int) -> int:
        """How many rows of layer l an observation has."""
        return len(self.outputs[l]) // self.n

    @property
    def mean(self) -> bool:
        """Whether E is divided by the number (or total weight) of the observations."""
        return self.objective.reduction == "mean"

    @property
    def rowwise(self) -> bool:
        """Whether the output activation couples a row (softmax)."""
        return self.objective.network.output.rowwise

    def split(self, vector: Array) -> list[Any]:
        """Return the pairs (dE/dW_l, dE/db_l) of a vector like theta; nothing at index 0."""
        return [None, *(stage.read(vector) for stage in self.stages[1:])]

    @cached_property
    def _weights(self) -> list[Any]:
        return self.split(self.theta)[1:]

    @cached_property
    def W(self) -> list[Any]:
        """The weights of every layer; nothing at index 0."""
        return [None, *(W for W, _ in self._weights)]

    @cached_property
    def b(self) -> list[Any]:
        """The biases of every layer, empty where there are none."""
        return [None, *(b for _, b in self._weights)]

    def carrying(self, l: int, matrix: Any = None) -> Array:
        """Return what of W_l, or of a matrix like it, meets y_{l-1} and carries delta_l back."""
        stage: Stage = self.stages[l]
        found = self.W[l] if matrix is None else matrix
        return np.asarray(found[: stage.width, stage.into])

    @cached_property
    def _passed(self) -> tuple[list[Any], list[Any]]:
        with np.errstate(all="ignore"):
            return self.objective.network.passed(self.theta, self.samples.X)

    @property
    def saved(self) -> list[Any]:
        """What layer l has kept of the forward pass; nothing at index 0."""
        return [None, *(self._passed[0][s.number] for s in self.stages[1:])]

    @cached_property
    def nets(self) -> list[Any]:
        """net_l of every layer; nothing at index 0, and where there are several of a node."""
        return [None if kept is None or not hasattr(kept, "net") else _rows(kept.net)
                for kept in self.saved]  # fmt: skip

    @cached_property
    def outputs(self) -> list[Any]:
        """y_l of every layer; the inputs at index 0."""
        found = self._passed[1]
        return [_rows(found[0]), *(_rows(found[s.number]) for s in self.stages[1:])]

    @cached_property
    def inputs(self) -> list[Any]:
        """What W_l meets; nothing at index 0."""
        found = self._passed[1]
        return [None, *(s.rows(found[s.number - 1]) for s in self.stages[1:])]

    @cached_property
    def y(self) -> Array:
        """The network's outputs, (rows, k)."""
        return _rows(self._passed[1][-1])

    @cached_property
    def T(self) -> Array:
        """Their targets."""
        return _rows(self.samples.T)

    @cached_property
    def lengths(self) -> Array | None:
        """The steps of every sequence, where they differ."""
        return np.asarray(self.samples.X.lengths) if self._ends else None

    @property
    def _ends(self) -> bool:
        return isinstance(self.samples.X, Sequences)

    def down(self, l: int, dE_dx: Any) -> Array:
        """Return dE/dy_l from dE/d(what W_{l+1} meets): all layers between have no weights."""
        net, above = self.objective.network, self.stages[l + 1]
        shape = (self.n, *net.shapes[above.number - 1])
        return self._past(above.unrolled(dE_dx, shape), above.number - 1, self.number(l))

    def lowered(self, dE_dy: Any) -> Array:
        """Return dE/dy_L of the last layer that has weights from that of the network's outputs."""
        net = self.objective.network
        shape = (self.n, *net.shapes[-1])
        return self._past(dE_dy.reshape(shape), len(net.layers), self.number(self.L))

    def _past(self, dE_dy: Any, upper: int, lower: int) -> Array:
        for number in range(upper, lower, -1):
            layer, kept = self.objective.network.layers[number - 1], self._passed[0][number]
            dE_dy, _ = layer.backward({}, dE_dy, kept, self._rule(number), NUMPY)
        return _rows(dE_dy)

    def rule(self, l: int) -> LayerRule:
        """What the rule says of layer l."""
        return self._rule(self.number(l))

    def _rule(self, number: int) -> LayerRule:
        return self.objective.rule.at(number, len(self.objective.network.layers))

    def adjacent(self, l: int) -> bool:
        """Whether layer l meets y_{l-1} as it is, and that of a layer with one net a node."""
        if l < 2 or STATE in (self.over(l), self.over(l - 1)):
            return False
        same = self.number(l) == self.number(l - 1) + 1 and self.over(l) == self.over(l - 1)
        return same and self.inputs[l].shape == self.outputs[l - 1].shape

    @cached_property
    def scale(self) -> Any:
        """What each observation's e is multiplied by: 1 or 1/n, with the sample weights in."""
        weight = self.samples.weight
        divisor = self.samples.total if self.mean else 1.0
        if weight is None:
            return 1.0 / divisor
        every = np.repeat(weight, len(self.y) // self.n) if weight.ndim == 1 else weight.ravel()
        return (every / divisor)[:, None]

    @cached_property
    def slopes(self) -> list[Any]:
        """f_l'(net_l) of every layer; nothing where a Jacobian takes its place."""
        coupled = self.L if self.rowwise else 0
        none = [l for l in range(1, self.L + 1) if l == coupled or self.over(l) == STATE]
        return [None, *(None if l in none else self.slope(l) for l in range(1, self.L + 1))]

    def hidden(self, l: int) -> bool:
        """Whether there is a layer above layer l."""
        return l < self.L

    def elementwise(self, l: int) -> bool:
        """Whether layer l has an f' (and no Jacobian of a row)."""
        return l < self.L or not self.rowwise

    def bias(self, l: int) -> bool:
        """Whether layer l has a bias."""
        return bool(self.b[l].size)

    def activation(self, l: int) -> Activation:
        """f of layer l."""
        found: Activation = self.stages[l].layer.activation
        return found

    def slope(self, l: int, net: Any = None) -> Any:
        """Return what stands for f_l'(net), at the layer's own net unless another is given."""
        activation = self.activation(l)
        f, _ = activation.body(NUMPY)
        at = self.nets[l] if net is None else net
        y = self.outputs[l] if net is None else f(net)
        slope = self.rule(l).slope(activation, at, y, NUMPY)
        return np.broadcast_to(slope, at.shape)

    def dE_dy(self, loss: Loss) -> Any:
        """Return dE/dy_L = c s_i de/dy for a loss."""
        return self._starts(loss)[0]

    def fused(self, loss: Loss) -> Any:
        """Return the fused delta_L of a loss with the output activation, or None."""
        return self._starts(loss)[1]

    def _starts(self, loss: Loss) -> tuple[Any, Any]:
        if loss not in self._started:
            y, T = self.y, self.T
            objective = Objective(self.objective.network, loss, rule=self.objective.rule)
            pair = objective.fused
            fused = None if pair is None else self.scale * pair(NUMPY)[1](y, T)
            self._started[loss] = self.scale * loss.body(NUMPY)[1](y, T), fused
        return self._started[loss]

    @cached_property
    def gates(self) -> dict[int, Any]:
        """The nets at which a layer with a state takes f', by layer, once they were looked for."""
        return {}

    @cached_property
    def _started(self) -> dict[Loss, tuple[Any, Any]]:
        """What was computed of a loss: every pass starts with it."""
        return {}


def _rows(a: Any) -> Array:
    """Return (n, T, k) as (n T, k)."""
    found = np.asarray(a)
    return found.reshape(-1, found.shape[-1])
