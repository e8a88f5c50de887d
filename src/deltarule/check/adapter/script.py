"""A gradient among variables: a script that has computed one, or the arrays of a file."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.activations import Evidence, activations_of
from deltarule.check.adapter.calls.chain import Chain, chains
from deltarule.check.adapter.calls.outcome import match
from deltarule.check.adapter.calls.pieces import network_of, said, to_theta
from deltarule.check.adapter.calls.seen import Seen, numbers_of
from deltarule.check.adapter.calls.slots import Slot, read, slots_of
from deltarule.check.adapter.calls.trial import watched
from deltarule.check.adapter.judge import Asked
from deltarule.check.adapter.objective.error import stated
from deltarule.check.adapter.objective.fit import (
    At,
    best_fit,
    completed,
    delivered,
    losses_for,
)
from deltarule.check.adapter.program import functions
from deltarule.check.adapter.reading import Known
from deltarule.check.adapter.roles import parameters, role_of
from deltarule.check.adapter.scalars import gathered
from deltarule.check.diagnose import diagnose as name_mistake
from deltarule.core.arrays import Array
from deltarule.network import Network


def ask_script(
    thing: ModuleType | Mapping[str, Any],
    known: Known,
    loss: Any = None,
    reduction: str | None = None,
    **options: Any,
) -> Asked | None:
    """Return what is said of the gradient among variables; None where there is none.

    Of a script, the outputs of the network that its weights make on its own X have to be among
    its numbers. A mapping, such as the arrays of a file, has its network from `known` alone.
    """
    script = isinstance(thing, ModuleType)
    held = vars(thing) if isinstance(thing, ModuleType) else thing
    variables = {k: v for k, v in held.items() if not k.startswith("__")}
    tried = ((reading, held, more) for held, more, called in _sources(variables, script=script)
             for reading in _readings(held, known, called))  # fmt: skip
    for (chain, theta, gradients, X, T), numbers, more in tried:
        seen = Seen([*numbers_of(numbers), *more]).without(theta, X) if script else None
        given = known.activations(len(chain.sizes) - 1)
        names: list[str] | None = [f or "sigmoid" for f in given]
        if seen is not None:
            asked = chain.pieces, chain.sizes, [Evidence(theta, X, seen)], given
            names = activations_of(*asked) or activations_of(*asked, hidden=False)
        if names is not None:
            net = network_of(chain.pieces, chain.sizes, names)
            gradient = to_theta(chain.pieces, net, gradients)
            what = "the script's variables" if script else "the arrays"
            words = [f"{what} read as {'-'.join(map(str, chain.sizes))} {functions(names)}"]
            words.append(said(chain.pieces))
            return _judged(words, net, (theta, X, T), gradient, seen, loss, reduction, options)
    return None


def _sources(
    variables: dict[str, Any], *, script: bool
) -> Iterator[tuple[dict[str, Any], Sequence[Array], bool]]:
    """Yield variables, numbers seen besides, and whether parameters are called so.

    Where every number has a name, a function without arguments may return {w111: dE/dw111, ...}.
    """
    whole = gathered(variables) if script else variables
    apart = whole.keys() != variables.keys()  # y1, d1 beside w1 are no biases
    yield whole, (), apart
    for function in variables.values() if apart else ():
        if inspect.isfunction(function) and not parameters(function):
            try:
                found, seen = watched(function)
            except Exception:  # it is no gradient then
                continue
            if isinstance(found, dict):
                slopes = {k if str(k).startswith("d") else f"d{k}": v for k, v in found.items()}
                yield gathered(variables | slopes), seen.arrays, True


_Reading = tuple[Chain, Array, list[Array | None], Array, Array]


def _readings(variables: dict[str, Any], known: Known, called: bool) -> Iterator[_Reading]:
    """Yield chains of the variables with theta, the gradient's arrays, X and T."""
    slots = slots_of(variables)
    beside = [((s.name,), a) for s in slots if s.beside and (a := read(variables, s)) is not None]
    if not beside:
        return
    named = [(role_of(name), value) for name, value in variables.items()]
    x, t = ({1, *(n for r, a in named if r == role for n in _shape(a))} for role in ("X", "T"))
    for chain in chains(_parameters(slots, variables, called), known.sizes, (x, t)):
        net = network_of(chain.pieces, chain.sizes, ["sigmoid"] * (len(chain.sizes) - 1))
        theta = to_theta(chain.pieces, net, [read(variables, slot) for slot in chain.slots])
        found = match(chain.pieces, beside, [s.name.lower() for s in chain.slots])
        if found is not None and np.all(np.isfinite(theta)):
            inputs = list(_named(variables, "X", chain.sizes[0]))
            targets = list(_named(variables, "T", chain.sizes[-1]))
            for (x_name, X), (t_name, T) in product(inputs, targets):
                if x_name != t_name and len(X) == len(T):
                    yield chain, theta, found.arrays, X, T


def _judged(
    words: list[str], net: Network, at: At, gradient: Array, seen: Seen | None, loss: Any,
    reduction: str | None, options: dict[str, Any],
) -> Asked:  # fmt: skip
    """Compare with the loss and the reduction that fit, and complete what is missing."""
    losses = [loss] if loss is not None else stated(net, at, seen, losses_for(net))
    reductions = [reduction] if reduction else ["mean", "sum"]
    fits = [(best_fit(net, at, gradient, losses, r), r) for r in reductions]
    fit, mean = max(fits, key=lambda pair: (pair[0].one, pair[0].exact))
    sign = -1.0 if fit.factor < 0 else 1.0
    vector = completed(net, at, sign * gradient, fit, mean, sign)
    diagnosis = name_mistake(vector, net, *at, loss=fit.loss, reduction=mean, **options)
    words += ["a gradient to be added"] if sign < 0 else []
    words += [f"{mean} over the observations", f"loss {fit.loss}"]
    missing = np.isnan(gradient)
    words += [delivered(net, missing)] if np.any(missing) else []
    return Asked(", ".join(words), diagnosis, random=False)


def _parameters(slots: list[Slot], variables: dict[str, Any], called: bool) -> list[Slot]:
    """Return the arrays that may be weights or biases: no data, and each one once.

    `called`: those alone that have such a name.
    """
    found: dict[Slot, Array] = {}
    for slot in slots:
        a = read(variables, slot)
        role = role_of(str(slot.paths[0][0]))
        if a is None or role in ("X", "T") or (called and role not in ("W", "theta")):
            continue
        if not any(np.array_equal(b, a) for b in found.values()):
            found[slot] = a
    return [*found]


def _shape(value: Any) -> tuple[int, ...]:
    try:
        return np.shape(value)
    except ValueError:  # a list of lists of several lengths
        return ()


def _named(variables: dict[str, Any], role: str, columns: int) -> Iterator[tuple[str, Array]]:
    for name, value in variables.items():
        if role_of(name) != role or not isinstance(value, np.ndarray | list):
            continue
        try:
            a = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            continue
        a = a[:, None] if a.ndim == 1 and columns == 1 else a
        if a.ndim == 2:
            yield from ((name, b) for b in (a, a.T) if b.shape[1] == columns)
