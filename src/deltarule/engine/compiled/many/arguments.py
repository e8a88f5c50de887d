"""What programs for many networks are called with: laps, one for every group and epoch."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.engine.compiled.many.orders import orders
from deltarule.engine.compiled.programs.arguments import Lap
from deltarule.engine.compiled.specialisation import Recipe
from deltarule.engine.samples import Samples

__all__ = ["Task", "Track", "call"]

Array = NDArray[Any]

_FIELDS = np.dtype([(name, np.int64) for name, *_ in Lap._fields_])
"""A lap as a row of whole numbers, so that those of all groups are filled in together."""

_WORD = 8


@dataclass(frozen=True)
class Task:
    """Whole epochs to be done by every network; more than one only where rates are steady."""

    epochs: int
    updates: int
    """The updates done before."""
    rates: Array
    """eta, networks along the last axis (1 where all have the same): one row for all batches, or
    a row per batch of the one epoch."""
    order: Array | None = None
    """The order of the samples that all networks share, (n,) or (epochs, n); None: as given."""
    seeds: Array | None = None
    """(m,): where each network has an order of its own, what draws it."""
    epoch: int = 0
    """The number of the first epoch, from 0."""


def call(run: Callable[[Any, int], None], laps: Array) -> None:
    """Do laps one after the other."""
    run(ctypes.cast(laps.ctypes.data, ctypes.POINTER(Lap)), len(laps))


class Track:
    """A task on its samples: arrays that stay where they are while laps are run.

    `shared` and `steady` say how the program reads orders and rates.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        samples: Samples,
        batch_size: int,
        shared: bool,
        steady: bool,
    ) -> None:
        self.task, self._recipe, self._samples, self._batch = task, recipe, samples, batch_size
        self._shared, self._steady = shared, steady
        self.batches = -(-len(samples) // batch_size)
        self._X, self._T = np.ascontiguousarray(samples.X), np.ascontiguousarray(samples.T)
        self._kept: list[Array] = []
        self._starts = np.arange(self.batches) * batch_size
        if shared:
            order = np.arange(len(samples)) if task.order is None else task.order
            self._index = np.ascontiguousarray(order, np.int64)
        self._factors: tuple[Array, Array] | None = None  # where they are not each network's own
        if samples.weight is None:
            counts = np.minimum(batch_size, len(samples) - self._starts)
            self._factors = self._of_totals(counts.astype(np.float64))
        elif shared:
            self._factors = self._of_totals(self._totals(self._index, axis=-1))

    def _totals(self, index: Array, axis: int) -> Array:
        """Return the samples' total weight of every batch, epoch after epoch."""
        weight = cast(Array, self._samples.weight)[index].astype(np.float64)
        return np.asarray(np.add.reduceat(weight, self._starts, axis=axis))

    def _of_totals(self, total: Array) -> tuple[Array, Array]:
        """Return c and the samples' total weight of every batch."""
        mean = self._recipe.objective.reduction == "mean"
        # a batch of rows that all weigh nothing has E = 0, not 0 / 0
        return 1.0 / np.where(total > 0, total, 1.0) if mean else np.ones_like(total), total

    def laps(
        self,
        vectors: Array,
        sums: Array,
        members: Array,
        hyper: Array | None,
        trail: Array | None = None,
    ) -> Array:
        """Return a lap for every group and epoch, (groups, epochs): the first axes of `sums`.

        Theta after each is kept in `trail` (groups, epochs, size, lanes), where there is one.
        """
        task, groups = self.task, np.arange(len(vectors))[:, None]
        epochs = np.arange(max(1, task.epochs))
        laps = np.zeros((len(vectors), len(epochs)), _FIELDS)
        laps["theta"] = vectors.ctypes.data + groups * vectors.strides[0]
        laps["slots"] = laps["theta"] + vectors.strides[1]
        laps["totals"] = sums.ctypes.data + groups * sums.strides[0] + epochs * sums.strides[1]
        if trail is not None:
            places = groups * trail.strides[0] + epochs * trail.strides[1]
            laps["scratch"] = trail.ctypes.data + places
        laps["X"], laps["T"] = self._X.ctypes.data, self._T.ctypes.data
        if self._samples.weight is not None:
            laps["weight"] = self._samples.weight.ctypes.data
        if hyper is not None:
            laps["hyper"] = hyper.ctypes.data + groups * hyper.strides[0]
        laps["rates"] = self._rates(members)[:, None]
        if self._shared:
            stride = self._index.shape[-1] if self._index.ndim == 2 else 0
            laps["index"] = self._index.ctypes.data + epochs * stride * _WORD
        for name, values in zip(("scales", "weights"), self._factors or (), strict=False):
            done = epochs * self.batches * _WORD if values.ndim == 2 else 0
            laps[name] = values.ctypes.data + done
        laps["rows"], laps["batch"] = len(self._samples), self._batch
        laps["count"], laps["t"] = self.batches, task.updates + epochs * self.batches
        laps["learn"] = laps["threads"] = laps["epochs"] = 1
        return laps

    def _rates(self, members: Array) -> Array:
        """Return where every group finds its rates; one place where all have the same."""
        same = self.task.rates.shape[1] == 1
        rates = self.task.rates[:, np.zeros_like(members[:1]) if same else members]
        rates = np.ascontiguousarray(rates.swapaxes(0, 1), np.float64)
        self._kept.append(rates)
        return np.asarray(rates.ctypes.data + np.arange(len(rates)) * rates.strides[0])

    def own(self, lap: Array, networks: Array, epoch: int, index: Array) -> Any:
        """Give a group's lap the networks' own orders, laid into `index` (n, lanes).

        What is returned has to stay until the lap is done.
        """
        assert self.task.seeds is not None
        orders(self.task.seeds[networks], self.task.epoch + epoch, index)
        lap["index"] = index.ctypes.data
        if self._factors is not None:
            return None
        factors = self._of_totals(self._totals(index, axis=0))
        for name, values in zip(("scales", "weights"), factors, strict=True):
            lap[name] = values.ctypes.data
        return factors

    def cut(self, lap: Array, first: int, count: int, lanes: int) -> Array:
        """Return the part of a group's lap that is `count` batches from `first` on."""
        part = lap.copy()
        part["first"], part["count"] = first, count
        part["t"] += first
        if not self._steady:
            part["rates"] += first * lanes * _WORD
        own = self._factors is None
        for name in ("scales", "weights"):
            part[name] += first * _WORD * (lanes if own else 1)
        return part
