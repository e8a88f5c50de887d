"""How sequences are gone through in training: in windows with the state carried on, with a teacher.

A window of k steps is learnt as if it were a sequence of its own, but begins with the states that
the one before it has left: errors go back to the beginning of the window, states come from the
beginning of the series (truncated backpropagation through time: Williams and Peng 1990).

A teacher feeds targets back in the place of a network's own outputs. Where it is let go, step by
step at random with a share that falls, training comes to what the network has to do alone.

Source: Williams and Zipser (1989), Neural Computation 1; Bengio, Vinyals, Jaitly and Shazeer
(2015), Scheduled sampling for sequence prediction with recurrent neural networks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import number, whole
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.core.random import TEACHER, stream
from deltarule.core.sequences import Sequences
from deltarule.engine.samples import Samples
from deltarule.engine.trainer import Batch
from deltarule.layers import Conv1d, Flatten, Layer, Recurrent, Steps, Teacher
from deltarule.network import Network
from deltarule.optim import SCHEDULES, Schedule
from deltarule.optim.schedules import Constant, TimeSchedule

Array = NDArray[Any]


@dataclass(frozen=True)
class OverTime:
    """Windows, a teacher, or both left out, of a network whose outputs are sequences."""

    network: Network
    window: int | None
    teacher: Schedule | None
    """The share of the steps at which targets are fed back, by epoch."""
    seed: int

    @classmethod
    def of(
        cls,
        network: Network,
        window: int | None,
        teacher: float | str | Mapping[str, Any] | Schedule | None,
        seed: int,
    ) -> OverTime | None:
        """Return what `dr.train` is asked for; None where that is nothing.

        Raises `UsageError` naming the layer that has no place for it.
        """
        if window is None and teacher is None:
            return None
        asked = "window" if window is not None else "teacher"
        _require_steps(network, asked)
        size = None if window is None else whole("window", window, 1)
        steps = _over_steps(network)[1][0][0]
        if size is not None and size > steps:
            raise UsageError(
                f"window={size}: the sequences have {steps} steps; a window is a part of them"
            )
        share = None if teacher is None else _share(network, teacher)
        if size is not None and share is not None:
            raise UsageError(
                "window and teacher: one of them; a teacher goes through whole sequences"
            )
        return cls(network, size, share, seed)

    def check(self, samples: Samples) -> None:
        """Raise `UsageError` for windows of sequences that end at different steps."""
        if self.window is not None and samples.weight is not None and samples.weight.ndim == 2:
            raise UsageError(
                "window: the sequences have different lengths, and a window in which some have "
                "ended has no mean over them; give sequences of one length, or leave it out"
            )

    @property
    def windows(self) -> int:
        """How many updates a batch of sequences makes."""
        steps = _over_steps(self.network)[1][0][0]
        return 1 if self.window is None else math.ceil(steps / self.window)

    @property
    def size(self) -> int:
        """The steps of a window, or all."""
        return self.window or _over_steps(self.network)[1][0][0]

    @property
    def features(self) -> int:
        """The features of a step."""
        return _over_steps(self.network)[1][0][1]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, without one that cuts rows into steps."""
        return self.network.layers[isinstance(self.network.layers[0], Steps) :]

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of all parts of all states, where there are windows."""
        return tuple(width for _, width in self._places()) if self.window is not None else ()

    def not_compiled(self, rows: int, batch_size: int, exact: bool) -> str:
        """Return why the compiled engine cannot do it; "" where it can."""
        steps = _over_steps(self.network)[1][0][0]
        if self.teacher is not None:
            return "a teacher feeds targets back"
        if steps % self.size:
            return f"{steps} steps are no multiple of windows of {self.size}"
        if rows % batch_size:
            return f"{rows} sequences are no multiple of batches of {batch_size}"
        if not exact and len(self.layers) < len(self.network.layers):
            return (
                "a rule speaks of layers by their numbers, and the first one cuts rows into steps"
            )
        return ""

    def apart(self, samples: Samples) -> Samples:
        """Return every window as a sample, those of one sequence one after the other."""
        first, n, k = self.network.layers[0], len(samples), self.size
        X = samples.X
        if isinstance(first, Steps):
            X = np.ascontiguousarray(X.reshape(n, first.features, -1).swapaxes(1, 2))
        T, weight, rows = samples.T, samples.weight, n * self.windows
        weight = None if weight is None else np.repeat(weight, self.windows)
        T = T.reshape(rows, -1) if T.ndim == 2 else T.reshape(rows, k, -1)
        return Samples(X.reshape(rows, k, -1), T, weight)

    def to_dict(self) -> dict[str, Any]:
        """Return what decides the bits of a training, as plain values."""
        share = None if self.teacher is None else self.teacher.to_dict()
        return {"window": self.window, "teacher": share}

    def start(self, rows: int, dtype: Any) -> tuple[Array, ...]:
        """Return the states before the first window, of all layers in a row."""
        if self.window is None:
            return ()
        return tuple(np.zeros((rows, width), dtype) for width in self.widths)

    def cut(self, samples: Samples, number: int) -> Samples:
        """Return the steps of one window of samples, by its number from 0."""
        if self.window is None:
            return samples
        some = slice(number * self.window, (number + 1) * self.window)
        X = samples.X.values if isinstance(samples.X, Sequences) else samples.X
        n, first = len(samples), self.network.layers[0]
        if isinstance(first, Steps):
            X = X.reshape(n, first.features, -1)[:, :, some].reshape(n, -1)
        else:
            X = X[:, some]
        weight = samples.weight
        if weight is not None and weight.ndim == 2:
            weight = weight[:, some]
        return Samples(X, self._by_step(samples.T)[:, some].reshape(n, -1)
                       if samples.T.ndim == 2 else samples.T[:, some], weight)  # fmt: skip

    def passed(
        self, batch: Batch, theta: Array, kept: tuple[Array, ...], epochs: float
    ) -> tuple[tuple[list[Any], list[Any]], tuple[Array, ...]]:
        """Return a forward pass of a batch, and the states behind it.

        `kept` are the states behind the batch before; `batch.window` is 0 where none are taken.
        """
        states: list[Any] | None = None
        if batch.window:
            states = [None] * len(self.network.layers)
            for (l, _), part in zip(self._places(), kept, strict=True):
                states[l - 1] = (*(states[l - 1] or ()), part)
        teacher = None if self.teacher is None else self._teacher(batch, epochs)
        X = batch.samples.X
        X = X.values if isinstance(X, Sequences) else X
        saved, outputs, behind = self.network.resume(theta, X, states, NUMPY, teacher)
        after = tuple(part for state in behind for part in state)
        return (saved, outputs), after if self.window is not None else ()

    def _teacher(self, batch: Batch, epochs: float) -> Teacher:
        """Return what is fed back in a batch: targets of the step before, at some steps."""
        assert self.teacher is not None
        T = self._by_step(batch.samples.T)
        values = np.concatenate([np.zeros_like(T[:, :1]), T[:, :-1]], axis=1)
        share = self.teacher.rate(batch.t - 1, epochs, ())
        drawn = stream(self.seed, TEACHER, batch.t).random(T.shape[:2])
        forced = (drawn < share).astype(T.dtype)
        forced[:, 0] = 0.0  # nothing has been said before the first step
        return Teacher(values, forced)

    def _by_step(self, T: Array) -> Array:
        """Return targets as (n, time, outputs)."""
        if T.ndim == 3:
            return T
        last = _over_steps(self.network)[1][-1]
        return T.reshape(len(T), -1, last[-1])

    def _places(self) -> list[tuple[int, int]]:
        """Return the layer's number and the width of every part of a state."""
        numbered = enumerate(self.network.layers, 1)
        return [(l, w) for l, layer in numbered if isinstance(layer, Recurrent) for w in layer.held]


