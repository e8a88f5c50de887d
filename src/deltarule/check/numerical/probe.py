"""What is found out about E before anything is judged: its rounding, kinks, complex numbers."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from deltarule.check.numerical.around import Around, typical_sizes
from deltarule.check.numerical.look import Look, look, look_steps
from deltarule.check.numerical.noise import estimate_noise
from deltarule.core.arrays import Array

_BESIDE = 0.01
"""How far from a kink complex steps are tried."""

_AGREE = 1e-6
"""Relative agreement of a complex step with differences that makes E analytic."""


@dataclass(frozen=True)
class Probe:
    """What one random direction tells of E."""

    noise: float
    """Absolute rounding of E."""
    size: float
    """The size of E around x: E may vanish at x itself."""
    kinked: bool
    """Whether the slopes of the two sides differ at x itself."""
    complex_steps: str
    """Why complex steps cannot be used; empty where they can."""

    def relative(self, around: Around) -> float:
        """Return the rounding of E by its size."""
        return float(np.clip(self.noise / self.size, around.unit, 1e-2))


def probe(around: Around, x: Array, seed: int) -> Probe:
    """Look at E along one random direction v.

    E is taken for analytic where Im E(x + ihv)/h agrees with its differences along v: a function
    that drops imaginary parts, or takes magnitudes, does not.
    """
    draws = np.random.default_rng(seed).normal(size=around.direction_size)
    v = typical_sizes(x) * draws / np.sqrt(len(draws))
    # where E is 0 its rounding is taken to be that of 1
    size = float(np.max(np.abs(around.here), initial=0.0)) or 1.0
    noise = estimate_noise(lambda t: around.along(v, t), size, around.unit)
    steps = look_steps(np.ones(1), around.unit)
    found = around.along(v, np.concatenate([steps[0], -steps[0], np.zeros(1)]))
    plus, minus, here = np.split(found, [steps.shape[1], 2 * steps.shape[1]])
    seen = look(here, plus[None], minus[None], steps, np.full(1, noise))
    why_not = _why_not_complex(around, v, float(here[0]), seen)
    changes = np.abs(np.concatenate([plus, minus]) - here)
    far = np.max(changes, initial=abs(float(here[0])), where=np.isfinite(changes))
    return Probe(noise, float(far) or 1.0, bool(seen.kinked[0]), why_not)


def _why_not_complex(around: Around, v: Array, here: float, seen: Look) -> str:
    """Compare a complex step with differences: at x, or beside it where x is on a kink."""
    h = 2.0**-100 if around.unit < 1e-12 else 2.0**-50
    beside = _BESIDE if seen.kinked[0] else 0.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # it is one of these
            value = complex(around.along(v, np.array([beside + 1j * h]))[0])
    except Exception as error:  # whatever somebody else's function raises
        return f"it does not take complex numbers ({type(error).__name__})"
    slope, expected, error_of_it = value.imag / h, float(seen.slope[0]), float(seen.error[0])
    if beside:
        here, expected, error_of_it = _beside(around, v)
    slack = 2.0 * error_of_it + _AGREE * max(abs(expected), abs(slope))
    if not abs(slope - expected) <= slack:
        return "it is not analytic: a complex step and differences disagree"
    if abs(value.real - here) > 1e-6 * max(abs(here), abs(value.real)):
        return "it gives another value for complex numbers"
    return ""


def _beside(around: Around, v: Array) -> tuple[float, float, float]:
    """Return E, its slope along v and that slope's error, at x + v / 100."""
    k = np.cbrt(around.unit)
    low, here, high, lower, higher = around.along(v, _BESIDE + k * np.array([-1, 0, 1, -2, 2]))
    near, far = (high - low) / (2.0 * k), (higher - lower) / (4.0 * k)
    return float(here), float(near), float(abs(near - far))
