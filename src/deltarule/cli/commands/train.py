"""`deltarule train`: a file or a bundled name in, a model folder out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from deltarule.cli import complete, options, table_options
from deltarule.cli.code.own import own_or_name, own_rule
from deltarule.cli.commands import train_run
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.core.errors import UsageError

_data: Any = partial(typer.Option, rich_help_panel="Data")
_network: Any = partial(typer.Option, rich_help_panel="Network")
_training: Any = partial(typer.Option, rich_help_panel="Training")
_keeping: Any = partial(typer.Option, rich_help_panel="Stop and go on")
_output: Any = partial(typer.Option, rich_help_panel="Output")

_DATA = typer.Argument(
    metavar="DATA",
    help="A file (.csv .tsv .txt .xlsx .jsonl .db .parquet .feather .npz, packed or not; "
    "'part-*.csv' for several, - for standard input) or a bundled name: digits, iris, wine, "
    "breast_cancer, diabetes, sunspots, lynx, airpassengers, xor, encoder, mnist5k (with "
    "deltarule[data]); or made: parity:4, "
    "two_spirals, moons, circles, encoder:10,5, complement:8, teacher:5,3, sine, mackey_glass, "
    "adding:50.",
)
_NODES, _F = "64,32", "tanh"
_HIDDEN = _network(help="Nodes of every hidden layer; none for no hidden layer.")
_LAYERS = _network(
    metavar="LAYERS",
    help="Layers in the place of --hidden, for sequences: gru:8,dense:1. An NPZ file has them as X "
    "(rows, time, features), with `lengths` where these differ.",
)
_ACTIVATION = _network(
    help="f of the hidden layers: tanh, relu, sigmoid, gelu, leaky_relu:0.1, ... ('tanh relu': one "
    "for each); or FILE.py:NAME of your own (so have --loss and --optimizer).",
    autocompletion=complete.activations,
)
_LOSS = _network(
    help="auto takes the task's: half_squared_error, binary_cross_entropy or cross_entropy. "
    "Others: huber:0.5, absolute_error, ...",
    autocompletion=complete.losses,
)
_WINDOW = _training(
    help="Of sequences with a target at every step, update after so many steps, and carry the "
    "states on."
)
_BY_LENGTH = _training(
    "--by-length",
    help="Batches of sequences of like lengths: nothing is computed behind their ends.",
)
_TEACHER = _training(
    metavar="SHARE",
    help="The share of steps at which targets are fed back into a last jordan layer: 0 to 1, or a "
    "schedule such as exponential:1,0.95.",
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
_PENALTY = _training(
    metavar="PENALTY",
    help=options.PENALTY_HELP,
    show_default="none",
    autocompletion=complete.penalties,
)
_ENGINE = _training(
    help="reference, compiled, or auto: compiled where it is quicker.",
    autocompletion=complete.engines,
)
_THREADS = _training(
    help="Threads of the compiled engine, at most.", show_default="one per processor"
)
_EVERY = _keeping(
    metavar="TIME|EPOCHS",
    help="Keep the state so often in the model folder: 30s, 10m, or a number of epochs.",
    show_default="60s",
)
_RESUME = _keeping(
    metavar="DIR",
    help="Go on with the training in this folder, which was killed or interrupted, as if it had "
    "not been. Its options are there; DATA is needed where the file has moved.",
)
_MORE = _keeping(min=1, help="With --resume: so many more, of a training that has ended.")
_THRESHOLD = _training(
    metavar="P|f1|balanced",
    help="From which probability on a row is of the second of two classes; f1 and balanced choose "
    "it on the validation rows, for the highest F1 of the rarer class or the best mean of both "
    "classes' shares told right.",
)
_ENSEMBLE = _training(help="Train so many networks side by side; their mean is what they predict.")
_CV = _output(
    help="Cross-validation: train on so many splits as well, each row tested once.",
    metavar="FOLDS",
    show_default="none",
)
_IMPORTANCE = _output("--importance", help="Say what each column is worth, with importance.png.")
_BY = _output(
    metavar="COLUMN",
    help="Judge by the groups of this column as well, or by quarters of its numbers. Repeatable.",
)
_PICTURES = _output(
    "--pictures",
    help="Also draw dependence.png, what the model says against each column, and of classes "
    "calibration.png.",
)
_OUT = _output(
    help="The model folder to make.", show_default="NAME-model here, NAME being the data's"
)


def _recipe(
    validation: Annotated[
        float, _data(help="Share of the rows that training is watched on.")
    ] = 0.1,
    hidden: Annotated[str, _HIDDEN] = _NODES,
    activation: Annotated[str, _ACTIVATION] = _F,
    network: Annotated[str | None, _LAYERS] = None,
    loss: Annotated[str, _LOSS] = "auto",
    optimizer: Annotated[str, _OPTIMIZER] = "adam",
    lr: Annotated[str | None, _LR] = None,
    epochs: Annotated[int, _training(min=1, help="Passes over the training rows, at most.")] = 200,
    batch_size: Annotated[int | None, _BATCH] = None,
    patience: Annotated[int, _PATIENCE] = 20,
    l2: Annotated[float, _training(help="Adds 1/2 l2 |W|^2 to the error.")] = 0.0,
    penalty: Annotated[str | None, _PENALTY] = None,
    rule: Annotated[str, _training(help=options.RULE_HELP)] = "exact",
    clip_norm: Annotated[float | None, _training(help="Bound for the gradient's length.")] = None,
    window: Annotated[int | None, _WINDOW] = None,
    teacher: Annotated[str | None, _TEACHER] = None,
    by_length: Annotated[bool, _BY_LENGTH] = False,
    threshold: Annotated[str, _THRESHOLD] = "0.5",
    ensemble: Annotated[int, _ENSEMBLE] = 1,
    seed: Annotated[
        int, _training(help="Determines the split, the first weights and every batch.")
    ] = 0,
    dtype: Annotated[str, _training(help="float32 or float64.")] = "float32",
    engine: Annotated[str, _ENGINE] = "auto",
    threads: Annotated[int | None, _THREADS] = None,
) -> dict[str, Any]:
    """Return further fields of a `Recipe`, formulas of somebody's own read."""
    given = dict(locals())

    from deltarule.activations import Activation
    from deltarule.losses import Loss
    from deltarule.optim import Optimiser

    if network is not None and hidden != _NODES:
        raise UsageError("--network writes all layers, the hidden ones too: leave out --hidden")
    if network is not None and activation != _F:
        raise UsageError(
            "--network writes each layer's f behind its size, such as elman:8:relu or "
            "dense:8:relu: leave out --activation"
        )
    if batch_size is None:
        del given["batch_size"]  # the optimizer's own
    return {
        **given,
        "activation": own_or_name("--activation", activation, Activation),
        "loss": own_or_name("--loss", loss, Loss),
        "optimizer": own_or_name("--optimizer", optimizer, Optimiser),
        "rule": own_rule(rule),
    }


