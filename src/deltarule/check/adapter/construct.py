"""An object of somebody's class: what its constructor wants, by the names of its arguments."""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from deltarule.check.adapter.roles import parameters, role_of

SIZES = (3, 4, 2)
"""The network that is made where any will do."""

_COUNT = re.compile(
    r"n|n_?(in|x|h|y|o|out|i|hid|hidden|inputs?|outputs?|\d)|"
    r".*(size|nodes|dim|neurons|units|count|features|num|layer\d?)|"
    r"(num|number|size|no)_.*|n_.*|.*inputs?|.*outputs?|hidden\d?|h\d?"
)

_ENDS = ("", "X", "T", "W", "output", "outputs")
"""What names of sizes may speak of: inputs, outputs, hidden."""

_WEIGHTS = re.compile(r"(w|b|v|syn|theta|weights?|bias(es)?|wih|who|bih|bho)_?[a-z0-9_]*")


@dataclass(frozen=True)
class Maker:
    """How an object is made: a function of (X, T), the network meant, whether it takes the data."""

    make: Callable[[Any, Any], Any]
    sizes: tuple[int, ...] | None
    data: bool


def instances(cls: Any, sizes: tuple[int, ...] | None) -> Iterator[Maker]:
    """Yield the ways to make an object of the class, or what a function of sizes makes.

    Random numbers that it draws are the same ones every time.
    """
    for chosen in [sizes] if sizes else [SIZES, (*SIZES[:-1], 1), (2, 2, 1), (2, 3, 1)]:
        for turned in (False, True):
            plan = _plan(cls, chosen, turned, _sized(cls, sizes))
            if plan is None:
                return
            data = any(role_of(name) in ("X", "T") for name in plan if callable(plan[name]))
            yield Maker(_maker(cls, plan, chosen), chosen, data)
            if not any(callable(value) for value in plan.values()):
                break  # W is not given: the same object again
        needed = _takes_any(cls) or any(p.default is p.empty for p in parameters(cls))
        if not (plan or _takes_any(cls)) or not (sizes or needed):
            return  # other sizes make no other object


def _sized(cls: Any, sizes: tuple[int, ...] | None) -> list[str]:
    """Return the arguments with the sizes of the layers, where each has a number of its own.

    They are given where a network is asked for: `Net(inputs=784, hidden=30, outputs=10)` as well.
    """
    spare = [p.name for p in parameters(cls) if type(p.default) is int]
    found = [n for n in spare if _COUNT.fullmatch(n.lower()) and role_of(n) in _ENDS]
    return found if sizes and len(found) == len(sizes) else []


def _takes_any(cls: Any) -> bool:
    """Whether sizes are given one after the other: `Net(*sizes)`."""
    try:
        given = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.kind is p.VAR_POSITIONAL for p in given)


def _maker(cls: Any, plan: dict[str, Any], sizes: tuple[int, ...]) -> Callable[[Any, Any], Any]:
    spread = sizes if _takes_any(cls) else ()

    def make(X: Any, T: Any) -> Any:
        state, plain = np.random.get_state(), random.getstate()
        np.random.seed(0)
        random.seed(0)
        try:
            values = {k: v(X, T) if callable(v) else v for k, v in plan.items()}
            before = [values.pop(name) for name in plan] if spread else []
            return cls(*before, *spread, **values)
        finally:
            np.random.set_state(state)
            random.setstate(plain)

    return make


def _plan(
    cls: Any, sizes: tuple[int, ...], turned: bool, sized: Sequence[str]
) -> dict[str, Any] | None:
    """Return a value, or a function of (X, T), for every argument that has to be given."""
    given = parameters(cls)
    needed = [p for p in given if p.default is p.empty or p.name in sized]
    known: dict[str, Any] = {"rate": 0.1, "epochs": 1, "sizes": list(sizes), "seed": 0}
    data: dict[str, Any] = {"X": lambda X, T: X, "T": lambda X, T: T}
    plan: dict[str, Any] = {}
    weights: list[str] = []
    counts: list[str] = []
    for name in (p.name for p in needed):
        role, count = role_of(name), _COUNT.fullmatch(name.lower())
        if re.fullmatch(r"n?_?outs", name.lower()):
            plan[name] = list(sizes[1:])  # MLP(nin, nouts)
        elif role in known:
            plan[name] = known[role]
        elif role in data and not count:
            plan[name] = data[role]
        elif _WEIGHTS.fullmatch(name.lower()):
            weights.append(name)
        elif count:
            counts.append(name)
        else:
            return None
    if len(counts) > len(sizes) or (counts and _takes_any(cls)):
        return None
    plan |= dict(zip(counts, sizes, strict=False))
    if len(counts) < len(sizes):  # of too few, outputs are the last
        plan |= {n: sizes[-1] for n in counts[1:] if "out" in n.lower() or n.lower() == "n_y"}
    return plan | _arrays(weights, sizes, turned) if weights else plan


def _arrays(names: list[str], sizes: tuple[int, ...], turned: bool) -> dict[str, Any]:
    """Return weights and biases for a constructor that takes them, in their usual order."""
    rng = np.random.default_rng(0)
    W = [rng.uniform(-1, 1, (n, k)) for k, n in pairwise(sizes)]
    W = [w.T.copy() for w in W] if turned else W
    b = [rng.uniform(-1, 1, n) for n in sizes[1:]]
    biases = [n for n in names if n.lower().startswith("b")]
    others = [n for n in names if n not in biases]
    found: dict[str, Any] = {}
    for those, values in ((others, W), (biases, b)):
        if len(those) == 1 and len(values) > 1:
            found[those[0]] = lambda X, T, values=values: [v.copy() for v in values]
        else:
            for name, value in zip(those, values, strict=False):
                found[name] = lambda X, T, value=value: value.copy()
    return found
