"""Two classes in the plane that no straight line tells apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import number, whole
from deltarule.data.bundle import TWO, Bundled

_MOST = 1_000_000


def two_spirals() -> Bundled:
    """Return two spirals of 97 points each, three turns around each other.

    Point i of the first lies at the angle i pi / 16, at the radius 6.5 (104 - i) / 104; the second
    is the first, turned by half a turn. Lang and Witbrock (1988), Learning to tell two spirals
    apart, as in the CMU benchmark collection.

    >>> two_spirals().X[:2].tolist(), two_spirals().X.shape
    ([[0.0, 6.5], [0.0, -6.5]], (194, 2))
    """
    i = np.arange(97)
    angle, radius = i * np.pi / 16, 6.5 * (104 - i) / 104
    one = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    X = np.stack([one, -one], axis=1).reshape(-1, 2) + 0.0  # no minus before a zero
    says = "two spirals of 97 points, three turns (Lang and Witbrock 1988)"
    t = np.tile([1.0, 0.0], 97)[:, None]
    return Bundled.of("two_spirals", X, t, "class", says, TWO, splittable=False)


def moons(points: int = 200, noise: float = 0.1) -> Bundled:
    """Return two half circles that reach into one another, with normal noise on both coordinates.

    The upper one is (cos a, sin a), the lower one (1 - cos a, 1/2 - sin a), for a from 0 to pi.
    The shape is that of scikit-learn's `make_moons` (Pedregosa et al. 2011); points and noise are
    our own.

    >>> moons(4, 0.0).X.round(3).tolist()
    [[1.0, 0.0], [-1.0, 0.0], [0.0, 0.5], [2.0, 0.5]]
    """
    n, s = _size("moons", points, noise)
    a, b = np.linspace(0, np.pi, n - n // 2), np.linspace(0, np.pi, n // 2)
    upper = np.stack([np.cos(a), np.sin(a)], axis=1)
    lower = np.stack([1 - np.cos(b), 0.5 - np.sin(b)], axis=1)
    return _apart(f"moons:{n},{s:g}", [upper, lower], s, "two half circles, as scikit-learn")


def circles(points: int = 200, noise: float = 0.05, ratio: float = 0.5) -> Bundled:
    """Return a circle inside another, with normal noise on both coordinates.

    `ratio` is that of their radii; the outer one is 1. The shape is that of scikit-learn's
    `make_circles` (Pedregosa et al. 2011); points and noise are our own.

    >>> circles(4, 0.0).X.round(3).tolist()
    [[1.0, 0.0], [-1.0, 0.0], [0.5, 0.0], [-0.5, 0.0]]
    """
    n, s = _size("circles", points, noise)
    r = number("circles: ratio", ratio, 0.0, 1.0)
    several = []
    for radius, count in ((1.0, n - n // 2), (r, n // 2)):
        a = np.arange(count) * 2 * np.pi / count
        several.append(radius * np.stack([np.cos(a), np.sin(a)], axis=1))
    name = f"circles:{n},{s:g},{r:g}"
    return _apart(name, several, s, "a circle in a circle, as scikit-learn")


def _size(name: str, points: int, noise: float) -> tuple[int, float]:
    return whole(f"{name}: points", points, 4, _MOST), number(f"{name}: noise", noise, 0.0)


def _apart(
    name: str, several: Sequence[NDArray[np.float64]], deviation: float, says: str
) -> Bundled:
    """Return two classes of points, with noise on all coordinates."""
    rng, X = np.random.Generator(np.random.Philox(0)), np.concatenate(several)
    t = np.repeat([0.0, 1.0], [len(part) for part in several])[:, None]
    noisy = X + deviation * rng.standard_normal(X.shape)
    return Bundled.of(name, noisy, t, "class", says, TWO)
