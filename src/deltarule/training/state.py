"""The loop's whole state: one record of flat arrays and plain values, ready to be saved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.engine.trainer import Totals


@dataclass(frozen=True)
class State:
    """Where training stands. Every `advance` takes one and returns another."""

    theta: Array
    slots: tuple[Array, ...]
    """The optimiser's vectors, in the order of its `slots`."""
    step: int = 0
    """Updates done."""
    epoch: int = 0
    """Epochs done."""
    batch: int = 0
    """Batches done of the epoch under way (0 between epochs)."""
    totals: Totals = field(default_factory=Totals)
    """What the epoch under way has added up so far."""
    epoch_theta: Array | None = None
    """theta at the start of the epoch under way (None between epochs)."""
    schedule: tuple[float, ...] = ()
    """The learning-rate schedule's numbers."""
    stopping: tuple[tuple[float, ...], ...] = ()
    """Each stopping rule's numbers."""
    history: dict[str, list[float]] = field(default_factory=dict)
    """For every epoch done, whichever of these it began with: `error`, `lr` and, with validation
    samples, `validation_error`.

    The lists grow in place, shared with later states of the run: this state's are the first
    `epoch` entries.
    """
    best_theta: Array | None = None
    """The weights at which the lowest watched error was measured."""
    best_error: float = math.inf
    best_epoch: int = 0
    seconds: float = 0.0
    """Time spent training."""
    stopped: str = ""
    """Why training ended; empty while it has not."""

    def arrays(self) -> dict[str, Array]:
        """Return every number of it that is a float, exactly, as named arrays."""
        several = {"slots": self.slots, "stopping": self.stopping}
        found = {f"{n}.{k}": np.asarray(v) for n, vs in several.items() for k, v in enumerate(vs)}
        found |= {f"history.{n}": np.array(v[: self.epoch]) for n, v in self.history.items()}
        found |= {"theta": self.theta, "schedule": np.array(self.schedule, np.float64)}
        found |= {"totals": np.array(astuple(self.totals))}
        found |= {"best_error": np.array([self.best_error])}
        optional = {"epoch_theta": self.epoch_theta, "best_theta": self.best_theta}
        return found | {name: a for name, a in optional.items() if a is not None}

    def values(self) -> dict[str, Any]:
        """Return the rest: counters, the time spent, and whether and why training ended."""
        ended = self.stopped not in ("", "interrupted", "callback")
        return {name: getattr(self, name) for name in _VALUES} | {"ended": ended}

    @classmethod
    def of(cls, arrays: Mapping[str, Array], values: Mapping[str, Any]) -> State:
        """Return the state that `arrays` and `values` were taken from."""
        history = {n: a for n, a in arrays.items() if n.startswith("history.")}
        return cls(
            theta=arrays["theta"],
            slots=numbered(arrays, "slots"),
            totals=Totals(*arrays["totals"].tolist()),
            epoch_theta=arrays.get("epoch_theta"),
            schedule=tuple(arrays["schedule"].tolist()),
            stopping=tuple(tuple(a.tolist()) for a in numbered(arrays, "stopping")),
            history={n.removeprefix("history."): a.tolist() for n, a in history.items()},
            best_theta=arrays.get("best_theta"),
            best_error=float(arrays["best_error"][0]),
            **{name: values[name] for name in _VALUES},
        )


_VALUES = ("step", "epoch", "batch", "best_epoch", "seconds", "stopped")


def numbered(arrays: Mapping[str, Array], name: str) -> tuple[Array, ...]:
    """Return the arrays `name.0`, `name.1`, ... in order."""
    count = sum(n.startswith(f"{name}.") for n in arrays)
    return tuple(arrays[f"{name}.{k}"] for k in range(count))
