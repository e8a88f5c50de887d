"""A program's E, where its step does not compute it: what another function of its file gives.

`compute_cost(A2, Y)`, `self.loss(y, t)`, `MSE().forward(y, t)`: what is called so is called, with
our outputs, which are the program's, in the place of its own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.seen import Seen
from deltarule.check.adapter.calls.trial import filled, quiet, watched
from deltarule.check.adapter.program import Program
from deltarule.check.adapter.roles import parameters, role_of
from deltarule.core.arrays import Array

_COST = re.compile(
    r"(loss|cost|objective|(cross|log)?entropy|likelihood).*|[msr]{1,2}se|nll|bce|mae"
)
_OTHER = re.compile(
    r"(d|grads?|gradients?|deriv.*|prime|back.*|deltas?|hidden|layers?|tests?|plots?"
    r"|print|show|save|draw|train.*|min.*|optim.*)"
)
"""Words in the names of functions that give E, and of those that give something else of it."""
_WHOLE = re.compile(r"J|E|error|total_error|squared_error|mean_squared_error")
_VALUE = re.compile(r"forward|__call__|calc(ulate)?|compute|value|f|fn")


def _cost(name: str) -> bool:
    """Whether a name is that of E.

    >>> [_cost(name) for name in ("compute_cost", "crossEntropy", "MSE", "loss_grad", "classes")]
    [True, True, True, False, False]
    """
    words = [w.lower() for w in re.findall(r"[A-Z]*[a-z]+|[A-Z]+", name)]
    if any(_OTHER.fullmatch(word) for word in words):
        return False
    return bool(_WHOLE.fullmatch(name)) or any(_COST.fullmatch(word) for word in words)


def costs(program: Program, theta: Array, X: Array, T: Array) -> Iterator[tuple[str, Seen]]:
    """Yield the functions that E may be by name, each with the numbers of one call."""
    way, net = program.reading.way, program.network
    for name, function in _functions(program):
        for outputs, targets in _pairs(program, net(theta, X), T):
            for swapped in (False, True):
                try:
                    with quiet(), filled(way, net, theta, X, T) as (root, _, x):
                        bound = function or getattr(root, name)
                        data = bool(way.subject.data_names)
                        named = _arguments(bound, root, x, outputs, targets, swapped, data)
                        value, seen = watched(lambda: bound(**named))  # noqa: B023
                except Exception:  # it wants something else
                    continue
                if isinstance(value, np.ndarray | float | np.floating):
                    a = np.asarray(value)
                    if a.size == 1 and a.dtype.kind == "f":
                        yield name, seen.with_([np.ravel(a.astype(np.float64))])


def _functions(program: Program) -> Iterator[tuple[str, Callable[..., Any] | None]]:
    """Yield functions by name, None for a method of the program's own object."""
    subject = program.reading.way.subject
    used = {step.name for step in subject.steps}
    if subject.owner is not None:
        yield from ((n, None) for n in dir(subject.owner) if _cost(n) and n not in used)
    for name, thing in list(subject.variables.items()):
        if inspect.isfunction(thing) and _cost(name) and name not in used:
            yield name, thing
        elif inspect.isclass(thing) and thing is not subject.owner:
            value = _VALUE.fullmatch if _cost(name) else _cost
            methods = [n for n in dir(thing) if value(n) or _cost(n)]
            made = _made(thing) if methods else None
            for method in methods if made is not None else ():
                yield f"{name}.{method}", getattr(made, method)


def _made(cls: type) -> Any:
    try:
        return cls()
    except Exception:
        return None


def _written(program: Program, Y: Array) -> Iterator[Any]:
    """Yield outputs in the shapes in which the program may hold them."""
    form = program.reading.way.form
    if not form.several:
        yield from (Y[0], Y[0][:, None], Y[:1])
        return
    yield Y.T if "column" in form.name else Y
    if Y.shape[1] == 1:
        yield Y[:, 0]


def _pairs(program: Program, Y: Array, T: Array) -> Iterator[tuple[Any, Any]]:
    """Yield outputs and targets, both in the same shape, and classes as the program takes them."""
    yield from zip(_written(program, Y), _written(program, T), strict=True)
    if "class" in program.reading.way.form.name:
        yield from ((y, program.reading.way.form.t(T)) for y in _written(program, Y))


def _arguments(
    function: Any, root: Any, x: Any, outputs: Any, targets: Any, swapped: bool, data: bool
) -> dict[str, Any]:
    """Return what a cost is called with; raises `LookupError` where that is not known.

    Of two arguments whose names do not tell, one is the outputs and one the targets. With `data`
    the targets may be a module variable.
    """
    held = root if isinstance(root, dict) else {}
    given = {"X": x, "T": targets, "output": outputs, "rows": len(np.atleast_1d(targets))}
    needed = [p.name for p in parameters(function) if p.default is p.empty]
    roles = {name: role_of(name) for name in needed}
    if len(needed) == 2 and sorted(roles.values()) not in (["T", "X"], ["T", "output"]):
        roles = dict(zip(needed, ("T", "output") if swapped else ("output", "T"), strict=True))
    elif swapped:
        raise LookupError("there is one order")
    if "T" not in roles.values() and not data:
        raise LookupError("targets are not in it")
    own = {name: held.get("theta", held.get(name)) for name in needed}
    found = {name: given.get(roles[name], own[name]) for name in needed}
    if any(value is None for value in found.values()):
        raise LookupError("an argument is not known")
    return found
