"""What `deltarule tune` has found: kept in its folder, and told from there."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.cli.screen import Screen, cell
from deltarule.core.errors import FileError
from deltarule.core.texts import some

if TYPE_CHECKING:
    from deltarule.studies.tuning import Tuned

FILE, TRIALS, PICTURE = "tune.json", "trials.csv", "mattered.png"
_SHOWN = 8
_COLUMNS = {"number": "trial", "hidden": "hidden", "activation": "activation",
            "network": "network", "optimizer": "optimizer", "lr": "lr", "batch_size": "batch",
            "l2": "l2", "epochs": "epochs", "error": "E", "error_sd": "sd",
            "accuracy": "accuracy"}  # fmt: skip
"""What is shown of a trial, and under which name."""


def keep(found: Tuned, folder: Path) -> dict[str, Any]:
    """Write the trials, the picture and everything that is told; return the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    said = _plain(found, folder)
    found.table.write_csv(folder / TRIALS)
    found.plot(folder / PICTURE, force=True)
    (folder / FILE).write_text(json.dumps(said, indent=1, allow_nan=False), encoding="utf-8")
    return said


def show(folder: Path) -> None:
    """Tell what a folder has. Raises `FileError` where it cannot be read."""
    path = folder / FILE
    try:
        tell(json.loads(path.read_text(encoding="utf-8")), folder)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FileError(
            f"{path}: it is not what `deltarule tune` writes ({type(error).__name__}: {error}). "
            "Run it again with `--force`."
        ) from error


def _plain(found: Tuned, folder: Path) -> dict[str, Any]:
    rows = [
        {k: v if not isinstance(v, float) or math.isfinite(v) else None for k, v in row.items()}
        for row in found.table.to_dicts()
    ]
    share = found.held_out_accuracy
    return {
        "best": found.best.options,
        "epochs": found.recipe.epochs,
        "held_out": found.held_out,
        "held_out_accuracy": None if share is None else [share.low, share.high],
        "held_out_default": found.default.metrics["test"],
        "rows_held_out": len(found.fitted.plan.prepared["test"]),
        "mattered": found.mattered,
        "command": found.command,
        "splits": len(found.search.splits),
        "trials": rows,
        "refused": {str(number): why for number, why in found.search.refused.items()},
        "seconds": found.seconds,
        "interrupted": found.interrupted,
        "out": str(folder),
    }


def tell(said: Mapping[str, Any], folder: Path) -> None:
    """Print the best trials, what mattered, what the winner is worth, and its command."""
    screen, every, splits = Screen(), len(said["trials"]), said["splits"]
    screen.say(
        "search",
        f"{some(every, 'trial')} in {said['seconds']:.0f} s"
        f"{', interrupted' if said['interrupted'] else ''}; E of held-out rows over "
        f"{some(splits, 'split')}",
    )
    for number, why in list(said["refused"].items())[:3]:
        screen.say("", f"trial {number} cannot be trained: {why}")
    screen.line()
    screen.table(*_rows(said["trials"]))
    screen.line()
    screen.say("mattered", _mattered(said["mattered"], every))
    screen.say("held out", [
        f"{_measures(said['held_out'])} on {said['rows_held_out']:,} rows that took no part"
        f"{_interval(said['held_out_accuracy'])}",
        f"{_measures(said['held_out_default'])} by `deltarule train` without options",
    ])  # fmt: skip
    screen.say("folder", f"{folder}: {FILE}, {TRIALS}, {PICTURE}")
    screen.say("next", said["command"])


def _rows(trials: list[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    shown = [c for c in _COLUMNS if any(row.get(c) is not None for row in trials)]
    rows = [[cell(row.get(c)) for c in shown] for row in trials[:_SHOWN]]
    return [_COLUMNS[c] for c in shown], rows


def _mattered(shares: Mapping[str, float | None], trials: int) -> str:
    told = [f"{_words(k)} {100 * v:.0f} %" for k, v in shares.items() if v is not None]
    open_ = [_words(name) for name, share in shares.items() if share is None]
    of = some(trials, "trial")
    if not told:
        return f"nothing can be told from {of}"
    more = f"; of {', '.join(open_)} nothing can be told from {of}" if open_ else ""
    return f"{', '.join(told)} (share of the ranks' variance, on its own){more}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _measures(metrics: Mapping[str, Any]) -> str:
    told = {"accuracy": "accuracy {:.1%}", "r2": "R2 {:.3f}", "rmse": "RMSE {:.4g}"}
    said = [text.format(metrics[k]) for k, text in told.items() if metrics.get(k) is not None]
    return ", ".join(said) or "no finite number"


def _interval(ends: tuple[float | None, float | None] | None) -> str:
    if ends is None or None in ends:
        return ""
    return f" (95 % interval {ends[0]:.1%} to {ends[1]:.1%})"
