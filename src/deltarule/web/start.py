"""What a lab begins with: the session of a name, a file or a folder on the command line."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS
from deltarule.core.errors import UsageError
from deltarule.core.registry import Record, Registry
from deltarule.data import read_table
from deltarule.layers import Dense
from deltarule.losses import LOSSES
from deltarule.optim import OPTIMISERS, Method, Optimiser, Schedule
from deltarule.web.session import Session
from deltarule.web.setup import LaneSetup, Setup, Trained
from deltarule.web.tables import DATA, read_as

HIDDEN = "3"
_TAKEN = ("missing", "dates", "ordinal", "min_count", "target_transform", "task", "split")
"""Options of a model's recipe that the lab has from it, beside those of its setup."""
_UNUSED: dict[str, Any] = {
    "l2": 0.0,
    "penalty": None,
    "class_weight": None,
    "clip_norm": None,
    "threshold": 0.5,
}
"""Those that it has no use for, with what they are where nothing was asked."""
_RATE = 0.1


def started(data: str = "xor", target: str = "", hidden: str = "", name: str = "") -> Session:
    """Return the session that a page begins with; each page has one of its own.

    `data` is a bundled name, a file as for `deltarule train`, or the folder of a model, a study or
    a forecast; `target` the column to predict; `hidden` the nodes of the hidden layers; `name` what
    a file is called that is not called as it was. Raises what is wrong with them.

    >>> started("iris", target="species").setup.data
    'iris'
    """
    path = Path(data)
    if (path / "run.json").is_file() and not (path / "forecast.csv").is_file():
        if target or hidden:
            raise UsageError(
                f"{path}: a model has its target and its layers: leave out --target and --hidden"
            )
        return _of_model(path)
    hidden = hidden or HIDDEN
    if path.is_dir():
        return Session(Setup(hidden=hidden), folder=path)
    own = {}
    if target or name or data not in DATA:
        table = read_as(path, name) if name else read_table(data)
        own[name or data] = replace(table, targets=(target,)) if target else table
    return Session(Setup(data=name or data, hidden=hidden), own)


def _of_model(folder: Path) -> Session:
    """Return the session of a trained model: its data as they were prepared, and its weights."""
    from deltarule.models import load
    from deltarule.models.describe import digest_of_columns

    model = load(folder)
    source = model.source
    layers = [layer for layer in model.network.layers if isinstance(layer, Dense)]
    activations = [_written(layer.activation, ACTIVATIONS) for layer in layers[:-1]]
    if len(layers) < len(model.network.layers):
        raise UsageError(
            f"{folder}: the lab draws networks of dense layers, and this model has "
            f"{', '.join(repr(one) for one in model.network.layers)}"
        )
    said, recipe = model.description["data"], model.description["recipe"]
    kinds = model.kinds(targets=True)
    raw = read_table(source, kinds=kinds, like=model.format, drop=said["dropped"])
    notes = [f"the network, its weights and how the data are prepared are those of {folder}"]
    if digest_of_columns(raw, raw.names) != said["sha256"]:
        notes.append(f"{source} is not what it was when the model was trained")
    unused = [f"{name}={recipe[name]}" for name, usual in _UNUSED.items() if recipe[name] != usual]
    if unused:
        notes.append(f"the lab trains on without {', '.join(unused)}")
    if model.members is not None:
        notes.append(f"the first of the model's {len(model.members)} networks is shown")
    optimizer, lr = _optimiser(OPTIMISERS.get(recipe["optimizer"]), notes)
    columns = tuple(column for column in raw.columns if column.name not in model.ids)
    targets, notes = tuple(model.targets.names), [*raw.notes, *notes]
    table = replace(raw, columns=columns, targets=targets, notes=tuple(notes))
    setup = Setup(
        data=source,
        hidden=",".join(str(layer.units) for layer in layers[:-1]) or "none",
        activation=" ".join(activations if len(set(activations)) > 1 else activations[:1])
        or "tanh",
        loss=_written(model.objective.loss, LOSSES),
        scale=recipe["scale"],
        batch_size=recipe["batch_size"] or 0,
        seed=recipe["seed"],
        validation=recipe["validation"],
        test=recipe["test"],
        weights="model",
        lanes=(LaneSetup(model.objective.rule.changes() or "exact", optimizer, lr),),
    )
    options, theta = {name: recipe[name] for name in _TAKEN}, model.theta.astype(np.float64)
    trained = Trained(source, options, model.network.sizes, theta)
    return Session(setup, {source: table}, trained=trained)


def _optimiser(optimiser: Method, notes: list[str]) -> tuple[str, float | None]:
    """Return an optimiser as a lane's fields have it: its name and rate, or all of its numbers.

    What the lab has another one for is noted.
    """
    if not isinstance(optimiser, Optimiser):
        notes.append(f"the lab trains on with sgd in the place of {optimiser.name}")
        return "sgd", _RATE
    lr = optimiser.lr
    if isinstance(lr, Schedule):
        lr = lr.rate(0, 0.0, lr.start())
        notes.append(f"the lab trains on with the constant learning rate {lr:g}")
        optimiser = OPTIMISERS.get({**optimiser.to_dict(), "lr": lr})
    if optimiser == OPTIMISERS.get({"name": optimiser.name, "lr": lr}):
        return optimiser.name, lr
    return _written(optimiser, OPTIMISERS), None


def _written(record: Record, registry: Registry[Any]) -> str:
    """Return a formula as a page's field has it. Raises `UsageError` where a field cannot.

    >>> _written(ACTIVATIONS.get("leaky_relu:0.2"), ACTIVATIONS)
    'leaky_relu:0.2'
    """
    with suppress(UsageError):  # of one whose numbers have to be given
        if registry.get(record.name) == record:
            return record.name
    numbers = [repr(value) for name, value in record.to_dict().items() if name != "name"]
    text = ":".join([record.name, *([",".join(numbers)] if numbers else [])])
    if registry.get(text) != record:
        raise UsageError(f"a page of the lab has no formulas of somebody's own, such as {record}")
    return text
