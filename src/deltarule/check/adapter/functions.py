"""How a function is asked: of its parameters, of module variables, after a forward function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from deltarule.check.adapter.construct import instances
from deltarule.check.adapter.guess import constants, containers_for
from deltarule.check.adapter.loop import data_of, read_first
from deltarule.check.adapter.roles import role_of, roles_of
from deltarule.check.adapter.subject import Step, Subject

FORWARD = re.compile(r"_*(forward|feed_?forward|predict|propagate|think|query|run|activate|fprop|"
                      r"inference|compute|output)(_.*)?|\w+_(forward|fwd)")  # fmt: skip
"""Names of functions that compute outputs."""

_INITIAL = re.compile(r"_*(init|create|make|build|new|random|setup)(iali[sz]e)?(_.*)?")


def of_function(name: str, function: Any, sizes: tuple[int, ...] | None) -> Iterator[Subject]:
    """Yield the ways in which a function can be asked, the likeliest first.

    Its parameters are its arguments, in every container that its use of them allows, or what a
    function of the file makes; else they are module variables, and X and T its arguments, or
    module variables as well.
    """
    variables = getattr(function, "__globals__", {})
    roles = roles_of(function, ("theta", "X", "T"))
    if roles is not None:
        if not {"theta", "W"} & set(roles.values()):  # what is called layers may be they
            roles = {k: "theta" if r == "sizes" else r for k, r in roles.items()}
        for steps, functions in _before(name, function, roles, variables):
            yield from _of_arguments(name, functions, steps, variables, sizes)
    roles = roles_of(function, ("X", "T"))
    if roles is None or {"theta", "W"} & set(roles.values()):
        return
    if {"X", "T", "pairs"} & set(roles.values()):
        for steps, functions in _before(name, function, roles, variables):
            for other, make, chosen in _structures(variables, sizes):
                yield Subject(name, "arguments", make, steps, functions, variables, chosen,
                              stands_for=other)  # fmt: skip
            yield Subject(name, "variables", lambda X, T: None, steps, functions, variables, sizes)
    elif data := data_of(function):
        yield Subject(
            name, "variables", lambda X, T: None, (Step(name, roles),), {name: function},
            variables, sizes, data_names=data, own=read_first(function) - data.keys(),
        )  # fmt: skip


_Steps = tuple[tuple[Step, ...], dict[str, Any]]


def _before(
    name: str, function: Any, roles: Mapping[str, str], variables: Mapping[str, Any]
) -> Iterator[_Steps]:
    """Yield a function alone, or after a forward function whose results it takes."""
    whole = Step(name, roles)
    if "output" not in roles.values():
        yield (whole,), {name: function}
        return
    for other, forward in variables.items():
        if inspect.isfunction(forward) and FORWARD.fullmatch(other):
            first = roles_of(forward, ("X", "theta") if "theta" in roles.values() else ("X",))
            if first is not None and not {"T", "output"} & set(first.values()):
                yield (Step(other, first), whole), {name: function, other: forward}


def _of_arguments(
    name: str, functions: Mapping[str, Any], steps: tuple[Step, ...], variables: dict[str, Any],
    sizes: tuple[int, ...] | None,
) -> Iterator[Subject]:  # fmt: skip
    """Yield a function of its parameters: one vector, a structure of arrays, or each by itself."""
    held = list(dict.fromkeys(n for s in steps for n, r in s.roles.items() if r in ("theta", "W")))
    given = {r for s in steps for r in s.roles.values()}
    data = {} if given & {"X", "pairs"} else data_of(functions[name])  # E(w) of the module's data
    if not held or not (given & {"X", "pairs"} or data):
        return
    if len(held) == 1:
        named = tuple(
            Step(s.name, {k: "theta" if k in held else r for k, r in s.roles.items()})
            for s in steps
        )
        for _, make, chosen in _structures(variables, sizes):
            yield Subject(name, "arguments", make, named, functions, variables, chosen,
                          data_names=data)  # fmt: skip
        flat = Subject(name, "arguments", lambda X, T: {}, named, functions, variables, sizes,
                       "flat", data_names=data)  # fmt: skip
        allowed = containers_for(flat)
        plain = [(container, ()) for container in ("flat", "list", "pairs", "dict")]
        for container, keys in (*plain, *_keyed(functions.values())):
            if container in allowed:
                yield replace(flat, container=container, keys=keys)
        return
    for container in ("W and b", "each") if len(held) == 2 else ("each",):
        yield Subject(name, "arguments", lambda X, T: dict.fromkeys(held), steps, functions,
                      variables, sizes, container, data_names=data)  # fmt: skip


def _keyed(functions: Collection[Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield dictionaries and objects with the names of weights and biases written in the code."""
    written = [s for f in functions for s in constants(getattr(f, "__code__", None), str)]
    keys = tuple(s for s in dict.fromkeys(written) if role_of(s) in ("theta", "W"))
    biases = tuple(key for key in keys if key.lower().startswith("b"))
    if len(keys) > 2:
        yield "dict", keys
    elif keys and len(keys) - len(biases) == 1:
        yield "dicts", tuple(sorted(keys, key=lambda key: key in biases))
    used = [n for f in functions for n in getattr(getattr(f, "__code__", None), "co_names", ())]
    attributes = tuple(n for n in dict.fromkeys(used) if role_of(n) == "W")
    if attributes:
        yield "namespace", attributes


def _structures(
    variables: Mapping[str, Any], sizes: tuple[int, ...] | None
) -> Iterator[tuple[str, Callable[[Any, Any], Any], tuple[int, ...]]]:
    """Yield a file's own functions for new parameters, and what they make."""
    for name, function in list(variables.items()):
        if inspect.isfunction(function) and _INITIAL.fullmatch(name):
            for maker in instances(function, sizes):
                yield name, lambda X, T, m=maker: {"theta": m.make(X, T)}, maker.sizes  # type: ignore[misc]
