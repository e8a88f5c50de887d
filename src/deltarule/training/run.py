"""What training returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engine import Objective
from deltarule.engine.rule_state import FIXED, drawn
from deltarule.optim import Method
from deltarule.training.state import State


@dataclass(frozen=True, repr=False)
class Run:
    """A finished (or interrupted) training.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
    >>> xor = dr.data.load("xor")
    >>> run = dr.train(net, xor.X, xor.T, epochs=3, batch_size=None)
    >>> run.epochs, run.stopped, run.history["error"].shape
    (3, 'epochs', (3,))
    >>> run
    Run(3 epochs, E from 0.1338 to 0.1336, stopped: 'epochs', theta of 9 numbers)
    """

    objective: Objective
    optimiser: Method
    engine: str
    """The engine that did it."""
    seed: int
    state: State
    """The loop's whole state."""
    restored: bool
    """Whether `theta` is the best theta (with `Patience`) instead of the last."""

    def __repr__(self) -> str:
        errors = self.history["error"]
        fell = f"E from {errors[0]:.4g} to {errors[-1]:.4g}, " if len(errors) else ""
        size = f"theta of {self.theta.size:,} numbers"
        return f"Run({self.epochs} epochs, {fell}stopped: {self.stopped!r}, {size})"

    @property
    def theta(self) -> NDArray[Any]:
        """The trained parameters: the best with `Patience`, else the last.

        The best are those at which the lowest watched error was measured: with validation
        samples, theta after that epoch; without, theta before it (for mini-batches, whose E is a
        mean along the epoch, too). After a number that is not finite, always the last finite
        theta. `state` has both: `state.theta`, `state.best_theta`.
        """
        best = self.state.best_theta
        if best is None or not self.restored or self.stopped == "non_finite":
            return self.state.theta
        return best

    @property
    def feedback(self) -> dict[int, NDArray[Any]]:
        """B_l at the end of training, by l, of the layers with backward weights of their own."""
        theta = self.state.theta
        found = drawn(self.objective, self.seed, theta.dtype, FIXED)
        if self.learned is not None:
            views = self.objective.network.unpack(self.learned)
            kinds = self.objective.feedbacks.items()
            found |= {l: views[l - 1]["W"] for l, rule in kinds if rule.learns}
        return found

    @property
    def learned(self) -> NDArray[Any] | None:
        """What the rule has learned beside theta: B of `kolen_pollack` or `mirror`, laid out as
        theta is."""
        return self.state.slots[-1] if self.objective.learns else None

    @property
    def history(self) -> dict[str, NDArray[np.float64]]:
        """Per epoch: `error`, `lr` (where there is one), with validation `validation_error`.

        `error` is the sample-weighted mean over the epoch's batches of E, each measured BEFORE
        its update (reduction "sum": their total, the penalty once); `validation_error` is E
        over the validation samples after the epoch.
        """
        epochs = self.state.epoch
        return {name: np.array(v[:epochs]) for name, v in self.state.history.items()}

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return self.state.epoch

    @property
    def stopped(self) -> str:
        """Why: "epochs", a stopping rule's name, "callback", "interrupted" or "non_finite"; or
        the reason of an optimiser of the whole vector (`optimiser.ends` has them in words)."""
        return self.state.stopped

    @property
    def best_epoch(self) -> int:
        """The epoch (from 1) with the lowest watched error; 0 before the first."""
        return self.state.best_epoch

    @property
    def seconds(self) -> float:
        """Time spent training."""
        return self.state.seconds
