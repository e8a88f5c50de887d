"""Where a chunk has led networks: on the way, at its end, and to numbers that are not finite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deltarule.core.arrays import Array
from deltarule.engine.compiled.many.arguments import CallMaker


@dataclass(frozen=True)
class Break:
    """A network whose numbers stop being finite."""

    network: int
    epoch: int
    """In the epoch of this number of the chunk, from 0."""
    update: int
    """In its update of this number, from 0."""
    theta: Array
    """The weights before it, all finite."""
    slots: tuple[Array, ...]


class Search:
    """One group's chunk, run again.

    `go(call)` does a call, and `make(vectors, sums, epoch)` describes it.
    """

    def __init__(
        self,
        maker: CallMaker,
        members: Array,
        slots: int,
        make: Callable[..., Array],
        go: Callable[..., None],
    ) -> None:
        self._maker, self._members, self._slots = maker, members, slots
        self._make, self._go = make, go
        self._found: list[Break] = []

    def run(self, before: Array, wanted: Array) -> list[Break]:
        """Return a break for every lane in `wanted`; `before` is where the chunk began."""
        for epoch in range(self._maker.chunk.epochs):
            sums = np.zeros((1, 2, len(wanted)))
            after = self._advance(before, sums, epoch, 0, self._maker.batches)
            now = wanted & ~_finite(*after)
            if now.any():
                self._halve(before, sums, epoch, 0, self._maker.batches, now)
            wanted, before = wanted & ~now, after[0]
        return self._found

    def _advance(
        self, vectors: Array, sums: Array, epoch: int, first: int, count: int
    ) -> tuple[Array, Array]:
        """Return where `count` updates lead."""
        vectors, sums = vectors.copy(), sums.copy()
        call = self._make(vectors, sums, epoch)
        self._go(self._maker.cut(call, first, count, sums.shape[-1]))
        return vectors, sums

    def _halve(
        self, vectors: Array, sums: Array, epoch: int, first: int, count: int, wanted: Array
    ) -> None:
        """Find the lanes in `wanted`, all of which break in these updates."""
        if count == 1:
            for lane in np.flatnonzero(wanted):
                theta, *slots = vectors[0, :, :, lane].copy()
                network = int(self._members[lane])
                self._found.append(Break(network, epoch, first, theta, tuple(slots[: self._slots])))
            return
        half = count // 2
        middle = self._advance(vectors, sums, epoch, first, half)
        early = wanted & ~_finite(*middle)
        if early.any():
            self._halve(vectors, sums, epoch, first, half, early)
        if (wanted & ~early).any():
            self._halve(*middle, epoch, first + half, count - half, wanted & ~early)


def _finite(vectors: Array, sums: Array) -> Array:
    """Return, lane by lane, whether theta and the sums are finite."""
    theta = np.isfinite(vectors[0, 0]).all(axis=0)
    return np.asarray(theta & np.isfinite(sums[0]).all(axis=0))


@dataclass(frozen=True)
class Trajectory:
    """What a chunk has led to; `networks` (k,) names those that took part."""

    networks: Array
    done: Array
    """(k,): how many epochs each has done."""
    sums: Array
    """(groups, epochs, 2, lanes): per epoch sum of s_i e_i, and of (batch weight) * penalty."""
    breaks: tuple[Break, ...]
    before: Array
    """theta before the chunk, (groups, size, lanes)."""
    trail: Array | None = None
    """theta after every epoch, (groups, epochs, size, lanes), where it was to be kept."""

    def in_columns(self, values: Array) -> Array:
        """Return values (groups, epochs, lanes) with a network per column, (epochs, k)."""
        return values.swapaxes(0, 1).reshape(values.shape[1], -1)[:, : len(self.networks)]

    def theta(self, places: Array, epochs: Array) -> Array:
        """Return theta of the networks at some places among the k, after so many epochs."""
        groups, lanes = np.divmod(places, self.before.shape[-1])
        found = self.before[groups, :, lanes]
        later = epochs > 0
        if self.trail is not None and later.any():
            found[later] = self.trail[groups[later], epochs[later] - 1, :, lanes[later]]
        return found
