"""Many networks in step: all do the same epoch, each ends by its own rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from deltarule.core.arrays import Array
from deltarule.engine.reference import training_step
from deltarule.engine.rule_state import RuleState
from deltarule.engine.samples import Samples
from deltarule.engine.trainer import NonFinite, Totals
from deltarule.training.many_jobs import Jobs
from deltarule.training.many_result import Histories
from deltarule.training.many_states import RuleStates
from deltarule.training.nonfinite import describe, describe_validation
from deltarule.training.stopping import EpochEnd

if TYPE_CHECKING:
    from deltarule.engine.compiled.many.arguments import Chunk
    from deltarule.engine.compiled.many.search import Break, Trajectory
    from deltarule.engine.compiled.many.trainer import ManyTrainer

FIRST = 4
"""The epochs done at once at the start, where networks may end on the way."""


class InStep:
    """Many jobs on one engine, with what is kept between epochs."""

    def __init__(
        self,
        jobs: Jobs,
        lanes: ManyTrainer,
        histories: Histories,
        clock: Callable[[], float],
    ) -> None:
        self._jobs, self._lanes, self._histories = jobs, lanes, histories
        self._clock, self._began = clock, clock()
        job = jobs.base
        self.epoch = 0
        self._seeds = np.array(jobs.seeds, np.uint64)
        self._rules = [RuleStates(rule, len(jobs)) for rule in job.stop]
        self._keep = bool(job.stop) or job.validation is not None
        missed = len(job.samples) if any(rule.by_miss for rule in job.stop) else 0
        self._measured = len(job.validation or ()) + missed
        bounded = job.clipping.value is not None  # an infinite gradient is told beside the penalty
        self._penalised = bool(job.objective.penalties) or bounded
        timeless = all(rule.by_error or rule.by_miss for rule in job.stop)
        self._several = jobs.rates.steady and timeless

    def arrays(self) -> dict[str, Array]:
        """Return every number that the networks go on from."""
        running = self._histories.running[self._lanes.networks]
        found = {f"rule.{k}": rule.numbers() for k, rule in enumerate(self._rules)}
        found |= {"rates": self._jobs.rates.numbers(), "networks": self._lanes.networks[running]}
        return found | {"vectors": self._lanes.vectors[running], **self._histories.arrays()}

    def values(self) -> dict[str, Any]:
        """Return the rest, as plain values."""
        seconds = self._clock() - self._began
        ended = not self._histories.running.any() or self.epoch >= self._jobs.base.epochs
        counted = {"epoch": self.epoch, "seconds": seconds, "ended": bool(ended)}
        return {**counted, **self._histories.values()}

    def restore(self, arrays: Mapping[str, Array], values: Mapping[str, Any]) -> None:
        """Go on from what `arrays` and `values` have given."""
        self._histories.restore(arrays, values)
        self.epoch, self._began = values["epoch"], self._clock() - values["seconds"]
        for k, rule in enumerate(self._rules):
            rule.restore(arrays[f"rule.{k}"])
        self._jobs.rates.restore(arrays["rates"])
        if len(arrays["networks"]):
            self._lanes.place(arrays["networks"], arrays["vectors"])

    def advance(self, proceed: Callable[[], bool]) -> int:
        """Do an epoch, or several where the time is not looked at in between; return how many."""
        histories, lanes, epochs = self._histories, self._lanes, self._at_once()
        trajectory = lanes.run(self._make_chunk(epochs), proceed, self._keep)
        done = trajectory.done.copy()
        for non_finite in trajectory.breaks:
            done[np.searchsorted(trajectory.networks, non_finite.network)] = non_finite.epoch
        here = histories.running[trajectory.networks]
        errors = self._errors(trajectory)
        validation = self._jobs.base.validation
        watched = errors if validation is None else lanes.measure(validation, trajectory)[0]
        if self._rules or validation is not None:
            self._look(trajectory, watched, done)
        self._record(trajectory, errors, watched, done, here)
        for non_finite in trajectory.breaks:
            self._end_non_finite(non_finite)
        cut = histories.running[trajectory.networks] & (done < epochs)
        if cut.any():
            histories.end(trajectory.networks[cut], "interrupted", lanes.theta[cut])
        whole = here & (done == epochs)
        self._jobs.rates.observe(trajectory.networks[whole], watched[-1, whole])
        self.epoch += epochs
        lanes.keep(histories.running)
        return epochs

    def _at_once(self) -> int:
        """Return how many epochs to do; what networks do beyond their end is thrown away."""
        left = self._jobs.base.epochs - self.epoch
        if not self._several:
            return 1
        at_most = self._lanes.epochs_at_once(self._measured, self._keep)
        if self._rules:  # no more than has been done already: that bounds what is in vain
            at_most = min(at_most, max(FIRST, self.epoch))
        return min(left, at_most)

    def _look(self, trajectory: Trajectory, watched: Array, done: Array) -> None:
        """Ask the stopping rules after each epoch; who ends has `done` no more than that."""

        @cache  # measured once, however many rules and epochs ask
        def misses() -> Array:
            return self._lanes.measure(self._jobs.base.samples, trajectory)[1]

        def found(e: int, places: Array) -> Any:
            return misses()[e, places]

        for e in self._ends(watched, misses):
            places = np.flatnonzero(self._histories.running[trajectory.networks] & (done > e))
            if not len(places):
                return
            seconds, values = self._clock() - self._began, watched[e, places]
            miss = cast(Any, partial(found, e, places))
            epoch_end = EpochEnd(self.epoch + e + 1, cast(Any, values), seconds, miss)
            stopped = self._stopped(trajectory.networks[places], epoch_end)
            ended = stopped != ""
            if ended.any():
                done[places[ended]] = e + 1
                self._end(trajectory, places[ended], stopped[ended], e + 1, values[ended])

    def _ends(self, watched: Array, misses: Callable[[], Array]) -> Iterable[int]:
        """Return the epochs in which a network ends; all, where rules have a memory."""
        if not all(rule.memoryless for rule in self._rules):
            return range(len(watched))
        all_ = EpochEnd(0, cast(Any, watched), 0.0, cast(Any, misses))
        stop = ~np.isfinite(watched) & (self._jobs.base.validation is not None)
        for rule in self._rules:
            stop = stop | rule.stops(all_)
        first = np.argmax(stop, axis=0)[stop.any(axis=0)]
        return [int(e) for e in np.unique(first)]

    def _end(
        self, trajectory: Trajectory, places: Array, why: Array, epochs: int, watched: Array
    ) -> None:
        """Write down the networks that end after so many epochs of a run."""
        names, theta = (
            trajectory.networks[places],
            trajectory.theta(places, np.full(len(places), epochs)),
        )
        self._histories.end(names, why, theta)
        for k in np.flatnonzero(why == "non_finite").tolist():
            own = self._jobs[int(names[k])]
            held_out, number = cast(Samples, own.validation), self.epoch + epochs
            error = float(watched[k])
            message = describe_validation(own.objective, theta[k], held_out, number, error)
            self._histories.messages[int(names[k])] = message

    def _stopped(self, names: Array, epoch_end: EpochEnd) -> Array:
        """Return why each network ends here, or ""."""
        stopped = np.full(len(names), "", object)
        for rule in self._rules:
            stop = rule.observe(names, epoch_end)
            stopped[stop & (stopped == "")] = rule.name
        if self._jobs.base.validation is not None:
            stopped[~np.isfinite(epoch_end.watched)] = "non_finite"
        return stopped

    def _record(
        self, trajectory: Trajectory, errors: Array, watched: Array, done: Array, here: Array
    ) -> None:
        """Write down what was done by the networks that are `here`."""
        histories, rates = self._histories, self._jobs.rates
        some = slice(None) if here.all() else here  # what is not copied costs nothing
        names, epochs = trajectory.networks[some], done[some]
        beyond = None
        if (epochs < len(errors)).any():
            beyond = np.arange(len(errors))[:, None] >= epochs

        def whole(values: Array) -> Array:
            return values if beyond is None else np.where(beyond, np.nan, values)

        def rows(values: Array) -> Array:
            if len(names) == len(self._jobs):
                return np.broadcast_to(whole(values), errors.shape)
            found = np.full((len(errors), len(self._jobs)), np.nan)
            found[:, names] = whole(values)
            return found

        histories.record("error", rows(errors[:, some]))
        histories.record("lr", rows(rates.last(self.epoch)[names]))
        after = self._jobs.base.validation is not None
        if after:
            histories.record("validation_error", rows(watched[:, some]))

        def theta(lower: Array, epochs: Array) -> Array:
            return trajectory.theta(np.flatnonzero(here)[lower], epochs + after)

        histories.better(names, whole(watched[:, some]), theta, self.epoch)
        histories.epochs[names] += done[some]

    def finish(self) -> None:
        """Write down the networks that go no further."""
        networks = self._lanes.networks
        left = self._histories.running[networks]
        why = "epochs" if self.epoch >= self._jobs.base.epochs else "interrupted"
        if self._histories.learned is not None:
            whole = left.sum() == len(self._jobs)
            self._histories.learned = self._lanes.vectors[:, -1] if whole else None
        self._histories.end(networks[left], why, self._lanes.theta[left])

    def _errors(self, trajectory: Trajectory) -> Array:
        """Return every network's error of every epoch (epochs, k)."""
        data = trajectory.sums[:, :, 0]
        decay = trajectory.sums[:, :, 1] if self._penalised else 0.0
        found = Totals(data, decay, self._jobs.base.samples.total)
        return trajectory.in_columns(np.asarray(found.epoch_error(self._jobs.base.objective)))

    def _make_chunk(self, epochs: int) -> Chunk:
        """Return the next epochs as the engine is asked for them."""
        jobs, job = self._jobs, self._jobs.base
        order = job.orders(self.epoch, epochs) if jobs.shared else None
        updates = self.epoch * job.batches
        own = None if jobs.shared else self._seeds
        return self._lanes.chunk(
            epochs, updates, self._jobs.rates.of_epoch(self.epoch), order, own, self.epoch
        )

    def _end_non_finite(self, non_finite: Break) -> None:
        """Write down a network whose numbers stopped being finite, unless it ended before."""
        network = non_finite.network
        if self._histories.running[network]:
            self._histories.messages[network] = self._message(non_finite)
            self._histories.end(np.array([network]), "non_finite", non_finite.theta)

    def _message(self, non_finite: Break) -> str:
        """Return the message that `dr.train` gives for the same update."""
        job, epoch = self._jobs[non_finite.network], self.epoch + non_finite.epoch
        schedule = self._jobs.rates.state(non_finite.network)
        start = job.start(non_finite.theta)
        state = replace(start, epoch=epoch, step=epoch * job.batches, schedule=schedule)
        batch = job.plan(state).batch(non_finite.update)
        rule = RuleState.of(job.objective, job.seed, job.samples.X.dtype)
        step = training_step(job.objective, job.update, job.clipping, rule=rule)
        s = batch.samples
        with np.errstate(all="ignore"):
            new, _, E, _, g = step(
                non_finite.theta, non_finite.slots, s.X, s.T, s.weight, batch.lr, batch.t
            )
        found = NonFinite(batch, non_finite.theta, new, float(E), g)
        if np.isfinite(new).all() and np.isfinite(E) and np.isfinite(g).all():
            found = replace(found, error=math.nan)  # on the edge of the numbers
        return describe(job.objective, found, epoch + 1, non_finite.update + 1)
