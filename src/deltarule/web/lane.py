"""One network of the lab: how it is trained, and the states that it went through."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError, UsageError
from deltarule.engine import Backprop, Objective, Samples
from deltarule.engine.choice import choose_engine, make_trainer
from deltarule.engine.epoch import ReferenceTrainer
from deltarule.engine.problem import backprop
from deltarule.engine.samples import as_samples
from deltarule.models.plan import Plan
from deltarule.optim import OPTIMISERS, Clipping, Optimiser
from deltarule.training.chunk import chunk
from deltarule.training.job import Job
from deltarule.training.loop import NonFiniteError, advance
from deltarule.training.state import State

if TYPE_CHECKING:
    from deltarule.check.diagnose.planting import Planted

KEPT, KEPT_BYTES = 512, 64 << 20
"""So many states are kept at most, and of large networks so many bytes of them; where there are
more, every second one goes."""
FOREVER = 10**9
SOME = 64
"""Rows that a mistake is looked for on."""


class Lane:
    """A network in training, from its first weights to any update and back.

    A state is a function of the setup and the number of updates alone (and of the rates that were
    taken on the way): a step back is the last state kept before it, and the updates from there.
    """

    def __init__(
        self, plan: Plan, mistake: str = "", theta: NDArray[np.float64] | None = None
    ) -> None:
        if not isinstance(plan.optimiser, Optimiser):
            raise UsageError(
                f"{plan.optimiser.name} takes all rows at once and finds the length of its steps "
                "by itself, and the lab follows update by update: take one such as sgd, momentum "
                f"or adam here, and `deltarule train --optimizer {plan.optimiser.name}` for this"
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
        start = self.job.start(net.init(plan.recipe.seed, dtype) if theta is None else theta)
        self.state = replace(start, history={})  # an hour of play would fill the memory
        self._kept: list[State] = [self.state]
        self._turns: list[tuple[int, Job]] = [(0, self.job)]
        """Updates from which on another learning rate holds, each with its job."""
        self.planted: Planted | None = None
        """The mistake in its way back, where there is one."""
        if mistake:
            from deltarule.check.diagnose.planting import plant

            few = samples.take(slice(0, SOME))
            self.planted = plant(mistake, objective, self.state.theta, few)
        self.trainer: Any = self._engine("reference")
        self._settled = False
        self.ended = ""
        """Why no further update can be done, where a number stopped being finite."""

    def _engine(self, engine: str) -> Any:
        job = self.job
        if self.planted is not None:
            update, passes = job.update, self.planted.backprop
            return ReferenceTrainer(job.objective, update, job.clipping, passes=passes)
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
        self.keep()

    def to_epoch(self) -> None:
        """Do the updates that are left of the epoch under way."""
        self.step(self.job.batches - self.state.batch)

    def back_to(self, step: int) -> None:
        """Return to an update that was done before."""
        if step >= self.state.step:
            return
        k = bisect_right(self._kept, max(step, 0), key=lambda state: state.step) - 1
        self._kept, self.state, self.ended = self._kept[: k + 1], self._kept[k], ""
        self._turns = [turn for turn in self._turns if turn[0] <= step]
        for at, job in self._turns:
            self.step(at - self.state.step)
            self.job = job
        self.step(step - self.state.step)

    def take_rate(self, lr: float) -> None:
        """Take another learning rate from the next update on; a way back undoes it."""
        here = self.state.step
        plain = {**self.job.update.to_dict(), "lr": lr}
        self.job = replace(self.job, optimiser=OPTIMISERS.get(plain))
        self._turns = [
            *(turn for turn in self._turns if turn[0] < here or not turn[0]),
            (here, self.job),
        ]
        self.keep()

    @property
    def turned(self) -> list[int]:
        """The updates from which on another rate holds than that of the setup."""
        return [step for step, _ in self._turns[1:]]

    def to_epochs(self, epochs: int) -> None:
        """Do whole epochs, several in one call where the engine can; one under way is ended."""
        end = self.state.epoch + epochs
        while self.state.epoch < end and not self.ended:
            before = self.state
            self.state = self._epochs(end - before.epoch)
            if self.state is before:
                self._further(self.job.batches - before.batch)

    def backprop(self, rows: slice = slice(None)) -> Backprop:
        """Return one pass over some of the rows, by the lane's own rule."""
        objective, some = self.job.objective, self.job.samples.take(rows)
        if self.planted is not None:
            return self.planted.backprop(objective, self.theta, some.X, some.T)
        return backprop(
            objective.network,
            self.theta,
            some.X,
            some.T,
            loss=objective.loss,
            reduction="mean",
            rule=objective.rule,
            lr=self.rate if objective.rule.sequential else None,
            seed=self.job.seed,
            learned=self.state.slots[-1] if objective.learns else None,
        )

    @property
    def objective(self) -> Objective:
        """The network, its loss and its rule."""
        return self.job.objective

    @property
    def samples(self) -> Samples:
        """The training rows."""
        return self.job.samples

    def kept(self, step: int) -> State:
        """Return the state after so many updates, one of `steps`."""
        return next(state for state in self._kept if state.step == step)

    @property
    def steps(self) -> list[int]:
        """The updates whose states are kept."""
        return [state.step for state in self._kept]

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

    def prepare(self) -> None:
        """Take the compiled engine, once, where there is one; a mistake is not compiled."""
        if not self._settled and self.planted is None:
            choice = choose_engine("auto", self.job.objective, rows=FOREVER)
            self.trainer, self._settled = self._engine(choice.engine), True

    def keep(self) -> None:
        """Keep the state, to come back to."""
        if self._kept[-1].step == self.state.step:
            return
        self._kept.append(self.state)
        size = (1 + len(self.state.slots)) * self.theta.nbytes
        if len(self._kept) > max(4, min(KEPT, KEPT_BYTES // size)):
            self._kept = [*self._kept[:-1:2], self._kept[-1]]


def play(lanes: Sequence[Lane], seconds: float, pace: int) -> int:
    """Train all lanes for some time, each the same epochs; return the pace for the next call.

    `pace` epochs are done by every lane before the clock is looked at.
    """
    for lane in lanes:
        lane.prepare()
    began = now = time.perf_counter()
    while now - began < seconds and not all(lane.ended for lane in lanes):
        for lane in lanes:
            lane.to_epochs(pace)
        last, now = now, time.perf_counter()
        if now - last < seconds / 4:
            pace *= 2
        elif now - last > seconds / 2:
            pace = max(1, pace // 2)
    for lane in lanes:
        lane.keep()
    return pace
