"""A gradient beside numerical derivatives: from E around a point to a `GradientCheck`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from deltarule.check.numerical.around import Around, Directions, typical_sizes
from deltarule.check.numerical.corner import corner
from deltarule.check.numerical.formulas import COMPLEX
from deltarule.check.numerical.groups import Groups, numbered
from deltarule.check.numerical.measure import Kinks, Measured, choose_method, measure
from deltarule.check.numerical.probe import Probe, probe
from deltarule.check.numerical.sweep import sweep
from deltarule.check.ours import Ours
from deltarule.check.result import GradientCheck, Kink
from deltarule.core.arguments import number
from deltarule.core.arrays import Array
from deltarule.core.errors import NumericError, UsageError, first_few

_TOLERANCE = {COMPLEX: 1e-9}
_TOLERANCE_OF_DIFFERENCES = 1e-7
_UNITS = 1000.0
"""Rounding units that a gradient in low precision may be off by."""


@dataclass(frozen=True, eq=False)
class Setting:
    """How a gradient is to be compared."""

    method: str
    tolerance: float | None
    unit: float
    """The rounding unit of the gradient in question."""
    seed: int = 0
    notes: tuple[str, ...] = ()
    directions: int | None = None
    norm: float = 0.0
    ours: Ours | None = None


def compare(
    around: Around, x: Array, got: Array, groups: Groups, setting: Setting,
    sensitivity: Callable[[], Array] | None = None,
) -> GradientCheck:  # fmt: skip
    """Compare `got` with the numerical derivatives of E around x.

    `sensitivity` returns, per entry, how far the gradient moves when x moves by one rounding
    unit: what no gradient can be more precise than. It is not asked at a kink.
    """
    _check_finite(around, got, groups)
    probed = probe(around, x, setting.seed)
    if setting.method == COMPLEX and probed.complex_steps:
        raise UsageError(
            f"E cannot be checked by complex steps: {probed.complex_steps}; use method='auto' or "
            "'central'"
        )
    method = choose_method(setting.method, probed)
    tolerance = _tolerance(setting, method)
    found = measure(around, got, groups, tolerance, method, probed)
    _check_measured(found, groups)
    rounding = found.error
    if sensitivity is not None and not probed.kinked:
        rounding = rounding + groups.largest(sensitivity())
    scale = groups.largest(found.slope)
    lost = _lost(around, got - found.slope, tolerance * scale + rounding, found.kinks)
    rounding = rounding + lost
    # slopes of one side are differences, whatever the method elsewhere
    allowed = max(tolerance, _TOLERANCE_OF_DIFFERENCES) * scale + rounding
    kinks = _kinks(found.kinks, got, allowed, groups)
    if all(kink.legitimate for kink in kinks):
        kinks = _together(around, x, found.kinks, got, allowed, kinks, setting.seed)
    takes_complex = not probed.complex_steps
    seen = _notes(found, setting.method, probed, rounding - lost, scale)
    return GradientCheck(
        method, got, found.slope, rounding, tolerance, groups, kinks,
        kink_entries=tuple(int(i) for i in found.kinks.entries),
        notes=(*setting.notes, *_lost_note(lost, groups), *seen),
        directions=setting.directions, norm=setting.norm, ours=setting.ours,
        sweeper=lambda i, steps: sweep(around, i, groups.entry(i), float(got[i]), takes_complex,
                                       steps),
    )  # fmt: skip


def compare_along(
    around: Around, x: Array, got: Array, count: int, setting: Setting,
    sensitivity: Callable[[], Array] | None = None,
) -> GradientCheck:  # fmt: skip
    """Compare the slopes of `got` along so many random directions, in the place of entries."""
    lines = Directions(around, x, count, setting.seed)
    setting = replace(setting, directions=count, norm=float(np.linalg.norm(got)))
    along = None if sensitivity is None else lambda: np.abs(lines.of(sensitivity()))
    return compare(lines, lines.x, lines.of(got), numbered("direction", count), setting, along)


def _tolerance(setting: Setting, method: str) -> float:
    if setting.tolerance is not None:
        return number("tolerance", setting.tolerance, low=0.0)
    return max(_TOLERANCE.get(method, _TOLERANCE_OF_DIFFERENCES), min(_UNITS * setting.unit, 0.05))


def _lost(around: Around, off: Array, allowed: Array, kinks: Kinks) -> Array:
    """Return what is allowed on top where an entry is off by less than E's own rounding shows.

        |got - expected| |x_i| <= 1000 u |E|

    A saturated tanh has dE/dx_i = 1e-17, and no digit of it is left in 1 - y^2.
    """
    floor = _UNITS * around.unit * np.abs(around.here.real) / typical_sizes(around.x)
    excused = (np.abs(off) > allowed) & (np.abs(off) <= allowed + floor)
    excused[kinks.entries.astype(np.intp)] = False
    return np.where(excused, floor, 0.0)


def _lost_note(lost: Array, groups: Groups) -> Sequence[str]:
    found = np.flatnonzero(lost)
    if not len(found):
        return ()
    named = first_few([groups.entry(int(i)) for i in found[:4]], 3)
    return (
        f"saturated: {len(found):,} {'entry is' if len(found) == 1 else 'entries are'} off by less "
        f"than E's own rounding shows ({named}); their digits "
        "do not exist in a formula such as 1 - y^2",
    )


def _check_finite(around: Around, got: Array, groups: Groups) -> None:
    if not np.all(np.isfinite(around.here)):
        raise NumericError(f"E is {around.here[~np.isfinite(around.here)][0]} at this point")
    bad = np.flatnonzero(~np.isfinite(got))
    if len(bad):
        named = first_few([f"{groups.entry(int(i))} = {got[i]}" for i in bad[:6]], 5)
        raise NumericError(
            f"the gradient has {len(bad):,} entries that are not finite: {named}; mend them before "
            "it is compared"
        )


def _check_measured(found: Measured, groups: Groups) -> None:
    bad = np.flatnonzero(~np.isfinite(found.slope))
    if len(bad):
        raise NumericError(
            f"E is not finite beside the point: no step along {groups.entry(int(bad[0]))} gives "
            f"a slope ({len(bad):,} such entries); move away from the border of E's domain"
        )


def _kinks(found: Kinks, got: Array, allowed: Array, groups: Groups) -> tuple[Kink, ...]:
    kinks = []
    for n, i in enumerate(map(int, found.entries)):
        left, right, value = float(found.left[n]), float(found.right[n]), float(got[i])
        slack = float(found.slack[n] + allowed[i])
        legitimate = min(left, right) - slack <= value <= max(left, right) + slack
        name = _subgradient(left, right, value, slack) if legitimate else "no subgradient"
        kinks.append(Kink(groups.entry(i), value, left, right, legitimate, name))
    return tuple(kinks)


def _together(
    around: Around, x: Array, found: Kinks, got: Array, allowed: Array, kinks: tuple[Kink, ...],
    seed: int,
) -> tuple[Kink, ...]:  # fmt: skip
    """Return the kinks, refused where every entry alone is legitimate and all together are not."""
    if len(kinks) < 2 or around.size != around.direction_size:
        return kinks
    slack = found.slack + allowed[found.entries]
    steep = corner(around, x, found.entries, got, slack, seed)
    if steep is None:
        return kinks
    v, says, slope = steep
    parts = [f"{c:+.2g} {k.entry}" for c, k in zip(v, kinks, strict=True) if abs(c) > 0.01]
    why = (
        f"no subgradient: along {' '.join(parts)} it says {says:.4g}, and E's slopes beside the "
        f"point reach {slope:.4g}"
    )
    return tuple(
        replace(k, legitimate=abs(c) <= 0.01, subgradient=why if abs(c) > 0.01 else k.subgradient)
        for c, k in zip(v, kinks, strict=True)
    )


def _subgradient(left: float, right: float, value: float, slack: float) -> str:
    known = {"left slope": left, "right slope": right, "mean of both": 0.5 * (left + right)}
    name = min(known, key=lambda k: abs(known[k] - value))
    if abs(known[name] - value) <= max(slack, 1e-3 * abs(right - left)):
        return name
    return f"{(value - left) / (right - left):.2g} of the way from the left slope to the right"


def _notes(
    found: Measured, asked: str, probed: Probe, rounding: Array, scale: Array
) -> Sequence[str]:
    notes = []
    if asked == "auto" and found.method != COMPLEX:
        notes.append(f"no complex steps: {probed.complex_steps}")
    coarse = float(np.max(np.where(scale > 0, rounding, 0.0) / np.where(scale > 0, scale, 1.0)))
    if coarse > 1e-4 and probed.noise > 0:
        notes.append(
            f"rounding hides errors below {coarse:.1g} of a layer's largest entry in some places"
        )
    return notes
