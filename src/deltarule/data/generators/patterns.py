"""Problems on patterns of bits, each with all its patterns: nothing is held out."""

from __future__ import annotations

import numpy as np

from deltarule.core.arguments import whole
from deltarule.data.bundle import TWO, Bundled, numbered

_MOST_BITS, _MOST_PATTERNS = 16, 1024


def parity(bits: int = 4) -> Bundled:
    """Return the parity problem: all patterns of so many bits; is the number of ones odd?

    The first bit changes slowest. `parity(2)` is XOR. Minsky and Papert (1969), Perceptrons;
    Rumelhart, Hinton and Williams (1986), Learning internal representations, p. 334.

    >>> parity(2).X.tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    n = whole("parity: bits", bits, 2, _MOST_BITS)
    X = ((np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1).astype(np.float64)
    says = f"whether the number of ones among {n} bits is odd (Minsky and Papert 1969)"
    odd = X.sum(axis=1, keepdims=True) % 2
    return Bundled.of(f"parity:{n}", X, odd, "parity", says, TWO, splittable=False)


def encoder(patterns: int = 10, code: int = 5) -> Bundled:
    """Return the encoder: one-hot patterns to be reproduced through fewer nodes.

    `code`, the nodes of the hidden layer, is part of the problem's name alone: the network has
    to have them. Ackley, Hinton and Sejnowski (1985), A learning algorithm for Boltzmann machines;
    Fahlman (1988), CMU-CS-88-162.

    >>> encoder(4, 2).T.shape
    (4, 4)
    """
    n = whole("encoder: patterns", patterns, 3, _MOST_PATTERNS)
    h = whole("encoder: nodes of the code", code, 1, _MOST_PATTERNS)
    says = (
        f"the {n}-{h}-{n} encoder, {n} one-hot patterns to be reproduced through a hidden layer of "
        f"{h} (Fahlman 1988)"
    )
    name, classes = f"encoder:{n},{h}", list(map(str, range(n)))
    return Bundled.of(name, np.eye(n), np.eye(n), "pattern", says, classes, splittable=False)


def complement(patterns: int = 8) -> Bundled:
    """Return the complement encoder: patterns of ones with a single zero, to be reproduced.

    Fahlman (1988), CMU-CS-88-162.

    >>> complement(3).X.tolist()
    [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    """
    n = whole("complement: patterns", patterns, 3, _MOST_PATTERNS)
    X, targets = 1.0 - np.eye(n), numbered(n, "y")
    says = (
        f"the complement encoder, {n} patterns of ones with one zero to be reproduced (Fahlman "
        "1988)"
    )
    name = f"complement:{n}"
    return Bundled.of(name, X, X.copy(), "y1", says, targets=targets, splittable=False)
