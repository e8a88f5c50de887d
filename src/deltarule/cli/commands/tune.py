"""`deltarule tune`: which settings suit a table."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import complete, options, table_options
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.cli.signals import exit_status

if TYPE_CHECKING:
    from deltarule.studies.tuning import Tuned

__all__ = ["tune"]

_SHOWN = 8
_data: Any = partial(typer.Option, rich_help_panel="Data")
_search: Any = partial(typer.Option, rich_help_panel="What is tried")
_output: Any = partial(typer.Option, rich_help_panel="Output")

_DATA = typer.Argument(metavar="DATA", help="A file or a bundled name, as `train` takes.")
_TIME = _search(help="Seconds to search, at most.", show_default="60, or no limit with --trials")
_HIDDEN = _search(
    metavar="SIZES",
    help="Hidden layers to try, such as 64,32. Repeatable, as all of these.",
    show_default="8 sizes",
)
_ACTIVATION = _search(
    help="f of the hidden layers to try.",
    show_default="tanh, relu, sigmoid, gelu",
    autocompletion=complete.activations,
)
_OPTIMIZER = _search(
    help="Optimizers to try.",
    show_default="adam, rmsprop, momentum",
    autocompletion=complete.optimizers,
)
_LR = _search(help="Learning rates to try.", show_default="a decade around each optimizer's own")
_BATCH = _search(help="Rows per update to try.", show_default="16, 32, 128")
_L2 = _search(help="Penalties to try.", show_default="0, 0.0001, 0.001, 0.01")
_TEXT = _data(metavar="COLUMN", help="Read as text. Repeatable.")
_DROP = _data(metavar="COLUMN", help="Leave out. Repeatable.")
_ID = _data("--id", metavar="COLUMN", help="Do not learn from. Repeatable.")
_OUT = _output(help="A folder for the table and the picture.", show_default="NAME-tune here")


@guarded
@grouped(form=options.text_file)
def tune(
    data: Annotated[str, _DATA],
    target: Annotated[
        str | None, _data(help="The column to predict. Bundled data know theirs.")
    ] = None,
    time: Annotated[float | None, _TIME] = None,
    trials: Annotated[int | None, _search(help="Settings to try, at most.")] = None,
    splits: Annotated[int, _search(help="Random splits to score each by.")] = 5,
    hidden: Annotated[list[str] | None, _HIDDEN] = None,
    activation: Annotated[list[str] | None, _ACTIVATION] = None,
    optimizer: Annotated[list[str] | None, _OPTIMIZER] = None,
    lr: Annotated[list[float] | None, _LR] = None,
    batch_size: Annotated[list[int] | None, _BATCH] = None,
    l2: Annotated[list[float] | None, _L2] = None,
    epochs: Annotated[int, _search(help="Epochs of the trials that go furthest.")] = 200,
    task: Annotated[str, table_options.TASK] = "auto",
    test: Annotated[float, _data(help="Share of the rows for the final judgement.")] = 0.2,
    split: Annotated[str, table_options.SPLIT] = "auto",
    scale: Annotated[str, table_options.SCALE] = "standard",
    missing: Annotated[str, table_options.MISSING] = "error",
    text: Annotated[list[str] | None, _TEXT] = None,
    drop: Annotated[list[str] | None, _DROP] = None,
    ids: Annotated[list[str] | None, _ID] = None,
    form: Any = None,
    seed: Annotated[int, _search(help="Determines trials, splits and weights.")] = 0,
    workers: Annotated[
        int | None, _search(help="Processes that train.", show_default="one per processor")
    ] = None,
    out: Annotated[Path | None, _OUT] = None,
    force: Annotated[bool, _output("--force", help="Replace what is in it.")] = False,
    as_json: Annotated[bool, _output("--json", help="Print one JSON object instead.")] = False,
    debug: Annotated[bool, _output("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Find settings that suit a table: size, activation, optimizer, rate, batch size, penalty.

    Many are tried with few epochs, the better ones with more, scored by rows that they are not
    trained on. Rows that took no part judge the winner; the last line is the command to train it.
    """
    from deltarule.core.errors import UsageError
    from deltarule.models import Recipe
    from deltarule.studies.tuning import tune as search

    folder = out if out is not None else Path(f"{Path(data).stem}-tune")
    if (folder / "trials.csv").exists() and not force:
        raise UsageError(
            f"{folder}: there are trials already. Use `--force`, or another folder with `--out`."
        )
    given = {"hidden": hidden, "activation": activation, "optimizer": optimizer, "lr": lr,
             "batch_size": batch_size, "l2": l2}  # fmt: skip
    recipe = Recipe(task=task, test=test, split=split, scale=scale, missing=missing, seed=seed,
                    epochs=epochs)  # fmt: skip
    limit = time if time is not None or trials is not None else 60.0
    with ExitStack() as stack:
        tell = _bar(stack, limit, trials) if not as_json and sys.stderr.isatty() else None
        found = search(
            data, target, ids=ids or (), time=limit, trials=trials, splits=splits, recipe=recipe,
            workers=workers, space={k: v for k, v in given.items() if v}, tell=tell,
            **form.to_dict(), **{k: v for k, v in (("text", text), ("drop", drop)) if v},
        )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    found.table.write_csv(folder / "trials.csv")
    found.plot(folder / "mattered.png", force=True)
    if as_json:
        typer.echo(json.dumps(_plain(found, folder), allow_nan=False))
    else:
        _tell(found, folder)
    if found.interrupted:
        raise typer.Exit(exit_status())


