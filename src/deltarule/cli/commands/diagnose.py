"""`deltarule diagnose`: a gradient in, the name of the mistake in it out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import options
from deltarule.cli.guard import guarded

if TYPE_CHECKING:
    from deltarule.check.adapter import Asked, Known
    from deltarule.check.diagnose import Diagnosis
    from deltarule.cli.code.apart import Verdict
    from deltarule.losses import Loss
    from deltarule.network import Network

__all__ = ["diagnose"]

_POINT = "Where the function is called"


@guarded
def diagnose(
    gradient: Annotated[
        str | None,
        typer.Argument(
            metavar="GRADIENT",
            show_default=False,
            help="A program: net.py, or what in it is meant: net.py:Net, net.py:train_step, "
            "package.module:gradient. Or an NPZ file with theta (or W1, b1, W2, ...), X, T and "
            "gradient (or dW1, db1, dW2, ...).",
        ),
    ] = None,
    network: Annotated[str | None, options.found(options.SIZES)] = None,
    activation: Annotated[str | None, options.found(options.ACTIVATION)] = None,
    output: Annotated[str | None, options.found(options.OUTPUT)] = None,
    bias: Annotated[
        bool | None,
        options.found(
            typer.Option(help="Whether the layers have biases.", rich_help_panel=options.NETWORK)
        ),
    ] = None,
    loss: Annotated[str | None, options.found(options.loss())] = None,
    reduction: Annotated[str | None, options.found(options.REDUCTION)] = None,
    l2: Annotated[float, options.l2()] = 0.0,
    notation: Annotated[
        str | None,
        typer.Option(
            help="theory, in_out (W is (in, out), in theta too), target_minus_output (the vector "
            "is added), ...",
            show_default="as the program's numbers show; of a file theory",
            rich_help_panel=options.OBJECTIVE,
        ),
    ] = None,
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
    outputs: Annotated[
        str | None,
        typer.Option(
            metavar="FORWARD",
            help="Compare the outputs of every layer, in the place of a gradient: a function of "
            "(theta, X), or a class with a forward method: net.py:forward, net.py:Net.",
            show_default=False,
        ),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            metavar="OPTIMIZER",
            help="Name an optimiser by its steps, in the place of a gradient: a function of "
            "(theta, g), or a class with a method step or update: opt.py:Adam; or an NPZ file "
            "with thetas (m + 1, n) and gradients (m, n).",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float | None, options.TIMEOUT] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Say whether a gradient is right, and which mistake is in it.

    It is compared with the true one and with what every known mistake, alone or with another,
    would give on this very network. The exit status is 0 for a right gradient, 1 for a wrong one.
    """
    from deltarule.cli.code.apart import apart
    from deltarule.cli.commands.diagnose_code import of_outputs, of_steps
    from deltarule.core.errors import UsageError, unknown_name

    if form not in ("text", "json"):
        raise unknown_name("format", form, ("text", "json"))
    if sum(given is not None for given in (gradient, outputs, step)) != 1:
        raise UsageError(
            "name one thing: a program or a file with a gradient, such as net.py or gradient.npz; "
            "a forward pass by --outputs net.py:forward; or an optimiser by --step opt.py:Adam"
        )
    source = gradient or outputs or step or ""
    file = outputs is None and source.endswith(".npz")
    if network is None and step is None and (file or outputs is not None):
        raise UsageError(f"{source}: say which network it is, such as --network 3-4-2")
    chosen = _Chosen(network, activation, output, bias, loss, reduction, l2, notation, data, seed,
                     rows, form)  # fmt: skip

    def work() -> Verdict:
        from deltarule.losses import LOSSES

        asked = chosen if loss is None else replace(chosen, loss=LOSSES.get(loss))
        if outputs is not None:
            return of_outputs(outputs, chosen.net(), chosen.data, form)
        if step is not None:
            return of_steps(step, form)
        return _of_file(Path(source), asked) if file else _of_code(source, asked)

    separate = not file or timeout is not None
    text, status = apart(work, source, timeout, debug) if separate else work()
    typer.echo(text)
    raise typer.Exit(status)


@dataclass(frozen=True)
class _Chosen:
    """The options; None for what is to be found out."""

    network: str | None
    activation: str | None
    output: str | None
    bias: bool | None
    loss: str | Loss | None
    reduction: str | None
    l2: float
    notation: str | None
    data: Path | None
    seed: int
    rows: int
    form: str

    @property
    def objective(self) -> dict[str, Any]:
        """The options of E for one known network."""
        loss, reduction = self.loss or "half_squared_error", self.reduction or "mean"
        notation = self.notation or "theory"
        return {"loss": loss, "reduction": reduction, "l2": self.l2, "notation": notation}

    def net(self) -> Network:
        """Return the network, with what is not said as usual."""
        from deltarule.cli.parse import sizes
        from deltarule.layers import Dense
        from deltarule.network import Network

        activation, bias = self.activation or "sigmoid", self.bias is not False
        inputs, *hidden, outputs = sizes("--network", self.network or "")
        layers = [Dense(n, activation, bias=bias) for n in hidden]
        return Network(inputs, [*layers, Dense(outputs, self.output or activation, bias=bias)])

    def known(self) -> Known:
        """Return what is said of the network."""
        from deltarule.activations import ACTIVATIONS
        from deltarule.check.adapter import Known
        from deltarule.cli.parse import sizes

        for name in filter(None, (self.activation, self.output)):
            ACTIVATIONS.get(name)
        given = None if self.network is None else tuple(sizes("--network", self.network))
        return Known(given, self.activation, self.output, self.bias)


