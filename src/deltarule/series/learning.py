"""The networks of a forecast: what they are like, and how they learn from windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError, UsageError
from deltarule.layers import Dense, Steps, joined, written_layers
from deltarule.losses import Quantile
from deltarule.network import Network
from deltarule.series.recipe import Recipe, sizes_of
from deltarule.series.recursion import Networks
from deltarule.series.series import Series
from deltarule.training import Many, Patience, train_many

_WATCHED = 10
"""One window in so many is watched where training stops by patience."""

Array = NDArray[np.float64]
Windows = tuple[Array, Array]
"""Inputs (n, inputs) and targets (n, K)."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """Networks, and what is known of their training."""

    networks: Networks
    bands: tuple[Networks, ...]
    """With intervals "pinball": for every quantile networks that learnt it by its own loss."""
    history: dict[str, Array]
    """Error and rate of every epoch, the networks' mean."""


def network_of(
    recipe: Recipe, lags: tuple[int, ...], past: int, known: int, static: int = 0
) -> Network:
    """Return the network: as the recipe says, else inputs, half as many hidden nodes, one output.

    Raises `UsageError` where its inputs are not those that there are.
    """
    sizes = sizes_of(recipe.network) if recipe.network is not None else None
    K = steps_of(recipe)
    inputs = len(lags) * (1 + past) + known * K + static
    if sizes is None:
        sizes = (inputs, max(1, round((inputs + 1) / 2)), 1)
    if sizes[0] != inputs:
        others = inputs - len(lags)
        more = f" and {others} of covariates" if others else ""
        right = "-".join(map(str, (inputs, *sizes[1:])))
        raise UsageError(
            f"the network {recipe.network} has {sizes[0]} inputs, and there are {len(lags)} "
            f"lags{more}: write {right}, or change the lags"
        )
    if past and recipe.horizon > K:
        raise UsageError(
            f"a covariate known in the past alone is not there for {recipe.horizon} steps: give "
            f"the network {recipe.horizon} outputs ({recipe.network or 'network'} has {K}), take "
            "the strategy direct, or forecast it first and give it as one known in the future"
        )
    if recipe.layer is not None:
        return _over_lags(recipe.layer, inputs, sizes[-1], past, known + static)
    hidden = [Dense(n, recipe.activation) for n in sizes[1:-1]]
    return Network(inputs, [*hidden, Dense(sizes[-1])])


def _over_lags(written: str, inputs: int, outputs: int, past: int, others: int) -> Network:
    """Return the network whose layers see the lags as time steps, the oldest first."""
    if others:
        raise UsageError(
            f"the layer {written} sees the lags step by step; covariates that are known in the "
            "future, or of a whole series, have none: leave them out, or give a network of sizes"
        )
    steps = Steps(1 + past, latest_first=True)
    layers = [*written_layers(written), Dense(outputs)]
    if not layers[0].causal:
        raise UsageError(
            f"the layer {written} sees no time steps; recurrent layers and conv1d do, such as "
            "lstm:8. Dense ones are a network of sizes, such as 12-8-1"
        )
    return Network(inputs, [steps, *joined(steps.outputs((inputs,)), layers, False)[0]])


def steps_of(recipe: Recipe) -> int:
    """Return K, the steps that are said at once: the horizon, or the network's outputs."""
    if recipe.strategy == "direct":
        return recipe.horizon
    return sizes_of(recipe.network)[-1] if recipe.network is not None else 1


def blank(series: Series, recipe: Recipe, lags: tuple[int, ...]) -> Networks:
    """Return a series' networks with all weights 0: what knows how windows are cut."""
    counts = len(series.past), len(series.known), len(series.static)
    network = network_of(recipe, lags, *counts)
    shape = (steps_of(recipe),) if recipe.strategy == "direct" else ()
    return Networks(network, np.zeros((*shape, 1, network.size)), lags, *counts)


def learn(
    like: Networks, recipe: Recipe, several: Sequence[Windows], progress: bool = False
) -> Learnt:
    """Train networks `like` these on the windows of all series together.

    With the strategy "direct" each step's networks learn its column of the targets alone. Raises
    `NumericError` where training ends in numbers that are not finite.
    """
    counts = [len(X) - (len(X) // _WATCHED if recipe.patience else 0) for X, _ in several]
    X, T = _joined([(X[:n], T[:n]) for (X, T), n in zip(several, counts, strict=True)])
    watched = _joined([(X[n:], T[n:]) for (X, T), n in zip(several, counts, strict=True)])
    direct = like.thetas.ndim == 3
    columns = [slice(k, k + 1) for k in range(like.outputs)] if direct else [slice(None)]

    def trained(loss: Any) -> list[Many]:
        return [
            _train(
                like.network,
                recipe,
                loss,
                (X, T[:, some]),
                (watched[0], watched[1][:, some]),
                _recent(counts, recipe.half_life),
                progress,
            )
            for some in columns
        ]

    def networks(runs: Sequence[Many]) -> Networks:
        return replace(like, thetas=np.stack([r.theta for r in runs]) if direct else runs[0].theta)

    runs = trained(recipe.loss)
    levels = recipe.quantiles if recipe.intervals == "pinball" else ()
    bands = tuple(networks(trained(Quantile(tau))) for tau in levels)
    history = {name: np.nanmean(values, axis=1) for name, values in runs[0].history.items()}
    return Learnt(networks(runs), bands, history)


def _train(
    network: Network,
    recipe: Recipe,
    loss: Any,
    learnt: Windows,
    watched: Windows,
    weights: Array | None,
    progress: bool,
) -> Many:
    """Train the networks of a recipe. Raises `NumericError` and `KeyboardInterrupt`."""
    m, watch = recipe.networks, len(watched[0]) > 0
    many = train_many(
        network,
        *learnt,
        seeds=range(recipe.seed * m, (recipe.seed + 1) * m),
        loss=loss,
        rule=recipe.rule,
        optimizer=recipe.optimizer,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        l2=recipe.l2,
        penalty=recipe.penalty,
        sample_weight=weights,
        validation=watched if watch else None,
        stop=Patience(recipe.patience) if watch else (),
        dtype=recipe.dtype,
        engine=recipe.engine,
        threads=recipe.threads,
        progress=progress,
    )
    failed = [message for message in many.messages if message]
    if failed:
        raise NumericError(failed[0])
    if np.any(many.stopped == "interrupted"):
        raise KeyboardInterrupt
    return many


def _joined(parts: Sequence[Windows]) -> Windows:
    """Return the windows of all series, those of one series without a copy."""
    if len(parts) == 1:
        return parts[0]
    X, T = zip(*parts, strict=True)
    return np.concatenate(X), np.concatenate(T)


def _recent(counts: Sequence[int], half_life: float | None) -> Array | None:
    """Return a weight per window, 2^(-age / half_life): the last window of each series has age 0.

    >>> _recent([3, 1], 1.0)
    array([0.25, 0.5 , 1.  , 1.  ])
    """
    if half_life is None:
        return None
    ages = [np.arange(n - 1.0, -1.0, -1.0) for n in counts]
    return np.asarray(np.exp2(-np.concatenate(ages) / half_life))
