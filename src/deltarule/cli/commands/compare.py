"""`deltarule compare`: two runs side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from deltarule.cli.guard import guarded
from deltarule.cli.reports.model import HEADS
from deltarule.cli.screen import Screen, cell


@guarded
def compare(
    one: Annotated[Path, typer.Argument(metavar="A", help="A model folder.")],
    two: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    plot: Annotated[
        Path | None,
        typer.Option(metavar="PNG", help="Draw the learning curves of both into this file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Compare two models: options that differ, scores, and a paired test on the same test rows."""
    from deltarule.core.files import check_file
    from deltarule.core.style import is_picture
    from deltarule.models import compare as compared

    if plot is not None:
        check_file(plot, ours=is_picture, option="--plot")
    found = compared(one, two)
    if plot is not None:
        found.plot(plot)
    if as_json:
        said = {
            "folders": found.folders,
            "options": [{"option": n, "a": a, "b": b} for n, a, b in found.options],
            "part": found.part,
            "scores": {name: {"a": a, "b": b} for name, (a, b) in found.scores.items()},
            "paired": None if found.paired is None else asdict(found.paired),
            "note": found.reason,
        }
        typer.echo(json.dumps(said, allow_nan=False))
        return
    screen = Screen()
    head = ["", *map(str, found.folders)]
    if found.options:
        screen.table(head, [[name, _cell(a), _cell(b)] for name, a, b in found.options])
    else:
        screen.say("options", "none differs")
    screen.line()
    scores = [[HEADS.get(n, n), _cell(a), _cell(b)] for n, (a, b) in found.scores.items()]
    if scores:
        screen.table([found.part, *head[1:]], scores)
        screen.line()
    said_so = [*([found.paired.sentence] if found.paired else []), found.reason]
    screen.say("verdict", [text for text in said_so if text])
    if plot is not None:
        screen.say("picture", str(plot))


def _cell(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else cell(value)
    return text if len(text) < 40 else f"{text[:36]} ..."
