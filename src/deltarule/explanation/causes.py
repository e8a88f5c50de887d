"""The causes of a gradient's size: each with its number, and what would be usual in its place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.explanation.dominant import Dominant
from deltarule.explanation.flat_nodes import largest_slope
from deltarule.explanation.records import Factor
from deltarule.explanation.sweep import Sweep
from deltarule.explanation.writing.names import Names

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cause:
    """One number that log |dE/dw| is made of."""

    kind: str
    """What it is called when it is the main cause: `"saturated"`, `"small_weight"`, ..."""
    name: str
    number: float
    """Its magnitude."""
    usual: float
    """What it is held against."""
    says: str
    """What it means that it is small."""
    place: tuple[int, int] | None = None
    """The layer and the node (from 1) of an f'."""

    @property
    def log10(self) -> float:
        """Its part of log10 |dE/dw|."""
        return math.log10(self.number) if self.number else -math.inf

    @property
    def shortfall(self) -> float:
        """By how many powers of ten it falls short of what is usual (negative: short)."""
        return self.log10 - math.log10(self.usual)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON; null stands for -inf."""
        log10 = self.log10 if self.number else None
        return {
            "kind": self.kind,
            "name": self.name,
            "number": self.number,
            "log10": log10,
            "usual": self.usual,
            "says": self.says,
        }


@dataclass(frozen=True)
class Setting:
    """What a sentence about a cause needs to know."""

    sweep: Sweep
    route: Dominant
    start: tuple[int, int]


def causes_along(
    names: Names, weight: tuple[int, int, int], route: Dominant, parts: Array, value: float
) -> tuple[Cause, ...]:
    """Return all causes; their logarithms add up to log |value|."""
    l, j, k = weight
    i, sweep = route.observation + 1, names.sweep
    found = [_incoming(names, l, k, i)] if k else []
    last, below, nodes = j, l, [node + 1 for node in route.nodes]
    for m, node in zip((l, *sweep.way(l)), (j, *nodes), strict=False):
        found += [_weight(names, below + 1, node, last)] if m > l else []
        found += [_slope(names, m, node, i)] if sweep.slopes_from(l, m) is not None else []
        last, below = node, m
    if sweep.couples(l):
        found.append(_jacobian(names, nodes[-1], last, i))
        last = nodes[-1]
    found += [_scale(factor) for factor in names.scale(i)]
    told = sweep.told(l)
    found.append(_residual(names.end(last, i, told), told is None))
    return (*found, *_sums(sweep, route, parts, value))


def dead_for_all(cause: Cause, setting: Setting) -> str:
    """Say of a relu whether other observations open it."""
    n = len(setting.sweep.samples)
    if cause.place is None or cause.kind != "dead_relu" or n == 1:
        return ""
    l, j = cause.place
    slopes = setting.sweep.slopes[l]
    assert slopes is not None
    closed = int(np.count_nonzero(slopes[:, j - 1] == 0))
    return f" for {'all' if closed == n else closed} of {n} observations"


def _incoming(names: Names, l: int, k: int, i: int) -> Cause:
    factor = names.incoming(l, k, i)
    where = "input" if l == 1 else "incoming output"
    kind = "zero_input" if factor.number == 0 else "small_input"
    return Cause(kind, factor.name, abs(factor.number), 1.0,
                 f"the {where} is small, and the weight multiplies it")  # fmt: skip


def _weight(names: Names, m: int, node: int, last: int) -> Cause:
    factor = names.weight(m, node, last)
    usual = 1.0 / math.sqrt(names.sweep.network.sizes[m - 1])
    return Cause("small_weight", factor.name, abs(factor.number), usual,
                 "a small weight lets little of the delta back")  # fmt: skip


def _slope(names: Names, m: int, node: int, i: int) -> Cause:
    factor, layer = names.slope(m, node, i), names.sweep.network.affine[m - 1]
    net = float(names.sweep.bp.nets[m][i - 1, node - 1])
    name = layer.activation.name
    rectifier = layer.activation.range == (0.0, math.inf) and net <= 0.0
    if factor.number == 0 and rectifier:
        kind, says = "dead_relu", f"{name} is flat at net = {net:.3g}, so that nothing gets through"
    else:
        kind, says = "saturated", f"the {name} node is saturated at net = {net:.3g}"
    usual = largest_slope(layer.activation)
    return Cause(kind, factor.name, abs(factor.number), usual, says, (m, node))


def _jacobian(names: Names, o: int, j: int, i: int) -> Cause:
    entry = float(names.sweep.jacobian(i - 1)[o - 1, j - 1])
    factor = names.jacobian(o, j, entry)
    activation = names.sweep.network.affine[-1].activation
    usual = largest_slope(activation)
    return Cause("saturated", factor.name, abs(entry), usual,
                 f"the {activation.name} row is saturated")  # fmt: skip


def _scale(factor: Factor) -> Cause:
    usual = factor.number if factor.name == "c" else 1.0  # 1/n is what a mean means
    return Cause(
        "small_sample_weight",
        factor.name,
        factor.number,
        usual,
        "this observation weighs little in E",
    )


def _residual(factor: Factor, of_error: bool) -> Cause:
    if not of_error:
        return Cause("small_source", factor.name, abs(factor.number), 1.0,
                     "what the feedback carries from the output is small")  # fmt: skip
    return Cause("finished_error", factor.name, abs(factor.number), 1.0,
                 "the output is nearly what is wanted: little is left to learn")  # fmt: skip


def _sums(sweep: Sweep, route: Dominant, parts: Array, value: float) -> list[Cause]:
    """Return what the sums over paths and observations (and the penalty) do to the size."""
    part = abs(float(parts[route.observation]))
    found = _sum("paths", "path", (route.size, route.together, part),
                 "the paths have opposite signs and cancel")  # fmt: skip
    data = abs(float(np.sum(parts)))
    if len(parts) > 1:
        found += _sum("observations", "observation", (part, float(np.sum(np.abs(parts))), data),
                      "what the observations ask for is opposite and cancels")  # fmt: skip
    if sweep.objective.penalties and abs(value) != data:
        found += _penalty(data, abs(value))
    return found


def _sum(what: str, kind: str, sizes: tuple[float, float, float], says: str) -> list[Cause]:
    """Return all of `what` over the largest (1 at least), and their cancellation (1 at most).

    Many numbers of both signs always cancel in part. It makes a sum small where the sum falls
    short of its largest term, so that term's share of all is what is usual.
    """
    largest, together, result = sizes
    more = together / largest if largest else 1.0
    kept = min(result / together, 1.0) if together else 1.0
    return [
        Cause(f"several_{what}", f"all {what} / largest", more, more, f"there are several {what}"),
        Cause(f"{kind}_cancellation", f"|sum| / all {what}", kept, 1.0 / more, says),
    ]


def _penalty(data: float, value: float) -> list[Cause]:
    ratio = value / data if data else 1.0
    return [Cause("penalty_cancellation", "with penalty / without", ratio, max(ratio, 1.0),
                  "the penalty cancels the data's part")]  # fmt: skip
