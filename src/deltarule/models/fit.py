"""Training a model on a table, and measuring it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError
from deltarule.core.views import view
from deltarule.data import Table
from deltarule.models.describe import describe, status_of
from deltarule.models.metrics import Metrics, mean_outputs, measure, row_errors
from deltarule.models.model import Model
from deltarule.models.plan import Plan, plan
from deltarule.models.recipe import Recipe
from deltarule.models.threshold import best_threshold
from deltarule.network import Network
from deltarule.training import Epoch, Patience, Run, train, train_many
from deltarule.training.keeping.checkpoints import resumable
from deltarule.training.keeping.keeper import Keeper
from deltarule.training.state import State

Callback = Callable[[Epoch], Any]

_HALF = 0.5


@dataclass(frozen=True, eq=False, repr=False)
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

    def __repr__(self) -> str:
        test = ", ".join(f"{n} {v:.4g}" for n, v in self.metrics["test"].items() if v is not None)
        return f"Fitted({self.run!r}; on the test rows {test or 'nothing'})"

    @cached_property
    def judgement(self) -> dict[str, Any]:
        """What the scores are worth: intervals, and models that need no network beside them."""
        return {} if self.status == "non_finite" else _judged(self.plan, self.model)

    @property
    def status(self) -> str:
        """finished, interrupted or non_finite."""
        return status_of(self.run)


def _judged(plan: Plan, model: Model) -> dict[str, Any]:
    """Return what the scores of a model are worth."""
    return view(_judged)(plan, model)


def fit(
    table: Table,
    recipe: Recipe | None = None,
    *,
    target: str | Sequence[str] | None = None,
    ids: Sequence[str] = (),
    progress: bool = False,
    callbacks: Callback | Sequence[Callback] = (),
) -> Fitted:
    """Train a model on a table: split, encode, build the network, train, measure.

    `target` names the target column or columns (None: the table's own), `ids` columns that are
    carried into predictions and not learned from. `progress` shows a bar on stderr.

    Raises what `plan` raises, and `NumericError` where a number stops being finite; its `.run` is
    the `Fitted` so far, with the last finite weights.

    >>> from deltarule.data import read_table
    >>> fitted = fit(read_table("iris"), Recipe(hidden=(8,), epochs=30, lr=0.01))
    >>> fitted.metrics["test"]["accuracy"] > 0.9, fitted.model.predict([[5.1, 3.5, 1.4, 0.2]])
    (True, array(['setosa'], dtype='<U10'))
    """
    return fit_plan(
        plan(table, recipe, target=target, ids=ids), progress=progress, callbacks=callbacks
    )


def fit_plan(
    plan: Plan,
    *,
    progress: bool = False,
    callbacks: Callback | Sequence[Callback] = (),
    keeper: Keeper | None = None,
) -> Fitted:
    """Carry out a plan; see `fit`. `keeper` has the checkpoint to go on from, and keeps more."""
    recipe = plan.recipe
    if keeper is None and resumable(plan.optimiser):
        keeper = Keeper.under(plan.optimiser) or Keeper(None)
    if recipe.ensemble > 1:
        return _several(plan, progress, keeper)
    try:
        run = train(
            *_samples(plan),
            **_options(plan),
            window=recipe.window,
            teacher=recipe.teacher,
            shuffle="by_length" if recipe.by_length else True,
            seed=recipe.seed,
            callbacks=callbacks,
            progress=progress,
            checkpoint=keeper,
        )
    except NumericError as error:
        raise NumericError(str(error), measured(plan, error.run, keeper)) from error
    return measured(plan, run, keeper)


def _samples(plan: Plan) -> tuple[Network, NDArray[Any], NDArray[Any]]:
    part = plan.prepared["train"]
    return plan.network, part.X, part.T


def _options(plan: Plan) -> dict[str, Any]:
    """Return what `train` and `train_many` take alike."""
    recipe, held_out = plan.recipe, plan.prepared["validation"]
    return {
        "loss": plan.objective.loss,
        "optimizer": recipe.optimizer,
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "validation": (held_out.X, held_out.T) if len(held_out) else None,
        "stop": Patience(recipe.patience) if recipe.patience else (),
        "l2": recipe.l2,
        "penalty": recipe.penalty,
        "rule": recipe.rule,
        "class_weight": recipe.class_weight,
        "clip_norm": recipe.clip_norm,
        "engine": plan.engine.engine,
        "dtype": recipe.dtype,
        "threads": recipe.threads,
    }


def _several(plan: Plan, progress: bool, keeper: Keeper | None) -> Fitted:
    """Train an ensemble; its first member's run stands for them all."""
    recipe = plan.recipe
    seeds = range(recipe.seed, recipe.seed + recipe.ensemble)
    options = {**_options(plan), "progress": progress, "checkpoint": keeper}
    many = train_many(*_samples(plan), **options, seeds=seeds)
    epochs, best = int(many.epochs[0]), int(many.best_epoch[0])
    history = {name: rows[:epochs, 0].tolist() for name, rows in many.history.items()}
    watched = history.get("validation_error", history["error"])
    state = State(
        theta=many.theta[0],
        slots=(),
        step=epochs * -(-len(plan.prepared["train"]) // (recipe.batch_size or 1)),
        epoch=epochs,
        history=history,
        best_theta=many.theta[0] if recipe.patience and best else None,
        best_error=watched[best - 1] if best else math.inf,
        best_epoch=best,
        seconds=many.seconds,
        stopped=str(many.stopped[0]),
    )
    run = Run(
        plan.objective, plan.optimiser, many.engine, recipe.seed, state, bool(recipe.patience)
    )
    fitted = measured(plan, run, keeper, many.theta)
    if "non_finite" in many.stopped:
        message = next(message for message in many.messages if message)
        raise NumericError(f"of {len(many)} networks, one: {message}", fitted)
    return fitted


def measured(
    plan: Plan, run: Run, keeper: Keeper | None = None, members: NDArray[Any] | None = None
) -> Fitted:
    """Return the model of a plan that was carried out, with its scores on every part."""
    weights = run.theta if members is None else members
    plan = _with_threshold(plan, weights)
    prepared = plan.prepared
    metrics = {
        name: measure(plan.objective, weights, prepared.targets, [(part.X, part.T)])
        for name, part in prepared.parts.items()
    }
    commands = keeper.about.get("commands", ()) if keeper is not None else ()
    description = describe(plan, run, metrics, commands)
    parts = (prepared.inputs, prepared.targets, description, run.feedback)
    model = Model(plan.objective, run.theta, *parts, members)
    test = prepared.parts["test"]
    errors = row_errors(plan.objective, weights, prepared.targets, test.X, test.T)
    rows: dict[str, NDArray[Any]] = {"test.rows": np.asarray(test.rows, np.uint32)}
    rows["test.errors"] = errors
    return Fitted(plan, run, model, metrics, rows, b"" if keeper is None else keeper.last)


def _with_threshold(plan: Plan, weights: NDArray[Any]) -> Plan:
    """Return the plan with the threshold at which its two classes are told apart."""
    value, targets = plan.recipe.threshold, plan.prepared.targets
    if isinstance(value, str):
        part = plan.prepared["validation"]
        p, t = mean_outputs(plan.network, weights, part.X)[:, 0], part.T[:, 0] > _HALF
        value = best_threshold(value, p, t)
    if value == targets.threshold:
        return plan
    return replace(plan, prepared=replace(plan.prepared, targets=replace(targets, threshold=value)))
