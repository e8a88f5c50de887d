"""What the schedules and the stopping rules of many networks know of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from deltarule.core.arrays import Array
from deltarule.optim import Optimiser
from deltarule.optim.schedules import Constant, TimeSchedule
from deltarule.training.stopping import EpochEnd, StopRule


class Rates:
    """eta of m networks, with `batches` updates per epoch.

    `given` (m,) are numbers in the place of the optimisers' own rates.
    """

    def __init__(self, optimisers: Sequence[Optimiser], given: Array | None, batches: int) -> None:
        distinct = dict(zip(map(id, optimisers), optimisers, strict=True))
        places = {key: k for k, key in enumerate(distinct)}
        self._which = np.array([places[key] for key in map(id, optimisers)])
        self._schedules = [o.schedule for o in distinct.values()]
        self._batches = batches
        steady = all(isinstance(s, Constant) for s in self._schedules)
        self._constant = given if given is None else given[None]
        if given is None and steady:
            self._constant = self._of_time([(0, 0.0)])
        still = given is not None or all(isinstance(s, TimeSchedule) for s in self._schedules)
        self._states: list[tuple[float, ...]] | None = None
        """Every network's own numbers, where a schedule looks at the error."""
        if not still:
            self._states = [self._schedules[k].start() for k in self._which.tolist()]

    @property
    def steady(self) -> bool:
        """Whether no rate ever changes."""
        return self._constant is not None

    def of_epoch(self, epoch: int) -> Array:
        """Return a row for all batches, or one per batch; a column for all networks, or m."""
        if self._constant is not None:
            return self._constant
        n, first = self._batches, epoch * self._batches
        places = [(first + k, epoch + k / n) for k in range(n)]
        return self._asked(places)

    def last(self, epoch: int) -> Array:
        """Return eta of an epoch's last batch, (m,)."""
        n, rates = self._batches, self._constant
        if rates is None:
            rates = self._asked([((epoch + 1) * n - 1, epoch + 1 - 1 / n)])
        return np.broadcast_to(rates[0], self._which.shape)

    def observe(self, networks: Array, watched: Array) -> None:
        """Take note of the watched errors of some networks."""
        if self._states is None:
            return
        for i, value in zip(networks.tolist(), watched.tolist(), strict=True):
            self._states[i] = self._schedules[self._which[i]].observe(self._states[i], value)

    def numbers(self) -> Array:
        """Return every network's own numbers, (m, k); k = 0 where no schedule has any."""
        m = len(self._which)
        return np.array(self._states or [()] * m, np.float64).reshape(m, -1)

    def restore(self, numbers: Array) -> None:
        """Take back what `numbers` has given."""
        if self._states is not None:
            self._states = [tuple(own) for own in numbers.tolist()]

    def state(self, network: int) -> tuple[float, ...]:
        """Return a network's own numbers."""
        return () if self._states is None else self._states[network]

    def _asked(self, places: list[tuple[int, float]]) -> Array:
        """Return eta where so many (updates, epochs) are done: a row each."""
        if self._states is None:
            return self._of_time(places)
        known: dict[Any, list[float]] = {}
        columns = []
        for key in zip(self._which.tolist(), self._states, strict=True):
            if key not in known:
                schedule = self._schedules[key[0]]
                known[key] = [schedule.rate(*place, key[1]) for place in places]
            columns.append(known[key])
        return np.array(columns[:1] if len(known) == 1 else columns).T

    def _of_time(self, places: list[tuple[int, float]]) -> Array:
        """Return the same of schedules that look at nothing else."""
        columns = [[s.rate(*place, ()) for place in places] for s in self._schedules]
        same = all(column == columns[0] for column in columns)
        return np.array(columns).T[:, [0] if same else self._which]


class RuleStates:
    """A stopping rule over many networks, and its numbers for each."""

    def __init__(self, rule: StopRule, networks: int) -> None:
        self._rule, self.name = rule, rule.name
        self._state = [np.full(networks, value) for value in rule.start()]
        self._states = [rule.start()] * networks
        looks = rule.by_error or rule.by_miss
        self.memoryless = rule.elementwise and looks and not rule.start()
        """Whether an epoch's numbers alone say whether to stop."""

    def stops(self, epochs: EpochEnd) -> Array:
        """Return where a rule without memory stops, of the numbers of many epochs."""
        return np.asarray(self._rule.observe((), epochs)[1])

    def numbers(self) -> Array:
        """Return the numbers of every network, (k, m) for k of each."""
        m = len(self._states)
        if self._rule.elementwise:
            return np.array(self._state).reshape(-1, m)
        return np.array(self._states, np.float64).reshape(m, -1).T

    def restore(self, numbers: Array) -> None:
        """Take back what `numbers` has given."""
        self._state = list(numbers.copy())
        self._states = [tuple(own) for own in numbers.T.tolist()]

    def observe(self, networks: Array, epoch_end: EpochEnd) -> Array:
        """Return which of the networks stop."""
        if not self._rule.elementwise:
            return np.array(
                [self._alone(k, i, epoch_end) for k, i in enumerate(networks.tolist())], bool
            )
        state = cast(Any, tuple(values[networks] for values in self._state))
        new, stop = self._rule.observe(state, epoch_end)
        for values, found in zip(self._state, new, strict=True):
            values[networks] = found
        return np.broadcast_to(np.asarray(stop), networks.shape)

    def _alone(self, k: int, network: int, epoch_end: EpochEnd) -> bool:
        """Ask a rule that sees one network at a time."""
        watched = cast(Any, epoch_end.watched)
        alone = replace(
            epoch_end,
            watched=float(watched[k]),
            largest_miss=lambda: float(cast(Any, epoch_end.largest_miss())[k]),
        )
        self._states[network], stop = self._rule.observe(self._states[network], alone)
        return stop
