"""The steps that an optimiser makes of a sequence of gradients, as it is and with one change.

A change is one thing that people do otherwise in the loop around an update: what becomes of the
state, which gradient is used, what t is, which root is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.optim import elementwise
from deltarule.optim.optimiser import Optimiser


@dataclass(frozen=True)
class Change:
    """One thing done otherwise."""

    code: str
    does: str
    """What the code does, in words."""
    should: str = ""
    """What the equation says."""
    applies: Callable[[type[Optimiser]], bool] = lambda cls: True
    gradient: Callable[[Array, int], Array] = lambda gradients, i: gradients[i]
    state: Callable[[int, Array, Array], Array] = lambda slot, value, theta: value
    """What becomes of a state vector before it is used again: (its number, it, theta)."""
    count: Callable[[int], float] = lambda t: t
    sqrt: Callable[[Any], Any] = np.sqrt


def _moving(cls: type[Optimiser]) -> bool:
    """Whether the first vector of its state is a velocity or a first moment."""
    return cls.slots[:1] in (("v",), ("m",))


def _corrected(cls: type[Optimiser]) -> bool:
    return cls.name in ("adam", "adamw", "adamax", "nadam", "adabelief", "amsgrad", "radam", "yogi")


def _lost(number: int | None = None) -> Callable[[int, Array, Array], Array]:
    def state(slot: int, value: Array, theta: Array) -> Array:
        return np.zeros_like(value) if number in (None, slot) else value

    return state


RIGHT = Change("", "")

CHANGES: tuple[Change, ...] = (
    Change("sign", "the step is added: theta moves uphill", "the step along dE/dw is subtracted",
           gradient=lambda g, i: -g[i]),
    Change("momentum_sign", "the velocity is kept with the wrong sign",
           "v <- momentum v - lr g: the last step is continued, not reversed",
           applies=_moving,
           state=lambda slot, value, theta: -value if slot == 0 else value),
    Change("velocity_times_weight", "the velocity is multiplied by the weight",
           "v <- momentum v - lr g: no weight is in it", applies=_moving,
           state=lambda slot, value, theta: value * theta if slot == 0 else value),
    Change("state_not_kept", "the state starts from 0 in every step",
           "the state is kept from update to update", applies=lambda c: bool(c.slots),
           state=_lost(), count=lambda t: 1),
    Change("state_lost_but_t", "the state starts from 0 in every step, though t is counted",
           "the state is kept from update to update", applies=_corrected, state=_lost()),
    Change("first_moment_not_kept", "the first moment starts from 0 in every step",
           "m <- beta1 m + (1 - beta1) g", applies=lambda c: len(c.slots) > 1, state=_lost(0)),
    Change("second_moment_not_kept", "the second moment starts from 0 in every step",
           "v <- beta2 v + (1 - beta2) g^2", applies=lambda c: len(c.slots) > 1, state=_lost(1)),
    Change("no_bias_correction", "the bias correction is missing",
           "mhat = m / (1 - beta1^t), vhat = v / (1 - beta2^t)", applies=_corrected,
           count=lambda t: 1e9),
    Change("t_not_counted", "t stays 1, so that the bias correction is that of the first step",
           "t = 1, 2, ... counts the updates", applies=_corrected, count=lambda t: 1),
    Change("t_late", "t is one too large", "t is 1 in the first update", applies=_corrected,
           count=lambda t: t + 1),
    Change("no_root", "the root is left out: the step is divided by the mean square itself",
           "the step is divided by the root of the mean square", sqrt=lambda v: v,
           applies=lambda c: c.name in ("adam", "adamw", "adagrad", "rmsprop", "amsgrad", "nadam")),
    Change("gradient_before", "every update uses the gradient of the one before",
           "update t uses the gradient at the weights before it",
           gradient=lambda g, i: g[i - 1] if i else np.zeros_like(g[0])),
    Change("summed_gradients", "the gradients are never set to 0: every update uses their sum",
           "every update uses its own gradient alone",
           gradient=lambda g, i: np.sum(g[: i + 1], axis=0)),
)  # fmt: skip
"""The known changes."""


@dataclass(frozen=True, eq=False)
class Updates:
    """The weights before the first update and after each, (m + 1, n), and the gradients (m, n)."""

    thetas: Array
    gradients: Array

    @cached_property
    def steps(self) -> Array:
        """theta_{t+1} - theta_t, (m, n)."""
        return np.diff(self.thetas, axis=0)

    @cached_property
    def sizes(self) -> Array:
        """The norm of every step; of one that is nearly 0, a share of the largest."""
        norms = np.linalg.norm(self.steps, axis=1)
        return np.asarray(np.maximum(norms, 1e-6 * norms.max()))


def steps_of(name: str, numbers: Mapping[str, float], change: Change, updates: Updates) -> Array:
    """Return the steps theta_{t+1} - theta_t, (m, n), at the weights that were really there.

    `numbers` has the optimiser's parameters with `lr`; NaN for those that it refuses.
    """
    thetas, gradients = updates.thetas, updates.gradients
    try:
        record = elementwise({"name": name, **numbers}, "diagnose_step")
    except UsageError:  # a number that the optimiser refuses, such as a share of 1
        return np.full_like(gradients, np.nan)
    xp: Any = NUMPY
    if change.sqrt is not np.sqrt:
        names = ("where", "maximum", "constant", "exp", "log")
        xp = SimpleNamespace(**{n: getattr(NUMPY, n) for n in names}, sqrt=change.sqrt)
    update = record.body(xp)
    lr = float(numbers["lr"])
    state = [np.zeros(thetas.shape[1]) for _ in record.slots]
    found, weights = np.empty_like(gradients), np.ones(thetas.shape[1], dtype=bool)
    with np.errstate(all="ignore"):
        for i in range(len(gradients)):
            g = change.gradient(gradients, i)
            if i:
                state = [change.state(k, s, thetas[i]) for k, s in enumerate(state)]
            new, *state = update(thetas[i], g, lr, change.count(i + 1), weights, *state)
            found[i] = new - thetas[i]
    return found
