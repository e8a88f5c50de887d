"""`deltarule diagnose`: a gradient in, the name of the mistake in it out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import options
from deltarule.cli.code.user_code import load_function
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.cli.own_network import OwnNetwork, own_network
from deltarule.cli.parse import sizes
from deltarule.core.errors import UsageError, one_of

if TYPE_CHECKING:
    from deltarule.check.adapter import Asked, Known
    from deltarule.check.diagnose import Diagnosis
    from deltarule.cli.code.apart import Verdict

_point: Any = partial(typer.Option, rich_help_panel="Where the function is called")
_OPTIONS = ("network", "activation", "output", "bias", "loss", "reduction", "notation")
_FOUND = dict.fromkeys(_OPTIONS, "as the program's numbers show")


@guarded
@grouped(of=own_network(**_FOUND))
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
    of: OwnNetwork = OwnNetwork(),  # noqa: B008 (its fields are options)
    data: Annotated[
        Path | None,
        _point(
            metavar="FILE",
            help="An NPZ file with theta (or W1, b1, ...), X and T.",
            show_default="random ones",
        ),
    ] = None,
    seed: Annotated[int, _point(help="Draws random theta, X and T.")] = 0,
    rows: Annotated[int, _point(help="Random observations.")] = 5,
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
    from deltarule.cli.code.program import of_outputs, of_steps

    one_of("format", form, ("text", "json"))
    if sum(given is not None for given in (gradient, outputs, step)) != 1:
        raise UsageError(
            "name one thing: a program or a file with a gradient, such as net.py or gradient.npz; "
            "a forward pass by --outputs net.py:forward; or an optimiser by --step opt.py:Adam"
        )
    source = gradient or outputs or step or ""
    file = outputs is None and source.endswith(".npz")
    if of.network is None and step is None and (file or outputs is not None):
        raise UsageError(f"{source}: say which network it is, such as --network 3-4-2")
    asked = _Asked(of, data, seed, rows, form)

    def work() -> Verdict:
        if outputs is not None:
            return of_outputs(outputs, of.net(), data, form)
        if step is not None:
            return of_steps(step, form)
        return _of_file(Path(source), asked) if file else _of_code(source, asked)

    separate = not file or timeout is not None
    text, status = apart(work, source, timeout, debug) if separate else work()
    typer.echo(text)
    raise typer.Exit(status)


@dataclass(frozen=True)
class _Asked:
    """The options."""

    of: OwnNetwork
    data: Path | None
    seed: int
    rows: int
    form: str

    @property
    def where(self) -> str:
        """Where a function is called that no file has a point for."""
        return f"at random theta, X and T ({self.rows} rows, seed {self.seed}):\n"

    @property
    def options(self) -> dict[str, Any]:
        """What is said of E, None for what is to be found out."""
        from deltarule.losses import LOSSES

        if self.of.penalty is not None:
            raise UsageError(
                "--penalty is for a gradient in an NPZ file, or a function with --network; what a "
                "program's E has is read off its numbers"
            )
        loss = None if self.of.loss is None else LOSSES.get(self.of.loss)
        return {"loss": loss, "reduction": self.of.reduction, "l2": self.of.l2 or 0.0}

    @property
    def known(self) -> Known:
        """What is said of the network."""
        from deltarule.activations import ACTIVATIONS
        from deltarule.check.adapter import Known

        of = self.of
        for name in filter(None, (of.activation, of.output)):
            ACTIVATIONS.get(name)
        in_sizes = of.network is not None and not of.in_layers
        given = tuple(sizes("--network", of.network or "")) if in_sizes else None
        return Known(given, of.activation, of.output, of.bias)


def _of_file(path: Path, asked: _Asked) -> Verdict:
    from deltarule.check.adapter import ask_script
    from deltarule.check.diagnose import diagnose as name_mistake
    from deltarule.cli.code.gradient_file import gradient_of, point_of
    from deltarule.core.arrays.files import ArrayFile

    of = asked.of
    arrays, notation = ArrayFile(path), of.notation or "theory"
    net = of.net(arrays)
    try:
        point = point_of(path, arrays, net, notation)
        gradient = gradient_of(path, arrays, net)
        found = name_mistake(gradient, net, *point, notation=notation, **of.objective)
    except UsageError:
        told = of.notation or of.in_layers  # then there is nothing to be found out
        read = None if told else ask_script(dict(arrays), asked.known, **asked.options)
        if read is None:
            raise
        return _told([_part(read, "")], asked.form)
    return _told([(found, "", {})], asked.form)


def _of_code(source: str, asked: _Asked) -> Verdict:
    from deltarule.check.adapter import calling
    from deltarule.cli.code.program import ask_all, load_thing, point_in
    from deltarule.cli.code.surroundings import kept, kept_call
    from deltarule.core.arguments import whole

    of, rows = asked.of, whole("--rows", asked.rows, low=1)
    known = asked.known
    if of.in_layers:
        return _as_documented(source, asked)
    if of.network is not None:
        of.require_memory(of.net(), rows)
    thing, name = load_thing(source)
    if of.notation is not None and of.network is None:
        raise UsageError(
            "a notation says how a function of (theta, X, T) is called; say which network it is as "
            "well, such as --network 3-4-2"
        )
    if of.notation is not None:
        return _as_documented(source, asked)
    with kept(source), calling(lambda: kept_call(source)):
        at = None if asked.data is None else point_in(asked.data)
        options = {**asked.options, "rows": rows, "seed": asked.seed}
        read = ask_all(thing, name, known, at, options)
    if not read:
        return _as_documented(source, asked)
    return _told([_part(a, asked.where) for a in read], asked.form)


def _part(asked: Asked, where: str) -> tuple[Diagnosis, str, dict[str, Any]]:
    said = f"{asked.sentence}\n{where if asked.random else ''}"
    return asked.diagnosis, said, {"reading": asked.sentence}


def _as_documented(source: str, asked: _Asked) -> Verdict:
    """Call a function of (theta, X, T) in the notation that is given."""
    from deltarule.check.diagnose import diagnose as name_mistake
    from deltarule.cli.code.surroundings import kept

    of, notation = asked.of, asked.of.notation or "theory"
    net, point = of.at(asked.data, asked.seed, asked.rows)
    function, said = load_function(source), asked.where if asked.data is None else ""
    with kept(source):
        found = name_mistake(function, net, *point, notation=notation, **of.objective)
    return _told([(found, said, {})], asked.form)


def _told(parts: list[tuple[Diagnosis, str, dict[str, Any]]], form: str) -> Verdict:
    """Return what is printed of one or several diagnoses, and the exit status."""
    status = 0 if all(found.right for found, *_ in parts) else 1
    if form == "json":
        told = [{**more, **found.to_dict()} for found, _, more in parts]
        return json.dumps(told[0] if len(told) == 1 else told, allow_nan=False), status
    return "\n\n".join(f"{said}{found}" for found, said, _ in parts), status
