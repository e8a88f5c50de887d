"""What a search for settings has found: the trials, the winner, its judgement, its command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.core.views import view
from deltarule.models import Fitted, Model, Recipe
from deltarule.models.metrics import Metrics
from deltarule.studies.statistics.intervals import Estimate, share
from deltarule.studies.tuning.halving import Search
from deltarule.studies.tuning.mattered import mattered
from deltarule.studies.tuning.space import Trial

if TYPE_CHECKING:
    import polars as pl

_SAID = ("task", "epochs", "validation", "test", "split", "patience", "seed", "dtype", "scale",
         "missing", "min_count", "dates", "target_transform", "class_weight",
         "clip_norm")  # fmt: skip
"""What a command has to say of a recipe, beside what was searched, where it is not the default."""


@dataclass(frozen=True, eq=False)
class Tuned:
    """The result of `deltarule.tune`."""

    search: Search
    fitted: Fitted
    """The winner, trained on all rows but those that were put away."""
    default: Fitted
    """What `deltarule train` makes where nothing is said, for comparison."""
    target: str | Sequence[str] | None
    reading: Mapping[str, Any]
    seconds: float
    interrupted: bool

    @property
    def best(self) -> Trial:
        """The settings with the lowest cross-validated E."""
        return self.search.best()[0]

    @property
    def recipe(self) -> Recipe:
        """The winner's recipe, as `deltarule.models.fit` takes it."""
        return self.fitted.plan.recipe

    @property
    def model(self) -> Model:
        """The winner."""
        return self.fitted.model

    @property
    def held_out(self) -> Metrics:
        """The winner's metrics on the rows that took no part in the search."""
        return self.fitted.metrics["test"]

    @property
    def held_out_accuracy(self) -> Estimate | None:
        """Its accuracy there with Wilson's interval; None where the target is a quantity."""
        found, n = self.held_out.get("accuracy"), len(self.fitted.plan.prepared["test"])
        return None if found is None else share(round(found * n), n)

    @cached_property
    def table(self) -> pl.DataFrame:
        """A row per trial, the best first.

        `error` is E of held-out rows without the penalty after so many `epochs`, the mean over the
        splits, `error_sd` their deviation; `tried` is the most epochs that the trial had.
        `first_error` is that after `first_epochs`, which all have had.
        """
        import polars as pl

        rows = []
        for trial in self.search.best():
            scores, last = self.search.scores[trial.number], self.search.lowest(trial)
            right = None if np.isnan(last.accuracies).any() else float(np.mean(last.accuracies))
            finite = np.isfinite(last.errors).all() and len(last.errors) > 1
            rows.append(
                {
                    "number": trial.number,
                    **trial.options,
                    "third": trial.third,
                    "tried": scores[-1].epochs,
                    "epochs": last.epochs,
                    "error": last.error,
                    "error_sd": float(np.std(last.errors, ddof=1)) if finite else None,
                    "accuracy": right,
                    "first_epochs": scores[0].epochs,
                    "first_error": scores[0].error,
                }
            )
        return pl.DataFrame(rows, infer_schema_length=None)

    @cached_property
    def mattered(self) -> dict[str, float | None]:
        """Which share of the ranks' variance after the first rung each setting accounts for.

        See `deltarule.studies.tuning.mattered`: None where nothing can be told.
        """
        first = {n: self.search.scores[n][0].error for n in self.table["number"]}
        return mattered([self.search.trials[n] for n in first], list(first.values()))

    @property
    def command(self) -> str:
        """The command that trains the winner, on the same rows."""
        words = ["deltarule", "train", self.fitted.plan.table.source]
        targets = (self.target,) if isinstance(self.target, str) else self.target or ()
        words += [word for name in targets for word in ("--target", name)]
        words += [word for name in self.fitted.plan.ids for word in ("--id", name)]
        for name, value in self.best.options.items():
            if value is not None:
                words += [_option(name), f"{value:g}" if isinstance(value, float) else str(value)]
            elif name == "batch_size" and self.best.lr is not None:
                words += [_option(name), str(self.fitted.plan.table.rows)]
        defaults = {f.name: f.default for f in fields(Recipe)}
        words += [
            word
            for name in _SAID
            if (value := getattr(self.recipe, name)) != defaults[name]
            for word in (_option(name), str(value))
        ]
        for name, order in self.recipe.ordinal.items():
            words += ["--ordinal", f"{name}={','.join(order)}"]
        return shlex.join([*words, *_reading_options(self.reading)])

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Draw what mattered: a panel per setting, a point per trial."""
        view(Tuned.plot)(self, Path(path), force=force)

    def __repr__(self) -> str:
        return f"Tuned: {len(self.table):,} trials in {self.seconds:.0f} s; {self.command}"


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _reading_options(reading: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in reading.items():
        if name == "header" and value is not None:
            words += ["--header" if value else "--no-header"]
        elif name in ("text", "drop", "only"):
            words += [word for one in value for word in (_option(name), one)]
        elif name == "columns" and value:
            words += [_option(name), ",".join(value)]
        elif value:
            words += [_option(name), str(value)]
    return words
