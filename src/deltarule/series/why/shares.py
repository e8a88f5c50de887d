"""`dr.why_forecast`: one forecast taken apart, input by input, through the recursion.

What the networks were given are values z (scaled, differenced, ...) before the origin, and
covariates: u_1, u_2, ... A forecast some steps ahead is a function of these alone, for what is fed
back was itself made of them. Its slope dz^/du_i is the sum over all ways from u_i to it:

    dz^_{t+h}/du_i = sum over the inputs x_m at step h of dnet/dx_m dx_m/du_i

where an x_m that is an earlier forecast brings its own slopes. Each input's share is slope times
input, dz^/du_i u_i, in units of the series: z is 0 at the training part's mean, so the shares, that
mean and the rest (the constant, and what curvature adds) add up to the forecast. Beside it stands
the difference that is exact: the forecast, less the one with u_i at its mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import whole
from deltarule.core.errors import UsageError
from deltarule.core.texts import some
from deltarule.core.views import view
from deltarule.series.fitted import Fitted
from deltarule.series.recursion import Covariates
from deltarule.series.why.slopes import slopes
from deltarule.series.windows import before

if TYPE_CHECKING:
    import polars

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """What one input did to a forecast."""

    name: str
    """"lag 3", or the covariate with its lag or its time."""
    time: str
    value: float
    """As the network is given it, but unscaled: differenced and transformed where the series is."""
    slope: float
    """d forecast / d value, of the transformed series."""
    share: float
    """Slope times the value's distance from its mean."""
    difference: float
    """The forecast less the one with this input at its mean, in the series' own units."""


