"""`deltarule tune`: which settings suit a table."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from deltarule.cli import complete, options, table_options
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.cli.reports import tune as tune_report
from deltarule.cli.signals import exit_status
from deltarule.core.errors import UsageError

_search: Any = partial(typer.Option, rich_help_panel="What is tried")
_output: Any = partial(typer.Option, rich_help_panel="Output")

_DATA = typer.Argument(metavar="DATA", help="A file or a bundled name, as `train` takes.")
_TIME = _search(
    help="Seconds in all, at most; but the first trial and the trainings at the end are done.",
    show_default="60, or no limit with --trials",
)
_HIDDEN = _search(
    metavar="SIZES",
    help="Hidden layers to try, such as 64,32. Repeatable, as all of these.",
    show_default="8 sizes",
)
_NETWORK = _search(
    metavar="LAYERS",
    help="Layers to try in the place of --hidden and --activation, as `train` takes them: "
    "gru:8,dense:1.",
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
_OUT = _output(help="A folder for the table and the picture.", show_default="NAME-tune here")


@guarded
@grouped(which=table_options.which_columns, made=table_options.what_is_made, form=options.text_file)
def tune(
    data: Annotated[str, _DATA],
    which: Any = None,
    time: Annotated[float | None, _TIME] = None,
    trials: Annotated[int | None, _search(help="Settings to try, at most.")] = None,
    splits: Annotated[int, _search(help="Random splits to score each by.")] = 5,
    hidden: Annotated[list[str] | None, _HIDDEN] = None,
    activation: Annotated[list[str] | None, _ACTIVATION] = None,
    network: Annotated[list[str] | None, _NETWORK] = None,
    optimizer: Annotated[list[str] | None, _OPTIMIZER] = None,
    lr: Annotated[list[float] | None, _LR] = None,
    batch_size: Annotated[list[int] | None, _BATCH] = None,
    l2: Annotated[list[float] | None, _L2] = None,
    epochs: Annotated[int, _search(help="Epochs of the trials that go furthest.")] = 200,
    made: Any = None,
    form: Any = None,
    seed: Annotated[int, _search(help="Determines trials, splits and weights.")] = 0,
    workers: Annotated[
        int | None, _search(help="Processes that train.", show_default="one per processor")
    ] = None,
    out: Annotated[Path | None, _OUT] = None,
    force: Annotated[bool, _output("--force", help="Replace what is in it.")] = False,
    as_json: Annotated[bool, _output("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Find settings that suit a table: size, activation, optimizer, rate, batch size, penalty.

    Many are tried with few epochs, the better ones with more, scored by rows that they are not
    trained on. Rows that took no part judge the winner; the last line is the command to train it.
    """
    from deltarule.models import Recipe
    from deltarule.studies.tuning import tune as search

    folder = out if out is not None else Path(f"{Path(data).stem}-tune")
    if (folder / tune_report.TRIALS).exists() and not force:
        raise UsageError(
            f"{folder}: there are trials already. Use `--force`, or another folder with `--out`."
        )
    given = {"hidden": hidden, "activation": activation, "network": network,
             "optimizer": optimizer, "lr": lr, "batch_size": batch_size, "l2": l2}  # fmt: skip
    reading = {name: which[name] for name in ("text", "drop", "only") if which[name]}
    limit = time if time is not None or trials is not None else 60.0
    with ExitStack() as stack:
        tell = _bar(stack, limit, trials) if not as_json and sys.stderr.isatty() else None
        found = search(
            data, which["target"] or None, ids=which["ids"], time=limit, trials=trials,
            splits=splits, recipe=Recipe(**made, seed=seed, epochs=epochs), workers=workers,
            space={k: v for k, v in given.items() if v}, tell=tell, **form.to_dict(), **reading,
        )  # fmt: skip
    said = tune_report.keep(found, folder)
    if as_json:
        typer.echo(json.dumps(said, allow_nan=False))
    else:
        tune_report.tell(said, folder)
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
