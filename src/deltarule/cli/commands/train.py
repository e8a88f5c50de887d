"""`deltarule train`: a file or a bundled name in, a model folder out."""

from __future__ import annotations

import json
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import complete, options, table_options
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.cli.signals import exit_status

if TYPE_CHECKING:
    from deltarule.core.errors import NumericError
    from deltarule.models import Fitted, Plan

__all__ = ["train"]

_data: Any = partial(typer.Option, rich_help_panel="Data")
_network: Any = partial(typer.Option, rich_help_panel="Network")
_training: Any = partial(typer.Option, rich_help_panel="Training")
_output: Any = partial(typer.Option, rich_help_panel="Output")

_DATA = typer.Argument(
    metavar="DATA",
    help="A file (.csv .tsv .txt .xlsx .jsonl .db .parquet .feather .npz, packed or not; "
    "'part-*.csv' for several, - for standard input) or a bundled name: digits, iris, wine, "
    "breast_cancer, diabetes, sunspots, lynx, airpassengers, xor, encoder; or made: parity:4, "
    "two_spirals, moons, circles, encoder:10,5, complement:8, teacher:5,3, sine, mackey_glass.",
)
_TASK = _data(
    help="regression, count, binary, multiclass or multilabel; auto reads it from the target.",
    autocompletion=complete.tasks,
)
_SPLIT = _data(
    help="Which rows these are: random ones, the last ones (ordered), the last ones by a column "
    "(column:NAME); auto takes the order of what is a series."
)
_SCALE = _data(
    help="Numbers to mean 0 and deviation 1 (standard), to 0..1 (minmax), or none.",
    autocompletion=complete.scalers,
)
_MISSING = _data(
    help="Missing cells: refuse them (error), put the mean there (mean), or leave out their rows "
    "(drop).",
    autocompletion=complete.missing,
)
_NODES = "64,32"
_HIDDEN = _network(help="Nodes of every hidden layer; none for no hidden layer.")
_LAYERS = _network(
    metavar="LAYERS",
    help="Layers in the place of --hidden, for sequences: gru:8,dense:1. An NPZ file has them as X "
    "(rows, time, features), with `lengths` where these differ.",
)
_ACTIVATION = _network(
    help="f of the hidden layers: tanh, relu, sigmoid, gelu, leaky_relu:0.1, ...; or FILE.py:NAME "
    "of your own (so have --loss and --optimizer).",
    autocompletion=complete.activations,
)
_LOSS = _network(
    help="auto takes the task's: half_squared_error, binary_cross_entropy or cross_entropy. "
    "Others: huber:0.5, absolute_error, ...",
    autocompletion=complete.losses,
)
_OPTIMIZER = _training(
    help="adam, adamw, sgd, momentum, rprop, ..., lbfgs, levenberg_marquardt; momentum:0.1,0.9 "
    "gives its parameters.",
    autocompletion=complete.optimizers,
)
_LR = _training(
    help="The learning rate: a number, or a schedule such as cosine:0.01,200.",
    show_default="0.001",
)
_BATCH = _training(
    help="Rows per update.", show_default="32; all for lbfgs, levenberg_marquardt and their like"
)
_PATIENCE = _training(
    help="Stop after so many epochs without a lower validation error and keep the best weights; 0 "
    "trains to the end."
)
_ENGINE = _training(
    help="reference, compiled, or auto: compiled where it is quicker.",
    autocompletion=complete.engines,
)
_THREADS = _training(
    help="Threads of the compiled engine, at most.", show_default="one per processor"
)
_ENSEMBLE = _training(help="Train so many networks side by side; their mean is what they predict.")
_CV = _output(
    help="Cross-validation: train on so many splits as well, each row tested once.",
    metavar="FOLDS",
    show_default="none",
)
_IMPORTANCE = _output("--importance", help="Say what each column is worth, with importance.png.")
_OUT = _output(
    help="The model folder to make.", show_default="NAME-model here, NAME being the data's"
)


