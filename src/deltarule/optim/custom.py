"""Somebody's own optimiser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.core.errors import UsageError
from deltarule.core.own.code import described, parameters, title_of
from deltarule.optim.optimiser import OPTIMISERS, Optimiser, Update
from deltarule.optim.schedules import Schedule


@dataclass(frozen=True, init=False, repr=False)
class Custom(Optimiser):
    """An optimiser of your own: what one update makes of one weight, written for arrays.

    `update(theta, g, lr, t, penalised, *state)` returns theta, or (theta, *state): lr is eta, t the
    number of the update from 1, penalised whether it is a weight and no bias, and state has a
    number for every name in `slots`, 0 at the start. It is traced like ours.

    Args:
        update: the function.
        name: what it is called; None takes the function's name.
        slots: the names of what it remembers for every weight.
        lr: eta: a number or a schedule.
        check: False does not try it.

    Raises `UsageError` for a function that returns something else, or looks at its neighbours.

    >>> import deltarule as dr
    >>> half = dr.optim.Custom(lambda theta, g, lr, t, weight: theta - lr * g / 2, "half", lr=0.2)
    >>> net = dr.Network(1, [dr.Dense(1, bias=False)])
    >>> run = dr.train(net, [[1.0]], [[0.0]], theta=[1.0], optimizer=half, epochs=1)
    >>> run.theta
    array([0.9])
    """

    function: Callable[..., Any]
    lr: float | Schedule

    name = "custom"
    equation = r"\theta \leftarrow update(\theta, g)"
    reference = "yours"

    def __init__(
        self,
        update: Callable[..., Any],
        name: str | None = None,
        slots: Sequence[str] = (),
        lr: float | Schedule = 0.1,
        check: bool = True,
    ) -> None:
        title = title_of(name or "", update, "custom")
        if title in OPTIMISERS.names():
            raise UsageError(f"your own optimizer cannot be called {title!r}: one of ours is")
        words = ", ".join(["theta, g, lr, t, penalised", *slots])
        parameters(update, f"the optimizer {title}", f"({words})", (5 + len(tuple(slots)),))
        values = {"function": update, "name": title, "slots": tuple(slots), "lr": lr}
        for key, value in values.items():
            object.__setattr__(self, key, value)
        self.__post_init__()
        if check:
            self._try()

    def __repr__(self) -> str:
        return f"Custom({self.name}, lr={self.lr})"

    def body(self, xp: Any) -> Update:
        """Return `update`: NumPy's functions, and traced terms, are all that it knows."""
        what, count = f"the optimizer {self.name}", 1 + len(self.slots)

        def update(theta: Any, *arguments: Any) -> tuple[Any, ...]:
            try:
                found = self.function(theta, *arguments)
            except (Exception, SystemExit) as error:
                if not isinstance(theta, np.ndarray):
                    raise
                raise UsageError(f"{what}: {type(error).__name__}: {error}") from error
            several = found if isinstance(found, tuple) else (found,)
            if len(several) != count:
                raise UsageError(
                    f"{what} returned {len(several)} values; theta and its {count - 1} slots are "
                    f"{count}"
                )
            if not isinstance(theta, np.ndarray):
                return several
            for value in several:
                if np.shape(value) != theta.shape:
                    raise UsageError(
                        f"{what} returned the shape {np.shape(value)} for the shape {theta.shape}"
                    )
            return tuple(np.asarray(value, theta.dtype) for value in several)

        return update

    def _try(self) -> None:
        """Raise `UsageError` where an entry's update is another one beside other entries."""
        update, numbers = self.body(np), np.array([0.5, -1.5, 2.0])
        rest = 0.1, 3, np.array([True, False, True])
        state = [np.array([0.25, 1.0, 4.0]) * (k + 1) for k in range(len(self.slots))]
        with np.errstate(all="ignore"):
            together = update(numbers, numbers[::-1].copy(), *rest, *state)
            for i in range(3):
                one = slice(i, i + 1)
                alone = update(
                    numbers[one], numbers[::-1][one], *rest[:2], rest[2][one],
                    *(slot[one] for slot in state),
                )  # fmt: skip
                pairs = zip(together, alone, strict=True)
                if not all(np.array_equal(a[one], b, equal_nan=True) for a, b in pairs):
                    raise UsageError(
                        f"the optimizer {self.name} is not elementwise: beside other weights a "
                        "weight moves otherwise than alone. check=False keeps it, for the "
                        "reference engine and networks of at most 16,384 parameters"
                    )

    def to_dict(self) -> dict[str, Any]:
        """Return where it is to be found, and its rate: an optimiser of one's own is no data."""
        lr = self.lr.to_dict() if isinstance(self.lr, Schedule) else self.lr
        return {**described("custom", self.name, self.function), "lr": lr}
