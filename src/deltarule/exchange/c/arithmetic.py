"""A network in whole numbers: which fractions they stand for, and how far off that can be.

A number of F fraction bits is a whole number that stands for itself / 2^F (Q format). Outputs and
weights have 24 bits with their sign, so that a product has 48 and a sum of 32,000 of them fits into
64. An activation is a table of 1,025 values, with straight lines between and beyond them.

The bound is worked out layer by layer, for cells in the range of training:

    e_net = |W| e_{l-1} + |dW| max|y_{l-1}| + |db|        dW, db: what rounding changed
    e_l   = (steepest line) e_net + (largest distance of the lines from f)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.exchange.operations import Column, Operations

BITS = 23
"""Of a number, beside its sign."""

INTERVALS = 1024
_PART = 16
"""Bits of the place within an interval."""

_MARGIN = 1.1
"""For the distance of the lines from f, which is looked at in so many points only."""

_DEPTH = 16.0
"""How far below the largest net of a row softmax looks: exp(-16) is 1e-7."""

_HEADROOM = 4.0
"""Times the range of training, beyond which a cell is cut off."""


@dataclass(frozen=True, eq=False)
class Cell:
    """How a number of a row becomes an input: (x - offset) multiplier / 2^shift."""

    bits: int
    low: int
    high: int
    offset: int
    multiplier: int
    shift: int
    fill: int
    """The input where the cell is missing."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A table of f from -2^(shift + 9) to 2^(shift + 9), in units of the net; cut off at limit."""

    values: Array
    shift: int
    limit: int


@dataclass(frozen=True, eq=False)
class FixedLayer:
    """W and b in whole numbers; `curve` None: y is the net itself."""

    W: Array
    b: Array
    net_bits: int
    bits: int
    curve: Curve | None
    row: bool


@dataclass(frozen=True, eq=False)
class Fixed:
    """A model in whole numbers."""

    cells: tuple[Cell | None, ...]
    """None: a category, by its place."""
    input_bits: int
    layers: tuple[FixedLayer, ...]
    answer_bits: tuple[int, ...]
    factors: tuple[tuple[int, int, int], ...]
    """A regression's y multiplier / 2^shift + offset, by target."""
    bound: Array
    """By how much an answer can differ from the network's own, at most."""


def _bits(largest: float) -> int:
    """Return the fraction bits with which a number of that size still fits."""
    whole = math.ceil(math.log2(largest)) if largest > 0 else 0
    return min(BITS - whole, 30)


def _rounded(values: Any, bits: int) -> Array:
    return np.rint(np.ldexp(np.asarray(values, np.float64), bits)).astype(np.int64)


def fixed_of(ops: Operations) -> Fixed:
    """Return a model in whole numbers. Raises `UsageError` for what these cannot say."""
    if ops.inverse:
        raise UsageError(
            f"the target was learnt as its {ops.how}: {ops.inverse} of whole numbers has no bound "
            "worth stating; export --to c computes it in floating point"
        )
    largest = max((1.0, *(_reach(c) for c in ops.columns if not c.categories)))
    input_bits = _bits(_HEADROOM * largest)
    cells, errors, sizes = list[Cell | None](), list[float](), list[float]()
    for column in ops.columns:
        if column.categories:
            cells.append(None)
            errors += [0.0] * column.width
            sizes += [1.0] * column.width
            continue
        cell, error = _cell(column, input_bits)
        cells.append(cell)
        errors.append(error)
        sizes.append(_reach(column))
    e, y, bits, layers = np.array(errors), np.array(sizes), input_bits, list[FixedLayer]()
    for step in ops.steps:
        W = step.W.astype(np.float64)
        b = np.zeros(len(W)) if step.b is None else step.b.astype(np.float64)
        w_bits = _bits(float(np.max(np.abs(W), initial=0.0)))
        net_bits = w_bits + bits
        size = float(np.max(np.abs(W) @ y + np.abs(b)))
        if size >= 2.0 ** (61 - net_bits):
            raise UsageError("the nets are too large for whole numbers of 64 bits: use --to c")
        whole, whole_b = _rounded(W, w_bits), _rounded(b, net_bits)
        kept = np.ldexp(whole.astype(np.float64), -w_bits)
        e = np.abs(kept) @ e + np.abs(W - kept) @ y + 2.0**-net_bits
        size += float(np.max(e))
        curve, bits, e, largest = _curve(step.activation, size, net_bits, e)
        layers.append(FixedLayer(whole, whole_b, net_bits, bits, curve, step.activation.rowwise))
        y = np.full(len(W), largest)
    if ops.classes:
        e = np.repeat(e, 2) if ops.sizes[-1] == 1 else e
        answers = (bits,) * len(ops.classes)
        return Fixed(tuple(cells), input_bits, tuple(layers), answers, (), e)
    told = [_factor(*one, float(y[0]), bits) for one in zip(ops.scale, ops.offset, e, strict=True)]
    return Fixed(
        tuple(cells), input_bits, tuple(layers), tuple(t[0] for t in told),
        tuple(t[1] for t in told), np.array([t[2] for t in told]),
    )  # fmt: skip


def _reach(column: Column) -> float:
    """Return the largest input that a number becomes, in the range of training."""
    ends = [column.least, column.most] + ([] if column.fill is None else [column.fill])
    away = max(abs(x - column.offset) for x in ends)
    return 0.0 if column.constant else away / column.scale