_GROUPS: dict[str, Any] = {
    "which": table_options.which_columns,
    "made": table_options.what_is_made,
    "asked": _recipe,
    "form": options.text_file,
}
"""What the options say, group by group."""


@guarded
@grouped(**_GROUPS)
def train(
    context: typer.Context,
    data: Annotated[str | None, _DATA] = None,
    which: Any = None,
    made: Any = None,
    asked: Any = None,
    form: Any = None,
    cv: Annotated[int, _CV] = 0,
    importance: Annotated[bool, _IMPORTANCE] = False,
    by: Annotated[list[str] | None, _BY] = None,
    pictures: Annotated[bool, _PICTURES] = False,
    out: Annotated[Path | None, _OUT] = None,
    checkpoint_every: Annotated[str | None, _EVERY] = None,
    resume: Annotated[Path | None, _RESUME] = None,
    more_epochs: Annotated[int | None, _MORE] = None,
    stream: Annotated[
        bool, _data("--stream", help="DATA is a folder or a pattern of files: one at a time.")
    ] = False,
    force: Annotated[bool, _output("--force", help="Replace a model folder.")] = False,
    quiet: Annotated[bool, _output("--quiet", "-q", help="Print errors only.")] = False,
    as_json: Annotated[bool, _output("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Train a network on a table and write a model folder.

    Text columns become one input per category, numbers are scaled, rows are split into training,
    validation and test rows, and the network suits the target: a quantity, two classes or several.
    """
    from deltarule.models import Recipe

    if resume is not None:
        run = train_run.again(context, resume, more_epochs)
        taken = {name: train_run.taken(make, run.options) for name, make in _GROUPS.items()}
        which, made, asked, form = taken.values()
    elif more_epochs is not None:
        raise UsageError("--more-epochs goes with --resume DIR, the folder of the training")
    elif data is None:
        raise UsageError("DATA is missing: a file, or a bundled name such as iris")
    else:
        run = train_run.anew({**context.params, "out": out and str(out)}, force)
    if run.options.get("stream"):
        from deltarule.cli.commands.train_stream import stream as train_stream

        train_stream(run, Recipe(**made, **asked), which, form, (quiet, as_json))
        return
    train_run.carry_out(run, Recipe(**made, **asked), which, form, quiet, as_json)
