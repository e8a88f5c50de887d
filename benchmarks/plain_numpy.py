"""The peer: a hand-written NumPy training loop for 784-128-10, as a careful person writes it.

relu, softmax cross-entropy, SGD, float32; every array in float32, in-place updates, no
abstraction. One call trains one epoch and returns the mean error.
"""

from __future__ import annotations

import numpy as np


def epoch(W1, b1, W2, b2, X, T, order, batch, lr):
    """Train one epoch in place and return the mean cross-entropy before each update."""
    total = 0.0
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        x, t = X[rows], T[rows]
        n = len(rows)

        net1 = x @ W1.T + b1
        y1 = np.maximum(net1, 0)
        net2 = y1 @ W2.T + b2
        net2 -= net2.max(axis=1, keepdims=True)
        e = np.exp(net2)
        s = e.sum(axis=1, keepdims=True)
        total += float((t * (np.log(s) - net2)).sum())

        delta2 = e / s
        delta2 -= t
        delta2 /= n
        delta1 = delta2 @ W2
        delta1 *= net1 > 0

        W2 -= lr * (delta2.T @ y1)
        b2 -= lr * delta2.sum(axis=0)
        W1 -= lr * (delta1.T @ x)
        b1 -= lr * delta1.sum(axis=0)
    return total / len(order)
