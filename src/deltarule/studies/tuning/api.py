"""`dr.tune`: the settings of a network that suit a table."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core.arguments import number, whole
from deltarule.core.errors import UsageError
from deltarule.core.machine import cores
from deltarule.data import Table, read_table
from deltarule.data.preparation.row_order import order_of
from deltarule.models import Fitted, Plan, Recipe, fit, fit_plan, plan
from deltarule.studies.problem import Problem
from deltarule.studies.tuning.halving import Search
from deltarule.studies.tuning.space import DEFAULT, checked_space, draw
from deltarule.studies.tuning.tuned import Tuned

_PREPARED = ("missing", "dates", "ordinal", "min_count", "target_transform")
"""What is done to the columns of every split."""
_TIME = 60.0
_STARTED = 10.0
"""Seconds that a search must have for processes to be started: that takes one or two."""
_LARGER = 2.0
"""How much longer than by default a training with the winner's settings may take."""


def tune(
    data: str | Path | Table,
    target: str | Sequence[str] | None = None,
    *,
    ids: Sequence[str] = (),
    time: float | None = None,
    trials: int | None = None,
    splits: int = 5,
    space: Mapping[str, Sequence[Any]] | None = None,
    recipe: Recipe | None = None,
    workers: int | None = None,
    tell: Callable[[Search], None] | None = None,
    **reading: Any,
) -> Tuned:
    """Look for the settings that suit a table: cross-validated, judged by rows that took no part.

    A fifth of the rows (`recipe.test`) is put away. On the others, 27 trials at a time start with
    a ninth of the epochs; the best third goes on with three times as many, twice (successive
    halving). A score is E of held-out rows, the mean over several random splits. The winner is
    trained for as many epochs as scored best, on all but the rows that were put away, and measured
    on these, once.

    Args:
        data: a name, a file, or a table.
        target: the column to predict, or several; bundled data know theirs.
        ids: columns that are not learned from, as `--id` of `deltarule train`.
        time: seconds in all, at most, but for the first trial and the trainings at the end; None:
            60, or no limit where `trials` is given.
        trials: how many to try at most. The defaults of `deltarule train` are the first.
        splits: of the rows, to score each trial by.
        space: what to try instead: `{"hidden": ["16", "32,16"], "lr": [0.01]}`; see
            `deltarule.studies.tuning.space.SPACE`. `"network"` has layers in the place of hidden
            sizes and activations, such as `["gru:8,dense:1"]`.
        recipe: everything that is not searched: `test`, `seed`, `missing`, `scale`, `epochs`, ...
        workers: processes that train; None takes one per processor where they pay.
        tell: called with the search after every few trials.
        reading: further arguments of `deltarule.data.read_table`.

    Returns a `Tuned`: `.table`, `.recipe`, `.model`, `.held_out`, `.command`, `.plot(path)`.
    Ctrl-C ends the search, and takes the best so far.

    >>> import deltarule as dr
    >>> found = dr.tune("iris", trials=2, space={"hidden": ["8"], "lr": [0.05]})
    >>> found.best.hidden, len(found.table), found.held_out["accuracy"] > 0.8
    ('8', 2, True)
    """
    base, began = recipe or Recipe(), clock.monotonic()
    seconds = _seconds(time, trials)
    most = None if trials is None else whole("trials", trials, 1)
    tried = checked_space(space)
    networks = tried.get("network", [])
    first = replace(DEFAULT, network=networks[0] if networks else None)
    if isinstance(data, Table):
        table = data
    else:
        given = {**reading, "text": [*reading.get("text", ()), *ids]}
        table = read_table(data, target=target, **given)
    dropped = reading.get("drop", ())
    planned = {
        text: plan(table, replace(first, network=text).into(base), target=target, ids=ids,
                   dropped=dropped)
        for text in networks or [None]
    }  # fmt: skip
    whole_plan = next(iter(planned.values()))
    rows = _without_test(whole_plan, target)
    default = fit_plan(whole_plan)
    if default.status == "interrupted":
        raise KeyboardInterrupt("nothing was tried yet")
    search = Search(
        problem=rows,
        recipe=base,
        loss=whole_plan.objective.loss,
        networks={text: found.network.layers for text, found in planned.items() if text},
        splits=range(base.seed, base.seed + whole("splits", splits, 1)),
        ends=began + seconds - _at_the_end(default, seconds),
        workers=workers or (1 if seconds < _STARTED else cores()),
        tell=tell or (lambda search: None),
    )
    interrupted = False
    try:
        search.run(draw(tried, base.seed), most)
    except KeyboardInterrupt:
        interrupted = True
        if not search.scores:
            raise
    ranked = search.best()
    if not ranked:
        raise UsageError(f"no trial can be trained: {next(iter(search.refused.values()))}")
    epochs = search.lowest(ranked[0]).epochs
    alone = replace(base, epochs=epochs, patience=0, validation=0.0)
    winner = fit(table, ranked[0].into(alone), target=target, ids=ids)
    return Tuned(search, winner, default, target, reading, clock.monotonic() - began, interrupted)


def _at_the_end(default: Fitted, seconds: float) -> float:
    """Return how long to leave for the winner's training, at most half of the time.

    It may have as many epochs as there are, and be larger than what is trained by default.
    """
    epochs = default.plan.recipe.epochs / max(1, default.run.epochs)
    return min(_LARGER * epochs * default.run.seconds, seconds / 2.0) if seconds < np.inf else 0.0


def _seconds(time: float | None, trials: int | None) -> float:
    if time is None:
        return _TIME if trials is None else np.inf
    return number("time", time, low=0.0)


def _without_test(found: Plan, target: str | Sequence[str] | None) -> Problem:
    """Return the rows of a plan without its test rows, in order where they have one."""
    table, prepared, recipe = found.table, found.prepared, found.recipe
    if not len(prepared["test"]):
        raise UsageError(
            f"{table.source}: settings cannot be chosen without rows to judge them by"
            + ("" if table.splittable else ": every row is needed, none can be held out")
        )
    kept = np.concatenate([prepared["train"].rows, prepared["validation"].rows])
    ordered = order_of(table, prepared.targets.names, kept, recipe.split).rows is not None
    used = [column for column in table.columns if column.name not in found.ids]
    columns = tuple(replace(column, values=column.values[kept]) for column in used)
    return Problem.of(
        table.source,
        replace(table, columns=columns, locate=None, ordered=ordered),
        {
            "target": target,
            "task": prepared.task,
            **{name: getattr(recipe, name) for name in _PREPARED},
            "split": "ordered" if ordered else "random",
        },
    )
