"""The network of a function of theta, where nobody says it: by the numbers written in its code."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from itertools import product
from types import CodeType
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.pieces import flat_readings
from deltarule.network import Network

_MOST, _LARGEST = 9, 64
"""Different numbers that are tried as sizes, and how large a layer may be."""


def sizes_for(
    function: Callable[..., Any], accepts: Callable[[Any, Any, Any], bool]
) -> Iterator[tuple[int, ...]]:
    """Yield the networks that a function of theta may have, by the sizes written in its file.

    The smaller ones come first: a function that names theta's entries one by one takes any theta
    that is long enough. `accepts(theta, X, T)` says whether it can be called so. A network of ours
    beside it counts.
    """
    variables = getattr(function, "__globals__", {})
    yield from (v.sizes for v in variables.values() if isinstance(v, Network))
    numbers = sorted(_written(function))[:_MOST]
    found = []
    for count in (2, 3):
        for sizes in product(numbers, repeat=count):
            X, T = np.full((7, sizes[0]), 0.5), np.full((7, sizes[-1]), 0.5)
            readings = flat_readings(sizes)
            for n in sorted({sum(math.prod(p.shape) for p in r) for r in readings}):
                if accepts(np.full(n, 0.1), X, T):
                    found.append((1 in sizes[1:-1], n, sizes))
                    break
    yield from (sizes for *_, sizes in sorted(found))


def _written(function: Any) -> set[int]:
    """Return the small whole numbers in a function's code, its helpers' and its module's."""
    variables = getattr(function, "__globals__", {})
    helpers = [v for v in variables.values() if inspect.isfunction(v)]
    own = [v for v in variables.values() if isinstance(v, int) and not isinstance(v, bool)]
    found = {1, 3, *own}  # 3 for those that take any number of hidden nodes
    for code in [f.__code__ for f in (function, *helpers) if f.__globals__ is variables]:
        found |= set(constants(code, int))
    return {n for n in found if 0 < n <= _LARGEST}


def constants(code: CodeType | None, kind: type) -> Iterator[Any]:
    """Yield the constants of one type that are written in a function's code."""
    for value in () if code is None else code.co_consts:
        if isinstance(value, CodeType):
            yield from constants(value, kind)
        for c in value if isinstance(value, tuple) else (value,):
            if type(c) is kind:
                yield c
