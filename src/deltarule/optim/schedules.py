"""Learning-rate schedules: the rate eta for every update.

A schedule sees how many updates are done (`step`), how many epochs are done as a fraction
(`epochs`), and its own state: a few numbers that it folds the watched error of every epoch into.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

from deltarule.core.errors import UsageError
from deltarule.core.registry import Record, Registry

State = tuple[float, ...]


class Schedule(Record):
    """The rate eta for every update."""

    equation: ClassVar[str]
    """The rate as a LaTeX formula."""
    reference: ClassVar[str]
    """Where it comes from."""

    @abstractmethod
    def rate(self, step: int, epochs: float, state: State) -> float:
        """Return eta for the update after `step` updates and `epochs` epochs."""

    @abstractmethod
    def start(self) -> State:
        """Return the state before the first epoch."""

    @abstractmethod
    def observe(self, state: State, watched: float) -> State:
        """Return the state after an epoch with the watched error `watched`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for f in fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if value < 0.0:
                raise UsageError(f"{self.name}: {f.name} has to be >= 0, not {value}")


class TimeSchedule(Schedule):
    """A schedule that depends on time alone."""

    def start(self) -> State:
        """Return no state."""
        return ()

    def observe(self, state: State, watched: float) -> State:
        """Return no state: the error is not looked at."""
        return ()


SCHEDULES: Registry[Schedule] = Registry("schedule", Schedule)
"""Every schedule by name."""


@SCHEDULES.register
@dataclass(frozen=True)
class Constant(TimeSchedule):
    """Constant: eta = lr.

    >>> Constant(0.1).rate(1000, 10.0, ())
    0.1
    """

    lr: float
    """The rate at the start."""

    name = "constant"
    equation = r"\eta = \eta_0"
    reference = "Widrow and Hoff (1960)"

    def rate(self, step: int, epochs: float, state: State) -> float:
        """Return eta."""
        return self.lr


@SCHEDULES.register
@dataclass(frozen=True)
class Step(TimeSchedule):
    """Step decay: eta = lr * factor^floor(epochs / every).

    >>> Step(0.1, every=10, factor=0.5).rate(0, 25.0, ())
    0.025
    """

    lr: float
    """The rate at the start."""
    every: float = 10.0
    """Epochs between two reductions."""
    factor: float = 0.1
    """What the rate is multiplied by."""

    name = "step"
    equation = r"\eta = \eta_0 \, factor^{\lfloor epochs / every \rfloor}"
    reference = "He, Zhang, Ren and Sun (2016), Deep residual learning, section 3.4"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.every <= 0:
            raise UsageError(f"step: every has to be a positive number of epochs: {self.every}")

    def rate(self, step: int, epochs: float, state: State) -> float:
        """Return eta."""
        return self.lr * math.pow(self.factor, math.floor(epochs / self.every))


@SCHEDULES.register
@dataclass(frozen=True)
class Exponential(TimeSchedule):
    """Exponential decay: eta = lr * decay^floor(epochs), once an epoch (as PyTorch's).

    >>> Exponential(0.1, decay=0.5).rate(0, 2.9, ())
    0.025
    """

    lr: float
    """The rate at the start."""
    decay: float = 0.95
    """What the rate is multiplied by, every epoch."""

    name = "exponential"
    equation = r"\eta = \eta_0 \, decay^{\lfloor epochs \rfloor}"
    reference = "Darken and Moody (1991), Note on learning rate schedules for stochastic "
    reference += "optimization"

    def rate(self, step: int, epochs: float, state: State) -> float:
        """Return eta."""
        return self.lr * math.pow(self.decay, math.floor(epochs))


