"""The options of `deltarule forecast`, as groups: each returns keywords of `dr.forecast`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from deltarule.cli import complete, options
from deltarule.core.errors import UsageError

_data: Any = partial(typer.Option, rich_help_panel="Data")
_network: Any = partial(typer.Option, rich_help_panel="Network")
_training: Any = partial(typer.Option, rich_help_panel="Training")
_judgement: Any = partial(typer.Option, rich_help_panel="Judgement")

_TIME = _data(
    help="The column of times: years, positions, dates. none takes rows as they stand.",
    show_default="the only column of dates; bundled series know theirs",
)
_TARGET = _data(help="The column to forecast.", show_default="the only other column of numbers")
_KNOWN = _data(
    metavar="COLUMN",
    help="A covariate that is known in the future, too: rows at the end without a target give it. "
    "Repeatable.",
)
_PAST = _data(metavar="COLUMN", help="A covariate that is known up to the last value. Repeatable.")
_MISSING = _data(
    help="Missing values and times: refuse them (error), repeat the value before (previous), "
    "draw a line to the next (interpolate), or take 0, as in sums (zero)."
)
_RESAMPLE = _data(
    metavar="EVERY[:HOW]",
    help="Make rows at any times regular: of every year, quarter, month, week, day or hour the "
    "mean, sum, last, min or max, such as month:sum.",
    show_default="rows as they stand",
)
_TRANSFORM = _data(help="Of every value: none, log, box_cox:0.5; undone in the end.")
_DETREND = _data(
    "--detrend", help="Take a line, fitted to the training part, away; put back in the end."
)
_DESEASON = _data(
    help="Take a season away, and put it back: classical (means over a moving average), or stl "
    "(loess, by statsmodels); none."
)
_DIFFERENCE = _data(
    metavar="LAG,LAG,...",
    help="Take differences at these lags: 1, or 12 of months, or both; undone in the end.",
)
_SEASON = _data(help="Steps in a season.", show_default="the calendar's")


def series_data(
    time: Annotated[str | None, _TIME] = None,
    target: Annotated[str | None, _TARGET] = None,
    known: Annotated[list[str] | None, _KNOWN] = None,
    past: Annotated[list[str] | None, _PAST] = None,
    missing: Annotated[str, _MISSING] = "error",
    resample: Annotated[str | None, _RESAMPLE] = None,
    transform: Annotated[str, _TRANSFORM] = "none",
    detrend: Annotated[bool, _DETREND] = False,
    deseason: Annotated[str, _DESEASON] = "none",
    difference: Annotated[str | None, _DIFFERENCE] = None,
    season: Annotated[int | None, _SEASON] = None,
) -> dict[str, Any]:
    """Return which columns are used, and what is done to the values."""
    given = dict(locals())

    from deltarule.cli import parse

    lags = parse.wholes("--difference", difference) if difference else ()
    return {**given, "known": known or (), "past": past or (), "difference": lags}


_LAGS = _network(
    metavar="N|LAG,LAG,...|auto",
    help="The values before that are inputs: 12 for the twelve before, 1,2,12, or auto.",
    show_default="the network's, else 12",
)
_SIZES = _network(
    metavar="SIZES",
    help="Numbers of nodes, such as 12-8-1. With K outputs it says K steps at a time; one output "
    "is fed back for longer horizons.",
    show_default="half as many hidden nodes as inputs and one; one output",
)
_LAYER = _network(
    metavar="LAYER",
    help="A layer in the place of the hidden ones, to which the lags are time steps: lstm:8, "
    "gru:8, elman:8, conv1d:8:3.",
)
_AUTO = _network(
    "--auto",
    help="Lags by the AIC of a linear autoregression, and the season's; the network by them; as "
    "R's nnetar.",
)
_STRATEGY = _network(
    help="For steps beyond the outputs: feed forecasts back (recursive), or networks of their own "
    "for every step (direct)."
)
_ACTIVATION = _network(help="f of the hidden layers.", autocompletion=complete.activations)


def networks(
    horizon: Annotated[int, _network(help="Steps to forecast.")] = 1,
    lags: Annotated[str | None, _LAGS] = None,
    network: Annotated[str | None, _SIZES] = None,
    layer: Annotated[str | None, _LAYER] = None,
    auto: Annotated[bool, _AUTO] = False,
    strategy: Annotated[str, _STRATEGY] = "recursive",
    activation: Annotated[str, _ACTIVATION] = "tanh",
) -> dict[str, Any]:
    """Return what the networks are like. Raises `UsageError` where lags are found and given."""
    from deltarule.cli import parse

    if auto and (lags is not None or network is not None):
        raise UsageError("--auto finds the lags and the network: leave --lags and --network out")
    found = "auto" if auto else parse.lags("--lags", lags)
    return {
        "horizon": horizon,
        "lags": found,
        "network": network,
        "layer": layer,
        "strategy": strategy,
        "activation": activation,
    }


_NETWORKS = _training(help="Networks from different first weights, which are averaged.")
_OPTIMIZER = _training(
    help="As in train, with its parameters: adam:0.01.", autocompletion=complete.optimizers
)
_BATCH = _training(help="Windows per update.", show_default="all of them")
_PATIENCE = _training(
    help="Watch the last tenth of the windows, which are not learnt then, and stop after so many "
    "epochs without a lower error there; 0 trains to the end on all."
)
_PENALTY = _training(
    metavar="PENALTY",
    help=options.PENALTY_HELP,
    show_default="none",
    autocompletion=complete.penalties,
)
_STRIDE = _training(help="Learn every so many-th window, counted from the last; 1 takes all.")
_WINDOW = _training(
    metavar="N",
    help="Learn the newest so many windows alone: with --backtest what is learnt rolls on.",
    show_default="all before, so that it expands",
)
_HALF_LIFE = _training(
    metavar="STEPS",
    help="A window counts half after so many steps.",
    show_default="all count alike",
)
_LOSS = _training(
    help="e(y, T): half_squared_error, quantile:0.9, huber:0.5, ...",
    autocompletion=complete.losses,
)


def training(
    networks: Annotated[int, _NETWORKS] = 20,
    optimizer: Annotated[str, _OPTIMIZER] = "adam:0.01",
    epochs: Annotated[int, _training(help="Passes over the windows.")] = 1000,
    batch_size: Annotated[int | None, _BATCH] = None,
    patience: Annotated[int, _PATIENCE] = 0,
    l2: Annotated[float, _training(help="Adds 1/2 l2 |W|^2 to the error.")] = 0.003,
    penalty: Annotated[str | None, _PENALTY] = None,
    stride: Annotated[int, _STRIDE] = 1,
    window: Annotated[int | None, _WINDOW] = None,
    half_life: Annotated[float | None, _HALF_LIFE] = None,
    loss: Annotated[str, _LOSS] = "half_squared_error",
    rule: Annotated[str, _training(help=options.RULE_HELP)] = "exact",
    seed: Annotated[int, _training(help="Determines the first weights.")] = 0,
) -> dict[str, Any]:
    """Return how the networks are trained."""
    return dict(locals())


_TEST_FROM = _judgement(
    metavar="TIME",
    help="Where the test part begins; nothing from there on is learnt before it is judged.",
    show_default="the last fifth; for sunspots 1921, as in the literature",
)
_GAP = _judgement(help="Values left out between what is learnt and what is judged.")
_BACKTEST = _judgement(help="Go through the test part in so many blocks, fitting anew before each.")
_INTERVALS = _judgement(
    help="Quantiles from earlier errors of the same horizon (conformal), from simulated futures "
    "that draw such errors (paths) or the residuals of training (bootstrap), or from networks that "
    "learn each of them (pinball)."
)


def judgement(
    test_from: Annotated[str | None, _TEST_FROM] = None,
    gap: Annotated[int, _GAP] = 0,
    backtest: Annotated[int, _BACKTEST] = 1,
    quantiles: Annotated[str, _judgement(help="Which ones are forecast.")] = ".1,.5,.9",
    intervals: Annotated[str, _INTERVALS] = "conformal",
) -> dict[str, Any]:
    """Return what is judged, and the intervals."""
    from deltarule.cli import parse

    return {
        "test_from": test_from,
        "gap": gap,
        "backtest": backtest,
        "quantiles": parse.numbers("--quantiles", quantiles),
        "intervals": intervals,
    }
