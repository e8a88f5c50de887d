"""From the settings of a cell to a network and its objective."""

from __future__ import annotations

from typing import Any

from deltarule.core.errors import UsageError
from deltarule.engine.objective import Objective
from deltarule.layers import Dense, Recurrent
from deltarule.models.plan import OUTPUTS
from deltarule.network import Network
from deltarule.studies.problem import Parts
from deltarule.studies.settings import Settings

_PLAIN = "half_squared_error"


def network_of(settings: Settings, parts: Parts) -> Network:
    """Return a cell's network: the given one, changed where the settings say so, or a new one.

    Raises `UsageError` where the sizes do not fit the samples.
    """
    given = settings.network
    if given is None:
        return _made(settings, parts)
    if isinstance(given, tuple):
        given = Network(parts.X.shape[1:], given)
    layers = list(given.layers)
    if settings.hidden is not None:
        layers = [*(_resized(layers[0], n) for n in settings.hidden), layers[-1]]
    hidden = [_changed(layer, settings.activation) for layer in layers[:-1]]
    layers = [*hidden, _changed(layers[-1], settings.output)]
    if settings.truncate is not None:
        layers = _cut_off(layers, settings.truncate)
    return Network(given.shapes[0], layers, settings.init or given.initialiser)


def objective_of(settings: Settings, network: Network, parts: Parts) -> Objective:
    """Return E of a cell. Raises `UsageError` where the loss does not suit the output."""
    loss: Any = settings.loss
    if loss is None:
        made = settings.network is None and settings.output is None and parts.task
        loss = OUTPUTS[parts.task][1] if made else _PLAIN
    return Objective.of(
        network, loss, settings.reduction, settings.rule, settings.l2, settings.penalty
    )


def _made(settings: Settings, parts: Parts) -> Network:
    if settings.hidden is None:
        raise UsageError(
            "the study has no network: give a dr.Network, or the nodes of the hidden layers "
            "(hidden = [5], or [] for none)"
        )
    f: Any = settings.activation or "sigmoid"
    output: Any = settings.output or OUTPUTS.get(parts.task, ("identity", ""))[0]
    layers = [*(Dense(n, f) for n in settings.hidden), Dense(parts.T.shape[1], output)]
    return Network(parts.X.shape[1:], layers, settings.init)


def _resized(layer: Any, units: int) -> Any:
    if "units" not in layer.__dataclass_fields__:
        raise UsageError(f"hidden cannot be varied: a {layer.name} layer has no units to change")
    return _again(layer, units=units)


def _changed(layer: Any, activation: Any) -> Any:
    return layer if activation is None else _again(layer, activation=activation)


def _cut_off(layers: list[Any], steps: int) -> list[Any]:
    """Return layers whose way back through time ends after so many steps."""
    several = [isinstance(layer, Recurrent) for layer in layers]
    if not any(several):
        raise UsageError("truncate: no layer of the network goes back through time; leave it out")
    pairs = zip(layers, several, strict=True)
    return [_again(layer, truncate=steps) if cut else layer for layer, cut in pairs]


def _again(layer: Any, **changes: Any) -> Any:
    """Return a layer made anew with some of its parameters changed."""
    return type(layer)(**{**{k: getattr(layer, k) for k in layer.__dataclass_fields__}, **changes})
