"""What a full check costs, before it is begun."""

from __future__ import annotations

from deltarule.check.numerical.formulas import COMPLEX, FORMULAS
from deltarule.core.errors import ResourceError
from deltarule.core.machine import require_large
from deltarule.network import Network

MAX_SECONDS = 600.0
"""A check that would take longer is refused."""

_SECONDS = 1.5e-8
"""Per number that is computed anew; measured on one core, and only an order of magnitude."""

_SECONDS_OF_A_DIRECTION = 4e-5
_SECONDS_OF_AN_ENTRY = 5e-10
"""Per direction, and per direction, parameter and row: orders of magnitude too."""

_SECONDS_OF_A_SEARCH = 5e-7
"""Per parameter and row, for all mistakes alone and in pairs; an order of magnitude too."""

_SECONDS_OF_A_STEP = 6e-5
"""Of one step of a recurrent layer, back; an order of magnitude too."""


def evaluations(method: str) -> int:
    """Return how many times E is computed per entry.

    >>> evaluations("central"), evaluations("complex")
    (2, 1)
    """
    if method in (COMPLEX, "auto"):
        return 1
    return sum(1 for p in FORMULAS[method].points if p)


def check_network_cost(net: Network, samples: int, method: str, *, reuse: bool) -> None:
    """Refuse a check of every entry that would take longer than `MAX_SECONDS`."""
    numbers, sizes = 0.0, net.sizes
    for e in net.layout.entries:
        reached = sum(sizes[e.layer + 1 :]) or sizes[-1]
        contracted = sum(
            a * b for a, b in zip(sizes[e.layer + 1 :], sizes[e.layer + 2 :], strict=False)
        )
        numbers += (e.stop - e.start) * (reached + contracted / 8 if reuse else net.size / 8)
    seconds = numbers * samples * _SECONDS * evaluations(method) * (3 if method != "central" else 1)
    if seconds > MAX_SECONDS:
        raise ResourceError(
            f"checking all {net.size:,} entries on {samples:,} rows would take about "
            f"{duration(seconds)}; use directions=10, which takes about "
            f"{duration(20 * samples * net.size * 2e-9)}, or fewer rows (X[:100], T[:100])"
        )


def check_function_cost(entries: int, method: str, seconds_per_call: float, outputs: int) -> None:
    """Refuse a check of a function whose calls would take longer than `MAX_SECONDS`."""
    calls = entries * evaluations(method)
    seconds = calls * seconds_per_call
    if seconds > MAX_SECONDS:
        raise ResourceError(
            f"checking all {entries:,} entries would take {calls:,} calls of "
            f"{duration(seconds_per_call)} each, about {duration(seconds)}; use directions=10, "
            f"which takes about {duration(60 * seconds_per_call)}"
        )
    if entries * outputs * 32 > 1 << 32:
        raise ResourceError(
            f"the full Jacobian has {outputs:,} x {entries:,} numbers, about "
            f"{entries * outputs * 32 / 1e9:.0f} GB with what is needed beside it; use "
            "projection='random'"
        )


def check_directions_cost(
    directions: int, entries: int, samples: int = 1, seconds_per_call: float = 0.0
) -> None:
    """Refuse more random directions than memory holds or `MAX_SECONDS` allow.

    `seconds_per_call` is what a function of the user's takes; a network's own E takes time by
    its samples and entries.
    """
    each = _SECONDS_OF_A_DIRECTION + 6 * seconds_per_call
    if not seconds_per_call:
        each += _SECONDS_OF_AN_ENTRY * samples * entries
    if directions * each > MAX_SECONDS:
        raise ResourceError(
            f"checking {directions:,} directions would take about {duration(directions * each)}, "
            f"and a check may take {duration(MAX_SECONDS)}; use directions=10, which takes about "
            f"{duration(10 * each)}"
        )
    what = f"{directions:,} directions of {entries:,} entries"
    require_large("the check", 8.0 * directions * entries, what, "Use fewer directions")


def check_diagnosis_cost(net: Network, samples: int, steps: int = 1) -> None:
    """Refuse a search for mistakes that would take longer than `MAX_SECONDS`.

    In time the steps follow each other, and one mistake is an error that goes back k of them, for
    every k.
    """
    seconds = _SECONDS_OF_A_SEARCH * net.size * samples * steps
    if steps > 1:
        following = _SECONDS_OF_A_STEP * (5000.0 * steps + steps**3 / 2.0)
        if following > MAX_SECONDS:
            raise ResourceError(
                f"the gradient is wrong, but to look for the mistake over {steps:,} steps could "
                f"take {duration(following)}; use shorter sequences (a network of the same layers "
                "over (20, features) has the same theta), or leave it at whether it is right: "
                "dr.check_gradient(..., directions=10)"
            )
    if seconds > MAX_SECONDS:
        rows = max(1, int(samples * 60.0 / seconds))
        raise ResourceError(
            f"the gradient is wrong, but to look for the mistake in {net.size:,} parameters on "
            f"{samples:,} rows could take {duration(seconds)}; use fewer rows (X[:{rows}], "
            f"T[:{rows}]: about a minute), fewer nodes, or leave it at whether it is right: "
            "dr.check_gradient(..., directions=10)"
        )


def duration(seconds: float) -> str:
    """Return a duration in words.

    >>> duration(0.0002), duration(90), duration(7200)
    ('0.2 ms', '1.5 min', '2.0 h')
    """
    for limit, size, name in ((1.0, 1e-3, "ms"), (60.0, 1.0, "s"), (3600.0, 60.0, "min")):
        if seconds < limit:
            return f"{float(f'{seconds / size:.2g}'):g} {name}"
    return f"{seconds / 3600.0:,.1f} h"
