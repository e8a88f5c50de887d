"""Training a model on a table, and measuring it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError
from deltarule.data import Table
from deltarule.models.describe import describe, status_of
from deltarule.models.metrics import Metrics, measure, row_errors
from deltarule.models.model import Model
from deltarule.models.plan import Plan, plan
from deltarule.models.recipe import Recipe
from deltarule.training import Epoch, Patience, Run, train
from deltarule.training.keeping.checkpoints import resumable
from deltarule.training.keeping.keeper import Keeper

__all__ = ["Fitted", "fit", "fit_plan"]

Callback = Callable[[Epoch], Any]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model with everything that is known of its making."""

    plan: Plan
    run: Run
    model: Model
    metrics: dict[str, Metrics]
    """Per part (train, validation, test): see `deltarule.models.METRICS`."""
    rows: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """The numbers of the test rows, from 0, and their errors: see `metrics.row_errors`."""
    checkpoint: bytes = b""
    """The state at the end, from which more epochs go on; empty where the optimizer has none."""

    @property
    def status(self) -> str:
        """finished, interrupted or non_finite."""
        return status_of(self.run)


def fit(
    table: Table,
    recipe: Recipe | None = None,
    *,
    target: str | None = None,
    progress: bool = False,
    callbacks: Callback | Sequence[Callback] = (),
) -> Fitted:
    """Train a model on a table: split, encode, build the network, train, measure.

    `target` names the target column (None: the table's own). `progress` shows a bar on stderr.

    Raises what `plan` raises, and `NumericError` where a number stops being finite; its `.run` is
    the `Fitted` so far, with the last finite weights.

    >>> from deltarule.data import read_table
    >>> fitted = fit(read_table("iris"), Recipe(hidden=(8,), epochs=30, lr=0.01))
    >>> fitted.metrics["test"]["accuracy"] > 0.9, fitted.model.predict([[5.1, 3.5, 1.4, 0.2]])
    (True, array(['setosa'], dtype='<U10'))
    """
    return fit_plan(plan(table, recipe, target=target), progress=progress, callbacks=callbacks)


def fit_plan(
    plan: Plan,
    *,
    progress: bool = False,
    callbacks: Callback | Sequence[Callback] = (),
    keeper: Keeper | None = None,
) -> Fitted:
    """Carry out a plan; see `fit`. `keeper` has the checkpoint to go on from, and keeps more."""
    recipe, parts = plan.recipe, plan.prepared.parts
    held_out = parts["validation"]
    if keeper is None and resumable(plan.optimiser):
        keeper = Keeper.under(plan.optimiser) or Keeper(None)
    try:
        run = train(
            plan.network,
            parts["train"].X,
            parts["train"].T,
            loss=plan.objective.loss,
            optimizer=recipe.optimizer,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            validation=(held_out.X, held_out.T) if len(held_out) else None,
            stop=Patience(recipe.patience) if recipe.patience else (),
            l2=recipe.l2,
            rule=recipe.rule,
            class_weight=recipe.class_weight,
            clip_norm=recipe.clip_norm,
            engine=plan.engine.engine,
            dtype=recipe.dtype,
            threads=recipe.threads,
            callbacks=callbacks,
            progress=progress,
            checkpoint=keeper,
        )
    except NumericError as error:
        raise NumericError(str(error), _measured(plan, error.run, keeper)) from error
    return _measured(plan, run, keeper)


def _measured(plan: Plan, run: Run, keeper: Keeper | None) -> Fitted:
    prepared = plan.prepared
    metrics = {
        name: measure(plan.objective, run.theta, prepared.targets, [(part.X, part.T)])
        for name, part in prepared.parts.items()
    }
    commands = keeper.about.get("commands", ()) if keeper is not None else ()
    description = describe(plan, run, metrics, commands)
    parts = (prepared.inputs, prepared.targets, description, run.feedback)
    model = Model(plan.objective, run.theta, *parts)
    test = prepared.parts["test"]
    errors = row_errors(plan.objective, run.theta, prepared.targets, test.X, test.T)
    rows: dict[str, NDArray[Any]] = {"test.rows": np.asarray(test.rows, np.uint32)}
    rows["test.errors"] = errors
    return Fitted(plan, run, model, metrics, rows, b"" if keeper is None else keeper.last)
