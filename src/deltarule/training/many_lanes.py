"""Many networks in step: all do the same epoch, each ends by its own rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.engine.course import Broken, Totals
from deltarule.engine.reference import training_step
from deltarule.engine.samples import Samples
from deltarule.training.many_jobs import Jobs
from deltarule.training.many_result import Ledger
from deltarule.training.nonfinite import describe, describe_validation
from deltarule.training.stopping import Moment, StopRule

__all__ = ["InStep"]

Array = NDArray[Any]


class Lanes(Protocol):
    """An engine with many networks at work: see `deltarule.engine.compiled.many.ManyTrainer`."""

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

    def walk(self, task: Any, proceed: Callable[[], bool]) -> Any:
        """Do whole epochs."""

    def measure(self, samples: Samples) -> tuple[Array, Array]:
        """Return E and the largest |T - y| of `networks`."""

    def epochs_at_once(self) -> int:
        """Return how many epochs may be done in one walk."""


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
        m, job = len(jobs), jobs.base
        self.epoch = 0
        self._schedules = [o.schedule for o in jobs.optimisers]
        self._schedule_states = [s.start() for s in self._schedules]
        self._seeds = np.array(jobs.seeds, np.uint64)
        self._steady: Array | None = None
        if jobs.steady:
            self._steady = _columns([[s.rate(0, 0.0, ())] for s in self._schedules])
        self._rules = [_Watch(rule, m) for rule in job.stop]
        still = jobs.steady and job.validation is None
        self._several = still and not job.stop and jobs.shared

    def advance(self, proceed: Callable[[], bool]) -> int:
        """Do an epoch, or several where nothing is asked in between; return how many."""
        ledger, lanes, base = self._ledger, self._lanes, self._jobs.base
        left = base.epochs - self.epoch
        epochs = min(left, lanes.epochs_at_once()) if self._several else 1
        before = lanes.theta if ledger.patient and base.validation is None else None
        walk = lanes.walk(self._make_task(epochs), proceed)
        done = walk.done.copy()
        for broken in walk.breaks:
            done[np.searchsorted(walk.networks, broken.network)] = broken.epoch
        here = ledger.running[walk.networks]
        errors = self._record(walk, done, here, before)
        self._end_broken(walk.breaks)
        going = here & ledger.running[walk.networks]
        whole = going & (done == epochs)
        self.epoch += epochs
        self._close(walk.networks, whole, errors[-1][whole])
        cut = going & (done < epochs)
        if cut.any():
            ledger.end(walk.networks[cut], "interrupted", lanes.theta[cut])
        lanes.keep(ledger.running)
        return epochs

    def _record(self, walk: Any, done: Array, here: Array, before: Array | None) -> Array:
        """Write down what was done by the networks that are `here`; return errors (epochs, k)."""
        ledger, names = self._ledger, walk.networks[here]
        errors = self._errors(walk.sums)
        errors[np.arange(len(errors))[:, None] >= done] = np.nan
        found = errors[:, here]
        rates = np.where(np.isnan(found), np.nan, self._last_rates(names))
        ledger.record("error", self._rows(names, found))
        ledger.record("lr", self._rows(names, rates))
        if self._jobs.base.validation is None:
            ledger.better(names, found, None if before is None else before[here], self.epoch)
        ledger.epochs[names] += done[here]
        return errors

    def _end_broken(self, breaks: Any) -> None:
        """Write down the networks whose numbers stopped being finite."""
        for broken in breaks:
            self._ledger.messages[broken.network] = self._message(broken)
            self._ledger.end(np.array([broken.network]), "non_finite", broken.theta)

    def finish(self) -> None:
        """Write down the networks that go no further."""
        networks = self._lanes.networks
        left = self._ledger.running[networks]
        why = "epochs" if self.epoch >= self._jobs.base.epochs else "interrupted"
        self._ledger.end(networks[left], why, self._lanes.theta[left])

    def _rows(self, networks: Array, values: Array) -> Array:
        rows = np.full((len(values), len(self._jobs)), np.nan)
        rows[:, networks] = values
        return rows

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
        return self._lanes.task(epochs, updates, self._rates, order, own, self.epoch)

    @property
    def _rates(self) -> Array:
        """eta as a task takes it: a row for all batches, or one per batch of this epoch."""
        if self._steady is not None:
            return self._steady
        n, first = self._jobs.base.batches, self.epoch * self._jobs.base.batches
        known: dict[Any, list[float]] = {}
        columns = []
        for key in zip(self._schedules, self._schedule_states, strict=True):
            if key not in known:
                schedule, state = key
                known[key] = [schedule.rate(first + k, self.epoch + k / n, state) for k in range(n)]
            columns.append(known[key])
        return _columns(columns)

    def _last_rates(self, networks: Array) -> Array:
        """Return eta of the epoch's last batch, for every network."""
        if self._steady is not None:
            return np.broadcast_to(self._steady[0], len(self._jobs))[networks]
        n = self._jobs.base.batches
        step, epochs = (self.epoch + 1) * n - 1, self.epoch + 1 - 1 / n
        pairs = ((self._schedules[i], self._schedule_states[i]) for i in networks.tolist())
        return np.array([schedule.rate(step, epochs, state) for schedule, state in pairs])

    def _close(self, networks: Array, whole: Array, watched: Array) -> None:
        """Measure, look at the stopping rules, and keep the best, for those that did the epoch."""
        job, ledger, lanes = self._jobs.base, self._ledger, self._lanes
        names, theta = networks[whole], None
        if job.validation is not None:
            theta = lanes.theta
            every, _ = lanes.measure(job.validation)
            watched = every[whole]
            ledger.record("validation_error", self._rows(names, watched[None]))
            ledger.better(names, watched[None], theta[whole], self.epoch - 1)
        if not self._jobs.steady:
            for i, value in zip(names.tolist(), watched.tolist(), strict=True):
                state = self._schedule_states[i]
                self._schedule_states[i] = self._schedules[i].observe(state, value)
        stopped = self._stopped(names, whole, watched)
        bad = ~np.isfinite(watched)
        if job.validation is not None:
            stopped[bad] = "non_finite"
        ended = stopped != ""
        if not ended.any():
            return
        theta = (lanes.theta if theta is None else theta)[whole]
        ledger.stopped[names[ended]] = stopped[ended]
        ledger.theta[names[ended]] = theta[ended]
        for k in np.flatnonzero(ended & bad).tolist():
            own = self._jobs[int(names[k])]
            ledger.messages[int(names[k])] = describe_validation(
                own.objective,
                theta[k],
                cast(Samples, own.validation),
                self.epoch,
                float(watched[k]),
            )

    def _stopped(self, names: Array, whole: Array, watched: Array) -> Array:
        """Return the name of the rule that ends each network, or ""."""
        misses: list[Array] = []

        def miss() -> Any:
            if not misses:  # measured once, however many rules ask
                misses.append(self._lanes.measure(self._jobs.base.samples)[1][whole])
            return misses[0]

        moment = Moment(self.epoch, cast(Any, watched), self._clock() - self._began, miss)
        stopped = np.full(len(names), "", object)
        for rule in self._rules:
            stop = rule.observe(names, moment)
            stopped[stop & (stopped == "")] = rule.name
        return stopped

    def _message(self, broken: Any) -> str:
        """Return the message that `dr.train` gives for the same update."""
        job, epoch = self._jobs[broken.network], self.epoch + broken.epoch
        schedule = self._schedule_states[broken.network]
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


