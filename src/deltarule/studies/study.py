"""`dr.Study`: what happens over many seeds, in every cell of a design."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError, one_of
from deltarule.core.random import as_seeds
from deltarule.core.views import view
from deltarule.network import Network
from deltarule.studies.definition import Definition
from deltarule.studies.factors import Factor, cells_of
from deltarule.studies.measure import GOALS, MEASURED
from deltarule.studies.results import Results
from deltarule.studies.settings import Settings, checked, trained
from deltarule.studies.statistics.values import LAYERWISE

HELD = ("weights", "order", "split")
"""The sources of chance that a study may hold: they are those of its first seed then."""


class Study:
    """An experiment: factors whose levels multiply to cells, and many seeds in each.

    A seed decides the first weights, the order of the samples and which of them are held out, and
    is the same in every cell: cells are compared pair by pair. A seed is chance, not a setting.

    Args:
        net: the network, or its layers such as `"gru:8,last,dense:1"`; None makes dense layers
            from the settings `hidden`, `activation` and `output`; several by label are a factor,
            "network".
        data: a bundled or generated name (`"xor"`, `"parity:4"`), a file that knows its target, or
            arrays (X, T); several by label are a factor, "data".
        vary: the factors. One with the name of a setting has a list of values, or labels with
            values: `{"rule": {"exact": "exact", "no f'": "hidden=constant"}}`. One with any other
            name bundles settings: `{"problem": {"XOR": {"data": "xor", "hidden": 2}}}`.
        seeds: how many, from 0 on, or which.
        exclude, include: cells to take out of the product, and to put back: a level of some, and
            of every, factor.
        hold: sources of chance that do not vary: `"weights"`, `"order"`, `"split"`.
        baseline: for every factor the level that others are compared with; else its first one.
        metric: what cells are compared by, beside what they solve and how soon where they have
            a goal: "error", "accuracy", "validation_error", "validation_accuracy", or, with the
            setting `reach`, "reach" (how many steps back in time the gradient counts).
        layers: what is told of every layer: "slope" (|f'|), "saturated", or, with the setting
            `alignment`, "delta_angle", "weight_angle", "gradient_angle" (to the chain rule's).
        choose: a factor of which the best level is chosen in every cell, by one half of the seeds,
            and told by the other, beside the baseline: `results.told`.
        title, question: for the report.
        settings: everything that is the same in all cells: `rule`, `optimizer`, `lr`, `rate` (a
            multiple of the optimizer's own), `epochs`, `batch_size` (None: all), `stop`, `loss`,
            `reduction`, `hidden`, `activation`, `output`, `init`, `l2`, `penalty`, `clip_norm`,
            `class_weight`, `validation` (a share to hold out), `scale`, `dtype`, `alignment`,
            `reach`, `truncate` (the way back through time).

    A run is solved where it ends by `all_within` or `error_below`. Raises `UsageError` for what
    cannot be, naming the nearest.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")], init="uniform:1")
    >>> study = dr.Study(net, "xor", vary={"rule": ["exact", "hidden=constant"]}, seeds=20,
    ...                  optimizer="sgd:1", reduction="sum", epochs=2000, stop="all_within:0.4")
    >>> study
    Study: 2 cells x 20 seeds = 40 runs of at most 2,000 epochs
    >>> study.run().summary()["rule", "solved"].rows()
    [('exact', 16), ('hidden=constant', 0)]
    """

    def __init__(
        self,
        net: Network | str | Mapping[str, Network | str] | None = None,
        data: Any = None,
        vary: Mapping[str, Any] | None = None,
        seeds: int | Iterable[int] = 200,
        *,
        include: Sequence[Mapping[str, Any]] = (),
        exclude: Sequence[Mapping[str, Any]] = (),
        hold: str | Sequence[str] = (),
        baseline: Mapping[str, Any] | None = None,
        metric: str | None = None,
        layers: str | Sequence[str] = (),
        choose: str | None = None,
        title: str = "",
        question: str = "",
        **settings: Any,
    ) -> None:
        given = dict(vary or {})
        for name, value in (("network", net), ("data", data)):
            if value is None:
                continue
            if name in given or name in settings:
                raise UsageError(f"{name} is given twice")
            several = isinstance(value, Mapping)
            (given if several else settings)[name] = value
        fixed = Settings().with_({name: checked(name, v) for name, v in settings.items()})
        factors = tuple(Factor.of(name, values) for name, values in given.items())
        if isinstance(seeds, str):
            raise UsageError(f"seeds is a number, such as 200, or several, not {seeds!r}")
        found = seeds_of(seeds)
        self.seeds: tuple[int, ...] = found
        """The seeds of every cell."""
        held = (hold,) if isinstance(hold, str) else tuple(hold)
        self.cells = cells_of(fixed, factors, include, exclude)
        """The cells, in the order of the factors' levels."""
        for cell in self.cells:
            if cell.settings.data is None:
                raise UsageError(f"{cell.name}: there are no data; name them, such as data='xor'")
            trained(cell.settings.epochs, cell.settings.reach)
        by_name = {factor.name: factor for factor in factors}
        levels = {}
        for name, label in (baseline or {}).items():
            levels[name] = by_name[one_of("factor in baseline", name, by_name)].find(label)
        solved = any(rule.name in GOALS for cell in self.cells for rule in cell.settings.stop)
        held_out = any(cell.settings.validation for cell in self.cells)
        measured = (layers,) if isinstance(layers, str) else layers
        looked_up: tuple[tuple[str, Any, Any], ...] = (
            ("source of chance to hold", held, HELD),
            ("metric", [metric][: metric is not None], MEASURED),
            ("factor to choose", [choose][: choose is not None], by_name),
            ("measure of every layer", measured, LAYERWISE),
        )
        for kind, asked, known in looked_up:
            for name in asked:
                one_of(kind, name, known)
        self.definition = Definition(
            {
                "title": title,
                "question": question,
                "settings": fixed.to_dict(),
                "factors": {name: factor.to_dict() for name, factor in by_name.items()},
                "cells": [[label for _, label in cell.labels] for cell in self.cells],
                "epochs": [cell.settings.epochs for cell in self.cells],
                "goal": solved,
                "seeds": list(found),
                "hold": list(held),
                "baseline": levels,
                "metric": metric
                or (None if solved else "validation_error" if held_out else "error"),
                "layers": list(measured),
                "choose": choose,
            }
        )

    def run(
        self,
        out: str | Path | None = None,
        *,
        workers: int | None = None,
        fresh: bool = False,
        progress: bool = False,
        executor: str = "loky",
        address: str | None = None,
    ) -> Results:
        """Train what is missing, and return all results.

        Args:
            out: a folder that keeps every finished part; a second call goes on where it ended.
                None keeps the results in memory alone.
            workers: processes that train; None takes one per processor where the study is long
                enough for them to pay. No number depends on it, but the seconds.
            fresh: put the results of an earlier study that are in the folder out of the way.
            progress: show a bar on stderr.
            executor: "loky" for processes here; "dask" or "ray" for a cluster.
            address: of the cluster.

        Raises `UsageError` where the folder has another study, `LockError` where somebody else is
        writing to it, `SweepError` where cells failed: its `.results` has the others.
        """
        return view(Study.run)(
            self, out, workers=workers, fresh=fresh, progress=progress, executor=executor,
            address=address,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Study: {self.definition.size()}"


def seeds_of(given: Any) -> tuple[int, ...]:
    """Return the seeds of a number of them, or as they are given. Raises `UsageError`.

    >>> seeds_of(3), seeds_of([7, 9])
    ((0, 1, 2), (7, 9))
    """
    count = isinstance(given, int) and not isinstance(given, bool)
    found = as_seeds(range(whole("seeds", given, 1)) if count else given)
    if len(set(found)) < len(found):
        raise UsageError("seeds: one is there twice; every run of a cell needs its own")
    return found
