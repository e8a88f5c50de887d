"""Plain Python: nine numbers taken from one vector by position, one observation after the other."""

import math


def squash(s):
    return 1.0 / (1.0 + math.exp(-s))


def gradient(theta, X, T):
    w = list(theta)
    total = [0.0] * 9
    for row, target in zip(X, T, strict=True):
        h1 = squash(w[0] * row[0] + w[1] * row[1] + w[4])
        h2 = squash(w[2] * row[0] + w[3] * row[1] + w[5])
        out = squash(w[6] * h1 + w[7] * h2 + w[8])
        delta = (out - target[0]) * out * (1 - out)
        delta1 = delta * w[6] * h1 * (1 - h1)
        delta2 = delta * w[7] * h2 * (1 - h2)
        parts = [delta1 * row[0], delta1 * row[1], delta2 * row[0], delta2 * row[1]]
        parts += [delta1, delta2, delta * h1, delta * h2, delta]
        total = [a + b for a, b in zip(total, parts, strict=True)]
    return total