def _recipe(
    task: Annotated[str, _TASK] = "auto",
    validation: Annotated[
        float, _data(help="Share of the rows that training is watched on.")
    ] = 0.1,
    test: Annotated[float, _data(help="Share of the rows for the final judgement.")] = 0.2,
    split: Annotated[str, _SPLIT] = "auto",
    scale: Annotated[str, _SCALE] = "standard",
    missing: Annotated[str, _MISSING] = "error",
    ordinal: Annotated[list[str] | None, table_options.ORDINAL] = None,
    min_count: Annotated[int, table_options.MIN_COUNT] = 1,
    dates: Annotated[str, table_options.DATES] = "days",
    target_transform: Annotated[str, table_options.TRANSFORM] = "none",
    hidden: Annotated[str, _HIDDEN] = _NODES,
    activation: Annotated[str, _ACTIVATION] = "tanh",
    network: Annotated[str | None, _LAYERS] = None,
    loss: Annotated[str, _LOSS] = "auto",
    optimizer: Annotated[str, _OPTIMIZER] = "adam",
    lr: Annotated[str | None, _LR] = None,
    epochs: Annotated[int, _training(help="Passes over the training rows, at most.")] = 200,
    batch_size: Annotated[int | None, _BATCH] = None,
    patience: Annotated[int, _PATIENCE] = 20,
    l2: Annotated[float, _training(help="Adds 1/2 l2 |W|^2 to the error.")] = 0.0,
    rule: Annotated[str, _training(help=options.RULE_HELP)] = "exact",
    clip_norm: Annotated[float | None, _training(help="Bound for the gradient's length.")] = None,
    class_weight: Annotated[
        str | None, _training(help="balanced: rare classes count more.")
    ] = None,
    ensemble: Annotated[int, _ENSEMBLE] = 1,
    seed: Annotated[
        int, _training(help="Determines the split, the first weights and every batch.")
    ] = 0,
    dtype: Annotated[str, _training(help="float32 or float64.")] = "float32",
    engine: Annotated[str, _ENGINE] = "auto",
    threads: Annotated[int | None, _THREADS] = None,
) -> dict[str, Any]:
    """Return the fields of a `Recipe`, formulas of somebody's own read."""
    given = dict(locals())

    from deltarule.activations import Activation
    from deltarule.cli.code.own import own_or_name, own_rule
    from deltarule.core.errors import UsageError
    from deltarule.losses import Loss
    from deltarule.optim import Optimiser

    if network is not None and hidden != _NODES:
        raise UsageError("--network writes all layers, the hidden ones too: leave out --hidden")
    if batch_size is None:
        del given["batch_size"]  # the optimizer's own
    return {
        **given,
        "ordinal": table_options.orders(ordinal or ()),
        "activation": own_or_name("--activation", activation, Activation),
        "loss": own_or_name("--loss", loss, Loss),
        "optimizer": own_or_name("--optimizer", optimizer, Optimiser),
        "rule": own_rule(rule),
    }


@guarded
@grouped(which=table_options.which_columns, asked=_recipe, form=options.text_file)
def train(
    data: Annotated[str, _DATA],
    which: Any = None,
    asked: Any = None,
    form: Any = None,
    cv: Annotated[int, _CV] = 0,
    importance: Annotated[bool, _IMPORTANCE] = False,
    out: Annotated[Path | None, _OUT] = None,
    force: Annotated[bool, _output("--force", help="Replace a model folder.")] = False,
    quiet: Annotated[bool, _output("--quiet", help="Print errors only.")] = False,
    as_json: Annotated[bool, _output("--json", help="Print one JSON object instead.")] = False,
    debug: Annotated[bool, _output("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Train a network on a table and write a model folder.

    Text columns become one input per category, numbers are scaled, rows are split into training,
    validation and test rows, and the network suits the target: a quantity, two classes or several.
    """
    from deltarule.data.read import name_of, read_table
    from deltarule.models import Recipe, check_destination, claimed, plan

    recipe = Recipe(**asked)
    folder = out if out is not None else Path(f"{name_of(data)}-model")
    check_destination(folder, force=force)
    with claimed(folder):
        ids = which.pop("ids")
        table = read_table(data, **which, **form.to_dict())
        ready = plan(table, recipe, target=which["target"], dropped=which["drop"], ids=ids)
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
