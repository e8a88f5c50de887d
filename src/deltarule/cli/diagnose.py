"""`deltarule diagnose`: a gradient in, the name of the mistake in it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import options
from deltarule.cli.guard import guarded

if TYPE_CHECKING:
    from deltarule.check.diagnose import Diagnosis
    from deltarule.cli.apart import Verdict
    from deltarule.losses import Loss
    from deltarule.network import Network

__all__ = ["diagnose"]

_POINT = "Where the function is called"


@guarded
def diagnose(
    gradient: Annotated[
        str,
        typer.Argument(
            metavar="GRADIENT",
            help="An NPZ file with theta (or W1, b1, W2, ...), X, T and gradient (or dW1, db1, "
            "dW2, ...); or a function of (theta, X, T): net.py:gradient, package.module:gradient.",
        ),
    ],
    network: Annotated[str, options.SIZES],
    activation: Annotated[str, options.ACTIVATION] = "sigmoid",
    output: Annotated[str | None, options.OUTPUT] = None,
    bias: Annotated[
        bool, typer.Option(help="Whether the layers have biases.", rich_help_panel=options.NETWORK)
    ] = True,
    loss: Annotated[str, options.loss()] = "half_squared_error",
    reduction: Annotated[str, options.REDUCTION] = "mean",
    l2: Annotated[float, options.l2()] = 0.0,
    notation: Annotated[
        str,
        typer.Option(
            help="theory, in_out (W is (in, out), in theta too), target_minus_output (the vector "
            "is added), ...",
            rich_help_panel=options.OBJECTIVE,
        ),
    ] = "theory",
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="An NPZ file with theta (or W1, b1, ...), X and T.",
            show_default="random ones",
            rich_help_panel=_POINT,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Draws random theta, X and T.", rich_help_panel=_POINT)
    ] = 0,
    rows: Annotated[int, typer.Option(help="Random observations.", rich_help_panel=_POINT)] = 5,
    timeout: Annotated[float | None, options.TIMEOUT] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Say whether a gradient is right, and which mistake is in it.

    It is compared with the true one and with what every known mistake, alone or with another,
    would give on this very network. The exit status is 0 for a right gradient, 1 for a wrong one.
    """
    from deltarule.check.diagnose import diagnose as name_mistake
    from deltarule.cli.apart import apart
    from deltarule.cli.surroundings import kept
    from deltarule.core.errors import unknown_name

    if form not in ("text", "json"):
        raise unknown_name("format", form, ("text", "json"))
    net = _network(network, activation, output or activation, bias)

    def work() -> Verdict:
        given, point, said = _read(gradient, net, loss, data, notation, seed, rows)
        with kept(gradient):
            found = name_mistake(
                given, net, *point, loss=loss, reduction=reduction, l2=l2, notation=notation
            )
        as_json = form == "json"
        text = json.dumps(found.to_dict(), allow_nan=False) if as_json else f"{said}{found}"
        return text, 0 if _right(found) else 1

    separate = not gradient.endswith(".npz") or timeout is not None
    text, status = apart(work, gradient, timeout, debug) if separate else work()
    typer.echo(text)
    raise typer.Exit(status)


_MISTAKES = 20
"""How many gradients a search has in memory at once, measured with ten million parameters."""


def _right(found: Diagnosis) -> bool:
    """Whether nothing is wrong: lower precision is no mistake."""
    return found.verdict == "correct" or {m.code for m in found.mistakes} == {"float_noise"}


def _network(text: str, activation: str, output: str, bias: bool) -> Network:
    from deltarule.cli.parse import sizes
    from deltarule.layers import Dense
    from deltarule.network import Network

    inputs, *hidden, outputs = sizes("--network", text)
    layers = [Dense(n, activation, bias=bias) for n in hidden]
    return Network(inputs, [*layers, Dense(outputs, output, bias=bias)])


def _read(
    source: str,
    net: Network,
    loss: str,
    data: Path | None,
    notation: str,
    seed: int,
    rows: int,
) -> tuple[Any, tuple[Any, Any, Any], str]:
    """Return the gradient, (theta, X, T), and a line about where they come from."""
    from deltarule.cli.gradient_file import gradient_of, point_of
    from deltarule.cli.user_code import load_function
    from deltarule.core.arguments import whole
    from deltarule.core.array_file import ArrayFile
    from deltarule.losses import LOSSES

    if source.endswith(".npz"):
        path = Path(source)
        arrays = ArrayFile(path)
        return gradient_of(path, arrays, net), point_of(path, arrays, net, notation), ""
    function = load_function(source)
    if data is not None:
        return function, point_of(data, ArrayFile(data), net, notation), ""
    point = _random(net, LOSSES.get(loss), seed, whole("--rows", rows, low=1))
    return function, point, f"at random theta, X and T ({rows} rows, seed {seed}):\n"


def _random(net: Network, loss: Loss, seed: int, rows: int) -> tuple[Any, Any, Any]:
    """Return weights with biases, inputs, and targets that the loss accepts."""
    import numpy as np

    from deltarule.core.memory import require_large, require_parameters

    vectors = {"theta and its gradient": 2, "the gradients of mistakes beside it": _MISTAKES}
    require_parameters("--network", net.size, vectors, 8)
    numbers = rows * (net.inputs + sum(net.sizes[1:]))
    what = f"{rows:,} random rows through {len(net.layers)} layers"
    require_large("--rows", 8.0 * numbers, what, "Use fewer rows (5 are usual)")
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, net.inputs))
    if loss.distribution:
        T = np.eye(net.sizes[-1])[rng.integers(net.sizes[-1], size=rows)]
    else:
        T = rng.uniform(size=(rows, net.sizes[-1]))
    return net.init(seed=seed) + rng.uniform(-0.5, 0.5, net.size), X, T
