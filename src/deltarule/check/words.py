"""A check in words: its verdict, its table, its plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule.core.errors import DeltaruleError

if TYPE_CHECKING:
    from deltarule.check.result import GradientCheck

METHOD_WORDS = {
    "complex": "complex steps",
    "forward": "forward differences",
    "central": "central differences",
    "five_point": "five-point differences",
    "richardson": "Richardson extrapolation",
}

_SHARE = 0.01
"""The size of error, by the gradient's length, whose chance of being missed is told."""

_LISTED = 5


def verdict(check: GradientCheck) -> str:
    """Return what was found, in one sentence."""
    count = len(check.got)
    kind = ("entry", "entries")
    if check.directions is not None:
        kind = ("random direction", "random directions")
    what = f"{count:,} {kind[count != 1]}"
    if check.passed:
        agree = "agrees" if count == 1 else "agree"
        return f"The gradient is right: {what} {agree} with {_how(check)}{_kinks(check)}."
    wrong = int(check.wrong.sum())
    return (
        f"The gradient is WRONG in {wrong:,} of {what} ({METHOD_WORDS[check.method]}); the worst "
        f"is {_worst(check)}{_mistake(check)}."
    )


def _worst(check: GradientCheck) -> str:
    """Return the entry that is furthest off, and how."""
    worst = check.worst
    for kink in check.kinks:
        if kink.entry == worst.entry:
            return (
                f"{kink.entry} on a kink: got {kink.got:.8g}, the slopes of the two sides are "
                f"{kink.left:.8g} and {kink.right:.8g} ({kink.subgradient})"
            )
    got, expected = _apart(worst.got, worst.expected)
    return f"{worst.entry}: got {got}, expected {expected}{_factor(check)}"


def _apart(got: float, expected: float) -> tuple[str, str]:
    """Return both numbers with as many digits, 8 or more, as show their difference."""
    every = [(f"{got:.{digits}g}", f"{expected:.{digits}g}") for digits in range(8, 18)]
    return next((pair for pair in every if pair[0] != pair[1]), every[0])


def _mistake(check: GradientCheck) -> str:
    """Return the mistake's name, or those that explain the gradient equally well."""
    try:
        found = check.diagnosis
    except DeltaruleError:  # said below the table
        return ""
    if found is None or found.verdict not in ("explained", "ambiguous"):
        return ""
    titles: dict[int, list[str]] = {}
    for m in found.candidates or found.mistakes:
        titles.setdefault(m.explanation, []).append(m.title)
    told = " or ".join(" and ".join(group) for group in titles.values())
    several = found.verdict == "explained" and len(found.mistakes) > 1
    return f"; the {'mistakes are' if several else 'mistake is'} {told}"


def _how(check: GradientCheck) -> str:
    seen = any(layer.digits is not None for layer in check.layers)
    so_far = f"to {check.digits:.1f} digits" if seen else "as far as rounding lets it be seen"
    how = f"{METHOD_WORDS[check.method]} {so_far}"
    if check.directions is None:
        return how
    chance = check.chance_of_missing(_SHARE)
    return (
        f"{how} (an error of {_SHARE:.0%} of the gradient's length would have been missed with "
        f"probability {chance:.1g})"
    )


def _kinks(check: GradientCheck) -> str:
    if not check.kinks:
        return ""
    found = sorted({kink.subgradient for kink in check.kinks})
    some = "entry lies" if len(check.kinks) == 1 else "entries lie"
    return f"; {len(check.kinks):,} {some} on a kink of E (found: {', '.join(found[:_LISTED])})"


def _factor(check: GradientCheck) -> str:
    """Return a remark where the worst entry is a simple multiple of what it should be."""
    worst = check.worst
    if not worst.expected or not math.isfinite(worst.got):
        return ""
    factor = worst.got / worst.expected
    told = f"{factor:.5g}"
    return f", {told} times as much" if 1e-3 < abs(factor) < 1e3 and told != "1" else ""


