"""`deltarule train --stream`: files that together are larger than memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from deltarule.cli.reports import model as report
from deltarule.cli.screen import Screen
from deltarule.cli.signals import exit_status
from deltarule.core.errors import UsageError

if TYPE_CHECKING:
    from deltarule.cli.commands.train_run import Asked
    from deltarule.data.text.format import TextFormat
    from deltarule.models import Recipe

_WHOLE = {"cv": 0, "importance": False, "checkpoint_every": None, "resume": None}
"""Options that need all rows at once, or a checkpoint, and what they are where nobody asks."""


def stream(
    asked: Asked, recipe: Recipe, which: Mapping[str, Any], form: TextFormat, how: tuple[bool, bool]
) -> None:
    """Train on one file at a time, write the folder, report; `how` is quiet, and JSON."""
    from deltarule.models import claimed, save
    from deltarule.models.streaming import fit_stream

    other = [name for name, plain in _WHOLE.items() if asked.options[name] != plain]
    if other:
        raise UsageError(f"--stream does not go with --{other[0].replace('_', '-')}: leave it out")
    quiet, as_json = how
    screen = None if quiet or as_json else Screen()

    def told(line: str) -> None:
        if screen is not None:
            typer.echo(line, err=True)

    columns = {name: names for name, names in which.items() if name not in ("ids", "target")}
    with claimed(asked.folder):
        fitted = fit_stream(
            asked.options["data"], recipe, target=which["target"] or None, ids=which["ids"],
            told=told, **columns, **form.to_dict(),
        )  # fmt: skip
        undrawn = save(fitted, asked.folder, force=asked.force, rescue=True)
    if as_json:
        typer.echo(json.dumps(report.as_json(fitted, str(asked.folder)), allow_nan=False))
    if screen is not None:
        report.show_plan(screen, fitted.plan)
        screen.say("", fitted.model.description["notes"][len(fitted.plan.prepared.notes) :])
        report.show_results(screen, fitted, asked.folder)
        screen.say("", undrawn)
    if fitted.status == "interrupted":
        raise typer.Exit(exit_status())
