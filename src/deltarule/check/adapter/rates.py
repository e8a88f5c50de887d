"""Is every step multiplied by the learning rate, and once? Asked with twice the rate.

    step(2 eta) = 2^p step(eta):   p = 1 is right, p = 0 has no rate in it, p = 2 has it twice

No single gradient shows this, as a factor of one layer may be anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from deltarule.check.adapter.calls.outcome import STEPS
from deltarule.check.adapter.program import Program, same
from deltarule.check.diagnose import Diagnosis
from deltarule.check.diagnose.diagnosis import Finding
from deltarule.core.arrays import Array

_WORDS = {
    0: ("rate_missing", "the step is not multiplied by the learning rate"),
    2: ("rate_twice", "the step is multiplied by the learning rate twice, as where the delta that "
        "is carried down has it already"),
    3: ("rate_thrice", "the step is multiplied by the learning rate three times, as where every "
        "delta on the way down has it"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Powers:
    """The power of the learning rate in the step of every number of theta."""

    powers: Array
    rate: float
    parts: Mapping[tuple[int, str], int]
    """Where it is not 1: by layer and `"W"` or `"b"`."""

    def mended(self, gradient: Array) -> Array:
        """Return the gradient that the steps are of, with the rate once everywhere."""
        return np.asarray(gradient * self.rate ** (1.0 - self.powers))

    def told(self, rest: Diagnosis) -> Diagnosis:
        """Return the diagnosis of the mended gradient with what was mended in front."""
        found = []
        for power in sorted(set(self.parts.values())):
            code, does = _WORDS[power]
            kinds = {kind for (_, kind), p in self.parts.items() if p == power}
            layers = tuple(sorted({l for (l, _), p in self.parts.items() if p == power}))
            of = "both" if len(kinds) == 2 else "weights" if "W" in kinds else "biases"
            size = self.rate ** (power - 1)
            apart = abs(size - 1.0) / max(size, 1.0)
            found.append(
                Finding(code, layers, {"of": of}, (), does, "every weight and bias moves by the "
                        "learning rate times its own dE/dw", "w <- w - eta dE/dw", apart, 0.0)
            )  # fmt: skip
        verdict = "explained" if rest.verdict == "correct" else rest.verdict
        verdict = "partial" if verdict == "unexplained" else verdict
        localised = [
            replace(
                place,
                weights=place.weights and (place.layer, "W") not in self.parts,
                biases=place.biases and (place.layer, "b") not in self.parts,
            )
            for place in rest.localised
        ]
        return replace(
            rest, verdict=verdict, mistakes=(*found, *rest.mistakes), localised=tuple(localised),
            unseen=(), candidates=tuple([*found, *rest.candidates] if rest.candidates else ()),
        )  # fmt: skip


def powers_of(program: Program, theta: Array, X: Array, T: Array) -> Powers | None:
    """Return the powers, where some are not 1; None where all are, or one is no whole number."""
    if program.reading.outcome not in STEPS or program.rate is None or program.rate.value == 1.0:
        return None
    some = slice(None) if program.reading.several else slice(0, 1)
    rate = program.rate.value
    steps = []
    for factor in (1.0, 2.0):
        rates = {place: factor * value for place, value in program.rates.items()}
        steps.append(program.reading.delivered(theta, X[some], T[some], rates))
    one, two = steps
    if one is None or two is None:
        return None
    powers = np.ones(program.network.size)
    parts: dict[tuple[int, str], int] = {}
    for e in program.network.layout.entries:
        part = slice(e.start, e.stop)
        if not np.any(np.nan_to_num(one[part])):
            continue
        power = next((p for p in (1, *_WORDS) if same(two[part], 2.0**p * one[part])), None)
        if power is None:
            return None
        powers[part] = power
        if power != 1:
            parts[e.layer, e.parameter.name] = power
    return Powers(powers, rate, parts) if parts else None
