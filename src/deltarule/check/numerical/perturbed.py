"""What the ways of moving a network's parameters share: the samples, f, e and the penalty.

Arrays here are node-major: (nodes, moves * samples), all samples of one move side by side. So
every operation runs over long rows, sums over nodes too, and what does not change with the move
is repeated once and for all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from deltarule.check.numerical.around import Around
from deltarule.core.arrays import Array
from deltarule.core.namespace import NUMPY, NumpyNamespace
from deltarule.engine import Objective, Samples

_BLOCK = 1 << 16
"""Numbers per array that exist at a time along a direction."""
_TINY = 1e-8
_KEPT = 1 << 24
"""Bytes; larger than any array that the checks make many of."""


class _Namespace(NumpyNamespace):
    """NumPy's, with a complex exp from real ones: exp(a + ib) = exp(a) (cos b + i sin b).

    For |b| < 1e-8, a complex step's size, cos b = 1 and sin b = b to the last bit or less.
    """

    def __init__(self) -> None:
        super().__init__()
        self.exp = _exp


def _exp(z: Any) -> Any:
    if not np.iscomplexobj(z):
        return np.exp(z)
    size, found = np.exp(z.real), np.empty_like(z)
    if np.max(np.abs(z.imag), initial=0.0) < _TINY:
        found.real = size
        np.multiply(size, z.imag, out=found.imag)
        return found
    np.multiply(size, np.cos(z.imag), out=found.real)
    np.multiply(size, np.sin(z.imag), out=found.imag)
    return found


XP = _Namespace()
"""The namespace of everything that is moved."""


@lru_cache(maxsize=1)
def _keep_freed_memory() -> None:
    """Free one large array, once.

    The C library of Linux hands arrays of more than 128 KiB back to the system at once, and gets
    every page of the next one anew, until it has seen a larger one freed. Checks make thousands
    of arrays of that size; this halves their time.
    """
    np.ones(_KEPT // 8)


class Repeated:
    """An array (nodes, samples), repeated for many moves: (nodes, moves * samples)."""

    def __init__(self, array: Array) -> None:
        self._array = self._repeated = np.ascontiguousarray(array)

    def times(self, moves: int) -> Array:
        """Return it `moves` times side by side."""
        wanted = moves * self._array.shape[1]
        if self._repeated.shape[1] < wanted:
            self._repeated = np.tile(self._array, moves)
        return self._repeated[:, :wanted]


class Perturbed(Around):
    """E of a network of dense layers, with moved parameters."""

    unit = float(np.finfo(np.float64).eps)

    def __init__(self, objective: Objective, theta: Array, samples: Samples) -> None:
        _keep_freed_memory()
        net = objective.network
        self.objective, self.layout, self.L = objective, net.layout, len(net.layers)
        self.x = theta.astype(np.float64)
        self.parameters: list[Any] = [None, *net.unpack(self.x)]
        self.f: list[Any] = [None, *(layer.activation.body(XP)[0] for layer in net.affine)]
        with np.errstate(all="ignore"):  # what is not finite is found when E is looked at
            nets, outputs = net.forward(self.x, samples.X.astype(np.float64), NUMPY)
        self.nets: list[Any] = [None, *(np.ascontiguousarray(a.T) for a in nets[1:])]
        self.outputs = [np.ascontiguousarray(a.T) for a in outputs]
        self.samples = len(samples)
        self._T = Repeated(samples.T.astype(np.float64).T)
        s = np.ones(len(samples)) if samples.weight is None else samples.weight.astype(float)
        self.scale = s / s.sum() if objective.reduction == "mean" else s  # what a row counts in E
        fused = objective.fused
        self._fused = None if fused is None else fused(XP)[0]
        self._e = objective.loss.body(XP)[0]
        used = self.x[net.layout.mask("penalised")]
        self._totals = {each: each.body(XP)[0](used).sum() for each in objective.penalties}
        none = np.zeros(1, np.intp)
        with np.errstate(all="ignore"):
            value = self.errors(self.nets[self.L]) + self.penalty(none, np.zeros(1))
        self.here = np.broadcast_to(value, self.x.shape)

    @property
    def T(self) -> Array:
        """The targets, (n_L, samples)."""
        return self._T.times(1)

    def errors(self, net: Array, outputs: slice = slice(None)) -> Array:
        """Return E without the penalty, per move, from net_L (n_L, moves * samples).

        `outputs` says which outputs `net` holds, where they are not all.
        """
        rows, T = net.T, self._T.times(net.shape[1] // self.samples)[outputs].T
        e = self._fused(rows, T) if self._fused else self._e(self.f[self.L](rows), T)
        # outputs, then moves; row by row, for threads cost more than so short sums
        each = np.vecdot(self.scale, e.T.reshape(-1, self.samples))
        return np.asarray(each.reshape(len(net), -1).sum(axis=0))

    def penalty(self, entries: Array, steps: Array) -> Array | float:
        """Return the penalties' part of E with one parameter moved, per move."""
        w, covered = self.x[entries], self.layout.mask("penalised")[entries]
        found: Array | float = 0.0
        for each, total in self._totals.items():
            p = each.body(XP)[0]
            found = found + each.scale * (total + np.where(covered, p(w + steps) - p(w), 0.0))
        return found

    def along(self, direction: Array, steps: Array) -> Array:
        """Return E(theta + steps_i direction), whole forward passes side by side.

        (W + s V) y = W y + s V y, so all steps share two products per layer, and the first
        layer's are those of a single step.
        """
        lines = [None, *self.layout.views(direction)]
        first = contract(lines[1], self.outputs[0])
        block = max(1, _BLOCK // (self.samples * max(len(y) for y in self.outputs[1:])))
        parts = [steps[start : start + block] for start in range(0, len(steps), block)]
        with np.errstate(all="ignore"):
            found = [self._errors_along(lines, first, part) for part in parts]
        return np.concatenate(found) + self._penalty_along(direction, steps)

    def _errors_along(self, lines: list[Any], first: Array, steps: Array) -> Array:
        net = first[:, None] * steps[:, None]  # (n_1, steps, samples)
        net += self.nets[1][:, None]
        net = net.reshape(len(first), -1)
        each = np.repeat(steps, self.samples)
        for l in range(2, self.L + 1):
            y = self.f[l - 1](net.T).T
            net = contract(lines[l], y)
            net *= each
            net += contract(self.parameters[l], y)
        return self.errors(net)

    def _penalty_along(self, direction: Array, steps: Array) -> Array | float:
        """Return the penalties' part of E at W + s V, for every step s."""
        used = self.layout.mask("penalised")
        lines = [self.x[used] + s * direction[used] for s in steps]

        def total(p: Callable[..., Any]) -> Array:
            return np.array([p(w).sum() for w in lines])

        return np.asarray(self.objective.penalty_of(total, XP))


def contract(p: Any, y: Array) -> Array:
    """Return net_l = W_l y_{l-1} + b_l, node-major."""
    net = np.asarray(p["W"] @ y)
    if "b" in p:
        net += p["b"][:, None]
    return net
