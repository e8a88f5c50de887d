"""One network of the lab: how it is trained, and the states that it went through."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError, UsageError
from deltarule.engine.choice import choose_engine, make_trainer
from deltarule.engine.samples import as_samples
from deltarule.models.plan import Plan
from deltarule.optim import Clipping, Optimiser
from deltarule.training.chunk import chunk
from deltarule.training.job import Job
from deltarule.training.loop import NonFiniteError, advance
from deltarule.training.state import State

__all__ = ["Lane"]

KEPT = 512
"""So many states are kept at most; where there are more, every second one goes."""
FOREVER = 10**9


class Lane:
    """A network in training, from its first weights to any update and back.

    A state is a function of the setup and the number of updates alone: a step back is the last
    state kept before it, and the updates from there.
    """

    def __init__(self, plan: Plan) -> None:
        if not isinstance(plan.optimiser, Optimiser):
            raise UsageError(
                f"{plan.optimiser.name} takes all rows and steps of its own; the lab follows "
                "optimizers that update weight by weight, such as sgd, momentum or adam"
            )
        self.plan, part = plan, plan.prepared["train"]
        objective, held_out = plan.objective, plan.prepared["validation"]
        net, dtype = objective.network, np.dtype(np.float64)
        samples = as_samples(net, objective.loss, part.X, part.T, None, dtype)
        self.validation = None
        if len(held_out):
            self.validation = as_samples(net, objective.loss, held_out.X, held_out.T, None, dtype)
        rows = len(samples)
        self.job = Job(
            objective=objective,
            optimiser=plan.optimiser,
            clipping=Clipping(None, None),
            samples=samples,
            validation=None,
            epochs=FOREVER,
            batch_size=min(rows, plan.recipe.batch_size or rows),
            shuffle=True,
            seed=plan.recipe.seed,
            stop=(),
        )
        start = self.job.start(net.init(plan.recipe.seed, dtype))
        self.state = replace(start, history={})  # an hour of play would fill the memory
        self._kept: list[State] = [self.state]
        self.trainer: Any = self._engine("reference")
        self._settled = False
        self.ended = ""
        """Why no further update can be done, where a number stopped being finite."""

    def _engine(self, engine: str) -> Any:
        job = self.job
        return make_trainer(
            engine,
            job.objective,
            job.update,
            job.clipping,
            job.samples,
            job.batch_size,
            job.seed,
            1,
        )[1]

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        schedule, state = self.job.schedule, self.state
        assert schedule is not None  # of an optimiser
        epochs = state.epoch + state.batch / self.job.batches
        return schedule.rate(state.step, epochs, state.schedule)

    @property
    def theta(self) -> NDArray[Any]:
        """The weights as they are now."""
        return self.state.theta

    def step(self, updates: int) -> None:
        """Do so many updates; a number that is not finite ends it, at the last finite weights."""
        end = self.state.step + updates
        while self.state.step < end and not self.ended:
            self._further(end - self.state.step)
        self._keep()

    def to_epoch(self) -> None:
        """Do the updates that are left of the epoch under way."""
        self.step(self.job.batches - self.state.batch)

    def back_to(self, step: int) -> None:
        """Return to an update that was done before."""
        if step >= self.state.step:
            return
        k = bisect_right(self._kept, max(step, 0), key=lambda state: state.step) - 1
        self._kept, self.state, self.ended = self._kept[: k + 1], self._kept[k], ""
        self.step(step - self.state.step)

    def play(self, seconds: float, pace: int) -> int:
        """Train for some time; return how many epochs the next call should ask for at once.

        `pace` epochs are done before the clock is looked at.
        """
        began = now = time.perf_counter()
        self._compile()
        while now - began < seconds and not self.ended:
            before, self.state = self.state.epoch, self._epochs(pace)
            if self.state.epoch == before:
                self._further(self.job.batches - self.state.batch)
            last, now = now, time.perf_counter()
            if self.state.epoch - before >= pace and now - last < seconds / 4:
                pace *= 2
            elif now - last > seconds / 2:
                pace = max(1, pace // 2)
        self._keep()
        return pace

    def _epochs(self, pace: int) -> State:
        """Return the state some whole epochs further, where they can be done in one call."""
        job = replace(self.job, epochs=self.state.epoch + pace)
        found = chunk(job, self.state, self.trainer, time.monotonic)
        return self.state if found is None else found

    def _further(self, most: int) -> None:
        """Do some updates of the epoch under way."""
        with self._until_it_diverges():
            self.state = advance(
                self.job, self.state, self.trainer, lambda _: True, time.monotonic, most
            )

    @contextmanager
    def _until_it_diverges(self) -> Iterator[None]:
        try:
            yield
        except NonFiniteError as error:
            self.state, self.ended = replace(error.state, stopped=""), str(error)
        except NumericError as error:
            self.ended = str(error)

    def _compile(self) -> None:
        """Take the compiled engine, once, where there is one."""
        if not self._settled:
            choice = choose_engine("auto", self.job.objective, rows=FOREVER)
            self.trainer, self._settled = self._engine(choice.engine), True

    def _keep(self) -> None:
        if self._kept[-1].step == self.state.step:
            return
        self._kept.append(self.state)
        if len(self._kept) > KEPT:
            self._kept = [*self._kept[:-1:2], self._kept[-1]]