def _over_steps(network: Network) -> tuple[list[Layer], list[tuple[int, ...]]]:
    """Return the layers over sequences, without what cuts rows into steps and steps into rows."""
    layers, shapes = list(network.layers), list(network.shapes)
    if isinstance(layers[0], Steps):
        layers, shapes = layers[1:], shapes[1:]
    if layers and isinstance(layers[-1], Flatten):
        layers, shapes = layers[:-1], shapes[:-1]
    return layers, shapes


def _require_steps(network: Network, asked: str) -> None:
    """Raise `UsageError` where the outputs are no sequences, or a layer has no state to carry."""
    layers, shapes = _over_steps(network)
    first = network.layers[0]
    if isinstance(first, Steps) and first.latest_first:
        raise UsageError(f"{asked}: the lags of a series are one window as they are; leave it out")
    if len(shapes[0]) != 2 or not any(isinstance(layer, Recurrent) for layer in layers):
        raise UsageError(
            f"{asked}: none of the layers is recurrent ({', '.join(one.name for one in layers)}); "
            "it takes a network such as Network((time, features), [GRU(8), EachStep(Dense(1))])"
        )
    for l, (layer, shape) in enumerate(zip(layers, shapes[1:], strict=True), 1):
        if len(shape) != 2:
            raise UsageError(
                f"{asked}: it needs a target at every step, and layer {l} ({layer.name}) makes one "
                "vector of a sequence. End in EachStep(Dense(1)), or leave it out"
            )
        if isinstance(layer, Conv1d):
            raise UsageError(
                f"{asked}: layer {l} (conv1d) has no state to carry; give windows of the series as "
                "sequences of their own, each with the steps that its first ones see"
            )


def _share(network: Network, given: Any) -> Schedule:
    """Return the teacher's share as a schedule of time; raises `UsageError`."""
    layers = _over_steps(network)[0]
    last = layers[-1]
    if not (isinstance(last, Recurrent) and last.fed_back):
        raise UsageError(
            f"teacher: the last layer is {last.name}, and a teacher's targets take the place of "
            "outputs that are fed back: those of a last layer Jordan(units, outputs). What others "
            "feed back are hidden nodes, which have no targets"
        )
    if isinstance(given, str) and ":" not in given:
        given = _number(given)
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Constant(number("teacher", given, 0.0, 1.0))
    found = SCHEDULES.get(given)
    if not isinstance(found, TimeSchedule):
        raise UsageError(f"teacher: {found.name} looks at the error; take one of time alone")
    start = found.rate(0, 0.0, ())
    if start > 1.0:
        raise UsageError(f"teacher: a share is from 0 to 1, and this one begins at {start:g}")
    return found


def _number(text: str) -> float | str:
    """Return a share as it is written on the command line, or the text where it is none."""
    try:
        return float(text)
    except ValueError:
        return text
