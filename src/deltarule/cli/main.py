"""The command `deltarule`: what it is called, its help, its version."""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from deltarule.cli.commands import study
from deltarule.cli.commands.check import check
from deltarule.cli.commands.compare import compare
from deltarule.cli.commands.diagnose import diagnose
from deltarule.cli.commands.explain import explain
from deltarule.cli.commands.export import export
from deltarule.cli.commands.forecast import forecast
from deltarule.cli.commands.lab import lab
from deltarule.cli.commands.predict import predict
from deltarule.cli.commands.runs import runs
from deltarule.cli.commands.serve import serve
from deltarule.cli.commands.show import show
from deltarule.cli.commands.train import train
from deltarule.cli.commands.tune import tune
from deltarule.cli.commands.why import why
from deltarule.cli.once import Once
from deltarule.core import VERSION

_START = """\
deltarule train people.csv --target income   learn from a table; iris, digits, ... come along
deltarule lab                                see every number of backpropagation, in a browser
deltarule diagnose mynet.py                  which mistake is in my backpropagation?
deltarule forecast sunspots                  a time series, and what a forecast is worth
deltarule --help                             everything else; each command has examples"""
"""Where to start: what is shown where nothing is asked for."""

_EXAMPLES = """\
deltarule train digits
deltarule train people.csv --target income --missing mean --drop name
deltarule train people.csv --target city --hidden 32 --activation relu --lr 0.01
deltarule train wine --lr cosine:0.01,100 --epochs 100 --out wine-1 --force
deltarule train --resume people-model
deltarule train 'big/*.parquet' --target income --stream
deltarule tune wine
deltarule tune people.csv --target income --time 300
deltarule tune people.csv --target city --hidden 32 --hidden 64,32 --activation relu
deltarule predict digits-model digits
deltarule predict people-model new.csv --out predictions.csv
deltarule predict people-model new.csv --unknown ignore
deltarule predict sales-forecast new-rows.csv
deltarule show digits-model
deltarule runs .
deltarule runs experiments --sort accuracy
deltarule compare wine-1 wine-2
deltarule compare wine-1 wine-2 --plot curves.png
deltarule export iris-model --to numpy
deltarule export iris-model --to c --out src/iris.h
deltarule export iris-model --to c --train
deltarule serve people-model
deltarule serve people-model --host 0.0.0.0 --port 8080
deltarule forecast sunspots
deltarule forecast airpassengers --horizon 12 --transform log --difference 1
deltarule forecast sales.csv --time month --target sold --horizon 6 --auto
deltarule forecast sales.csv --time month --target sold --test-from 2024-01 --backtest 5
deltarule forecast m1_yearly --horizon 6 --lags 4 --difference 1
deltarule why sunspots-forecast --at 2009
deltarule why sunspots-forecast --at 1957 --steps 3 --plot why.png
deltarule lab
deltarule lab --lesson factor
deltarule lab people.csv --target income
deltarule explain --network 3-3-3-1 --activation sigmoid --weight 2,1,1 --input .1,.2,.3 --target 1
deltarule explain --network 2-2-1 --weight 1,2,0 --input 0,1 --target 1 --format latex
deltarule explain digits-model --row 5 --weight 2,1,1
deltarule check mine.py:error --x 0.1,0.2
deltarule check mine.py:error --gradient mine.py:slope --x theta.npy --sweep v.png
deltarule check net.py:gradient --network 3-4-2 --activation tanh
deltarule check --network 3-4-2 --data numbers.npz
deltarule check digits-model
deltarule check digits-model --directions 10 --rows 1000
deltarule diagnose mynet.py
deltarule diagnose mynet.py:Net --network 3-4-2
deltarule diagnose gradient.npz --network 3-3-3-1
deltarule diagnose net.py:gradient --network 3-4-2 --activation tanh --output sigmoid
deltarule diagnose --outputs net.py:forward --network 3-4-2 --activation tanh
deltarule diagnose --step opt.py:Adam
deltarule diagnose net.py:gradient --network 3-4-2 --data point.npz --reduction sum
deltarule study run derivative-factor
deltarule study run derivative-factor --seeds 20 --out quick
deltarule study run mine.toml --workers 4 --json
deltarule study list
deltarule study show derivative-factor-study
deltarule study new
deltarule study new mine.toml --like derivative-factor"""
"""Of every command, in the order of its help page."""

_RICH = sys.stdout is not None and sys.stdout.isatty()
"""Frames and colours in help pages are for terminals; into a pipe goes plain text, and sooner."""

app = typer.Typer(
    name="deltarule",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if _RICH else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _examples(*lines: str) -> str:
    """Return an epilog in which every example keeps its line."""
    joint = "\n\n" if _RICH else "\n"
    return ("" if _RICH else "\b\n") + joint.join(["Examples:", *(f"  {line}" for line in lines)])


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"deltarule {VERSION}")
        raise typer.Exit


@app.callback(
    epilog=_examples(
        "deltarule train digits",
        "deltarule train people.csv --target income",
        "deltarule predict people-model new.csv --out predictions.csv",
        "deltarule show people-model",
        "deltarule explain people-model --row 5 --weight 2,1,1",
        "deltarule forecast sunspots",
    )
)
def main(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Backpropagation workbench: train, forecast, explain and check gradients, name mistakes."""
    if context.invoked_subcommand is None:
        typer.echo(_START)


def _add(command: Callable[..., None], name: str, to: typer.Typer = app, of: str = "") -> None:
    """Add a command; its docstring is its help, every paragraph in one line for the screen."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    said = f"deltarule {of}{name}"
    examples = [line for line in _EXAMPLES.splitlines() if f"{line} ".startswith(f"{said} ")]
    # what it does without arguments: show its help, where there is nothing to begin with
    bare = command not in (lab, study.list_, study.new)
    to.command(name, cls=Once, help=text, epilog=_examples(*examples), no_args_is_help=bare)(
        command
    )


for _command in (train, tune, predict, show, runs, compare, export, serve, forecast, why, lab,
                 explain, check, diagnose):  # fmt: skip
    _add(_command, _command.__name__)

studies = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich" if _RICH else None,
    help="What happens over many seeds: experiments with intervals, pictures and a report.",
    epilog=_examples(
        "deltarule study list", "deltarule study run derivative-factor", "deltarule study new"
    ),
)
app.add_typer(studies, name="study")
for _name in ("run", "list_", "show", "new"):
    _add(getattr(study, _name), _name.rstrip("_"), studies, "study ")


def run() -> None:
    """Run the command line; the console script and `python -m deltarule` come here."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app(prog_name="deltarule")
