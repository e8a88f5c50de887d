"""Sequences in which something has to be kept in mind."""

from __future__ import annotations

import numpy as np

from deltarule.core.arguments import whole
from deltarule.data.bundle import Bundled


def adding(steps: int = 50, samples: int = 2000) -> Bundled:
    """Return the adding problem: the sum of two marked numbers, one in each half of a sequence.

    A step is (a number from [0, 1), a mark): the mark is 1 at one step of the first half and at
    one of the second, else 0. Who says 1 always has the mean squared error 1/6 = .167 (E, with
    halves, .083); below that something is remembered. Hochreiter and Schmidhuber (1997), with
    marks and lengths as in Le, Jaitly and Hinton (2015). A row holds all numbers, then all marks.

    >>> adding(10, 3).X.shape, adding(10, 3).columns[9:11]
    ((3, 20), ('x1(10)', 'x2(1)'))
    """
    T = whole("adding: steps", steps, 2, 100_000)
    n = whole("adding: samples", samples, 1, 1_000_000)
    rng = np.random.default_rng((T, n))
    numbers, marks = rng.uniform(size=(n, T)), np.zeros((n, T))
    rows = np.arange(n)
    marks[rows, rng.integers(0, T // 2, size=n)] = 1.0
    marks[rows, rng.integers(T // 2, T, size=n)] = 1.0
    return Bundled(
        name=f"adding:{T},{n}",
        X=np.concatenate([numbers, marks], axis=1),
        T=np.sum(numbers * marks, axis=1, keepdims=True),
        columns=tuple(f"x{f}({t})" for f in (1, 2) for t in range(1, T + 1)),
        target="sum",
        classes=(),
        task="regression",
        description=f"adding:{T},{n}: two marked numbers of {T} are to be added (Hochreiter and "
        "Schmidhuber 1997)",
        features=2,
    )
