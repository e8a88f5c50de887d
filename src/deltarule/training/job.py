"""A training job: everything that stays the same while theta moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from deltarule.core import VERSION, random
from deltarule.core.arguments import array, boolean, float_type
from deltarule.core.errors import DataError, UsageError
from deltarule.core.machine import require_parameters
from deltarule.core.random import SHUFFLE, stream
from deltarule.core.sequences import Sequences
from deltarule.engine import Objective, Samples
from deltarule.engine.choice import make_trainer
from deltarule.engine.objective import check_order
from deltarule.engine.over_time import OverTime
from deltarule.engine.rule_state import learned
from deltarule.engine.trainer import BatchPlan, Trainer
from deltarule.engine.update import slots as slots_of
from deltarule.network import Network
from deltarule.optim import OPTIMISERS, Clipping, Method, Optimiser, Schedule
from deltarule.optim.schedules import Constant, TimeSchedule
from deltarule.training.keeping.checkpoint import digest
from deltarule.training.state import State
from deltarule.training.stopping import STOPPING, Patience, StopRule

Draw = Callable[[int, int, int, int], NDArray[Any]]
"""(seed, epoch, epochs, n) to the orders of n rows, as `core.random.orders` has them."""

BY_LENGTH = "by_length"
"""`shuffle` for sequences of different lengths: nothing is computed behind those of a batch."""


@dataclass(frozen=True)
class Job:
    """What to train, on which samples, with what, how long."""

    objective: Objective
    optimiser: Method
    clipping: Clipping
    samples: Samples
    validation: Samples | None
    epochs: int
    batch_size: int
    shuffle: bool | str
    """Whether rows have a new order every epoch; BY_LENGTH: in batches of sequences alike."""
    seed: int
    stop: tuple[StopRule, ...]
    over_time: OverTime | None = None
    """Windows with the state carried on, or a teacher."""

    def __post_init__(self) -> None:
        check_order(self.objective.rule, self.optimiser, self.clipping)
        if self.over_time is not None:
            self.over_time.check(self.samples)

    @property
    def update(self) -> Optimiser:
        """The optimiser, where it updates weight by weight."""
        assert isinstance(self.optimiser, Optimiser)
        return self.optimiser

    @property
    def schedule(self) -> Schedule | None:
        """The schedule of the learning rate, where there is one."""
        return self.optimiser.schedule if isinstance(self.optimiser, Optimiser) else None

    @property
    def batches(self) -> int:
        """Updates per epoch; a last, smaller batch is used as it is."""
        return math.ceil(len(self.samples) / self.batch_size) * self.windows

    @property
    def windows(self) -> int:
        """Updates per batch of sequences."""
        return 1 if self.over_time is None else self.over_time.windows

    def orders(self, epoch: int, epochs: int, draw: Draw = random.orders) -> NDArray[Any] | None:
        """Return the rows in the orders of some epochs, (epochs, n); None for the given order.

        `draw` is `core.random.orders`, or an engine's.
        """
        if not self.shuffle or self.batches == self.windows:
            return None
        if self.shuffle != BY_LENGTH:
            return draw(self.seed, epoch, epochs, len(self.samples))
        lengths = self.objective.network.ends(self.samples.X)
        assert lengths is not None  # as `as_shuffle` has seen
        streams = [stream(self.seed, SHUFFLE, epoch + e) for e in range(epochs)]
        rows = len(self.samples)
        return np.stack(
            [packed(rng.permutation(rows), lengths, self.batch_size, rng) for rng in streams]
        )

    def plan(self, state: State, epochs: int = 1, draw: Draw = random.orders) -> BatchPlan:
        """Return the rest of the epoch under way, or several whole epochs."""
        order = self.orders(state.epoch, epochs, draw)
        return BatchPlan(
            samples=self.samples,
            order=order if order is None or epochs > 1 else order[0],
            batch_size=self.batch_size,
            first=state.batch,
            updates=state.step,
            rates=self._rates(state, epochs),
            epochs=epochs,
            windows=self.windows,
            cut=None if self.over_time is None else self.over_time.cut,
            epoch=float(state.epoch),
        )

    def _rates(self, state: State, epochs: int) -> NDArray[np.float64]:
        """Return eta for every batch from `state.batch` to the end of the last epoch."""
        schedule, n = self.update.schedule, self.batches
        numbers = range(state.batch, epochs * n)
        if isinstance(schedule, Constant):  # nothing to be asked 60,000 times
            return np.broadcast_to(np.float64(schedule.lr), len(numbers))
        first = state.step - state.batch
        rates = [schedule.rate(first + k, state.epoch + k / n, state.schedule) for k in numbers]
        return np.array(rates)

    @property
    def by_error(self) -> bool:
        """Whether nothing but the error that is watched is looked at between two epochs."""
        still = isinstance(self.schedule, TimeSchedule)
        return still and all(rule.by_error for rule in self.stop)

    @property
    def patient(self) -> bool:
        """Whether the best theta is kept."""
        return any(isinstance(rule, Patience) for rule in self.stop)

    @property
    def recorded(self) -> tuple[str, ...]:
        """The names in the history."""
        rate = () if self.schedule is None else ("lr",)
        more = () if self.validation is None else ("validation_error",)
        return ("error", *rate, *more)

    def require_memory(self, source: str, dtype: np.dtype[Any], many: int = 1) -> None:
        """Refuse a training of `many` networks whose vectors alone do not fit into memory."""
        require_memory(source, self.objective, self.optimiser, self.patient, dtype, many)

    def identity(self, engine: str, theta: NDArray[Any]) -> dict[str, Any]:
        """Return what decides the bits of a training from this theta, but for its epochs.

        Plain values: data and theta by the beginning of their SHA-256.
        """
        found = {
            "deltarule": VERSION,
            "engine": engine,
            "network": self.objective.network.to_dict(),
            **self.objective.to_dict(),
            "optimizer": self.optimiser.to_dict(),
            "clip_norm": self.clipping.norm,
            "clip_value": self.clipping.value,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "seed": self.seed,
            "stop": [rule.to_dict() for rule in self.stop],
            "dtype": str(theta.dtype),
            **({} if self.over_time is None else self.over_time.to_dict()),
            "SHA-256 of theta at the start": _short(theta),
        }
        for name, samples in (("", self.samples), ("validation ", self.validation)):
            for what in ("X", "T", "weight") if samples is not None else ():
                found[f"SHA-256 of {name}{what}"] = _short(getattr(samples, what))
        return found

    def trainer(self, engine: str, threads: int | None = None) -> tuple[str, Trainer]:
        """Return the engine at work, and its name; at most so many `threads` may work."""
        own = (self.objective, self.update, self.clipping, self.samples, self.batch_size, self.seed)
        return make_trainer(engine, *own, threads, self.over_time)

    def start(self, theta: NDArray[Any]) -> State:
        """Return the state before the first epoch."""
        over_time, rows = self.over_time, self.batch_size
        carried = () if over_time is None else over_time.start(rows, theta.dtype)
        return State(
            theta=theta,
            slots=(
                *self.optimiser.start(theta),
                *learned(self.objective, self.seed, theta.dtype),
                *carried,
            ),
            history={name: [] for name in self.recorded},
            schedule=() if self.schedule is None else self.schedule.start(),
            stopping=tuple(rule.start() for rule in self.stop),
        )


def _short(given: Any) -> str:
    """Return enough of the digest of an array, or of sequences, to tell two apart."""
    parts = (given.values, given.lengths) if isinstance(given, Sequences) else (given,)
    return "none" if given is None else digest(*parts)[:16]


def as_shuffle(given: bool | str, net: Network, X: Any) -> bool | str:
    """Return whether, and how, rows are shuffled; raises `UsageError`."""
    if not isinstance(given, str):
        return boolean("shuffle", given)
    if given != BY_LENGTH:
        raise UsageError(f"shuffle is True, False or {BY_LENGTH!r}, not {given!r}")
    if net.ends(X) is None:
        raise UsageError(
            f"shuffle={BY_LENGTH!r}: the samples are no sequences of different lengths; give X as "
            "dr.Sequences, or leave it out"
        )
    return given


def packed(
    order: NDArray[np.intp], lengths: NDArray[np.intp], size: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return rows so that every batch of `size` has sequences of like lengths, in any order.

    Rows of one length keep their order, so batches differ from epoch to epoch; the smaller batch,
    which comes last, is one of any length.

    >>> lengths = np.array([9, 1, 5, 9, 1, 5])
    >>> rows = packed(np.arange(6), lengths, 2, np.random.default_rng(0))
    >>> lengths[rows].reshape(3, 2).tolist()
    [[9, 9], [1, 1], [5, 5]]
    """
    rows = order[np.argsort(lengths[order], kind="stable")]
    whole, rest = divmod(len(rows), size)
    at = size * int(rng.integers(whole + 1)) if rest else len(rows)
    last = rows[at : at + rest]
    batches = np.delete(rows, slice(at, at + rest)).reshape(whole, size)
    return np.concatenate([batches[rng.permutation(whole)].ravel(), last])


