"""A program that can be asked for one step: where its parameters are put, and what is called.

Whether it is a class, a function of theta, of W1, b1, ... or one that works on module variables,
a subject has a root: an object in which slots are written before a call, and read after it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deltarule.check.adapter.roles import Role, is_rate, parameters, role_of

DEFAULT_RATE = 0.1
"""The learning rate of a function that has to be given one."""


@dataclass(frozen=True)
class Rate:
    """Where a learning rate stands: an argument, an attribute of the root or a module variable."""

    kind: str
    """`"argument"`, `"attribute"` or `"variable"`."""
    place: Any
    value: float

    @property
    def named(self) -> bool:
        """Whether its name is that of a learning rate."""
        return is_rate(str(self.place))


@dataclass(frozen=True)
class Step:
    """One function to call, with the roles of its arguments."""

    name: str
    roles: Mapping[str, Role]


@dataclass(frozen=True, eq=False)
class Subject:
    """What is asked for a gradient.

    `make(X, T)` gives a fresh object to write parameters into and to call `steps` of, one after
    the other; what one returns is the next one's `output`.
    """

    name: str
    kind: str
    """`"object"`, `"arguments"` or `"variables"`."""
    make: Callable[[Any, Any], Any]
    steps: tuple[Step, ...]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """The functions of the steps where they are no methods."""
    variables: dict[str, Any] = field(default_factory=dict)
    sizes: tuple[int, ...] | None = None
    container: str = ""
    """How theta is handed over, see `containers.py`; `""`: as found."""
    keys: tuple[str, ...] = ()
    """The program's own names for weights and biases, where a dictionary is made for it."""
    data: bool = False
    """Whether the object is made with X and T."""
    owner: type | None = None
    """The class of the object."""
    data_names: Mapping[str, Role] = field(default_factory=dict)
    """The module variables that are X and T, where they are no arguments."""
    own: frozenset[str] | None = None
    """The module variables that may be weights; None for any."""
    stands_for: str = ""
    """The module's function for new parameters, which gives ours during a call."""

    @property
    def takes_pairs(self) -> bool:
        """Whether it takes a list of (x, t)."""
        roles = {r for s in self.steps for r in s.roles.values()} | {*self.data_names.values()}
        return "pairs" in roles and "T" not in roles

    @contextmanager
    def root(self, X: Any, T: Any) -> Iterator[Any]:
        """Yield what the parameters are in; module variables are put back afterwards."""
        if self.kind != "variables":
            held = {name: self.variables[name] for name in self.data_names}
            try:
                self.variables.update(self._data(X, T))
                yield self.make(X, T)
            finally:
                self.variables.update(held)
            return
        before = {k: _copied(v) for k, v in self.variables.items() if not k.startswith("__")}
        try:
            for name, held in before.items() if self.own is not None else ():
                if name not in (self.own or ()) and isinstance(held, np.ndarray | list):
                    del self.variables[name]  # a number of a call before
            self.variables.update(self._data(X, T))
            yield self.variables
        finally:
            for name in [k for k in self.variables if not k.startswith("__") and k not in before]:
                del self.variables[name]
            self.variables.update(before)

    def _data(self, X: Any, T: Any) -> dict[str, Any]:
        """Return the module variables that are data, filled with X and T."""
        given = {"X": X, "T": T}
        return {n: given[r] if r in given else _paired(X, T) for n, r in self.data_names.items()}

    def call(self, root: Any, X: Any, T: Any, rates: Mapping[Any, float]) -> Any:
        """Carry out the steps; returns what the last one returns."""
        for kind, name in rates:
            if kind == "attribute":
                setattr(root, name, rates[kind, name])
        for name, held in dict(vars(root)).items() if self.kind == "object" else ():
            if role_of(name) == "epochs" and isinstance(held, int):
                setattr(root, name, 1)
        with self._variables(rates, root):
            value: Any = None
            for step in self.steps:
                function = self.functions.get(step.name) or getattr(root, step.name)
                value = function(**self._arguments(step, function, root, X, T, value, rates))
            return value

    @contextmanager
    def _variables(self, rates: Mapping[Any, float], root: Any) -> Iterator[None]:
        mine: dict[str, Any] = {k[1]: v for k, v in rates.items() if k[0] == "variable"}
        if self.stands_for:
            mine[self.stands_for] = lambda *args, **kwargs: root["theta"]
        before = {k: self.variables[k] for k in mine}
        self.variables.update(mine)
        try:
            yield
        finally:
            self.variables.update(before)

    def _arguments(
        self, step: Step, function: Any, root: Any, X: Any, T: Any, value: Any,
        rates: Mapping[Any, float],
    ) -> dict[str, Any]:  # fmt: skip
        given = {name: value for (kind, name), value in rates.items() if kind == "argument"}
        asked = given or "rate" in step.roles.values()  # else a signature takes time for nothing
        defaults = {p.name: p.default for p in parameters(function)} if asked else {}
        given_as: dict[str, Callable[[str], Any]] = {
            "X": lambda name: X,
            "T": lambda name: T,
            "pairs": lambda name: _paired(X, T) if self.takes_pairs else X,
            "rate": lambda name: rates.get(("argument", name), _number(defaults[name])),
            "epochs": lambda name: 1,
            "rows": lambda name: len(X) if np.ndim(X) > 1 else 1,
            "sizes": lambda name: list(self.sizes or ()),
            "outputs": lambda name: (self.sizes or (1,))[-1],
            "output": lambda name: _part(value, name),
            "theta": lambda name: root["theta" if "theta" in root else name],
        }
        own: Callable[[str], Any] = lambda name: root[name]  # noqa: E731
        found = {k: given_as.get(r, own)(k) for k, r in step.roles.items()}
        return {**found, **{k: v for k, v in given.items() if k in defaults}}

    def rates(self, root: Any) -> list[Rate]:
        """Return the numbers that may be a learning rate, those called so first.

        An argument that may be left out can be one under any name: `backprop(x, t, N=0.5)`.
        """
        found = []
        for step in self.steps:
            for p in parameters(self.functions.get(step.name) or getattr(root, step.name)):
                spare = p.name not in step.roles and _scalar(p.default)
                if step.roles.get(p.name) == "rate" or spare:
                    found.append(Rate("argument", p.name, _number(p.default)))
        held = {} if self.kind != "object" else dict(vars(root))
        found += [Rate("attribute", k, float(v)) for k, v in held.items() if _scalar(v)]
        found += [Rate("variable", k, float(v)) for k, v in self.variables.items() if _scalar(v)]
        return sorted(found, key=lambda r: not r.named)


def _scalar(value: Any) -> bool:
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)
    return real and bool(np.isfinite(value)) and value != 0


def _part(value: Any, name: str) -> Any:
    """Return what an argument means of what the step before it returned: outputs, a cache, ..."""
    if not isinstance(value, tuple) or not value:
        return value
    if "grad" in name.lower():  # beside E, or all of it
        arrays = [v for v in value if np.ndim(v) or isinstance(v, dict)]
        return arrays[0] if len(arrays) == 1 else value
    return value[-1] if re.search("cache|memory", name.lower()) else value[0]


def _paired(X: Any, T: Any) -> list[Any]:
    """Return a list of (x, t); of rows that end with a target that is a number."""
    return [[*x, t] if isinstance(t, int | float) else (x, t) for x, t in zip(X, T, strict=True)]


def _number(default: Any) -> float:
    return float(default) if _scalar(default) else DEFAULT_RATE


def _copied(value: Any) -> Any:
    """Return a copy of what holds numbers; modules and functions stay what they are."""
    if isinstance(value, np.ndarray | list | dict | tuple):
        try:
            return copy.deepcopy(value)
        except Exception:
            return value
    return value
