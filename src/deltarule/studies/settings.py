"""The settings of a training in a study: each is fixed for all cells, or varied by a factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.core.arguments import boolean, number, whole
from deltarule.core.errors import UsageError, one_of, unknown_name
from deltarule.core.registry import plain
from deltarule.data.preparation.scale import SCALERS
from deltarule.engine.objective import REDUCTIONS
from deltarule.layers import INITIALISERS, LAYERS, Initialiser, Layer, written_layers
from deltarule.losses import LOSSES, PENALTIES, Loss, Penalty
from deltarule.models.recipe import DTYPES, hidden_sizes
from deltarule.network import Network
from deltarule.optim import OPTIMISERS, SCHEDULES, Clipping, Method, Optimiser, Schedule
from deltarule.rules import DERIVATIVES, DeltaRule
from deltarule.rules.reading import as_rule
from deltarule.studies.problem import Problem, as_problem
from deltarule.training.job import as_rules
from deltarule.training.stopping import StopRule


@dataclass(frozen=True)
class Settings:
    """How one cell's networks are made and trained; `checked` turns what is written into these."""

    data: Problem | None = None
    """The samples: a bundled or generated name, a file, or arrays (X, T)."""
    network: Network | tuple[Layer, ...] | None = None
    """The network, or its layers (`"steps:2,lstm:8,last,dense:1"`), whose inputs are those that the
    samples have; None makes dense layers from `hidden`, `activation` and `output`."""
    hidden: tuple[int, ...] | None = None
    """Nodes of every hidden layer."""
    activation: Activation | None = None
    """f of the hidden layers; None is the network's own, or sigmoid."""
    output: Activation | None = None
    """f of the output layer; None is the network's own, or what suits the task."""
    init: Initialiser | None = None
    """How weights are drawn; None is the network's own, or what suits the activation."""
    loss: Loss | None = None
    """e(y, T); None is what suits the task where the network is made here, else half squared."""
    reduction: str = "mean"
    rule: DeltaRule = DeltaRule()  # noqa: RUF009 (a frozen record)
    optimizer: Method = OPTIMISERS.get("adam")  # noqa: RUF009 (a frozen record)
    lr: float | Schedule | None = None
    """The learning rate in the place of the optimizer's own."""
    rate: float | None = None
    """The learning rate as a multiple of the optimizer's own."""
    epochs: int = 1000
    batch_size: int | None = None
    """Samples per update; None takes all."""
    shuffle: bool = True
    stop: tuple[StopRule, ...] = ()
    l2: float = 0.0
    penalty: Penalty | None = None
    clip_norm: float | None = None
    class_weight: str | None = None
    """"balanced" lets rare classes count more, in E as it is told, too."""
    validation: float = 0.0
    """The share of the samples that is held out, and measured at the end."""
    scale: str | None = None
    """How inputs are scaled; None leaves problems that are not split as they are, others get
    mean 0 and deviation 1."""
    dtype: str = "float64"
    alignment: bool = False
    """Whether angles to the chain rule are measured at the end of every run."""
    reach: bool = False
    """Whether is measured how many steps back the gradient reaches, at the end of every run."""
    truncate: int | None = None
    """After how many steps the way back through time is cut off; None: as the layers say."""
    seeds: int | None = None
    """How many of the study's seeds this cell has; None for all."""

    def with_(self, changes: Mapping[str, Any]) -> Settings:
        """Return these settings with some of them, already checked, in the place of others."""
        return replace(self, **changes)

    @property
    def optimiser(self) -> Method:
        """The optimizer with its learning rate. Raises `UsageError` where it takes none."""
        found: Any = self.optimizer
        if self.lr is None and self.rate is None:
            return self.optimizer
        if not isinstance(found, Optimiser):
            raise UsageError(f"{found.name} takes no learning rate; leave out lr, or vary others")
        lr: Any = found.lr if self.lr is None else self.lr
        if self.rate is not None and isinstance(lr, Schedule):
            raise UsageError("rate is a multiple of a learning rate that is a number, no schedule")
        made: Method = replace(cast(Any, found), lr=lr if self.rate is None else lr * self.rate)
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return what differs from the defaults as plain values, ready for JSON."""
        default = Settings()
        return {
            f.name: plain(getattr(self, f.name))
            for f in fields(self)
            if getattr(self, f.name) != getattr(default, f.name)
        }


def checked(name: str, value: Any) -> Any:
    """Return a setting's value as the study works with it.

    Raises `UsageError` for an unknown setting, naming the nearest, and for a value that cannot be.

    >>> checked("hidden", "64,32"), checked("lr", 0.5), checked("stop", "all_within:0.4")
    ((64, 32), 0.5, (AllWithin(tolerance=0.4),))
    """
    one_of("setting of a study", name, _CHECKS)
    return _CHECKS[name](value)


def trained(epochs: int, reach: bool) -> int:
    """Return the number of epochs; 0 only where the first weights are measured, by `reach`."""
    return whole("epochs", epochs, 0 if reach else 1)


def _network(value: Any) -> Network | tuple[Layer, ...]:
    if isinstance(value, str):
        return tuple(written_layers(value))
    if isinstance(value, list | tuple):  # as `to_dict` has layers
        return tuple(LAYERS.get(layer) for layer in value)
    if isinstance(value, Mapping):
        return Network.from_dict(value)
    if not isinstance(value, Network):
        raise UsageError(
            f"network takes a dr.Network, or layers such as 'gru:8,last,dense:1', not {value!r}; "
            "hidden takes sizes"
        )
    return value


def _activation(value: Any) -> Activation:
    """Return f; with a rule, as `{name = "sigmoid", rule = "offset:0.1"}`, the f whose f' is it."""
    if not isinstance(value, Mapping) or "rule" not in value:
        return ACTIVATIONS.get(value)
    f = ACTIVATIONS.get({key: part for key, part in value.items() if key != "rule"})
    consistent: Activation = DERIVATIVES.get(value["rule"]).consistent_activation(f)
    return consistent


