"""The engines under test; a further engine is one more line in `ENGINES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import compiled

import deltarule as dr
from deltarule.engine import reference
from deltarule.engine.choice import make_trainer


@dataclass(frozen=True)
class Engine:
    """An engine's name, its backpropagation over checked arrays, and its training step."""

    name: str
    backprop: Callable[..., Any]
    """As `dr.backprop`: an object with at least `.error` and `.gradient`."""
    training_step: Callable[..., Any]
    """As `deltarule.engine.reference.training_step`: (theta, state, E, ...) at least."""
    transparent: bool
    """Whether `backprop` shows every net, output and delta, the penalty on its own, and takes a
    complex theta. Tests of those ask for the fixture `transparent` in place of `engine`."""

    @property
    def train(self) -> Callable[..., Any]:
        """`dr.train` on this engine."""
        return partial(dr.train, engine=self.name)

    def trainer(self, job: Any) -> Any:
        """Return the engine at work on a job; fails where another engine takes it."""
        parts = (job.objective, job.optimiser, job.clipping, job.samples, job.batch_size)
        name, found = make_trainer(self.name, *parts)
        assert name == self.name
        return found


ENGINES = {
    "reference": Engine("reference", dr.backprop, reference.training_step, True),
    "compiled": Engine("compiled", compiled.backprop, compiled.training_step, False),
}
