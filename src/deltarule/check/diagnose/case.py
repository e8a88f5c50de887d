"""A case: one network at one theta with its samples, after the forward pass.

Everything that a backward rule, right or wrong, may look at is here. All of it is float64. Lists
indexed by layer have l = 0..L, as on the theory page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import Activation
from deltarule.core.namespace import NUMPY
from deltarule.engine import Objective, Samples
from deltarule.losses import Loss

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """An objective, theta and samples: what a gradient is computed from.

    `W[l]` (n_l, n_{l-1}) and `b[l]` (n_l,), which is empty where the layer has no bias; `nets[l]`
    and `outputs[l]` (n, n_l).
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

    def penalty_slope(self, w: Array) -> Array:
        """Return what the penalties add to dE/dw at weights w."""
        return np.asarray(self.objective.penalised(np.zeros_like(w), w, NUMPY))

    @property
    def L(self) -> int:
        """The number of layers."""
        return len(self.objective.network.layers)

    @property
    def n(self) -> int:
        """The number of observations."""
        return len(self.samples)

    @property
    def k(self) -> int:
        """The number of outputs."""
        return self.objective.network.sizes[-1]

    @property
    def mean(self) -> bool:
        """Whether E is divided by the number (or total weight) of the observations."""
        return self.objective.reduction == "mean"

    @property
    def rowwise(self) -> bool:
        """Whether the output activation couples a row (softmax)."""
        return self.objective.network.output.rowwise

    @cached_property
    def W(self) -> list[Any]:
        """The weights of every layer; nothing at index 0."""
        return [None, *(p["W"] for p in self.objective.network.unpack(self.theta))]

    @cached_property
    def b(self) -> list[Any]:
        """The biases of every layer, empty where there are none."""
        views = self.objective.network.unpack(self.theta)
        return [None, *(p.get("b", np.zeros(0)) for p in views)]

    @cached_property
    def _forward(self) -> tuple[list[Any], list[Any]]:
        with np.errstate(all="ignore"):
            return self.objective.network.forward(self.theta, self.samples.X)

    @property
    def nets(self) -> list[Any]:
        """net_l of every layer; nothing at index 0."""
        return self._forward[0]

    @property
    def outputs(self) -> list[Any]:
        """y_l of every layer; the inputs at index 0."""
        return self._forward[1]

    @cached_property
    def scale(self) -> Any:
        """What each observation's e is multiplied by: 1 or 1/n, with the sample weights in."""
        weight = self.samples.weight
        divisor = self.samples.total if self.mean else 1.0
        return 1.0 / divisor if weight is None else (weight / divisor)[:, None]

    @cached_property
    def slopes(self) -> list[Any]:
        """f_l'(net_l) of every layer; nothing where a Jacobian takes its place."""
        coupled = self.L if self.rowwise else 0
        return [None, *(None if l == coupled else self.slope(l) for l in range(1, self.L + 1))]

    def bias(self, l: int) -> bool:
        """Whether layer l has a bias."""
        return bool(self.b[l].size)

    def activation(self, l: int) -> Activation:
        """f of layer l."""
        return self.objective.network.affine[l - 1].activation

    def slope(self, l: int, net: Any = None) -> Any:
        """Return what stands for f_l'(net), at the layer's own net unless another is given."""
        activation = self.activation(l)
        f, _ = activation.body(NUMPY)
        at = self.nets[l] if net is None else net
        y = self.outputs[l] if net is None else f(net)
        slope = self.objective.rule.at(l, self.L).slope(activation, at, y, NUMPY)
        return np.broadcast_to(slope, at.shape)

    def dE_dy(self, loss: Loss) -> Any:
        """Return dE/dy_L = c s_i de/dy for a loss."""
        return self._starts(loss)[0]

    def fused(self, loss: Loss) -> Any:
        """Return the fused delta_L of a loss with the output activation, or None."""
        return self._starts(loss)[1]

    def _starts(self, loss: Loss) -> tuple[Any, Any]:
        if loss not in self._started:
            y, T = self.outputs[-1], self.samples.T
            objective = Objective(self.objective.network, loss, rule=self.objective.rule)
            pair = objective.fused
            fused = None if pair is None else self.scale * pair(NUMPY)[1](y, T)
            self._started[loss] = self.scale * loss.body(NUMPY)[1](y, T), fused
        return self._started[loss]

    @cached_property
    def _started(self) -> dict[Loss, tuple[Any, Any]]:
        """What was computed of a loss: every pass starts with it."""
        return {}
