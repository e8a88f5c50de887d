"""What is missing of a study, as tasks: runs of one structure that are trained side by side."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from deltarule.engine.choice import choose_engine
from deltarule.engine.objective import Objective
from deltarule.network import Network
from deltarule.studies.build import network_of, objective_of
from deltarule.studies.factors import Cell
from deltarule.studies.problem import Parts
from deltarule.training.many_jobs import structure

Run = tuple[Cell, int]
"""A cell and a seed."""

SHARES = 3
"""A worker's share is cut into so many tasks at least, for the end of the study to come even."""

_WORTH = 2.5e9
"""But no task is cut smaller than so many multiplications, a second: it has a program to load."""

_LONGEST = 2.5e10
"""Nor is one left longer than so many, ten seconds or so: what is not done is lost with a kill."""

_LEAST = 16
"""So few runs are not divided further: two vectors of eight networks."""

_FIXED = 300.0
"""Multiplications that the fixed cost of an update is worth, roughly."""


@dataclass(frozen=True)
class Task:
    """Runs that differ in seeds and in numbers of their optimisers and rules alone."""

    runs: tuple[Run, ...]
    split: int
    """The seed that holds samples out."""
    engine: str
    """The engine, as a whole cell asks for it: how runs are divided changes no number."""
    weight: float
    """How much work it is, in multiplications, roughly."""

    @property
    def cells(self) -> list[Cell]:
        """The cells that the runs are of."""
        return list(dict.fromkeys(cell for cell, _ in self.runs))


@dataclass(frozen=True, eq=False)
class Made:
    """What a cell's settings come to."""

    network: Network
    objective: Objective
    parts: Parts
    class_weight: str | None


def make(cell: Cell, split: int) -> Made:
    """Return a cell's network, objective and samples. Raises `UsageError` and `DataError`."""
    s = cell.settings
    _ = s.optimiser  # or it says why not
    assert s.data is not None
    parts = s.data.parts(s.validation, s.scale, split, s.dtype)
    network = network_of(s, parts)
    return Made(network, objective_of(s, network, parts), parts, s.class_weight)


def tasks_of(
    runs: Sequence[Run], seeds: Sequence[int], hold: Sequence[str], workers: int
) -> tuple[list[Task], dict[Cell, Exception]]:
    """Return the tasks of all runs, the longest first, and the cells that cannot be made.

    `seeds` are the whole study's: the first one stands for all where the split is held.
    """
    groups: dict[tuple[int, int], list[Run]] = {}
    structures: dict[Any, int] = {}
    made: dict[Cell, Made | Exception] = {}
    for cell, own in itertools.groupby(runs, key=lambda run: run[0]):
        made[cell] = _try(cell, seeds[0])
        if isinstance(made[cell], Made):
            alike = structures.setdefault(_structure(cell), len(structures))
            split_by_seed = cell.settings.validation and "split" not in hold
            for run in own:
                split = run[1] if split_by_seed else seeds[0]
                groups.setdefault((alike, split), []).append(run)
    weights = {c: weight_of(c, m) for c, m in made.items() if isinstance(m, Made)}
    total = sum(weights[cell] for group in groups.values() for cell, _ in group)
    found = []
    for (_, split), group in groups.items():
        weight = max(weights[cell] for cell, _ in group)
        share = total / (SHARES * workers) if workers > 1 else _LONGEST
        fitting = int(min(_LONGEST, max(_WORTH, share)) / weight)
        most = max(_LEAST, fitting // _LEAST * _LEAST)
        engine = _engine(group[0][0], made[group[0][0]], len(seeds))
        pieces = (group[i : i + most] for i in range(0, len(group), most))
        found += [Task(tuple(p), split, engine, weight * len(p)) for p in pieces]
    found.sort(key=lambda task: -task.weight)
    return found, {c: m for c, m in made.items() if isinstance(m, Exception)}


def _try(cell: Cell, split: int) -> Made | Exception:
    from deltarule.core.errors import DeltaruleError

    try:
        return make(cell, split)
    except DeltaruleError as error:
        return error


def _structure(cell: Cell) -> Any:
    """Return what cells share whose runs can be trained side by side, ready to be compared."""
    s, numbers = cell.settings, ("rule", "optimizer", "lr", "rate", "seeds")
    alike = tuple(getattr(s, f.name) for f in fields(s) if f.name not in numbers)
    return alike, repr(structure(s.optimiser)), repr(structure(s.rule))


def weight_of(cell: Cell, made: Made) -> float:
    """Return a run's length in multiplications, roughly: all epochs count."""
    s, rows = cell.settings, len(made.parts.X)
    updates = max(1, s.epochs) * math.ceil(rows / (s.batch_size or rows))  # measuring is work, too
    return updates * (_FIXED + 3.0 * made.network.size * min(rows, s.batch_size or rows))


def _engine(cell: Cell, made: Any, seeds: int) -> str:
    s, rows = cell.settings, len(made.parts.X)
    batch = min(rows, s.batch_size or rows)
    return choose_engine("auto", made.objective, rows, batch, s.epochs * seeds).engine
