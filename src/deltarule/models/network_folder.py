"""`dr.save`: a network that was trained from Python, in a folder that `dr.load` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.core.errors import UsageError
from deltarule.core.own.parts import modules_of, require_found
from deltarule.core.surroundings import surroundings
from deltarule.data.preparation.encode import InputEncoder
from deltarule.data.preparation.scale import Scaler
from deltarule.data.preparation.target import TargetEncoder
from deltarule.engine import Objective
from deltarule.layers import Flatten, Steps
from deltarule.losses import Loss, Penalty
from deltarule.models.describe import SCHEMA, status_of, training_of
from deltarule.models.folder import HISTORY, WEIGHTS, history_file, weights_file, write_folder
from deltarule.models.model import Model
from deltarule.models.read import NETWORK
from deltarule.network import Network
from deltarule.rules import DeltaRule
from deltarule.training import Run
from deltarule.training.job import first_theta


def save(
    folder: str | Path,
    net: Network | Run,
    theta: ArrayLike | None = None,
    *,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    l2: float = 0.0,
    columns: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    classes: Sequence[Any] | None = None,
    force: bool = False,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> Model:
    """Keep a network with its weights in a folder; `deltarule.load(folder)` gives it back.

    Args:
        folder: it is made, and there as a whole or not at all.
        net: the network, or a `Run`, which has everything but names.
        theta: the weights, for a network.
        loss, reduction, rule, l2, penalty: the objective, as in `deltarule.train`, for a network.
        columns: the names of the inputs; else x1, x2, ...
        targets: the names of the outputs of a regression; else y1, y2, ...
        classes: what the outputs stand for: two for one output, else one for each.
        force: replace a model's folder that is there.

    Returns:
        The `Model`, as `load` gives it: `.network`, `.theta`, `.predict(X)`. Inputs go in as they
        are, and outputs come out so: nothing is scaled. A network over sequences is kept between
        `Steps` and, where it gives sequences, `Flatten`: a model's rows are vectors. It predicts
        from (n, time, features) as well, and step by step: `Model.stream`.

    Parts of your own are kept by import path and checksum, and imported when the folder is loaded:
    a formula's functions, a class that is registered. Raises `UsageError` for parts that could not
    be found again, for what does not fit together, and for a folder that is there.

    >>> import deltarule as dr
    >>> xor = dr.data.load("xor")
    >>> net = dr.Network(2, [dr.Dense(4, "tanh"), dr.Dense(1, "sigmoid")])
    >>> run = dr.train(net, xor.X, xor.T, loss="binary_cross_entropy", epochs=20)
    >>> import tempfile; folder = tempfile.mkdtemp() + "/xor"
    >>> _ = dr.save(folder, run, classes=["same", "other"])
    >>> bool((dr.load(folder).theta == run.theta).all()), dr.load(folder).classes.tolist()
    (True, ['same', 'other'])
    """
    if Path(folder).exists() and not force:
        raise UsageError(
            f"{folder}: it exists already. Replace it with force=True, or choose another folder."
        )
    run = net if isinstance(net, Run) else None
    if run is not None:
        if theta is not None:
            raise UsageError("dr.save(folder, run): a run has its own theta; leave theta out")
        objective, weights = run.objective, run.theta
    elif isinstance(net, Network):
        if theta is None:
            raise UsageError("dr.save(folder, net, theta): the weights are missing")
        objective = Objective.of(net, loss, reduction, rule, l2, penalty)
        weights = first_theta(net, theta, 0, _dtype(theta))
    else:
        raise UsageError(f"dr.save takes a Network or a Run, not {net!r}")
    objective = in_rows(objective)
    network = objective.network
    said = {"network": network.to_dict(), "objective": objective.to_dict()}
    require_found([said["network"], said["objective"]])
    own = [network.layers, network.initialiser, objective.loss, objective.rule]
    steps = _steps_of(network)
    inputs = _inputs(columns, network.inputs, steps and steps[0])
    outputs = _targets(targets, classes, network.sizes[-1], steps and steps[1])
    description = {
        "schema": SCHEMA,
        "kind": NETWORK,
        **surroundings("numpy"),
        "status": "finished" if run is None else status_of(run),
        **said,
        "imports": modules_of(own),
        "data": {"source": "", "task": outputs.task, "rows": {}, "inputs": inputs.to_dict(),
                 "targets": outputs.to_dict(), "features": list(inputs.feature_names),
                 "dropped": [], "format": {}},
        "optimizer": {} if run is None else run.optimiser.to_dict(),
        "training": {} if run is None else training_of(run),
        "metrics": {},
        "notes": [],
    }  # fmt: skip
    model = Model(
        objective, weights, inputs, outputs, description, {} if run is None else run.feedback
    )
    files = {
        WEIGHTS: weights_file(model),
        HISTORY: history_file({} if run is None else run.history),
    }
    write_folder(folder, files, description, lambda _: [], force=force)
    return model


def in_rows(objective: Objective) -> Objective:
    """Return the objective of a network that takes rows and gives rows, with the same theta.

    Raises `UsageError` for samples that are no vectors and no sequences, and for a rule that speaks
    of layers by their place.
    """
    network = objective.network
    if any(len(shape) > 2 for shape in (network.shapes[0], network.shapes[-1])):
        raise UsageError(
            f"dr.save keeps networks over vectors and sequences; inputs and outputs of this one "
            f"have the shapes {network.shapes[0]} and {network.shapes[-1]}"
        )
    layers, inputs = list(network.layers), network.shapes[0]
    if len(inputs) == 2:
        layers, inputs = [Steps(inputs[1]), *layers], (inputs[0] * inputs[1],)
    if len(network.shapes[-1]) == 2:
        layers = [*layers, Flatten()]
    if len(layers) == len(network.layers):
        return objective
    if not objective.rule.exact:
        raise UsageError(
            f"dr.save keeps a network over sequences with the exact rule, not "
            f"{objective.rule.changes()}: save net and theta, dr.save(folder, net, run.theta)"
        )
    made = Network(inputs[0], layers, network.initialiser)
    return replace(objective, network=made)


def _dtype(theta: ArrayLike) -> np.dtype[Any]:
    found = np.asarray(theta).dtype
    return found if found == np.float32 else np.dtype(np.float64)


def _scaler(width: int) -> Scaler:
    return Scaler.fit("none", [np.zeros(1)] * width)


def _steps_of(network: Network) -> tuple[int, int] | None:
    """Return the features of a step, and the outputs of one, of a network over sequences."""
    if not isinstance(network.layers[0], Steps):
        return None
    last = network.shapes[-2] if isinstance(network.layers[-1], Flatten) else ()
    return network.layers[0].features, last[-1] if len(last) == 2 else 0


def _inputs(names: Sequence[str] | None, width: int, features: int | None) -> InputEncoder:
    if features and names is None:  # as columns of sequences are called
        names = [f"x{f + 1}({t + 1})" for f in range(features) for t in range(width // features)]
    found = _names("columns", names, "x", width)
    kinds, fill = ("numeric",) * width, np.zeros(width)
    return InputEncoder(found, kinds, ((),) * width, _scaler(width), fill, "error")


def _targets(
    names: Sequence[str] | None, classes: Sequence[Any] | None, width: int, per_step: int | None
) -> TargetEncoder:
    if per_step and names is None:
        steps = range(width // per_step)
        names = [f"y{o + 1}({t + 1})" for t in steps for o in range(per_step)]
    if classes is None:
        found = _names("targets", names, "y", width)
        return TargetEncoder("regression", found, "numeric", (), _scaler(width))
    wanted = 2 if width == 1 else width
    if len(set(map(str, classes))) != wanted or len(classes) != wanted:
        raise UsageError(
            f"classes: {wanted} different ones are needed for {width} output"
            f"{'' if width == 1 else 's'}, not {list(classes)!r}"
        )
    numbers = all(isinstance(c, int | float) and not isinstance(c, bool) for c in classes)
    task = "binary" if width == 1 else "multiclass"
    name = _names("targets", names, "class", 1) if names else ("class",)
    kind = "numeric" if numbers else "text"
    return TargetEncoder(task, name, kind, tuple(map(str, classes)), Scaler.fit("none", []))


def _names(what: str, given: Sequence[str] | None, letter: str, width: int) -> tuple[str, ...]:
    found = [f"{letter}{k}" for k in range(1, width + 1)] if given is None else list(given)
    if len(found) != width or len(set(found)) != width or isinstance(given, str):
        raise UsageError(f"{what}: {width} different names are needed, not {given!r}")
    return tuple(map(str, found))
