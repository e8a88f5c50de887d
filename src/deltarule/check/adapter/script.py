"""A script that has computed one gradient: its variables are the weights, the data and dW, db."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.check.adapter.activations import Evidence, activations_of
from deltarule.check.adapter.chain import Chain, chains
from deltarule.check.adapter.judge import Asked
from deltarule.check.adapter.objective import best_fit, completed, delivered, losses_for
from deltarule.check.adapter.outcome import match
from deltarule.check.adapter.pieces import network_of, said, to_theta
from deltarule.check.adapter.reading import Known
from deltarule.check.adapter.roles import role_of
from deltarule.check.adapter.seen import Seen, numbers_of
from deltarule.check.adapter.slots import Slot, read, slots_of
from deltarule.check.diagnose import diagnose as name_mistake

__all__ = ["ask_script"]

Array = NDArray[Any]


def ask_script(
    module: ModuleType, known: Known, loss: Any = None, reduction: str | None = None, **options: Any
) -> Asked | None:
    """Return what is said of the gradient among a script's variables; None where there is none.

    The outputs of the network that its weights make, on its own X, have to be among its numbers.
    """
    variables = {k: v for k, v in vars(module).items() if not k.startswith("__")}
    slots = slots_of(variables)
    seen = Seen(list(numbers_of(variables)))
    gradients = [
        ((s.name,), a) for s in slots if s.beside and (a := read(variables, s)) is not None
    ]
    if not gradients:
        return None
    ends = [_widths(variables, role) for role in ("X", "T")]
    for chain in chains(_parameters(slots, variables), known.sizes, (ends[0], ends[1])):
        L = len(chain.sizes) - 1
        theta = _theta(chain, variables)
        found = match(chain.pieces, gradients, [s.name.lower() for s in chain.slots])
        if found is None or theta is None:
            continue
        for X, T in _data(variables, chain.sizes):
            evidence = [Evidence(theta, X, seen.without(theta, X))]
            given = known.activations(L)
            names = activations_of(chain.pieces, chain.sizes, evidence, given)
            names = names or activations_of(
                chain.pieces, chain.sizes, evidence, given, hidden=False
            )
            if names is None:
                continue
            net = network_of(chain.pieces, chain.sizes, names)
            gradient = to_theta(chain.pieces, net, found.arrays)
            losses = [loss] if loss is not None else losses_for(net)
            fits = [
                (best_fit(net, theta, X, T, gradient, losses, r), r)
                for r in ([reduction] if reduction else ["mean", "sum"])
            ]
            exact = [f for f in fits if f[0].exact and abs(abs(f[0].factor) - 1.0) < 1e-6]
            fit, mean = (exact or [f for f in fits if f[0].exact] or fits)[0]
            sign = -1.0 if fit.factor < 0 else 1.0
            factor = sign * fit.factor if fit.exact else 1.0
            vector = completed(net, theta, X, T, sign * gradient, fit.loss, mean, factor)
            diagnosis = name_mistake(
                vector, net, theta, X, T, loss=fit.loss, reduction=mean, **options
            )
            sizes, f = "-".join(map(str, chain.sizes)), "/".join(names)
            words = [f"the script's variables read as {sizes} {f}", said(chain.pieces)]
            words += ["a gradient to be added"] if sign < 0 else []
            words += [f"{mean} over the observations", f"loss {fit.loss}"]
            missing = np.isnan(gradient)
            words += [delivered(net, missing)] if np.any(missing) else []
            return Asked(", ".join(words), diagnosis)
    return None


def _parameters(slots: list[Slot], variables: dict[str, Any]) -> list[Slot]:
    """Return the arrays that may be weights or biases: no data, and each one once."""
    found: list[tuple[Slot, Array]] = []
    for slot in slots:
        a = read(variables, slot)
        if a is None or role_of(str(slot.paths[0][0])) in ("X", "T"):
            continue
        if not any(s.shape == slot.shape and np.array_equal(b, a) for s, b in found):
            found.append((slot, a))
    return [slot for slot, _ in found]


def _widths(variables: dict[str, Any], role: str) -> set[int]:
    named = [np.shape(v) for k, v in variables.items() if role_of(k) == role]
    return {1, *(n for shape in named for n in shape)}


def _theta(chain: Chain, variables: dict[str, Any]) -> Array | None:
    net = network_of(chain.pieces, chain.sizes, ["sigmoid"] * (len(chain.sizes) - 1))
    arrays = [read(variables, slot) for slot in chain.slots]
    theta = to_theta(chain.pieces, net, arrays)
    return theta if np.all(np.isfinite(theta)) else None


def _data(variables: dict[str, Any], sizes: tuple[int, ...]) -> Iterator[tuple[Array, Array]]:
    """Yield the pairs of variables that can be X (n, n_0) and T (n, n_L)."""
    for x, X in _named(variables, "X", sizes[0]):
        for t, T in _named(variables, "T", sizes[-1]):
            if x != t and len(X) == len(T):
                yield X, T


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
