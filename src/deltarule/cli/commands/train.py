"""`deltarule train`: a file or a bundled name in, a model folder out."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deltarule.cli import complete, options
from deltarule.cli import table_options as table
from deltarule.cli.guard import guarded
from deltarule.cli.signals import exit_status

if TYPE_CHECKING:
    from deltarule.core.errors import NumericError
    from deltarule.models import Fitted, Plan

__all__ = ["train"]

_DATA, _NETWORK, _TRAINING, _OUTPUT = "Data", "Network", "Training", "Output"


@guarded
def train(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A file (.csv .tsv .txt .xlsx .jsonl .db .parquet .feather .npz, packed or not; "
            "'part-*.csv' for several, - for standard input) or a bundled name: digits, iris, "
            "wine, breast_cancer, diabetes, sunspots, lynx, airpassengers, xor, encoder; or made: "
            "parity:4, two_spirals, moons, circles, encoder:10,5, complement:8, teacher:5,3, "
            "mackey_glass.",
        ),
    ],
    target: Annotated[list[str] | None, table.TARGET] = None,
    task: Annotated[str, table.TASK] = "auto",
    validation: Annotated[float, table.VALIDATION] = 0.1,
    test: Annotated[float, table.TEST] = 0.2,
    split: Annotated[str, table.SPLIT] = "auto",
    scale: Annotated[str, table.SCALE] = "standard",
    missing: Annotated[str, table.MISSING] = "error",
    text: Annotated[list[str] | None, table.TEXT] = None,
    drop: Annotated[list[str] | None, table.DROP] = None,
    only: Annotated[list[str] | None, table.ONLY] = None,
    ids: Annotated[list[str] | None, table.IDS] = None,
    ordinal: Annotated[list[str] | None, table.ORDINAL] = None,
    min_count: Annotated[int, table.MIN_COUNT] = 1,
    dates: Annotated[str, table.DATES] = "days",
    target_transform: Annotated[str, table.TARGET_TRANSFORM] = "none",
    separator: Annotated[str | None, options.SEPARATOR] = None,
    encoding: Annotated[str | None, options.ENCODING] = None,
    header: Annotated[bool | None, options.HEADER] = None,
    columns: Annotated[str | None, options.COLUMNS] = None,
    decimal: Annotated[str | None, options.DECIMAL] = None,
    thousands: Annotated[str | None, options.THOUSANDS] = None,
    date_format: Annotated[str | None, options.DATE_FORMAT] = None,
    na: Annotated[str | None, options.NA] = None,
    comment: Annotated[str | None, options.COMMENT] = None,
    hidden: Annotated[
        str,
        typer.Option(
            help="Nodes of every hidden layer; none for no hidden layer.", rich_help_panel=_NETWORK
        ),
    ] = "64,32",
    activation: Annotated[
        str,
        typer.Option(
            help="f of the hidden layers: tanh, relu, sigmoid, gelu, leaky_relu:0.1, ...; or "
            "FILE.py:NAME of your own (so have --loss and --optimizer).",
            autocompletion=complete.activations,
            rich_help_panel=_NETWORK,
        ),
    ] = "tanh",
    loss: Annotated[
        str,
        typer.Option(
            help="auto takes the task's: half_squared_error, binary_cross_entropy or "
            "cross_entropy. Others: huber:0.5, absolute_error, ...",
            autocompletion=complete.losses,
            rich_help_panel=_NETWORK,
        ),
    ] = "auto",
    optimizer: Annotated[
        str,
        typer.Option(
            help="adam, adamw, sgd, momentum, rprop, ..., lbfgs, levenberg_marquardt; "
            "momentum:0.1,0.9 gives its parameters.",
            autocompletion=complete.optimizers,
            rich_help_panel=_TRAINING,
        ),
    ] = "adam",
    lr: Annotated[
        str | None,
        typer.Option(
            help="The learning rate: a number, or a schedule such as cosine:0.01,200.",
            show_default="0.001",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    epochs: Annotated[
        int, typer.Option(help="Passes over the training rows, at most.", rich_help_panel=_TRAINING)
    ] = 200,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Rows per update.",
            show_default="32; all for lbfgs, levenberg_marquardt and their like",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    patience: Annotated[
        int,
        typer.Option(
            help="Stop after so many epochs without a lower validation error and keep the best "
            "weights; 0 trains to the end.",
            rich_help_panel=_TRAINING,
        ),
    ] = 20,
    l2: Annotated[
        float, typer.Option(help="Adds 1/2 l2 |W|^2 to the error.", rich_help_panel=_TRAINING)
    ] = 0.0,
    rule: Annotated[
        str,
        typer.Option(help=options.RULE_HELP, rich_help_panel=_TRAINING),
    ] = "exact",
    clip_norm: Annotated[
        float | None,
        typer.Option(help="Bound for the gradient's length.", rich_help_panel=_TRAINING),
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(help="balanced: rare classes count more.", rich_help_panel=_TRAINING),
    ] = None,
    ensemble: Annotated[
        int,
        typer.Option(
            help="Train so many networks side by side; their mean is what they predict.",
            rich_help_panel=_TRAINING,
        ),
    ] = 1,
    cv: Annotated[
        int,
        typer.Option(
            help="Cross-validation: train on this many splits as well, each row tested once.",
            metavar="FOLDS",
            show_default="none",
            rich_help_panel=_OUTPUT,
        ),
    ] = 0,
    importance: Annotated[
        bool,
        typer.Option(
            "--importance",
            help="Say what each column is worth, with importance.png.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False,
    seed: Annotated[
        int,
        typer.Option(
            help="Determines the split, the first weights and every batch.",
            rich_help_panel=_TRAINING,
        ),
    ] = 0,
    dtype: Annotated[
        str, typer.Option(help="float32 or float64.", rich_help_panel=_TRAINING)
    ] = "float32",
    engine: Annotated[
        str,
        typer.Option(
            help="reference, compiled, or auto: compiled where it is quicker.",
            autocompletion=complete.engines,
            rich_help_panel=_TRAINING,
        ),
    ] = "auto",
    threads: Annotated[
        int | None,
        typer.Option(
            help="Threads of the compiled engine, at most.",
            show_default="one per processor",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The model folder to make.",
            show_default="NAME-model here, NAME being the data's",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a model folder.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print errors only.", rich_help_panel=_OUTPUT)
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object instead.", rich_help_panel=_OUTPUT),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=_OUTPUT),
    ] = False,
) -> None:
    """Train a network on a table and write a model folder.

    Text columns become one input per category, numbers are scaled, rows are split into training,
    validation and test rows, and the network suits the target: a quantity, two classes or several.
    """
    from deltarule.activations import Activation
    from deltarule.cli.code.own import own_or_name, own_rule
    from deltarule.data.read import name_of, read_table
    from deltarule.losses import Loss
    from deltarule.models import Recipe, check_destination, claimed, plan
    from deltarule.optim import Optimiser

    recipe = Recipe(
        hidden=hidden,
        activation=own_or_name("--activation", activation, Activation),
        loss=own_or_name("--loss", loss, Loss),
        optimizer=own_or_name("--optimizer", optimizer, Optimiser),
        lr=lr,
        epochs=epochs,
        **({} if batch_size is None else {"batch_size": batch_size}),
        validation=validation,
        test=test,
        split=split,
        patience=patience,
        l2=l2,
        rule=own_rule(rule),
        seed=seed,
        dtype=dtype,
        engine=engine,
        scale=scale,
        missing=missing,
        dates=dates,
        ordinal=table.orders(ordinal or ()),
        min_count=min_count,
        target_transform=target_transform,
        task=task,
        ensemble=ensemble,
        class_weight=class_weight,
        clip_norm=clip_norm,
        threads=threads,
    )
    cells = (decimal, thousands, date_format, na, comment)
    form = options.text_format(separator, encoding, header, columns, *cells)
    folder = out if out is not None else Path(f"{name_of(data)}-model")
    check_destination(folder, force=force)
    with claimed(folder):
        kept = [*only, *(ids or ())] if only else ()
        texts = [*(text or ()), *(ids or ())]
        found = read_table(
            data, target=target, text=texts, drop=drop or (), only=kept, **form.to_dict()
        )
        ready = plan(found, recipe, target=target, dropped=drop or (), ids=ids or ())
        check_destination(folder, force=force, parameters=ready.network.size)
        _carry_out(ready, folder, force, quiet, as_json, cv, importance)


def _carry_out(
    plan: Plan, out: Path, force: bool, quiet: bool, as_json: bool, cv: int, importance: bool
) -> None:
    """Train, write the folder, report; a failure is raised when everything is written."""
    from deltarule.cli.commands import report
    from deltarule.cli.screen import Screen
    from deltarule.models import save
    from deltarule.models.cross_validation import fold_of, judge

    if cv:
        fold_of(plan, 0, cv)  # refused before the training where it cannot be
    screen = None if quiet or as_json else Screen()
    if screen is not None:
        report.show_plan(screen, plan)
    fitted, failure = _fit(plan, progress=screen is not None and sys.stderr.isatty())
    notes = []
    if fitted.status == "finished":
        notes = judge(fitted, folds=cv, columns=importance)
    undrawn = notes + save(fitted, out, force=force, rescue=True)
    if as_json:
        for note in undrawn:
            typer.echo(note, err=True)
        typer.echo(json.dumps(report.as_json(fitted, str(out)), allow_nan=False))
    if screen is not None:
        report.show_results(screen, fitted, out)
        screen.say("", undrawn)
        if fitted.status == "finished":
            from deltarule.core.own_code import own_file

            command = ["deltarule", "predict", str(out), plan.table.source]
            own = own_file([fitted.model.description[k] for k in ("network", "objective")])
            command += ["--own", own] if own else []
            screen.say("next", shlex.join(command))
    if failure is not None:
        raise type(failure)(f"{failure} The weights are in {out}.")
    if fitted.status == "interrupted":
        raise typer.Exit(exit_status())


def _fit(plan: Plan, *, progress: bool) -> tuple[Fitted, NumericError | None]:
    from deltarule.core.errors import NumericError
    from deltarule.models import Fitted, fit_plan

    try:
        return fit_plan(plan, progress=progress), None
    except NumericError as error:
        if not isinstance(error.run, Fitted):
            raise
        return error.run, error
