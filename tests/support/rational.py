"""Backpropagation in exact rationals, node by node (relu or identity, half squared error)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

Layer = tuple[list[list[Fraction]], list[Fraction], str]


def exact(values: Any) -> Any:
    """Return nested lists of floats as nested lists of the same numbers, exactly."""
    return [exact(v) for v in values] if isinstance(values, list) else Fraction(values)


def gradient(
    layers: Sequence[Layer], X: list[list[Fraction]], T: list[list[Fraction]]
) -> tuple[Fraction, list[tuple[list[list[Fraction]], list[Fraction]]]]:
    """Return E = sum 1/2 (T - y)^2 and (dE/dW_l, dE/db_l) of every layer.

    A node's dE/dy is the sum over the nodes it feeds; relu's slope at 0 is 0.
    """
    E = Fraction(0)
    found = [([[Fraction(0)] * len(W[0]) for _ in W], [Fraction(0)] * len(W)) for W, _, _ in layers]
    for x, target in zip(X, T, strict=True):
        nets: list[list[Fraction]] = [[]]
        outputs = [x]
        for W, b, name in layers:
            before = outputs[-1]
            net = [
                b[j] + sum((W[j][k] * before[k] for k in range(len(before))), Fraction(0))
                for j in range(len(W))
            ]
            nets.append(net)
            outputs.append([max(v, Fraction(0)) if name == "relu" else v for v in net])
        E += sum(((t - y) ** 2 for y, t in zip(outputs[-1], target, strict=True)), Fraction(0)) / 2
        slopes = [y - t for y, t in zip(outputs[-1], target, strict=True)]
        for l in range(len(layers), 0, -1):
            W, _, name = layers[l - 1]
            before = outputs[l - 1]
            below = [Fraction(0)] * len(before)
            for j in range(len(W)):
                open_ = 1 if name == "identity" or nets[l][j] > 0 else 0
                at_net = slopes[j] * open_
                found[l - 1][1][j] += at_net
                for k in range(len(before)):
                    found[l - 1][0][j][k] += at_net * before[k]
                    below[k] += W[j][k] * at_net
            slopes = below
    return E, found


def flat(layers: Sequence[Layer], found: Any, biases: Sequence[bool]) -> list[Fraction]:
    """Return the gradient in theta's order: W row by row, then b where there is one."""
    values: list[Fraction] = []
    for (at_weights, at_bias), bias in zip(found, biases, strict=True):
        values += [v for row in at_weights for v in row]
        values += at_bias if bias else []
    return values
