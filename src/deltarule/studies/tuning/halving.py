"""Successive halving (Jamieson and Talwalkar 2016): many with few epochs, the best with more."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from deltarule.layers import Layer
from deltarule.losses import Loss
from deltarule.models import Recipe
from deltarule.studies.factors import Cell
from deltarule.studies.problem import Problem
from deltarule.studies.settings import Settings, checked
from deltarule.studies.spread import spread
from deltarule.studies.tasks import tasks_of
from deltarule.studies.tuning.space import Trial

BRACKET = 27
"""So many trials start together."""

_KEPT = 3
"""One in so many goes on, with so many times the epochs."""

_RUNGS = 3
_TOLD = 4
"""Whoever waits is told after so many tasks of every worker."""

_HELD_OUT = 0.2
"""The share of the rows that a split scores by."""


@dataclass(frozen=True)
class Score:
    """What one trial came to after so many epochs: E of the held-out rows, split by split.

    The rows that a trial is scored by have no say in when it stops. Infinite where a run diverged.
    """

    epochs: int
    errors: tuple[float, ...]
    accuracies: tuple[float, ...]

    @property
    def error(self) -> float:
        """The mean over the splits."""
        return math.fsum(self.errors) / len(self.errors)


@dataclass
class Search:
    """A search while it goes on: the trials that were scored, rung by rung."""

    problem: Problem
    recipe: Recipe
    loss: Loss
    networks: Mapping[str, tuple[Layer, ...]]
    """The layers of every network that is tried in the place of hidden sizes."""
    splits: range
    """The seeds of the splits into rows to train on and rows to score by."""
    ends: float
    """When to begin nothing more, by `time.monotonic`."""
    workers: int
    tell: Callable[[Search], None]
    trials: dict[int, Trial] = field(default_factory=dict)
    scores: dict[int, list[Score]] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    """Trials that cannot be trained at all, and why."""

    def run(self, drawn: Iterator[Trial], most: int | None) -> None:
        """Try until the time is up, or so many trials are through."""
        left = most
        while (left is None or left > 0) and (time.monotonic() < self.ends or not self.scores):
            group = list(itertools.islice(drawn, min(BRACKET, left or BRACKET)))
            if not group:
                return
            left = None if left is None else left - len(group)
            for rung in reversed(range(_RUNGS)):
                self._rung(group, max(1, round(self.recipe.epochs / _KEPT**rung)))
                if not self.scores:
                    return  # not one can be trained
                group = self.best(group)[: -(-len(group) // _KEPT)]

    def best(self, among: Sequence[Trial] | None = None) -> list[Trial]:
        """Return the trials that were scored, the lowest E first: epochs are a setting, too."""
        found = [t for t in among or self.trials.values() if t.number in self.scores]
        return sorted(found, key=lambda t: (self.lowest(t).error, t.number))

    def lowest(self, trial: Trial) -> Score:
        """Return the lowest of a trial's scores: how many epochs suit it is chosen, too."""
        return min(self.scores[trial.number], key=lambda score: score.error)

    def _rung(self, group: Sequence[Trial], epochs: int) -> None:
        """Score trials, as many as there is time for; who has not all splits has no score."""
        self.trials |= {trial.number: trial for trial in group}
        cells = {t.number: Cell((("trial", str(t.number)),), self._settings(t, epochs))
                 for t in group}  # fmt: skip
        runs = [(cell, seed) for cell in cells.values() for seed in self.splits]
        tasks, broken = tasks_of(runs, self.splits, (), self.workers)
        self.refused |= {_number(cell): str(error) for cell, error in broken.items()}
        tasks.sort(key=lambda task: _number(task.cells[0]))  # trials end one after the other
        rows: dict[int, list[dict[str, Any]]] = {}
        several = spread(tasks, (self.splits, ()), self.workers, True, "loky", None)
        with closing(several) as ended:
            for done, (task, found) in enumerate(ended, 1):
                if isinstance(found, Exception):
                    self.refused |= {_number(cell): str(found) for cell in task.cells}
                    continue
                for row in found[0].iter_rows(named=True):
                    rows.setdefault(int(row["trial"]), []).append(row)
                self._score(rows, epochs)
                late = bool(self.scores) and time.monotonic() >= self.ends
                if late or done == len(tasks) or done % (_TOLD * self.workers) == 0:
                    self.tell(self)
                if late:
                    return

    def _score(self, rows: dict[int, list[dict[str, Any]]], epochs: int) -> None:
        for number in [n for n, own in rows.items() if len(own) == len(self.splits)]:
            own = sorted(rows.pop(number), key=lambda row: int(row["seed"]))
            errors = tuple(_or(row["validation_error"], math.inf) for row in own)
            right = tuple(_or(row["validation_accuracy"], math.nan) for row in own)
            self.scores.setdefault(number, []).append(Score(epochs, errors, right))

    def _settings(self, trial: Trial, epochs: int) -> Settings:
        given = {
            "data": self.problem,
            **trial.options,
            **({"network": self.networks[trial.network]} if trial.network else {}),
            "loss": self.loss,
            "epochs": epochs,
            "validation": _HELD_OUT,
            "scale": self.recipe.scale,
            "dtype": self.recipe.dtype,
            "clip_norm": self.recipe.clip_norm,
            "class_weight": self.recipe.class_weight,
        }
        return Settings().with_({name: checked(name, value) for name, value in given.items()})


def _number(cell: Cell) -> int:
    """Return the number of the trial that a cell is."""
    return int(cell.labels[0][1])


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
