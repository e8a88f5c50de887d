"""Through some steps of a recurrent layer, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError
from deltarule.layers.layer import Parameters, State
from deltarule.layers.recurrent.again import Stretch
from deltarule.layers.recurrent.kept import Deltas, Teacher, ThroughTime, forced, together
from deltarule.rules import LayerRule


def walk(
    step: Callable[..., tuple[State, Any]],
    p: Parameters,
    y: Any,
    state: State,
    xp: Any,
    teacher: Teacher | None,
    stretch: tuple[int, int],
) -> Stretch:
    """Go through the steps [first, end) from the state before them; `step` is the cell's."""
    first, end = stretch
    a = y[:, first:end] @ p["W"].mT + p["b"]  # of all steps at once: it needs no state
    states, steps, fed = [state], [], []
    for t in range(first, end):
        h = states[-1][0]
        fed.append(h if teacher is None else forced(teacher, t, h, xp))
        v = fed[-1] @ p["U"].mT
        after, kept = step(p, a[:, t - first], v, states[-1], xp)
        states.append(after)
        steps.append(kept)
    return Stretch(tuple(states), tuple(steps), tuple(fed))


def back(
    step_back: Callable[..., Deltas],
    p: Parameters,
    dE_dy: Any,
    saved: ThroughTime,
    rule: LayerRule,
    xp: Any,
    window: tuple[int, int, int],
    dE_dstate: State,
    found: list[Deltas | None],
) -> State:
    """Go back from dE/dstate behind a window to that before it, and add to its deltas.

    `step_back` is the cell's.
    """
    U, (first, fresh, end) = rule.through(p["U"], xp), window
    for t in range(end - 1, first - 1, -1):
        if t >= fresh:  # this window's own errors
            dE_dstate = (dE_dy[:, t] + dE_dstate[0], *dE_dstate[1:])
        here = step_back(p, dE_dstate, saved.steps[t], rule, xp)
        through = here.recurrent @ U
        if saved.teacher is not None:  # what a teacher has fed comes from no step before
            through = through * (1.0 - saved.teacher.forced[:, t, None])
        through = through + here.state[0]
        dE_dstate = (through, *here.state[1:])
        found[t - first] = together(found[t - first], here._replace(state=dE_dstate))
    return dE_dstate


def as_truncate(name: str, given: Any) -> tuple[int, int] | None:
    """Return (k1, k2) from k, (k1, k2) or None."""
    if given is None:
        return None
    pair = given if isinstance(given, Sequence) and not isinstance(given, str) else (given, given)
    if len(pair) != 2:
        raise UsageError(f"{name}: truncate is (k1, k2), a number of steps, or None, not {given!r}")
    k1 = whole(f"{name}: k1 of truncate", pair[0], 1)
    k2 = whole(f"{name}: k2 of truncate", pair[1], 1)
    if k2 < k1:
        raise UsageError(
            f"{name}: truncate=({k1}, {k2}) would leave out the errors of {k1 - k2} of every {k1} "
            "steps; give k2 >= k1"
        )
    return k1, k2
