"""Forecasts made as they would have been made: from many origins, each knowing what was before it.

Every method, network or not, is walked through the same times: fitted at the start of each
segment, it forecasts from all origins of the segment, and its errors so far, all on values that
came after its fit, make the quantiles of the next segment's forecasts. The first segment is the
calibration part; it is there for its errors alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltarule.series.transforms import Pointwise

Array = NDArray[np.float64]
Origins = NDArray[np.intp]
Predict = Callable[[Origins, int], Array]
"""Takes origins (r,) and a horizon H, returns forecasts (r, H)."""
Quantiles = Callable[[Origins, Array, Array], Array | None]
"""Takes origins, their forecasts and errors so far (k, H); returns quantiles (r, H, levels)."""
Fit = Callable[[int], tuple[Predict, Quantiles]]
"""Fits a method to the values before a time."""


@dataclass(frozen=True)
class Segments:
    """Where fits are made: at `calibrate`, then at each of `starts`; the last origin is `last`."""

    first: int
    calibrate: int | None
    """None: there are too few values for a calibration part, and so no quantiles."""
    starts: tuple[int, ...]
    last: int
    gap: int = 0
    """Values before each of these that its fit does not know."""

    @property
    def cut(self) -> int:
        """The first time of the test part."""
        return self.starts[0]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Give where each fit is made, and before which time the next one."""
        ends = (*self.starts[1:], self.last + 1)
        if self.calibrate is not None:
            yield self.calibrate, self.starts[0]
        yield from zip(self.starts, ends, strict=True)


@dataclass(frozen=True, eq=False)
class Walk:
    """What one method said: forecasts (r, H) and quantiles (r, H, levels) from test origins."""

    origins: Origins
    f: Array
    quantiles: Array | None
    fitted_origins: Origins
    fitted: Array
    """Forecasts (., H) inside the training part, by the method as fitted to it."""
    errors: Array
    """Errors (k, H) of g on values after the fit, of the calibration part and of the test."""


def walk(y: Array, fit: Fit, segments: Segments, horizon: int, g: Pointwise) -> Walk:
    """Walk a method through the segments; `fit(t)` fits it to the values before t.

    Errors are used from the time on at which all their values are known; there are quantiles where
    the method has some in every segment of the test.
    """
    found: list[Array] = []
    spread: list[Array | None] = []
    seen: list[tuple[Origins, Array]] = []
    inside, inside_origins = np.empty((0, horizon)), np.arange(0)
    for start, stop in segments:
        predict, quantiles = fit(start - segments.gap)
        origins = np.arange(start, stop)
        f = predict(origins, horizon)
        if start >= segments.cut:
            found.append(f)
            spread.append(quantiles(origins, f, _known(seen, start, horizon)))
        if start == segments.cut:
            inside_origins = np.arange(segments.first, start - segments.gap - horizon + 1)
            inside = predict(inside_origins, horizon)
        judged = origins[origins + horizon <= len(y)]
        true = y[judged[:, None] + np.arange(horizon)]
        seen.append((judged, g.forward(true) - g.forward(f[: len(judged)])))
    whole = [q for q in spread if q is not None]
    return Walk(
        origins=np.arange(segments.cut, segments.last + 1),
        f=np.concatenate(found),
        quantiles=np.concatenate(whole) if len(whole) == len(found) else None,
        fitted_origins=inside_origins,
        fitted=inside,
        errors=np.concatenate([errors for _, errors in seen]),
    )


def _known(seen: Sequence[tuple[Origins, Array]], start: int, horizon: int) -> Array:
    """Return the errors whose values all came before `start`."""
    kept = [errors[origins + horizon <= start] for origins, errors in seen]
    return np.concatenate(kept) if kept else np.empty((0, horizon))
