"""Many networks in step: all do the same epoch, each ends by its own rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.engine.course import Broken, Totals
from deltarule.engine.reference import training_step
from deltarule.engine.samples import Samples
from deltarule.training.many_jobs import Jobs
from deltarule.training.many_result import Ledger
from deltarule.training.many_watch import Watch
from deltarule.training.nonfinite import describe, describe_validation
from deltarule.training.stopping import Moment

__all__ = ["InStep"]

Array = NDArray[Any]

FIRST = 4
"""The epochs done at once at the start, where networks may end on the way."""


class Walk(Protocol):
    """See `engine.compiled.many.walk.Walk`."""

    networks: Array
    done: Array
    sums: Array
    breaks: tuple[Any, ...]

    def theta(self, places: Array, epochs: Array) -> Array:
        """Return theta of the networks at some places, after so many epochs."""


class Lanes(Protocol):
    """An engine with many networks at work: `engine.compiled.many.trainer.ManyTrainer`."""

    networks: Array

    @property
    def theta(self) -> Array:
        """The weights of `networks`."""

    def keep(self, running: Array) -> None:
        """Go on with the networks that still run."""

    def task(
        self, epochs: int, updates: int, rates: Array, order: Any, seeds: Any, epoch: int
    ) -> Any:
        """Return what `walk` takes."""

    def walk(self, task: Any, proceed: Callable[[], bool], keep: bool) -> Walk:
        """Do whole epochs; `keep` theta after each."""

    def measure(self, samples: Samples, walk: Any) -> tuple[Array, Array]:
        """Return E and the largest |T - y| after each epoch of a walk."""

    def epochs_at_once(self, measured: int, keep: bool) -> int:
        """Return how many epochs may be done in one walk, with samples measured after each."""


class InStep:
    """Many jobs on one engine, with what is kept between epochs."""

    def __init__(
        self,
        jobs: Jobs,
        lanes: Lanes,
        ledger: Ledger,
        clock: Callable[[], float],
    ) -> None:
        self._jobs, self._lanes, self._ledger = jobs, lanes, ledger
        self._clock, self._began = clock, clock()
        job = jobs.base
        self.epoch = 0
        self._seeds = np.array(jobs.seeds, np.uint64)
        self._rules = [Watch(rule, len(jobs)) for rule in job.stop]
        self._keep = bool(job.stop) or job.validation is not None
        missed = len(job.samples) if any(rule.by_miss for rule in job.stop) else 0
        self._measured = len(job.validation or ()) + missed
        timeless = all(rule.by_error or rule.by_miss for rule in job.stop)
        self._several = jobs.rates.steady and timeless

    def advance(self, proceed: Callable[[], bool]) -> int:
        """Do an epoch, or several where the time is not looked at in between; return how many."""
        ledger, lanes, epochs = self._ledger, self._lanes, self._at_once()
        walk = lanes.walk(self._make_task(epochs), proceed, self._keep)
        done = walk.done.copy()
        for broken in walk.breaks:
            done[np.searchsorted(walk.networks, broken.network)] = broken.epoch
        here = ledger.running[walk.networks]
        errors = self._errors(walk.sums)
        validation = self._jobs.base.validation
        watched = errors if validation is None else lanes.measure(validation, walk)[0]
        if self._rules or validation is not None:
            self._look(walk, watched, done)
        self._record(walk, errors, watched, done, here)
        for broken in walk.breaks:
            self._end_broken(broken)
        cut = ledger.running[walk.networks] & (done < epochs)
        if cut.any():
            ledger.end(walk.networks[cut], "interrupted", lanes.theta[cut])
        whole = here & (done == epochs)
        self._jobs.rates.observe(walk.networks[whole], watched[-1, whole])
        self.epoch += epochs
        lanes.keep(ledger.running)
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

    def _look(self, walk: Walk, watched: Array, done: Array) -> None:
        """Ask the stopping rules after each epoch; who ends has `done` no more than that."""

        @cache  # measured once, however many rules and epochs ask
        def misses() -> Array:
            return self._lanes.measure(self._jobs.base.samples, walk)[1]

        def found(e: int, places: Array) -> Any:
            return misses()[e, places]

        for e in range(len(watched)):
            places = np.flatnonzero(self._ledger.running[walk.networks] & (done > e))
            if not len(places):
                return
            seconds, values = self._clock() - self._began, watched[e, places]
            miss = cast(Any, partial(found, e, places))
            moment = Moment(self.epoch + e + 1, cast(Any, values), seconds, miss)
            stopped = self._stopped(walk.networks[places], moment)
            ended = stopped != ""
            if ended.any():
                done[places[ended]] = e + 1
                self._end(walk, places[ended], stopped[ended], e + 1, values[ended])

    def _end(self, walk: Walk, places: Array, why: Array, epochs: int, watched: Array) -> None:
        """Write down the networks that end after so many epochs of a walk."""
        names, theta = walk.networks[places], walk.theta(places, np.full(len(places), epochs))
        self._ledger.end(names, why, theta)
        for k in np.flatnonzero(why == "non_finite").tolist():
            own = self._jobs[int(names[k])]
            held_out, number = cast(Samples, own.validation), self.epoch + epochs
            error = float(watched[k])
            message = describe_validation(own.objective, theta[k], held_out, number, error)
            self._ledger.messages[int(names[k])] = message

    def _stopped(self, names: Array, moment: Moment) -> Array:
        """Return why each network ends here, or ""."""
        stopped = np.full(len(names), "", object)
        for rule in self._rules:
            stop = rule.observe(names, moment)
            stopped[stop & (stopped == "")] = rule.name
        if self._jobs.base.validation is not None:
            stopped[~np.isfinite(moment.watched)] = "non_finite"
        return stopped

    def _record(self, walk: Walk, errors: Array, watched: Array, done: Array, here: Array) -> None:
        """Write down what was done by the networks that are `here`."""
        ledger, names, rates = self._ledger, walk.networks[here], self._jobs.rates
        beyond = np.arange(len(errors))[:, None] >= done[here]

        def rows(values: Array) -> Array:
            found = np.full((len(errors), len(self._jobs)), np.nan)
            found[:, names] = np.where(beyond, np.nan, values)
            return found

        ledger.record("error", rows(errors[:, here]))
        ledger.record("lr", rows(rates.last(self.epoch)[names]))
        after = self._jobs.base.validation is not None
        if after:
            ledger.record("validation_error", rows(watched[:, here]))

        def theta(lower: Array, epochs: Array) -> Array:
            return walk.theta(np.flatnonzero(here)[lower], epochs + after)

        seen = np.where(beyond, np.nan, watched[:, here])
        ledger.better(names, seen, theta, self.epoch)
        ledger.epochs[names] += done[here]

    def finish(self) -> None:
        """Write down the networks that go no further."""
        networks = self._lanes.networks
        left = self._ledger.running[networks]
        why = "epochs" if self.epoch >= self._jobs.base.epochs else "interrupted"
        self._ledger.end(networks[left], why, self._lanes.theta[left])

    def _errors(self, sums: Array) -> Array:
        """Return every network's error of every epoch (epochs, k)."""
        data, decay = (cast(Any, sums[:, k]) for k in range(2))
        objective, weight = self._jobs.base.objective, self._jobs.base.samples.total
        mean = objective.reduction == "mean"
        found = Totals(data + decay, 0.0, weight) if mean else Totals(data, decay, weight)
        return np.array(found.epoch_error(objective))

    def _make_task(self, epochs: int) -> Any:
        """Return the next epochs as the engine is asked for them."""
        jobs, job = self._jobs, self._jobs.base
        order = None
        if jobs.shared and job.order(self.epoch) is not None:
            order = np.stack([cast(Array, job.order(self.epoch + e)) for e in range(epochs)])
        updates = self.epoch * job.batches
        own = None if jobs.shared else self._seeds
        return self._lanes.task(
            epochs, updates, self._jobs.rates.of_epoch(self.epoch), order, own, self.epoch
        )

    def _end_broken(self, broken: Any) -> None:
        """Write down a network whose numbers stopped being finite, unless it ended before."""
        network = broken.network
        if self._ledger.running[network]:
            self._ledger.messages[network] = self._message(broken)
            self._ledger.end(np.array([network]), "non_finite", broken.theta)

    def _message(self, broken: Any) -> str:
        """Return the message that `dr.train` gives for the same update."""
        job, epoch = self._jobs[broken.network], self.epoch + broken.epoch
        schedule = self._jobs.rates.state(broken.network)
        start = job.start(broken.theta)
        state = replace(start, epoch=epoch, step=epoch * job.batches, schedule=schedule)
        batch = job.course(state).batch(broken.update)
        step, s = training_step(job.objective, job.optimiser, job.clipping), batch.samples
        with np.errstate(all="ignore"):
            new, _, E, _, g = step(
                broken.theta, broken.slots, s.X, s.T, s.weight, batch.lr, batch.t
            )
        found = Broken(batch, broken.theta, new, float(E), g)
        if np.isfinite(new).all() and np.isfinite(E) and np.isfinite(g).all():
            found = replace(found, error=math.nan)  # on the edge of the numbers
        return describe(job.objective, found, epoch + 1, broken.update + 1)
