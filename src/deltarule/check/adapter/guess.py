"""What a function of theta is given, where nobody says it: by its code, and by its first use of it.

The network, by the numbers written in its code. The container, by an object in theta's place that
says how it is used as soon as it is touched: a function that wants one vector is not asked with
lists then, and the other way round.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from itertools import product
from types import CodeType
from typing import Any, NoReturn

import numpy as np

from deltarule.check.adapter.calls.forms import FORMS
from deltarule.check.adapter.calls.pieces import flat_readings
from deltarule.check.adapter.calls.trial import quiet
from deltarule.check.adapter.loop import data_of
from deltarule.check.adapter.roles import parameters, role_of
from deltarule.check.adapter.subject import Subject
from deltarule.core.errors import UsageError
from deltarule.network import Network

_MOST, _LARGEST = 9, 64
"""Different numbers that are tried as sizes, and how large a layer may be."""


def sizes_for(function: Callable[..., Any]) -> Iterator[tuple[int, ...]]:
    """Yield the networks that a function of theta may have, by the sizes written in its file.

    The smaller ones come first: a function that names theta's entries one by one takes any theta
    that is long enough. A network of ours beside it counts.
    """
    variables = getattr(function, "__globals__", {})
    yield from (v.sizes for v in variables.values() if isinstance(v, Network))
    numbers = sorted(_written(function))[:_MOST]
    ends = ends_of(function)
    found = []
    for count in (2, 3, 4) if ends else (2, 3):
        for inside in product(numbers, repeat=count - 2 * bool(ends)):
            sizes = (ends[0], *inside, ends[1]) if ends else inside
            X, T = np.full((7, sizes[0]), 0.5), np.full((7, sizes[-1]), 0.5)
            readings = flat_readings(sizes)
            for n in sorted({sum(math.prod(p.shape) for p in r) for r in readings}):
                theta = np.full(n, 0.1)
                if _accepts(function, *((theta,) if ends else (theta, X, T))):
                    found.append((1 in sizes[1:-1], n, sizes))
                    break
    yield from (sizes for *_, sizes in sorted(found))


def ends_of(function: Callable[..., Any]) -> tuple[int, ...]:
    """Return the numbers of inputs and outputs where X and T are the module's; else nothing."""
    if not inspect.isfunction(function):
        return ()
    variables = function.__globals__
    needed = [p for p in parameters(function) if p.default is p.empty]
    names = {role: name for name, role in data_of(function).items()} if len(needed) == 1 else {}
    held = [variables[names[role]] for role in ("X", "T") if role in names]
    arrays = len(held) == 2 and all(isinstance(a, np.ndarray) and a.ndim == 2 for a in held)
    return tuple(a.shape[1] for a in held) if arrays else ()


def _accepts(function: Callable[..., Any], *arguments: Any) -> bool:
    try:
        with quiet():
            return function(*arguments) is not None
    except Exception:
        return False


def _written(function: Any) -> set[int]:
    """Return the small whole numbers in a function's code, its helpers' and its module's."""
    variables = getattr(function, "__globals__", {})
    helpers = [v for v in variables.values() if inspect.isfunction(v)]
    own = [v for v in variables.values() if isinstance(v, int) and not isinstance(v, bool)]
    inside = [n for v in variables.values() if isinstance(v, list | tuple) for n in _whole(v)]
    found = {1, 3, *own, *inside}  # 3 for those that take any number of hidden nodes
    for code in [f.__code__ for f in (function, *helpers) if f.__globals__ is variables]:
        found |= set(constants(code, int))
    return {n for n in found if 0 < n <= _LARGEST}


def _whole(thing: Any) -> Iterator[int]:
    """Yield the whole numbers in a short list of sizes, or of shapes."""
    if isinstance(thing, list | tuple) and len(thing) <= _MOST:
        for t in thing:
            yield from _whole(t)
    elif type(thing) is int:
        yield thing


def constants(code: CodeType | None, kind: type) -> Iterator[Any]:
    """Yield the constants of one type that are written in a function's code."""
    for value in () if code is None else code.co_consts:
        if isinstance(value, CodeType):
            yield from constants(value, kind)
        for c in value if isinstance(value, tuple) else (value,):
            if type(c) is kind:
                yield c


_SEQUENCE, _DICT = frozenset({"list", "pairs", "dicts"}), frozenset({"dict"})
_FLAT, _OBJECT = frozenset({"flat"}), frozenset({"namespace"})
_METHODS = {
    **dict.fromkeys(("keys", "values", "items", "get"), _DICT),
    **dict.fromkeys(("append", "pop", "index", "insert"), _SEQUENCE),
    "copy": _SEQUENCE | _DICT | _FLAT,
}
"""Other attributes are those of an array: shape, reshape, ravel."""


class _Used(BaseException):
    """Parameters were touched; the program may not catch it."""

    def __init__(self, containers: frozenset[str]) -> None:
        self.containers = containers


class _Probe:
    """Stands for the parameters."""

    def __iter__(self) -> NoReturn:
        raise _Used(_SEQUENCE | _DICT | _FLAT)  # list(theta) is said of one vector, too

    def __getitem__(self, key: Any) -> NoReturn:
        if isinstance(key, str):
            raise _Used(_DICT)
        raise _Used(_SEQUENCE | _FLAT if isinstance(key, int) else _FLAT)

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _Used(_FLAT)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _Used(_OBJECT if role_of(name) == "W" else _METHODS.get(name, _FLAT))


def containers_for(subject: Subject) -> frozenset[str]:
    """Return the containers that a function's first use of its parameters allows; all for none."""
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(7, 3)), np.eye(2)[rng.integers(2, size=7)]
    for form in FORMS:
        if not form.fits(T):
            continue
        try:
            with quiet():
                subject.call({"theta": _Probe()}, form.x(X), form.t(T), {})
        except UsageError as error:
            if isinstance(error.__cause__, _Used):
                return error.__cause__.containers
        except Exception:
            continue
    return _SEQUENCE | _DICT | _FLAT | _OBJECT
