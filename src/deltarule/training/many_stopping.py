"""A stopping rule over many networks at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from deltarule.core.arrays import Array
from deltarule.training.stopping import EpochEnd, StopRule


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