def _cell(column: Column, input_bits: int) -> tuple[Cell, float]:
    """Return how a number goes in, and how far off the input can be."""
    middle, half = (column.least + column.most) / 2, (column.most - column.least) / 2
    low, high = middle - _HEADROOM * half, middle + _HEADROOM * half
    bits = _bits(max(abs(low), abs(high), abs(column.offset)) or 1.0)
    factor = 0.0 if column.constant else 2.0 ** (input_bits - bits) / column.scale
    shift = _bits(factor) if factor else 0
    if shift < 0 or not abs(bits) < 31:
        raise UsageError(
            f"the numbers of column {column.name!r} are too large, or too close together, for "
            "whole numbers of 32 bits: use another unit, or --to c"
        )
    multiplier = int(_rounded(factor, shift))
    fill = 0.0 if column.constant or column.fill is None else column.fill - column.offset
    fill = fill / column.scale if fill else 0.0
    least, most, offset = (int(_rounded(x, bits)) for x in (low, high, column.offset))
    cell = Cell(bits, least, most, offset, multiplier, shift, int(_rounded(fill, input_bits)))
    if column.constant:
        return cell, 0.0
    inexact = abs(factor - math.ldexp(multiplier, -shift)) / factor if factor else 0.0
    read = 2.0**-bits / column.scale  # of x and of the offset, each half a unit
    return cell, read + _reach(column) * inexact + 2.0**-input_bits


def _curve(
    activation: Any, size: float, net_bits: int, e: Array
) -> tuple[Curve | None, int, Array, float]:
    """Return the table, the bits of y, the error of y and the largest |y|."""
    if activation.name == "identity":
        bits = _bits(size)
        return None, bits, e + 2.0**-bits, size
    f = activation.body(NUMPY)[0]
    if activation.rowwise:
        if activation.name != "softmax":
            raise UsageError(f"{activation.name} has no form in whole numbers: use --to c")
        curve, off, _ = _table(np.exp, -_DEPTH / 2, _DEPTH / 2, net_bits, BITS - 1)
        count = len(e)
        off += math.exp(-_DEPTH)
        shares = off * (1 + count) / (1 - count * off) if count * off < 1 else 1.0
        return curve, BITS - 1, 0.5 * np.full(count, np.max(e)) + shares + 2.0 ** -(BITS - 1), 1.0
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(f(np.linspace(-size, size, 20_001)))))
    bits = _bits(1.01 * largest)
    tried = [_table(f, 0.0, 2.0**k, net_bits, bits, size) for k in range(1, 12)]
    curve, off, slope = min(tried, key=lambda one: one[1])
    if not math.isfinite(off):
        raise UsageError(f"{activation.name} of such nets has no table: use --to c")
    return curve, bits, slope * e + off, largest


def _table(
    f: Any, centre: float, half: float, net_bits: int, bits: int, size: float = 0.0
) -> tuple[Curve, float, float]:
    """Return f's table around a centre, its largest error up to `size`, its steepest slope."""
    x = centre + np.linspace(-half, half, INTERVALS + 1)
    with np.errstate(all="ignore"):
        values = _rounded(f(x), bits)
    shift = net_bits + round(math.log2(half)) + 1 - round(math.log2(INTERVALS))
    limit = int(np.ldexp(size or half, net_bits))
    curve = Curve(values, shift, limit)
    inside = np.linspace(-half, half, 16 * INTERVALS + 1)
    outside = np.linspace(-size, size, 8191) if size > half else inside[:0]
    net = np.concatenate([inside, outside])
    with np.errstate(all="ignore"):
        off = np.abs(np.ldexp(looked_up(curve, _rounded(net, net_bits)), -bits) - f(centre + net))
    slope = float(np.max(np.abs(np.diff(values)))) * 2.0 ** (net_bits - bits - shift)
    worst = float(np.max(off)) if np.all(np.isfinite(off)) and shift >= _PART else math.inf
    return curve, _MARGIN * worst + 2.0**-bits, slope


def looked_up(curve: Curve, net: Array) -> Array:
    """Return what the table says of nets, as the header computes it, as float64."""
    net = np.clip(net, -curve.limit, curve.limit)
    start = net + (INTERVALS // 2 << curve.shift)
    i = np.clip(start >> curve.shift, 0, INTERVALS - 1)
    part = np.trunc((start - (i << curve.shift)) / 2.0 ** (curve.shift - _PART))
    step = curve.values[i + 1] - curve.values[i]
    return np.asarray(curve.values[i] + np.trunc(step * part / 2.0**_PART))


def _factor(
    scale: float, offset: float, e: float, largest: float, bits: int
) -> tuple[int, tuple[int, int, int], float]:
    """Return an answer's bits, (multiplier, shift, offset), and how far off it can be."""
    answer_bits = _bits(abs(scale) * largest + abs(offset))
    factor = scale * 2.0 ** (answer_bits - bits)
    shift = _bits(abs(factor))
    multiplier = int(_rounded(factor, shift))
    inexact = abs(factor - math.ldexp(multiplier, -shift)) / abs(factor) if factor else 0.0
    error = abs(scale) * (e + largest * inexact) + 2.0 * 2.0**-answer_bits
    return answer_bits, (multiplier, shift, int(_rounded(offset, answer_bits))), error
