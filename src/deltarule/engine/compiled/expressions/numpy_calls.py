"""NumPy's own functions in a formula that is traced: np.exp(net), np.where(net > 0, ...)."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul,
    "divide": operator.truediv, "negative": operator.neg, "power": operator.pow,
    "float_power": operator.pow, "less": operator.lt, "less_equal": operator.le,
    "greater": operator.gt, "greater_equal": operator.ge, "equal": operator.eq,
    "not_equal": operator.ne, "logical_and": operator.and_, "logical_or": operator.or_,
    "bitwise_and": operator.and_, "bitwise_or": operator.or_, "logical_not": operator.invert,
    "invert": operator.invert, "positive": lambda x: x, "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
}  # fmt: skip
_FUNCTIONS = ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos")


def called(graph: Any, name: str, inputs: tuple[Any, ...]) -> Any:
    """Return what a ufunc gives for terms of a graph; NotImplemented for one that is not known."""
    terms = [x.item() if isinstance(x, np.generic) else x for x in inputs]
    if any(isinstance(x, np.ndarray) for x in terms):
        return NotImplemented
    if name in _OPERATORS:
        return _OPERATORS[name](*terms)
    if name in _FUNCTIONS:
        return getattr(graph, name)(*terms)
    return _WRITTEN[name](graph, *terms) if name in _WRITTEN else NotImplemented


def _sign(graph: Any, x: Any) -> Any:
    return graph.where(x > 0.0, 1.0, graph.where(x < 0.0, -1.0, 0.0))


def _absolute(graph: Any, x: Any) -> Any:
    return graph.where(x < 0.0, -x, x)


_WRITTEN: dict[str, Callable[..., Any]] = {
    "absolute": _absolute,
    "fabs": _absolute,
    "sign": _sign,
    "maximum": lambda graph, x, y: graph.maximum(x, y),
    "minimum": lambda graph, x, y: -graph.maximum(-x, -y),
}


def dispatched(graph: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Return what a function of NumPy's that is no ufunc gives: where, clip."""
    if function is np.where and len(arguments) == 3:
        return graph.where(*arguments)
    if function is np.clip and len(arguments) == 3:
        x, low, high = arguments
        return graph.where(x < low, low, graph.where(x > high, high, x))
    return NotImplemented