def require_memory(
    source: str,
    objective: Objective,
    optimiser: Method,
    patient: bool,
    dtype: np.dtype[Any],
    many: int = 1,
) -> None:
    """Refuse a training of `many` networks whose vectors alone do not fit into memory."""
    slots = len(slots_of(objective, optimiser))
    # an update that has not ended leaves the vectors before it as they are; both engines keep a
    # third set to write to
    vectors = {"theta before, during and after an update": 3, "its gradient": 1}
    if slots:
        vectors[f"{optimiser.name}'s {slots} vectors likewise"] = 3 * slots
    if patient:
        vectors["the best theta"] = 1
    require_parameters(source, many * objective.network.size, vectors, dtype.itemsize)


def as_optimiser(given: str | Mapping[str, Any] | Method) -> Method:
    """Return the optimiser that a name, a dictionary or an object describes."""
    return OPTIMISERS.get(given)


def as_rules(given: StopRule | str | Sequence[StopRule | str] | None) -> tuple[StopRule, ...]:
    """Return the stopping rules: one or several, as objects or names such as `"patience:20"`."""
    several = (given,) if isinstance(given, StopRule | str) else given or ()
    return tuple(STOPPING.get(rule) for rule in several)


def as_dtype(dtype: DTypeLike | None, theta: Any, X: Any) -> np.dtype[Any]:
    """Return the dtype to train in: as asked, else theta's, else float32 for float32 X, else 64."""
    if dtype is None:
        found = (array("X", X) if theta is None else array("theta", theta)).dtype
        single = found == np.float32
        return np.dtype(np.float32 if single else np.float64)
    found = float_type("dtype", dtype)
    if found not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise UsageError(f"dtype is float32 or float64, not {found}")
    return found


def first_theta(net: Network, theta: Any, seed: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a copy of the given theta in `dtype`, or a fresh one from the seed."""
    if theta is None:
        return net.init(seed, dtype)
    found = net.check_theta(theta, dtype).copy()
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        raise DataError(
            f"theta has {len(bad)} entries that are not finite; the first is "
            f"{net.layout.where(bad[0])} = {found[bad[0]]}"
        )
    return found


def as_validation(given: Sequence[ArrayLike]) -> tuple[ArrayLike, ArrayLike, ArrayLike | None]:
    """Return X, T and the sample weights (or None) of the validation samples."""
    if isinstance(given, np.ndarray) or not isinstance(given, Sequence) or len(given) not in (2, 3):
        raise UsageError("validation takes (X, T) or (X, T, sample_weight)")
    return given[0], given[1], given[2] if len(given) == 3 else None
