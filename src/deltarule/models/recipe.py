"""How to train a model on a table: every option with its default, checked before data are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.core.arguments import number, whole
from deltarule.core.errors import UsageError, one_of
from deltarule.core.registry import plain_fields
from deltarule.data.preparation.derive import DATES
from deltarule.data.preparation.encode import MISSING
from deltarule.data.preparation.power import TRANSFORMS
from deltarule.data.preparation.row_order import check_split
from deltarule.data.preparation.scale import SCALERS
from deltarule.data.preparation.task import TASKS
from deltarule.engine.choice import choose_engine
from deltarule.layers import written_layers
from deltarule.losses import LOSSES, PENALTIES, Loss, Penalty
from deltarule.models.threshold import as_threshold
from deltarule.optim import OPTIMISERS, Clipping, Method, Minimiser, Optimiser, Schedule
from deltarule.rules import DeltaRule, as_rule

DTYPES = ("float32", "float64")

_BATCH = 32
_DEFAULT_LR = 0.001
_NO_LAYER = ("", "0", "none")


@dataclass(frozen=True)
class Recipe:
    """How to make a model from a table: split, encode, build, train.

    Args:
        hidden: the nodes of every hidden layer: `(64, 32)` or `"64,32"`; `()` or `"none"` for no
            hidden layer.
        activation: f of the hidden layers; or one for each of them, as in `"tanh relu"`.
        network: layers in the place of the hidden ones, such as `"gru:8,dense:1"`: what sequences
            (an NPZ file with X of the shape (rows, time, features)) are for. It ends in a dense
            layer, whose f is the task's where none is written.
        loss: `"auto"` takes the task's: half_squared_error (regression), binary_cross_entropy (two
            classes, one sigmoid node) or cross_entropy (several, softmax).
        optimizer: a name, a specification such as `"momentum:0.1,0.9"`, or an object.
        lr: eta, a number or a schedule (`"cosine:0.01,200"`), where `optimizer` is a name; None
            means 0.001.
        batch_size: rows per update; None takes all, "auto" 32 (an optimizer of the whole vector:
            all).
        epochs, l2, penalty, class_weight, clip_norm, window, teacher: as in `deltarule.train`.
        by_length: batches of sequences of like lengths (`shuffle="by_length"`).
        engine, threads: likewise.
        validation, test: fractions of all rows.
        split: which rows they are: `"random"`, `"ordered"` (the last ones), `"column:NAME"` (the
            last ones by that column), or `"auto"`, which takes the order of what is a series.
        rule: how deltas are carried back, such as `"hidden=offset:0.1 feedback=random"`.
        patience: epochs without improvement after which training stops, the best weights being
            kept; 0 trains to the last epoch and keeps the last weights.
        threshold: from which probability on a row is of the second of two classes; "f1" and
            "balanced" choose it on the validation rows (`threshold.RULES`).
        ensemble: how many networks are trained, side by side, from the seeds `seed`, `seed` + 1,
            ...; their mean output is what counts.
        seed: determines the split, the first weights and every batch.
        dtype: `"float32"` or `"float64"`.
        scale, missing, dates, ordinal, min_count, target_transform, task: as in
            `deltarule.data.preparation.prepare`.

    Raises `UsageError` for an unknown name or a value that cannot be.

    >>> Recipe(hidden="8", optimizer="sgd", lr="cosine:0.1,50").optimizer
    SGD(lr=Cosine(lr=0.1, total=50.0, warmup=0.0, final=0.0))
    """

    hidden: str | Sequence[int] = (64, 32)
    activation: str | Mapping[str, Any] | Activation | Sequence[Any] = "tanh"
    loss: str | Mapping[str, Any] | Loss = "auto"
    optimizer: str | Mapping[str, Any] | Method = "adam"
    lr: InitVar[float | str | Schedule | None] = None
    epochs: int = 200
    batch_size: int | None = "auto"  # type: ignore[assignment]  # settled when it is made
    validation: float = 0.1
    test: float = 0.2
    split: str = "auto"
    patience: int = 20
    l2: float = 0.0
    rule: str | Mapping[str, Any] | DeltaRule = "exact"
    seed: int = 0
    dtype: str = "float32"
    engine: str = "auto"
    scale: str = "standard"
    missing: str = "error"
    dates: str = "days"
    ordinal: Mapping[str, Sequence[str]] = field(default_factory=dict)
    min_count: int = 1
    target_transform: str = "none"
    task: str = "auto"
    class_weight: str | Mapping[int, float] | None = None
    threshold: str | float = 0.5
    ensemble: int = 1
    clip_norm: float | None = None
    threads: int | None = None
    network: str | None = None
    window: int | None = None
    teacher: float | str | None = None
    by_length: bool = False
    penalty: str | Mapping[str, Any] | Penalty | None = None

    def __post_init__(self, lr: float | str | Schedule | None) -> None:
        whole("epochs", self.epochs, 0)
        whole("patience", self.patience, 0)
        if self.threads is not None:
            whole("threads", self.threads, 1)
        whole("ensemble", self.ensemble, 1)
        self._set("threshold", as_threshold(self.threshold))
        whole("min_count", self.min_count, 1)
        self._set("ordinal", {str(n): tuple(order) for n, order in self.ordinal.items()})
        whole("seed", self.seed, 0, 2**64 - 1)
        number("l2", self.l2, low=0.0)
        if self.penalty is not None:
            self._set("penalty", PENALTIES.get(self.penalty))
        Clipping(norm=self.clip_norm)
        if isinstance(self.class_weight, str) and self.class_weight != "balanced":
            raise UsageError(
                f"class_weight is 'balanced' or a weight per class, not {self.class_weight!r}"
            )
        for kind, name, known in (
            ("dtype", self.dtype, DTYPES),
            ("scaler", self.scale, tuple(SCALERS)),
            ("policy for missing cells", self.missing, MISSING),
            ("way to take dates", self.dates, DATES),
            ("transform of a target", self.target_transform, tuple(TRANSFORMS)),
            ("task", self.task, ("auto", *TASKS)),
        ):
            one_of(kind, name, known)
        if self.network is not None:
            written_layers(self.network)
        for name in ("window", "teacher", "by_length"):
            given = getattr(self, name) or None
            if given is not None and self.network is None:
                raise UsageError(
                    f"{name} goes with a network over sequences: network='gru:8,dense:1'"
                )
            if given is not None and self.ensemble > 1:
                raise UsageError(f"{name} is for one network; leave out ensemble={self.ensemble}")
        choose_engine(self.engine)
        check_split(self.split)
        loss = self.loss if self.loss == "auto" else LOSSES.get(self.loss)
        self._set("hidden", hidden_sizes(self.hidden))
        self._set("activation", hidden_activations(self.activation, len(self.hidden)))
        self._set("loss", loss)
        self._set("rule", as_rule(self.rule))
        self._set("optimizer", _optimiser(self.optimizer, lr))
        if self.batch_size == "auto":  # type: ignore[comparison-overlap]
            self._set("batch_size", None if isinstance(self.optimizer, Minimiser) else _BATCH)
        elif self.batch_size is not None:
            self._set("batch_size", whole("batch_size", self.batch_size, 1))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """Return the options as plain values, ready for JSON; the rate is in the optimizer."""
        values = plain_fields(self)
        if isinstance(self.class_weight, Mapping):
            values["class_weight"] = {str(k): float(v) for k, v in self.class_weight.items()}
        return values


def hidden_sizes(given: str | Sequence[int]) -> tuple[int, ...]:
    """Return the nodes of every hidden layer. Raises `UsageError`.

    >>> hidden_sizes("64,32"), hidden_sizes("none")
    ((64, 32), ())
    """
    parts: Sequence[Any] = given
    if isinstance(given, str):
        text = given.strip().lower()
        parts = [] if text in _NO_LAYER else text.split(",")
    try:
        sizes = tuple(int(part) for part in parts)
    except (ValueError, TypeError):
        sizes = (0,)
    if any(size < 1 for size in sizes) or any(isinstance(part, float) for part in parts):
        raise UsageError(
            f"hidden layers are numbers of nodes of at least 1, such as 64,32, or 'none' for no "
            f"hidden layer; given: {given!r}"
        )
    return sizes


def hidden_activations(given: Any, layers: int) -> Activation | tuple[Activation, ...]:
    """Return f of all hidden layers, or that of each. Raises `UsageError`.

    >>> hidden_activations("tanh leaky_relu:0.1", 2)
    (Tanh(), LeakyReLU(slope=0.1))
    """
    several = given.split() if isinstance(given, str) else given
    if not isinstance(several, list | tuple):
        return ACTIVATIONS.get(given)
    if len(several) == 1:
        return ACTIVATIONS.get(several[0])
    if len(several) != layers:
        raise UsageError(
            f"{len(several)} activations for {layers} hidden layers: give one for all, or one for "
            "each"
        )
    return tuple(ACTIVATIONS.get(one) for one in several)


def _optimiser(given: Any, lr: float | str | Schedule | None) -> Method:
    rate = _rate(lr)
    if not isinstance(given, str) or ":" in given or _whole_vector(given):
        found = OPTIMISERS.get(given)
        if not isinstance(found, Optimiser):
            if rate is not None:
                raise UsageError(
                    f"the optimizer {found.name} finds the length of its steps by itself: leave "
                    f"out lr={lr!r}"
                )
            return found
        if rate is not None:
            raise UsageError(
                f"the optimizer {given!r} has its own rate ({found.lr}); leave out lr={lr!r}, or "
                f"give the optimizer by name alone ({found.name!r})"
            )
        return found
    rate = _DEFAULT_LR if rate is None else rate
    return OPTIMISERS.get({"name": given.strip(), "lr": rate})


def _whole_vector(name: str) -> bool:
    return issubclass(OPTIMISERS[name.strip()], Minimiser)


def _rate(lr: float | str | Schedule | None) -> float | str | Schedule | None:
    if not isinstance(lr, str):
        return lr
    try:
        return float(lr)
    except ValueError:
        if ":" in lr:
            return lr
    raise UsageError(
        f"lr is a number such as 0.001 or a schedule such as cosine:0.01,200 (rate, epochs), "
        f"not {lr!r}"
    )
