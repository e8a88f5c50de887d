"""What is going to be trained: data in parts, a network that suits the task, an objective."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.core.errors import UsageError
from deltarule.data import Prepared, Table, prepare
from deltarule.data.table import no_such_column
from deltarule.engine import Objective
from deltarule.engine.choice import Choice, by_reference, choose_engine, whole_vector
from deltarule.engine.over_time import OverTime
from deltarule.layers import Dense
from deltarule.losses import LOSSES
from deltarule.models.over_steps import over_steps
from deltarule.models.recipe import Recipe
from deltarule.network import Network
from deltarule.optim import OPTIMISERS, Method, Minimiser
from deltarule.training.job import require_memory

OUTPUTS = {
    "regression": ("identity", "half_squared_error"),
    "count": ("exp", "poisson"),
    "binary": ("sigmoid", "binary_cross_entropy"),
    "multiclass": ("softmax", "cross_entropy"),
    "multilabel": ("sigmoid", "binary_cross_entropy"),
}
"""Per task: the output layer's activation, and the loss that `"auto"` stands for."""


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Everything that is settled before the first update."""

    table: Table
    recipe: Recipe
    prepared: Prepared
    objective: Objective
    engine: Choice
    dropped: tuple[str, ...] = ()
    """Columns of the source that were left out when it was read."""
    ids: tuple[str, ...] = ()
    """Columns that are carried into predictions."""

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.network.sizes))
        return f"Plan({self.task} on {self.table!r}, {sizes}, by {self.optimiser.name})"

    @property
    def network(self) -> Network:
        """The network to train."""
        return self.objective.network

    @property
    def optimiser(self) -> Method:
        """What is done with the gradient."""
        return OPTIMISERS.get(self.recipe.optimizer)

    def require_memory(self) -> None:
        """Refuse, before anything is trained, what does not fit into memory."""
        patient, dtype = bool(self.recipe.patience), np.dtype(self.recipe.dtype)
        many = self.recipe.ensemble
        require_memory("train", self.objective, self.optimiser, patient, dtype, many)

    @property
    def task(self) -> str:
        """regression, binary or multiclass."""
        return self.prepared.task


def plan(
    table: Table,
    recipe: Recipe | None = None,
    *,
    target: str | Sequence[str] | None = None,
    dropped: Sequence[str] = (),
    ids: Sequence[str] = (),
    fold: tuple[int, int] | None = None,
) -> Plan:
    """Prepare the data and build the network that the recipe asks for.

    `dropped` names columns that were left out when the table was read; the model passes over
    them when it predicts. `ids` are no inputs either, and are carried into predictions. `fold`
    takes a fold of a cross-validation as the test rows.

    Raises what `prepare` raises, and `UsageError` for a loss that does not fit the task.

    >>> from deltarule.data import read_table
    >>> plan(read_table("iris"), Recipe(hidden=(8,))).network
    Network, 4 inputs, 67 parameters
      layer  type   units  activation  parameters
          1  dense      8  tanh                40
          2  dense      3  softmax             27
    """
    recipe = recipe or Recipe()
    for name in ids:
        if name not in table:
            raise no_such_column(table.source, name, table.names)
    given = table
    if ids:
        kept = tuple(column for column in table.columns if column.name not in ids)
        table = replace(table, columns=kept)
    prepared = prepare(
        table,
        target=target,
        task=recipe.task,
        scale=recipe.scale,
        missing=recipe.missing,
        dates=recipe.dates,
        ordinal=recipe.ordinal,
        min_count=recipe.min_count,
        target_transform=recipe.target_transform,
        validation=recipe.validation,
        test=recipe.test,
        split=recipe.split,
        fold=fold,
        seed=recipe.seed,
        dtype=recipe.dtype,
        weighted=recipe.class_weight is not None,
    )
    _check_threshold(recipe, prepared)
    activation, loss = OUTPUTS[prepared.task]
    network, notes = _network(table, prepared, recipe, activation)
    prepared = replace(prepared, notes=(*prepared.notes, *notes))
    chosen = loss if recipe.loss == "auto" else recipe.loss
    try:
        Objective.of(network, chosen, "mean", "exact", recipe.l2)
    except UsageError as error:
        raise UsageError(
            f"the loss does not suit the task {prepared.task}, whose output layer is "
            f"{activation}: {error}. Losses that suit it: {', '.join(_suitable(network))}"
        ) from None
    objective = Objective.of(network, chosen, "mean", recipe.rule, recipe.l2, recipe.penalty)
    rows = len(prepared.parts["train"])
    batch_size = min(rows, recipe.batch_size or rows)
    # a program that is compiled for one fold serves them all
    epochs = recipe.epochs * recipe.ensemble * (1 if fold is None else fold[1])
    engine = choose_engine(recipe.engine, objective, rows, batch_size, epochs)
    if isinstance(recipe.optimizer, Minimiser):
        engine = whole_vector("auto", recipe.optimizer.name)
    over_time = OverTime.of(network, recipe.window, recipe.teacher, recipe.seed)
    if over_time and (why := over_time.not_compiled(rows, batch_size, objective.rule.exact)):
        engine = by_reference(recipe.engine, why)
    return Plan(given, recipe, prepared, objective, engine, tuple(dropped), tuple(ids))


def _check_threshold(recipe: Recipe, prepared: Prepared) -> None:
    """Refuse a threshold where there are not two classes, or none to choose it by."""
    if recipe.threshold == prepared.targets.threshold:
        return
    if prepared.task != "binary":
        raise UsageError(
            f"`--threshold {recipe.threshold}` tells two classes apart, and the task is "
            f"{prepared.task}. Leave it out."
        )
    true = prepared["validation"].T
    if isinstance(recipe.threshold, str) and len(np.unique(true)) < len(prepared.targets.classes):
        raise UsageError(
            f"`--threshold {recipe.threshold}` is chosen on validation rows of both classes, and "
            f"there are {len(true)} of {len(np.unique(true))}. Give more with `--validation`, or "
            "a number."
        )


def _suitable(network: Network) -> list[str]:
    """Return the losses that the network's output layer suits."""
    found = []
    for name in LOSSES.names():
        with suppress(UsageError):
            Objective.of(network, name, "mean", "exact", 0.0)
            found.append(name)
    return found


def _network(
    table: Table, prepared: Prepared, recipe: Recipe, output: str
) -> tuple[Network, list[str]]:
    """Return the network, and what was put between its layers."""
    if recipe.network is not None:
        return over_steps(recipe.network, table, prepared, output)
    if table.steps is not None:
        raise UsageError(
            f"{table.source}: the rows are sequences. Say by which layers, such as --network "
            f"gru:8,dense:{prepared.targets.width}, or --network flatten,dense:8:tanh,dense:"
            f"{prepared.targets.width}"
        )
    each: Any = recipe.activation  # a Recipe has looked it up, or several
    fs = each if isinstance(each, tuple) else [each] * len(recipe.hidden)
    sizes: Sequence[Any] = recipe.hidden
    layers = [Dense(units, f) for units, f in zip(sizes, fs, strict=True)]
    return Network(prepared.inputs.width, [*layers, Dense(prepared.targets.width, output)]), []
