"""What in a file, a class or an object can be asked for a gradient."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from deltarule.check.adapter.construct import Maker, instances
from deltarule.check.adapter.functions import FORWARD, of_function
from deltarule.check.adapter.loop import loops_of
from deltarule.check.adapter.roles import parameters, role_of, roles_of
from deltarule.check.adapter.subject import Step, Subject

_GRADIENTS = re.compile(
    r"_*(compute_|get_|calc_|calculate_)?(grad(ient)?s?)(_(?!descent).*)?|\w+_grad(ient)?s?"
)
_BACKWARD = re.compile(
    r"_*(back_?prop(agat(e|ion))?|backward(_?(pass|prop(agat(e|ion))?))?|bprop)(_.*)?"
)
TRAINING = re.compile(
    r"_*(gradient_descent|nn_model|model|train|fit|learn|update|step|sgd|optimi[sz]e|epoch)(_.*)?"
)
_LOSS = re.compile(
    r"_*(compute_|calc_|nn_)?(loss|cost|objective)(_?(and_)?(function|fn|grads?|gradients?))?"
)
_HELPER = re.compile(
    r"(init|create|make|build|main|plot|load|new|setup)(_.*|iali[sz]e.*)?|"
    r"(d_?)?(sig(moid)?|tanh|relu|leaky_relu|soft_?max|mse|activation)"
    r"(_?(d|prime|deriv(ative)?|grad(ient)?|function|fn|back(ward)?))?|"
    r".*(numeric|num_?grad|finite|approx|check).*"
)
"""Names of what gives no gradient, or one by differences, with which somebody checks his own."""


@dataclass(frozen=True)
class Entry:
    """A function, a class or an object, under the name that a command would give it."""

    name: str
    thing: Any
    rank: int
    """The lower, the sooner: functions called gradient, then classes, then others."""


def entries_of(module: ModuleType) -> list[Entry]:
    """Return what a file defines that may be asked for a gradient, the likeliest first.

    Of several classes the last one is the network, as those before it are its parts.
    """
    found = []
    held = list(vars(module).items())
    classes = [pair for pair in held if inspect.isclass(pair[1])]
    for name, thing in [*(p for p in held if not inspect.isclass(p[1])), *classes[::-1]]:
        if name.startswith("_"):
            continue
        if inspect.isfunction(thing) and thing.__module__ == module.__name__:
            found.append(Entry(name, thing, _rank(name, thing)))
        elif inspect.isclass(thing) and thing.__module__ == module.__name__:
            if methods_of(thing):
                found.append(Entry(name, thing, 3))
        elif type(thing).__module__ == module.__name__ and methods_of(type(thing)):
            found.append(Entry(name, thing, 2))
    found += [Entry(loop.__name__, loop, 6) for loop in loops_of(module)]
    return sorted((e for e in found if e.rank < _NEVER), key=lambda e: e.rank)


_NEVER = 10


def _rank(name: str, function: Any) -> int:
    given = {role_of(p.name) for p in parameters(function)}
    needed = {role_of(p.name) for p in parameters(function) if p.default is p.empty}
    if _HELPER.fullmatch(name) or needed == {"X"}:  # without targets there is no gradient
        return _NEVER
    if FORWARD.fullmatch(name):  # what gets targets as well is more than its name
        return 8 if {"X", "T"} <= given else _NEVER
    exact = name == "gradient"
    for rank, pattern in ((1, _GRADIENTS), (4, _BACKWARD)):
        if pattern.fullmatch(name):
            return rank - exact
    if "X" in needed and given <= {"X", "theta", "W", "rate"}:  # a step with deltas that it finds
        return _NEVER
    return 5 if TRAINING.fullmatch(name) else 9 if _LOSS.fullmatch(name) else 7


def methods_of(cls: type) -> list[str]:
    """Return the methods that may deliver a gradient, those that are called so first.

    The last ones are called otherwise, and take inputs and targets: `teach(inputs, targets)`.
    """
    names = [n for n in dir(cls) if not n.startswith("__") and callable(getattr(cls, n, None))]
    order = (_GRADIENTS, _BACKWARD, TRAINING, _LOSS)
    ranked = [(i, n) for i, p in enumerate(order) for n in names if p.fullmatch(n)]
    found = [n for _, n in sorted(ranked, key=lambda pair: (pair[0], len(pair[1])))]
    return [*found, *(n for n in names if n not in found and _takes_both(cls, n))]


def _takes_both(cls: type, name: str) -> bool:
    given = {role_of(p.name) for p in parameters(bare(cls, name))}
    return {"X", "T"} <= given and not FORWARD.fullmatch(name)


def subjects_of(entry: Entry, sizes: tuple[int, ...] | None) -> Iterator[Subject]:
    """Yield the ways in which a thing can be asked, the likeliest first."""
    thing = entry.thing
    if inspect.isclass(thing):
        for maker in instances(thing, sizes):
            yield from _of_object(entry.name, thing, maker)
    elif inspect.ismethod(thing):
        owner = thing.__self__
        yield from _of_object(entry.name, type(owner), _as_it_is(owner, sizes), thing.__name__)
    elif (owner := _class_of(thing)) is not None:
        for maker in instances(owner, sizes):
            yield from _of_object(entry.name, owner, maker, thing.__name__)
    elif inspect.isfunction(thing) or (callable(thing) and not methods_of(type(thing))):
        yield from of_function(entry.name, thing, sizes)
    else:
        yield from _of_object(entry.name, type(thing), _as_it_is(thing, sizes))


def _as_it_is(thing: Any, sizes: tuple[int, ...] | None) -> Maker:
    """Return what makes copies of an object; what cannot be copied is used itself."""

    def make(X: Any, T: Any) -> Any:
        try:
            return copy.deepcopy(thing)
        except Exception:
            return copy.copy(thing)

    return Maker(make, sizes, False)


def _class_of(thing: Any) -> Any:
    """Return the class whose method a function is, as in Net.train; None for others."""
    *above, name = getattr(thing, "__qualname__", "").split(".")
    owner: Any = None
    for step in above:
        inside = getattr(thing, "__globals__", {}) if owner is None else vars(owner)
        owner = inside.get(step)
        if not inspect.isclass(owner):
            return None
    return None if owner is None or isinstance(vars(owner).get(name), staticmethod) else owner


def forward_subjects(entry: Entry, sizes: tuple[int, ...] | None) -> Iterator[Subject]:
    """Yield the ways in which a thing can be asked for its outputs alone."""
    thing = entry.thing
    if inspect.isfunction(thing) or inspect.ismethod(thing):
        yield from subjects_of(entry, sizes)
        return
    made = instances(thing, sizes) if inspect.isclass(thing) else [_as_it_is(thing, sizes)]
    cls = thing if inspect.isclass(thing) else type(thing)
    names = [n for n in dir(cls) if not n.startswith("__") and FORWARD.fullmatch(n)]
    for maker in made:
        for method in [*names, *(["__call__"] if hasattr(cls, "__call__") else [])]:  # noqa: B004
            yield from _of_object(entry.name, cls, replace(maker, sizes=sizes), method)


def _of_object(name: str, cls: type, maker: Maker, only: str | None = None) -> Iterator[Subject]:
    for method in methods_of(cls) if only is None else [only]:
        for steps in _steps(cls, method):
            variables = getattr(inspect.getattr_static(cls, method), "__globals__", {})
            told = ".".join([name, "+".join(step.name for step in steps)])
            yield Subject(told if only is None else name, "object", maker.make, steps, {},
                          variables, maker.sizes, data=maker.data, owner=cls)  # fmt: skip


def _steps(cls: type, method: str) -> list[tuple[Step, ...]]:
    """Return a method alone, after a forward method, and before one that updates."""
    forward = [n for n in dir(cls) if not n.startswith("__") and FORWARD.fullmatch(n)]
    found: list[tuple[Step, ...]] = []
    last = roles_of(bare(cls, method), ("X", "T"))
    if last is None:
        return found
    whole = Step(method, last)
    if "output" not in last.values():
        found.append((whole,))
    for name in forward:
        first = roles_of(bare(cls, name), ("X",))
        if first is not None and "T" not in first.values() and name != method:
            found.append((Step(name, first), whole))
    return found


def bare(cls: type, name: str) -> Any:
    """Return a method as a function without self."""
    held = inspect.getattr_static(cls, name)
    if isinstance(held, staticmethod | classmethod):
        return getattr(cls, name)
    function = getattr(cls, name)

    def bound(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    signature = inspect.signature(function)
    without_self = signature.replace(parameters=list(signature.parameters.values())[1:])
    bound.__signature__ = without_self  # type: ignore[attr-defined]
    return bound