def _bar(stack: ExitStack, seconds: float | None, trials: int | None) -> Any:
    """Return what shows how far a search is: by its trials, or else by its time."""
    import math
    from time import monotonic

    from deltarule.training.progress import plain_bar

    total = trials or math.ceil(seconds or 0.0)
    bar, task = plain_bar("trials" if trials else "seconds", total)
    stack.enter_context(bar)
    began = monotonic()

    def tell(search: Any) -> None:
        done = len(search.scores)
        lowest = search.lowest(search.best()[0]).error if done else math.inf
        at = done if trials else min(total, monotonic() - began)
        bar.update(task, completed=at, text=f"{done} scored, lowest E {lowest:.4g}")

    return tell


def _plain(found: Tuned, folder: Path) -> dict[str, Any]:
    import math

    rows = [
        {k: v if not isinstance(v, float) or math.isfinite(v) else None for k, v in row.items()}
        for row in found.table.to_dicts()
    ]
    return {
        "best": found.best.options,
        "epochs": found.recipe.epochs,
        "held_out": found.held_out,
        "held_out_default": found.default.metrics["test"],
        "mattered": found.mattered,
        "command": found.command,
        "trials": rows,
        "refused": found.search.refused,
        "seconds": found.seconds,
        "interrupted": found.interrupted,
        "out": str(folder),
    }


def _tell(found: Tuned, folder: Path) -> None:
    from deltarule.cli.screen import Screen

    screen, n = Screen(), len(found.fitted.plan.prepared["test"])
    splits, every = len(found.search.splits), len(found.table)
    screen.say(
        "search",
        f"{every:,} trial{'' if every == 1 else 's'} in {found.seconds:.0f} s"
        f"{', interrupted' if found.interrupted else ''}; E of held-out rows over {splits} "
        f"split{'' if splits == 1 else 's'}",
    )
    for number, why in list(found.search.refused.items())[:3]:
        screen.say("", f"trial {number} cannot be trained: {why}")
    screen.line()
    screen.table(*_rows(found))
    screen.line()
    told = [f"{name.replace('_', ' ')} {100 * v:.0f} %" for name, v in found.mattered.items()]
    screen.say("mattered", f"{', '.join(told)} (share of the ranks' variance, on its own)")
    screen.say("held out", [
        f"{_measures(found.held_out)} on {n:,} rows that took no part{_interval(found)}",
        f"{_measures(found.default.metrics['test'])} by `deltarule train` without options",
    ])  # fmt: skip
    screen.say("folder", f"{folder}: trials.csv, mattered.png")
    screen.say("next", found.command)


def _rows(found: Tuned) -> tuple[list[str], list[list[str]]]:
    columns = ["number", "hidden", "activation", "optimizer", "lr", "batch_size", "l2", "epochs",
               "error", "error_sd", "accuracy"]  # fmt: skip
    table = found.table.select(c for c in columns if not found.table[c].is_null().all())
    rows = [["-" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row]
            for row in table.head(_SHOWN).iter_rows()]  # fmt: skip
    names = {"number": "trial", "batch_size": "batch", "error": "E", "error_sd": "sd"}
    return [names.get(c, c) for c in table.columns], rows


def _measures(metrics: Any) -> str:
    told = {"accuracy": "accuracy {:.1%}", "r2": "R2 {:.3f}", "rmse": "RMSE {:.4g}"}
    some = [text.format(metrics[k]) for k, text in told.items() if metrics.get(k) is not None]
    return ", ".join(some) or "no finite number"


def _interval(found: Tuned) -> str:
    share = found.held_out_accuracy
    if share is None or share.low is None or share.high is None:
        return ""
    return f" (95 % interval {share.low:.1%} to {share.high:.1%})"
