"""`deltarule export`: a model folder in, a file for another place out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deltarule.cli import complete, options
from deltarule.cli.code.own import owned
from deltarule.cli.guard import guarded


@guarded
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The model folder.")],
    to: Annotated[
        str,
        typer.Option(
            metavar="TARGET",
            help="numpy, c, c_fixed, torch, onnx or json.",
            autocompletion=complete.targets,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write.", show_default="the folder's name, here"),
    ] = None,
    train: Annotated[
        bool, typer.Option("--train", help="C: add a step of training, to learn where it runs.")
    ] = False,
    own: Annotated[Path | None, options.OWN] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing.")] = False,
) -> None:
    """Write a model as a file that works without deltarule: NumPy, C, PyTorch, ONNX, JSON.

    The file takes raw cells: scaling and categories are in it. It is run on 1,000 rows before it
    is kept, and held against the model's own answers.
    """
    from deltarule.exchange import export as write

    made = write(folder, to, out, train=train, force=force, own=owned(own))
    if quiet:
        return
    typer.echo(f"{folder} is in {made.path}")
    if made.difference is None:
        typer.echo(f"it was not run: {made.lacking}", err=True)
    else:
        typer.echo(
            f"run on {made.rows:,} rows over the range of training, its answers are the model's "
            f"to {made.difference:.1g}",
            err=True,
        )