def _of_file(path: Path, chosen: _Chosen) -> Verdict:
    from deltarule.check.adapter import ask_script
    from deltarule.check.diagnose import diagnose as name_mistake
    from deltarule.cli.code.gradient_file import gradient_of, point_of
    from deltarule.core.array_file import ArrayFile
    from deltarule.core.errors import UsageError

    net, arrays = chosen.net(), ArrayFile(path)
    try:
        point = point_of(path, arrays, net, chosen.notation or "theory")
        found = name_mistake(gradient_of(path, arrays, net), net, *point, **chosen.objective)
    except UsageError:
        options: dict[str, Any] = {"loss": chosen.loss, "reduction": chosen.reduction}
        options["l2"] = chosen.l2
        asked = None if chosen.notation else ask_script(dict(arrays), chosen.known(), **options)
        if asked is None:
            raise
        return _told([_part(asked, "")], chosen)
    return _told([(found, "", {})], chosen)


def _of_code(source: str, chosen: _Chosen) -> Verdict:
    from deltarule.check.adapter import calling
    from deltarule.cli.code.surroundings import kept, kept_call
    from deltarule.cli.commands.diagnose_code import ask_all, load_thing, point_in
    from deltarule.core.arguments import whole
    from deltarule.core.errors import UsageError

    rows = whole("--rows", chosen.rows, low=1)
    known = chosen.known()
    if chosen.network is not None:
        _require_memory(chosen.net(), rows)
    thing, name = load_thing(source)
    if chosen.notation is not None and chosen.network is None:
        raise UsageError(
            "a notation says how a function of (theta, X, T) is called; say which network it is as "
            "well, such as --network 3-4-2"
        )
    if chosen.notation is not None:
        return _as_documented(source, chosen)
    with kept(source), calling(lambda: kept_call(source)):
        at = None if chosen.data is None else point_in(chosen.data)
        options = {"loss": chosen.loss, "reduction": chosen.reduction, "l2": chosen.l2,
                   "rows": rows, "seed": chosen.seed}  # fmt: skip
        asked = ask_all(thing, name, known, at, options)
    if not asked:
        return _as_documented(source, chosen)
    where = f"at random theta, X and T ({rows} rows, seed {chosen.seed}):\n"
    return _told([_part(a, where) for a in asked], chosen)


def _part(asked: Asked, where: str) -> tuple[Diagnosis, str, dict[str, Any]]:
    said = f"{asked.sentence}\n{where if asked.random else ''}"
    return asked.diagnosis, said, {"reading": asked.sentence}


def _as_documented(source: str, chosen: _Chosen) -> Verdict:
    """Call a function of (theta, X, T) in the notation that is given."""
    from deltarule.check.diagnose import diagnose as name_mistake
    from deltarule.cli.code.gradient_file import point_of
    from deltarule.cli.code.surroundings import kept
    from deltarule.cli.code.user_code import load_function
    from deltarule.core.array_file import ArrayFile
    from deltarule.losses import LOSSES

    net, function = chosen.net(), load_function(source)
    said = ""
    if chosen.data is None:
        loss = LOSSES.get(chosen.objective["loss"])
        point = _random(net, loss, chosen.seed, chosen.rows)
        said = f"at random theta, X and T ({chosen.rows} rows, seed {chosen.seed}):\n"
    else:
        point = point_of(chosen.data, ArrayFile(chosen.data), net, chosen.notation or "theory")
    with kept(source):
        found = name_mistake(function, net, *point, **chosen.objective)
    return _told([(found, said, {})], chosen)


def _told(parts: list[tuple[Diagnosis, str, dict[str, Any]]], chosen: _Chosen) -> Verdict:
    """Return what is printed of one or several diagnoses, and the exit status."""
    status = 0 if all(_right(found) for found, *_ in parts) else 1
    if chosen.form == "json":
        told = [{**more, **found.to_dict()} for found, _, more in parts]
        return json.dumps(told[0] if len(told) == 1 else told, allow_nan=False), status
    return "\n\n".join(f"{said}{found}" for found, said, _ in parts), status


_MISTAKES = 20
"""How many gradients a search has in memory at once, measured with ten million parameters."""


def _right(found: Diagnosis) -> bool:
    """Whether nothing is wrong: lower precision is no mistake."""
    return found.verdict == "correct" or {m.code for m in found.mistakes} == {"float_noise"}


def _require_memory(net: Network, rows: int) -> None:
    from deltarule.core.memory import require_large, require_parameters

    vectors = {"theta and its gradient": 2, "the gradients of mistakes beside it": _MISTAKES}
    require_parameters("--network", net.size, vectors, 8)
    numbers = rows * (net.inputs + sum(net.sizes[1:]))
    what = f"{rows:,} random rows through {len(net.layers)} layers"
    require_large("--rows", 8.0 * numbers, what, "Use fewer rows (5 are usual)")


def _random(net: Network, loss: Loss, seed: int, rows: int) -> tuple[Any, Any, Any]:
    """Return weights with biases, inputs, and targets that the loss accepts."""
    import numpy as np

    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, net.inputs))
    if loss.distribution:
        T = np.eye(net.sizes[-1])[rng.integers(net.sizes[-1], size=rows)]
    else:
        T = rng.uniform(size=(rows, net.sizes[-1]))
    return net.init(seed=seed) + rng.uniform(-0.5, 0.5, net.size), X, T