class _Watch:
    """A stopping rule over many networks, and its numbers for each."""

    def __init__(self, rule: StopRule, networks: int) -> None:
        self._rule, self.name = rule, rule.name
        self._state = [np.full(networks, value) for value in rule.start()]
        self._states = [rule.start()] * networks

    def observe(self, networks: Array, moment: Moment) -> Array:
        """Return which of the networks stop."""
        if not self._rule.elementwise:
            return np.array(
                [self._alone(k, i, moment) for k, i in enumerate(networks.tolist())], bool
            )
        state = cast(Any, tuple(values[networks] for values in self._state))
        new, stop = self._rule.observe(state, moment)
        for values, found in zip(self._state, new, strict=True):
            values[networks] = found
        return np.broadcast_to(np.asarray(stop), networks.shape)

    def _alone(self, k: int, network: int, moment: Moment) -> bool:
        """Ask a rule that sees one network at a time."""
        watched = cast(Any, moment.watched)
        alone = replace(
            moment,
            watched=float(watched[k]),
            largest_miss=lambda: float(cast(Any, moment.largest_miss())[k]),
        )
        self._states[network], stop = self._rule.observe(self._states[network], alone)
        return stop


def _columns(columns: list[list[float]]) -> Array:
    """Return columns side by side; one where all are the same."""
    same = all(column is columns[0] or column == columns[0] for column in columns)
    return np.array(columns[:1] if same else columns).T
