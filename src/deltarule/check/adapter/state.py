"""What a program keeps from call to call: the same call again, on the same object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deltarule.check.adapter.calls.outcome import outcome_of
from deltarule.check.adapter.calls.pieces import arrays, to_theta
from deltarule.check.adapter.calls.slots import Slot, read, slots_of, write
from deltarule.check.adapter.calls.trial import quiet, trial_of
from deltarule.check.adapter.program import Program, same
from deltarule.core.arrays import Array


def kept_state(program: Program, theta: Array, X: Array, T: Array) -> str:
    """Say what a second call does otherwise, with the weights put back; nothing where it does not.

    A momentum's velocity is kept on purpose. A sum of gradients that is never set to 0 is a
    mistake: the second call then delivers the first one's gradient again.
    """
    way = program.reading.way
    if way.slots is None:
        return ""
    try:
        found, kept = _twice(program, way.slots, theta, X, T)
    except Exception as error:
        return f"a second call on the same object fails ({type(error).__name__}: {error})"
    if len(found) < 2:
        return ""
    if same(found[0], found[1]):
        return ""
    names = [k for k, a in kept[1].items() if a is not None and not _equal(a, kept[0].get(k))]
    where = f" (in {', '.join(names[:4])})" if names else ""
    if same(found[1], 2 * found[0]):
        return (
            f"a second call delivers the first one's gradient again, added to its own{where}: a "
            "sum that is never set to 0"
        )
    return (
        f"a second call from the same weights gives another step{where}: it keeps a state, such as "
        "a velocity; the first call is diagnosed"
    )


_Kept = list[dict[str, Array | None]]


def _twice(
    program: Program, slots: Sequence[Slot], theta: Array, X: Array, T: Array
) -> tuple[list[Array], _Kept]:
    """Return what two calls on one object deliver, and what it holds besides after each."""
    way = program.reading.way
    rows = slice(None) if program.reading.several else slice(0, 1)
    x, t = way.form.x(X[rows]), way.form.t(T[rows])
    found: list[Array] = []
    kept: _Kept = []
    with quiet(), way.subject.root(x, t) as root:
        for _ in range(2):
            for slot, a in zip(slots, arrays(way.pieces, program.network, theta), strict=True):
                write(root, slot, a)
            for slot in way.zeroed:
                write(root, slot, np.array(0.0))
            outcome = outcome_of(way, trial_of(way, root, slots, x, t, program.rates),
                                 program.reading.outcome)  # fmt: skip
            if outcome is not None:
                found.append(to_theta(way.pieces, program.network, outcome.arrays))
            kept.append({s.name: read(root, s) for s in slots_of(root) if s not in slots})
    return found, kept


def _equal(a: Array, b: Array | None) -> bool:
    return b is not None and a.shape == b.shape and np.array_equal(a, b)
