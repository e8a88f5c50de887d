"""What an optimiser is: an elementwise update, and vectors of state; or a method of its own."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.core.registry import Record, Registry
from deltarule.optim.schedules import SCHEDULES, Constant, Schedule

Update = Callable[..., tuple[Any, ...]]


class Method(Record):
    """A way down E: an elementwise update (`Optimiser`) or a method of the whole vector."""

    equation: ClassVar[str]
    """The update as a LaTeX formula, g standing for dE/dw."""
    reference: ClassVar[str]
    """Where it comes from."""
    slots: ClassVar[tuple[str, ...]] = ()
    """The names of its state vectors."""
    full_batch: ClassVar[bool] = False
    """Whether it looks at gradients after one another, which batches change."""
    ends: ClassVar[Mapping[str, str]] = {}
    """Why it may end by itself, in words."""

    def start(self, theta: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Return the state vectors before the first update."""
        return tuple(np.zeros_like(theta) for _ in self.slots)

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, (low, high) in _RANGES.items():
            value = getattr(self, field, None)
            if value is not None:
                self._require(field, low <= value < high, f"from {low:g} to below {high:g}")

    def _require(self, field: str, holds: bool, what: str) -> None:
        if not holds:
            found = getattr(self, field)
            raise UsageError(f"{self.name}: {field} has to be {what}, not {found}")


class Optimiser(Method):
    """What is done with the gradient of every batch.

    `body(xp)` returns `update(theta, g, lr, t, penalised, *state) -> (theta, *state)`: an
    elementwise function of numbers. `lr` is the schedule's rate for this step, `t` = 1, 2, ...
    counts the updates, `penalised` is True for weights and False for biases, and `state` holds
    one number for every name in `slots` (0 at the start: what begins elsewhere takes 0 for 'not
    begun'). On vectors it updates all of theta.
    """

    lr: float | Schedule
    """The learning rate eta: a number or a schedule."""
    by_error: ClassVar[bool] = False
    """Whether it looks at E: `update` is then given that of the batch, as `error=`."""

    @abstractmethod
    def body(self, xp: Any) -> Update:
        """Return `update` over the namespace `xp`."""

    @cached_property
    def schedule(self) -> Schedule:
        """The learning rate as a schedule."""
        lr = self.lr
        return lr if isinstance(lr, Schedule) else Constant(lr)

    def __post_init__(self) -> None:
        super().__post_init__()
        lr = SCHEDULES.get(self.lr) if isinstance(self.lr, dict | str) else self.lr
        if not isinstance(lr, Schedule):
            lr = self._number("lr", lr, whole=False)
        object.__setattr__(self, "lr", lr)
        if not isinstance(lr, Schedule):
            self._require("lr", lr >= 0.0, "a number >= 0 or a schedule")


_RANGES = {
    "momentum": (0.0, 1.0),
    "rho": (0.0, 1.0),
    "beta1": (0.0, 1.0),
    "beta2": (0.0, 1.0),
    "eps": (0.0, math.inf),
    "weight_decay": (0.0, math.inf),
    "up": (1.0, math.inf),
    "down": (0.0, 1.0),
    "least": (0.0, math.inf),
    "most": (0.0, math.inf),
    "mu": (0.0, math.inf),
    "decay": (0.0, math.inf),
    "phi": (0.0, 1.0),
    "kappa": (0.0, math.inf),
    "threshold": (4.0, math.inf),
    "first": (0.0, math.inf),
    "split": (0.0, math.inf),
}

OPTIMISERS: Registry[Method] = Registry("optimizer", Method)
"""Every optimiser by name."""


def elementwise(given: str | Mapping[str, Any] | Method, what: str) -> Optimiser:
    """Return the optimiser that is described; raises `UsageError` where it has no update."""
    found = OPTIMISERS.get(given)
    if not isinstance(found, Optimiser):
        raise UsageError(
            f"{what} needs an optimizer that updates every weight by itself; {found.name} moves "
            "all of theta together"
        )
    return found
