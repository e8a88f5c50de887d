"""`deltarule study` for studies of forecasts: run one, and show what a folder of one holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from deltarule.cli.screen import Screen
from deltarule.core.errors import FileError, UsageError

if TYPE_CHECKING:
    from deltarule.series.studies import Outcome

_RESULTS = "forecast-study.json"


def run(source: str, seeds: int | None, out: Path | None, fresh: bool, quiet: bool, as_json: bool,
        progress: bool) -> None:  # fmt: skip
    """Run a study of forecasts, write its folder, and say what it shows."""
    from deltarule.core.files import new_file
    from deltarule.models import claimed
    from deltarule.series.studies import read_study

    study = read_study(source, seeds)
    folder = out if out is not None else Path(f"{Path(source).stem}-study")
    others = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    if others and not (is_folder(folder) and fresh):
        there = "results of a study of forecasts" if is_folder(folder) else "other files"
        raise UsageError(
            f"{folder}: the folder holds {there}. Choose another one with `--out`"
            + (", or replace them with `--fresh`." if is_folder(folder) else ".")
        )
    if not (quiet or as_json):
        screen = Screen()
        screen.say("study", study.title or str(folder))
        screen.say("question", study.question)
        screen.say("design", study.size())
    with claimed(folder, what="study"):
        found = study.run(progress)
        folder.mkdir(parents=True, exist_ok=True)
        with new_file(folder / _RESULTS, force=True) as path:
            path.write_text(json.dumps(found.to_dict(), allow_nan=False) + "\n", encoding="utf-8")
        with new_file(folder / "runs.csv", force=True) as path:
            found.runs.write_csv(path)
        found.plot(folder / "overview.png", force=True)
    _tell(found, folder, quiet, as_json)


def is_folder(folder: Path) -> bool:
    """Whether it is the folder of a study of forecasts."""
    return (folder / _RESULTS).is_file()


def show(folder: Path, as_json: bool) -> None:
    """Show what a folder holds. Raises `FileError` where it cannot be read."""
    from deltarule.series.studies import Outcome

    file = folder / _RESULTS
    try:
        found = Outcome.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise FileError(
            f"{file}: it cannot be read ({type(error).__name__}: {error}). Run the study again."
        ) from None
    _tell(found, folder, False, as_json)


def _tell(found: Outcome, folder: Path, quiet: bool, as_json: bool) -> None:
    if as_json:
        plain: dict[str, Any] = {**found.to_dict(), "answers": found.answers(), "out": str(folder)}
        typer.echo(json.dumps(plain, allow_nan=False))
    if quiet or as_json:
        return
    screen = Screen()
    screen.line()
    screen.table(*found.table())
    screen.line()
    screen.say("answer", found.answers())
    screen.say("protocol", list(found.notes))
    screen.folder(folder)
