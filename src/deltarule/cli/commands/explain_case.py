"""What `deltarule explain` is asked about: a network of the user's own, or a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from deltarule.cli.code.own import own_rule, owned
from deltarule.cli.parse import numbers
from deltarule.core.errors import UsageError

if TYPE_CHECKING:
    from deltarule.cli.own_network import OwnNetwork
    from deltarule.data.text.format import TextFormat
    from deltarule.network import Network

Case: TypeAlias = "tuple[Network, Any, Any, Any, dict[str, Any]]"
"""The network, theta, X, T, and what of the error is its own."""


def refuse(run: Path, options: dict[str, Any]) -> None:
    """Raise `UsageError` for an option that a trained model has no use for."""
    for name, value in options.items():
        if value is not None and value != []:
            raise UsageError(f"{name} belongs to a network of your own; the model is {run}")


def check_own(network: str | None, options: dict[str, Any]) -> None:
    """Raise `UsageError` for an option of trained models, or where there is no network at all."""
    for name, value in options.items():
        if value:
            raise UsageError(f"{name} belongs to a trained model: name its folder first")
    if network is None:
        raise UsageError(
            "what is to be explained? Give a model folder, or a network with --network 3-3-1, "
            "--input and --target"
        )


def of_network(
    of: OwnNetwork,
    weights: tuple[int | None, Path | None],
    samples: tuple[list[str] | None, list[str] | None],
) -> Case:
    """Return the case of `--network`, its weights drawn or read, and its observations."""
    from deltarule.cli.code.theta_file import read_theta
    from deltarule.core.machine import require_parameters

    net = of.net()
    vectors = {"theta and its gradient": 2, "what they are drawn and added up in": 2}
    require_parameters(f"--network {of.network}", net.size, vectors, 8)
    seed, file = weights
    if seed is not None and file is not None:
        raise UsageError("--seed draws weights and --theta reads them: give one of the two")
    theta = net.init(seed or 0) if file is None else read_theta(file, net)
    return net, theta, *_samples(net, *samples), {}


def _samples(
    net: Network, inputs: list[str] | None, targets: list[str] | None
) -> tuple[list[list[float]], list[list[float]]]:
    """Return X and T; every row has to have the network's width."""
    import numpy as np

    rows = []
    for option, given, width in (
        ("--input", inputs, net.inputs),
        ("--target", targets, net.sizes[-1]),
    ):
        if not given:
            raise UsageError(f"{option} is missing: {width} numbers, such as {_example(width)}")
        found = [numbers(option, text) for text in given]
        for text, row in zip(given, found, strict=True):
            if len(row) != width:
                raise UsageError(
                    f"{option} {text} has {len(row)} numbers; the network needs {width}"
                )
        rows.append(found)
    X, T = rows
    if len(net.shapes[0]) > 1:  # written step by step
        X = np.reshape(X, (len(X), *net.shapes[0])).tolist()
    if len(X) != len(T):
        raise UsageError(f"there are {len(X)} --input and {len(T)} --target; as many are needed")
    return X, T


def _example(width: int) -> str:
    return ",".join(f".{k % 9 + 1}" for k in range(min(width, 4))) + (",..." if width > 4 else "")


def of_model(
    run: Path,
    rows: list[int] | None,
    data: tuple[str | None, TextFormat],
    given: tuple[OwnNetwork, str | None],
    code: Path | None,
) -> Case:
    """Return the case of a model folder and rows of its data; what is not given is its own.

    `given` are what is said of E, and the rule.
    """
    from deltarule.models import load, observed

    model, (of, rule) = load(run, owned(code)), given
    if not rows:
        raise UsageError("--row is missing: which row of the data is to be explained, from 1?")
    source, form = data
    X, T, columns = observed(model, source or model.source, rows, form)
    objective = model.objective
    own: dict[str, Any] = {
        "columns": columns,
        "loss": objective.loss if of.loss is None else of.loss,
        "l2": objective.l2 if of.l2 is None else of.l2,
        "penalty": objective.penalty if of.penalty is None else of.penalty,
    }
    own["rule"] = objective.rule if rule is None else own_rule(rule)
    if rule is None:
        own |= {"seed": model.description["training"].get("seed", 0), "learned": model.learned}
        rate = model.description["optimizer"].get("lr")
        if objective.rule.sequential and isinstance(rate, float):
            own["lr"] = rate
    return model.network, model.theta, X, T, own
