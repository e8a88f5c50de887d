"""What programs for many networks are called with: calls of a group's next epochs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from deltarule.core.arrays import Array
from deltarule.engine.compiled.orders import orders
from deltarule.engine.compiled.programs.arguments import Call
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.samples import Samples

_FIELDS = np.dtype([(name, np.int64) for name, *_ in Call._fields_])
"""A call as a row of whole numbers, so that those of all groups are filled in together."""

_WORD = 8


@dataclass(frozen=True)
class Chunk:
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


def run_all(run: Callable[[Any, int], None], calls: Array) -> None:
    """Do calls one after the other."""
    run(ctypes.cast(calls.ctypes.data, ctypes.POINTER(Call)), len(calls))


class CallMaker:
    """A chunk on its samples: arrays that stay where they are while calls are run.

    `shared` and `steady` say how the program reads orders and rates.
    """

    def __init__(
        self,
        chunk: Chunk,
        spec: Specialisation,
        samples: Samples,
        batch_size: int,
        shared: bool,
        steady: bool,
    ) -> None:
        self.chunk, self._spec, self._samples, self._batch = chunk, spec, samples, batch_size
        self._shared, self._steady = shared, steady
        self.batches = -(-len(samples) // batch_size)
        self._X, self._T = np.ascontiguousarray(samples.X), np.ascontiguousarray(samples.T)
        self._kept: list[Array] = []
        self._starts = np.arange(self.batches) * batch_size
        if shared:
            order = np.arange(len(samples)) if chunk.order is None else chunk.order
            self._index = np.ascontiguousarray(order, np.int64)
        self._factors: tuple[Array, Array] | None = None  # where they are not each network's own
        if samples.weight is None:
            counts = np.minimum(batch_size, len(samples) - self._starts)
            self._factors = self._of_totals(counts.astype(np.float64))
        elif shared:
            self._factors = self._of_totals(self._totals(self._index, axis=-1))

    @property
    def apart(self) -> bool:
        """Whether the networks' batches weigh differently."""
        return self._factors is None

    def _totals(self, index: Array, axis: int) -> Array:
        """Return the samples' total weight of every batch, epoch after epoch."""
        weight = cast(Array, self._samples.weight)[index].astype(np.float64)
        return np.asarray(np.add.reduceat(weight, self._starts, axis=axis))

    def _of_totals(self, total: Array) -> tuple[Array, Array]:
        """Return c and the samples' total weight of every batch."""
        mean = self._spec.objective.reduction == "mean"
        # a batch of rows that all weigh nothing has E = 0, not 0 / 0
        return 1.0 / np.where(total > 0, total, 1.0) if mean else np.ones_like(total), total

    def calls(
        self,
        vectors: Array,
        sums: Array,
        members: Array,
        hyper: Array | None,
        trail: Array | None = None,
        feedback: Array | None = None,
        seeds: Array | None = None,
        every: int = 1,
    ) -> Array:
        """Return the calls of every group, each of `every` epochs, the last one of what is left.

        `sums` is (groups, epochs, ...). Theta after each epoch is kept in `trail` (groups, epochs,
        size, lanes), where there is one.
        """
        chunk, groups = self.chunk, np.arange(len(vectors))[:, None]
        epochs = np.arange(0, max(1, chunk.epochs), every)
        calls = np.zeros((len(vectors), len(epochs)), _FIELDS)
        calls["theta"] = vectors.ctypes.data + groups * vectors.strides[0]
        calls["slots"] = calls["theta"] + vectors.strides[1]
        calls["totals"] = sums.ctypes.data + groups * sums.strides[0] + epochs * sums.strides[1]
        if trail is not None:
            places = groups * trail.strides[0] + epochs * trail.strides[1]
            calls["scratch"] = trail.ctypes.data + places
        calls["X"], calls["T"] = self._X.ctypes.data, self._T.ctypes.data
        if self._samples.weight is not None:
            calls["weight"] = self._samples.weight.ctypes.data
        if hyper is not None:
            calls["hyper"] = hyper.ctypes.data + groups * hyper.strides[0]
        if feedback is not None:
            calls["feedback"] = feedback.ctypes.data + groups * feedback.strides[0]
        if seeds is not None:
            calls["seeds"] = seeds.ctypes.data + groups * seeds.strides[0]
        calls["rates"] = self._rates(members)[:, None]
        if self._shared:
            stride = self._index.shape[-1] if self._index.ndim == 2 else 0
            calls["index"] = self._index.ctypes.data + epochs * stride * _WORD
            calls["stride"] = stride
        calls["repeat"] = 1
        for name, values in zip(("scales", "weights"), self._factors or (), strict=False):
            if values.ndim == 2:
                calls["repeat"] = 0  # but for the rates, which are steady where epochs follow
            calls[name] = values.ctypes.data + epochs * self.batches * _WORD * (values.ndim - 1)
        calls["rows"], calls["batch"] = len(self._samples), self._batch
        calls["count"], calls["t"] = self.batches, chunk.updates + epochs * self.batches
        calls["epochs"] = np.minimum(every, max(1, chunk.epochs) - epochs)
        calls["learn"] = calls["threads"] = 1
        return calls

    def _rates(self, members: Array) -> Array:
        """Return where every group finds its rates; one address where all have the same."""
        same = self.chunk.rates.shape[1] == 1
        rates = self.chunk.rates[:, np.zeros_like(members[:1]) if same else members]
        rates = np.ascontiguousarray(rates.swapaxes(0, 1), np.float64)
        self._kept.append(rates)
        return np.asarray(rates.ctypes.data + np.arange(len(rates)) * rates.strides[0])

    def own(self, call: Array, networks: Array, epoch: int, index: Array) -> Any:
        """Give a group's calls for some epochs the networks' own orders, laid into `index`.

        `index` is (epochs, n, lanes). What is returned has to stay until the calls are done.
        """
        assert self.chunk.seeds is not None
        orders(self.chunk.seeds[networks], self.chunk.epoch + epoch, index)
        before = np.cumsum(call["epochs"]) - call["epochs"]
        call["index"] = index.ctypes.data + before * index.strides[0]
        call["stride"] = index.strides[0] // _WORD
        if not self.apart:
            return None
        factors = self._of_totals(self._totals(index, axis=1))
        for name, values in zip(("scales", "weights"), factors, strict=True):
            call[name] = values.ctypes.data + np.arange(len(index)) * values.strides[0]
        return factors

    def cut(self, call: Array, first: int, count: int, lanes: int) -> Array:
        """Return the part of a group's call that is `count` batches from `first` on."""
        part = call.copy()
        part["first"], part["count"] = first, count
        part["t"] += first
        if not self._steady:
            part["rates"] += first * lanes * _WORD
        for name in ("scales", "weights"):
            part[name] += first * _WORD * (lanes if self.apart else 1)
        return part