@SCHEDULES.register
@dataclass(frozen=True)
class InverseScaling(TimeSchedule):
    """Inverse scaling: eta = lr / t^power for update t = 1, 2, ... (Robbins and Monro).

    scikit-learn's 'invscaling' counts samples where this counts updates.

    >>> InverseScaling(0.1, power=0.5).rate(3, 0.0, ())
    0.05
    """

    lr: float
    """The rate at the start."""
    power: float = 0.5
    """How fast the rate falls with t."""

    name = "inverse_scaling"
    equation = r"\eta = \eta_0 / t^{power}"
    reference = "Robbins and Monro (1951), A stochastic approximation method"

    def rate(self, step: int, epochs: float, state: State) -> float:
        """Return eta."""
        return self.lr / math.pow(step + 1, self.power)


@SCHEDULES.register
@dataclass(frozen=True)
class Cosine(TimeSchedule):
    """Cosine with warm-up: linear from 0 to lr in `warmup` epochs, then a half cosine to `final`.

        eta = final + (lr - final) (1 + cos(pi (epochs - warmup) / (total - warmup))) / 2

    and `final` after `total` epochs.

    >>> Cosine(0.1, total=100).rate(0, 50.0, ()), Cosine(0.1, 100, warmup=10).rate(0, 5.0, ())
    (0.05, 0.05)
    """

    lr: float
    """The rate at the start."""
    total: float = 200.0
    """Epochs until `final` is reached, the warm-up included."""
    warmup: float = 0.0
    """Epochs of linear growth from 0."""
    final: float = 0.0
    """The rate at the end."""

    name = "cosine"
    equation = (
        r"\eta = \eta_f + \tfrac12 (\eta_0 - \eta_f)"
        r"\left(1 + \cos \pi \frac{epochs - warmup}{total - warmup}\right)"
    )
    reference = "Loshchilov and Hutter (2017), SGDR; warm-up: Goyal et al. (2017)"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warmup >= self.total:
            raise UsageError(
                f"cosine: warmup ({self.warmup:g} epochs) has to be shorter than total "
                f"({self.total:g} epochs)"
            )

    def rate(self, step: int, epochs: float, state: State) -> float:
        """Return eta."""
        if epochs < self.warmup:
            return self.lr * epochs / self.warmup
        done = min(1.0, (epochs - self.warmup) / (self.total - self.warmup))
        return self.final + 0.5 * (self.lr - self.final) * (1.0 + math.cos(math.pi * done))


@SCHEDULES.register
@dataclass(frozen=True)
class Plateau(Schedule):
    """Reduce on plateau: eta is multiplied by `factor` when the watched error stands still.

    After `patience` epochs in a row without watched error < best - min_delta, eta = max(lr_min,
    eta * factor) and the count starts again. The watched error is the validation error where
    there is one, else the training error.

    >>> plateau = Plateau(0.1, factor=0.5, patience=1)
    >>> state = plateau.observe(plateau.observe(plateau.start(), 1.0), 1.0)
    >>> plateau.rate(0, 2.0, state)
    0.05
    """

    lr: float
    """The rate at the start."""
    factor: float = 0.1
    """What the rate is multiplied by."""
    patience: float = 10.0
    """Epochs without improvement before a reduction."""
    min_delta: float = 0.0
    """How much lower the error has to be to count."""
    lr_min: float = 0.0
    """The rate is not reduced below it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factor >= 1.0:
            raise UsageError(f"plateau: factor has to be below 1, not {self.factor}")

    name = "plateau"
    equation = r"\eta \leftarrow factor \cdot \eta \text{ after } patience"
    equation += r"\text{ epochs without } E < E_{best} - min\_delta"
    reference = "Keras, ReduceLROnPlateau"

    def rate(self, step: int, epochs: float, state: State) -> float:
        """Return eta."""
        _, _, reductions = state
        return max(min(self.lr, self.lr_min), self.lr * math.pow(self.factor, reductions))

    def start(self) -> State:
        """Return (best, epochs without improvement, reductions)."""
        return (math.inf, 0.0, 0.0)

    def observe(self, state: State, watched: float) -> State:
        """Fold the epoch's watched error into the state."""
        best, waited, reductions = state
        if watched < best - self.min_delta:
            return (watched, 0.0, reductions)
        if waited + 1 >= self.patience:
            return (best, 0.0, reductions + 1)
        return (best, waited + 1, reductions)