@dataclass(frozen=True, eq=False)
class WhyForecast:
    """A forecast for `time`, made from what was known before `origin`, and its shares.

    `mean` + sum of shares + `rest` = `transformed`, in units of the transformed series: those of
    the series where nothing but scaling is done.
    """

    name: str
    time: str
    steps: int
    forecast: float
    usual: float
    """The forecast with every input at its mean, in the series' own units."""
    transformed: float
    mean: float
    rest: float
    shares: tuple[Share, ...]
    seen: bool
    """Whether the networks were trained on the value that is forecast."""
    actual: float | None
    how: str
    """How the series was transformed, in words."""

    @cached_property
    def table(self) -> polars.DataFrame:
        """A row per input: name, time, value, slope, share, difference."""
        import polars

        return polars.DataFrame([vars(s) for s in self.shares])

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Draw shares and exact differences side by side, an input a line."""
        view(WhyForecast.plot)(self, Path(path), force=force)

    def __str__(self) -> str:
        return (
            f"{self.name} {self.time}: {self.forecast:.6g}, "
            f"{some(self.steps, 'step')} ahead; with every input at its mean "
            f"{self.usual:.6g}"
        )


def why_forecast(fitted: Any, at: str, steps: int | None = None) -> WhyForecast:
    """Take a forecast apart: what each value before it, and each covariate, did to it.

    Args:
        fitted: a `Forecast`, or what `dr.load_forecast` gives.
        at: the time that is forecast, inside the series or after its end.
        steps: how many steps before it the forecast is made: 1, or what is needed to start at the
            end of the series.

    >>> from deltarule.series import forecast
    >>> found = forecast("lynx", lags=2, networks=2, epochs=100, transform="log")
    >>> why = why_forecast(found, "1936")
    >>> why.steps, [share.name for share in why.shares]
    (2, ['lag 1', 'lag 2'])
    >>> total = why.mean + sum(share.share for share in why.shares) + why.rest
    >>> bool(abs(total - why.transformed) < 1e-12)
    True
    """
    fitted = getattr(fitted, "fitted", fitted)
    series, model = fitted.series, fitted.forecaster
    n, K = len(series), model.networks.outputs
    target = series.calendar.index(str(at))
    ahead = max(1, target - n + 1)
    H = ahead if steps is None else whole("steps", steps, ahead)
    origin = target - H + 1
    if origin < model.first_origin():
        raise UsageError(
            f"{at}: a forecast {some(H, 'step')} ahead needs {model.first_origin()} "
            f"values before {series.calendar.label(origin)}, and the series begins at "
            f"{series.calendar.label(0)}"
        )
    if series.known and origin + H > n + series.to_come:
        last = series.calendar.label(n + series.to_come - 1)
        raise UsageError(f"{at}: the covariates known in the future end at {last}")
    if series.past and H > K:
        raise UsageError(
            f"{at}: a covariate known in the past alone reaches {K} steps at most, not {H}"
        )
    return _apart(fitted, origin, H)


@dataclass(frozen=True)
class _Leaf:
    """An input from outside: which array it is in (z, past, known, static), which row and time."""

    kind: str
    row: int
    time: int
    name: str


def _apart(fitted: Fitted, origin: int, H: int) -> WhyForecast:
    series, model = fitted.series, fitted.forecaster
    label, t = series.calendar.label, model.transform
    stages, z, covariates = model.scaled(series)
    leaves = _leaves(fitted, origin, H)
    gradient = _slopes_through(fitted, z, covariates, origin, H, leaves)
    past, known, static = covariates
    arrays = {"z": z[None], "past": past, "known": known, "static": static}
    origins = np.array([origin])

    def said(arrays: Mapping[str, Array]) -> tuple[float, float]:
        given = arrays["past"], arrays["known"], arrays["static"]
        found = model.networks.forecasts(arrays["z"][0], origins, H, given)
        return float(found[0, -1]), float(t.inverse(found, stages, origins)[0, -1])

    scaled, forecast = said(arrays)
    shares = []
    for leaf, slope in zip(leaves, gradient, strict=True):
        if slope == 0.0 and leaf.kind == "z" and H == 1:
            continue
        u = float(arrays[leaf.kind][leaf.row, leaf.time])
        changed = {kind: a.copy() for kind, a in arrays.items()}
        changed[leaf.kind][leaf.row, leaf.time] = 0.0
        other = said(changed)[1]
        scale = _scale(fitted, leaf)
        shares.append(
            Share(
                name=leaf.name,
                time="" if leaf.kind == "static" else label(leaf.time),
                value=_value(fitted, leaf, stages),
                slope=float(slope * t.scale / scale),
                share=float(slope * u * t.scale) + 0.0,  # no -0
                difference=forecast - other,
            )
        )
    nothing = {kind: np.zeros_like(a) for kind, a in arrays.items()}
    usual = said(nothing)[1]
    target = origin + H - 1
    transformed = t.offset + t.scale * scaled
    total = sum(s.share for s in shares)
    return WhyForecast(
        name=series.name,
        time=label(target),
        steps=H,
        forecast=forecast,
        usual=usual,
        transformed=transformed,
        mean=t.offset,
        rest=transformed - t.offset - total,
        shares=tuple(shares),
        seen=target < model.end,
        actual=float(series.values[target]) if target < len(series) else None,
        how=model.transform.said,
    )


def _leaves(fitted: Fitted, origin: int, H: int) -> list[_Leaf]:
    """Return every value that the forecast can depend on."""
    series, networks = fitted.series, fitted.forecaster.networks
    lags, K = networks.lags, networks.outputs
    fed = -(-H // K) * K - K
    reach = sorted({lag - h for lag in lags for h in range(0, fed + 1, K) if lag > h})
    found = [_Leaf("z", 0, origin - k, f"lag {k}") for k in reach]
    for row, name in enumerate(series.past):
        found += [_Leaf("past", row, origin - k, f"{name}, lag {k}") for k in lags]
    label = series.calendar.label
    for row, name in enumerate(series.known):
        end = min(fed + K, len(series) + series.to_come - origin)
        times = [origin + h for h in range(end)]
        found += [_Leaf("known", row, time, f"{name}, {label(time)}") for time in times]
    found += [_Leaf("static", row, 0, name) for row, name in enumerate(series.static)]
    return found


def _slopes_through(
    fitted: Fitted,
    z: Array,
    covariates: Covariates,
    origin: int,
    H: int,
    leaves: Sequence[_Leaf],
) -> Array:
    """Return dz^/du of every leaf, (leaves,): slopes carried forward, step by step."""
    networks = fitted.forecaster.networks
    span, K = max(networks.lags), networks.outputs
    place = {(leaf.kind, leaf.row, leaf.time): i for i, leaf in enumerate(leaves)}
    unit, none = np.eye(len(leaves)), np.zeros(len(leaves))

    def leaf(kind: str, row: int, time: int) -> Array:
        i = place.get((kind, row, time))
        return none if i is None else unit[i]

    values = before(z, np.array([origin]), span)
    carried = [leaf("z", 0, origin - span + i) for i in range(span)]
    for h in range(0, H, K):
        time = origin + h
        X = networks.inputs(values[:, h:], np.array([time]), covariates)
        rows = [carried[span + h - lag] for lag in networks.lags]
        for row in range(networks.past):
            rows += [leaf("past", row, time - lag) for lag in networks.lags]
        for row in range(networks.known):
            rows += [leaf("known", row, time + k) for k in range(K)]
        rows += [leaf("static", row, 0) for row in range(networks.static)]
        carried += list(slopes(networks, X[0]) @ np.stack(rows))
        values = np.concatenate([values, networks(X)], axis=1)
    return carried[span + H - 1]


def _value(fitted: Fitted, leaf: _Leaf, stages: Sequence[Array]) -> float:
    """Return an input before scaling."""
    if leaf.kind == "z":
        return float(stages[-1][leaf.time])
    if leaf.kind == "static":
        return fitted.series.static[leaf.name]
    return float(_covariates(fitted, leaf.kind)[leaf.row][1][leaf.time])


def _scale(fitted: Fitted, leaf: _Leaf) -> float:
    """Return what an input was divided by."""
    if leaf.kind == "z":
        return fitted.forecaster.transform.scale
    if leaf.kind == "static":
        return 1.0
    return fitted.forecaster.covariates[_covariates(fitted, leaf.kind)[leaf.row][0]][1]


def _covariates(fitted: Fitted, kind: str) -> list[tuple[str, Array]]:
    series = fitted.series
    return list((series.past if kind == "past" else series.known).items())