def _among(name: str, known: Any) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in known:
            raise unknown_name(name, value, known)
        return str(value)

    return check


def _rate(value: Any) -> float | Schedule:
    if isinstance(value, str | Mapping | Schedule):
        return SCHEDULES.get(value)
    return number("lr", value, low=0.0)


def _optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None or value == "auto" else check(value)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "data": as_problem,
    "network": _optional(_network),
    "hidden": _optional(lambda value: hidden_sizes((value,) if isinstance(value, int) else value)),
    "activation": _optional(_activation),
    "output": _optional(_activation),
    "init": _optional(INITIALISERS.get),
    "loss": _optional(LOSSES.get),
    "reduction": _among("reduction", REDUCTIONS),
    "rule": as_rule,
    "optimizer": OPTIMISERS.get,
    "lr": _optional(_rate),
    "rate": _optional(lambda value: number("rate", value, low=0.0)),
    "epochs": lambda value: whole("epochs", value, 0),
    "batch_size": lambda value: None if value in (None, "all") else whole("batch_size", value, 1),
    "shuffle": lambda value: boolean("shuffle", value),
    "stop": as_rules,
    "l2": lambda value: number("l2", value, low=0.0),
    "penalty": _optional(PENALTIES.get),
    "clip_norm": _optional(lambda value: Clipping(norm=value).norm),
    "class_weight": _optional(_among("class weight", ("balanced",))),
    "validation": lambda value: number("validation", value, low=0.0, high=0.9),
    "scale": _optional(_among("scaler", tuple(SCALERS))),
    "dtype": _among("dtype", DTYPES),
    "alignment": lambda value: boolean("alignment", value),
    "reach": lambda value: boolean("reach", value),
    "truncate": _optional(lambda value: whole("truncate", value, 1)),
    "seeds": _optional(lambda value: whole("seeds of a cell", value, 1)),
}