def table(check: GradientCheck) -> str:
    """Return the verdict, the table of layers, kinks and notes as lines of text."""
    head = (check.groups.kind or "group", "entries", "largest", "worst", "off by", "digits", "")
    rows = [
        (
            layer.name,
            f"{layer.entries:,}",
            f"{layer.largest:.3g}",
            layer.worst,
            f"{layer.difference:.2g}",
            "-" if layer.digits is None else f"{layer.digits:.1f}",
            "ok" if layer.passed else f"{layer.wrong:,} wrong",
        )
        for layer in check.layers
    ]
    lines = [check.verdict, *_aligned([head, *rows])]
    for kink in check.kinks[:_LISTED]:
        lines.append(
            f"  kink at {kink.entry}: slopes {kink.left:.6g} and {kink.right:.6g}, got "
            f"{kink.got:.6g} ({kink.subgradient})"
        )
    if len(check.kinks) > _LISTED:
        lines.append(f"  and {len(check.kinks) - _LISTED:,} more kinks")
    return "\n".join([*lines, *(f"  {note}" for note in check.notes), *_diagnosis(check)])


def _diagnosis(check: GradientCheck) -> list[str]:
    """Return what is known of the mistake, as lines."""
    if check.passed:
        return []
    try:
        found = check.diagnosis
    except DeltaruleError as error:
        return [f"  the mistake is not named: {error}", *_first_layer(check)]
    if found is None:
        return _of_one_factor(check)
    return [f"  {line}" for line in f"diagnosis: {found}".splitlines()]


def _first_layer(check: GradientCheck) -> list[str]:
    """Say where to look first, layer by layer from the output: deltas flow downwards."""
    wrong = [k for k, layer in enumerate(check.layers) if not layer.passed]
    above = check.layers[wrong[-1] + 1 :] if wrong and check.groups.kind == "layer" else ()
    if not above:
        return []
    here = check.layers[wrong[-1]].name
    return [
        f"  from layer {above[0].name} on all agree: look first at the dE/dy that the backward of "
        f"the layer above hands down to layer {here}, then at layer {here}'s own gradient"
    ]


_FACTORS = {
    -1.0: "the sign is the other one",
    0.5: "the gradient has a factor 1/2 that the function has not",
    2.0: "a factor 1/2 of the function is missing in its gradient",
}


def _of_one_factor(check: GradientCheck) -> list[str]:
    """Say that a wrong gradient is right but for one factor, where it is."""
    got, expected = check.got, check.expected
    if len(got) < 2 or check.kinks or not expected.any() or not np.isfinite(got).all():
        return []
    factor = float(got @ expected / (expected @ expected))
    apart = np.abs(got - factor * expected)
    if not factor or (apart > np.maximum(1.0, abs(factor)) * check.allowed).any():
        return []
    near = (why for value, why in _FACTORS.items() if math.isclose(factor, value, rel_tol=1e-6))
    why = next(near, "one factor is missing, or there is one too many")
    return [f"  every entry is {factor:.5g} times what it should be: {why}"]


def _diagnosis_values(check: GradientCheck) -> dict[str, Any] | None:
    try:
        found = check.diagnosis
    except DeltaruleError as error:
        return {"verdict": None, "notes": [str(error)]}
    return None if found is None else found.to_dict()


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = (0, 3, 6)
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def as_dict(check: GradientCheck) -> dict[str, Any]:
    """Return the findings as plain values; numbers that are not finite become None."""
    found = {
        "passed": check.passed,
        "verdict": check.verdict,
        "method": check.method,
        "tolerance": check.tolerance,
        "digits": None if math.isnan(check.digits) else check.digits,
        "entries": len(check.got),
        "directions": check.directions,
        "wrong": int(check.wrong.sum()),
        "worst": asdict(check.worst),
        "layers": [{**asdict(layer), "passed": layer.passed} for layer in check.layers],
        "kinks": [asdict(kink) for kink in check.kinks],
        "notes": list(check.notes),
        "diagnosis": _diagnosis_values(check),
    }
    return {key: _finite(value) for key, value in found.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value
