"""Every option of a forecast but the data, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arguments import boolean, number, whole
from deltarule.core.errors import UsageError, one_of
from deltarule.core.registry import plain_fields
from deltarule.layers import written_layers
from deltarule.losses import PENALTIES
from deltarule.series.components import SEASONS
from deltarule.series.transforms import TRANSFORMS, Transform
from deltarule.series.windows import as_lags

INTERVALS = ("conformal", "paths", "bootstrap", "pinball")
"""Quantiles from errors on times that no network had seen, from futures that are simulated with
these errors or with the residuals of training, or from networks that learn each quantile by its own
loss."""

WITHOUT_ERRORS = ("bootstrap", "pinball")
"""Those that need no values that no network has learnt."""

STRATEGIES = ("recursive", "direct")
"""For steps that the outputs do not reach: feed forecasts back, or networks for every step."""

_LAGS, _F = 12, "tanh"


@dataclass(frozen=True)
class Recipe:
    """How a series is forecast: every option of `deltarule.forecast` but the data.

    >>> Recipe(lags=3, network="3-4-1").lags
    (1, 2, 3)
    """

    lags: Any = None
    """A number p for 1, ..., p; several lags; "auto"; None for the network's, else 12."""
    horizon: int = 1
    network: str | None = None
    """Sizes such as "12-8-1"; None for round((inputs + 1) / 2) hidden nodes and one output."""
    layer: str | None = None
    """A layer in the place of the hidden ones, to which the lags are time steps: "lstm:8"."""
    strategy: str = "recursive"
    """Or "direct": every step of the horizon has networks of its own."""
    activation: str = _F
    networks: int = 20
    """How many, from different first weights, are averaged."""
    optimizer: Any = "adam:0.01"
    epochs: int = 1000
    batch_size: int | None = None
    l2: float = 0.003
    penalty: Any = None
    """Another term of E over the weights, such as "weight_elimination:1e-4,0.5"."""
    patience: int = 0
    """With more than 0 the last tenth of the training windows is not learnt but watched: training
    stops after so many epochs without a lower error there, and keeps the best weights."""
    stride: int = 1
    """Every how many-th window is learnt, counted from the last; 1 takes all."""
    window: int | None = None
    """How many windows are learnt, the newest: training rolls on with a backtest. None: all before,
    so that it expands."""
    half_life: float | None = None
    """Steps after which a window counts half in E; None: all count alike."""
    loss: Any = "half_squared_error"
    rule: Any = "exact"
    transform: Any = "none"
    """Of every value: "none", "log", "box_cox:0.5"."""
    detrend: bool = False
    """Whether a line, fitted to the training part, is taken away."""
    deseason: str = "none"
    """How a season is found and taken away: "none", "classical", or "stl" (statsmodels)."""
    difference: Any = ()
    """Lags to subtract one after the other: 1, or (1, 12)."""
    season: int | None = None
    """Steps in a season; None for the calendar's."""
    quantiles: Any = (0.1, 0.5, 0.9)
    intervals: str = "conformal"
    """Or "paths" or "bootstrap", of which `paths` are simulated, or "pinball"."""
    paths: int = 1000
    calibration: float = 0.25
    """The share of the windows before the test part whose errors make the first quantiles."""
    gap: int = 0
    """Values that are left out between what is learnt and what is judged."""
    backtest: int = 1
    """Blocks of the test part; networks are fitted anew before each."""
    seed: int = 0
    dtype: str = "float64"
    engine: str = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the series."""
        put = object.__setattr__
        sizes = sizes_of(self.network) if self.network is not None else None
        if self.lags is None:
            put(self, "lags", as_lags(sizes[0] if sizes else _LAGS))
        elif self.lags != "auto":
            put(self, "lags", as_lags(self.lags))
        for name, least in _LEAST.items():
            put(self, name, whole(name, getattr(self, name), least))
        if self.layer is not None:
            written_layers(self.layer)
            if self.activation != _F:
                raise UsageError(
                    f"the layer {self.layer} has its f behind its size, such as elman:8:relu: "
                    f"leave out activation={self.activation!r}"
                )
        for name, least in (("season", 1), ("window", 2 * self.stride + 1), ("batch_size", 1)):
            if getattr(self, name) is not None:
                put(self, name, whole(name, getattr(self, name), least))
        if self.half_life is not None:
            put(self, "half_life", number("half_life", self.half_life, 1e-6))
        put(self, "calibration", number("calibration", self.calibration, 0.0, 0.9))
        if self.penalty is not None:
            put(self, "penalty", PENALTIES.get(self.penalty))
        put(self, "transform", TRANSFORMS.get(self.transform))
        put(self, "difference", _differences(self.difference))
        put(self, "quantiles", _quantiles(self.quantiles))
        boolean("detrend", self.detrend)
        for name, kind, known in (
            ("intervals", "kind of interval", INTERVALS),
            ("strategy", "strategy", STRATEGIES),
            ("deseason", "way to find a season", SEASONS),
        ):
            one_of(kind, getattr(self, name), known)
        if self.strategy == "direct" and sizes and sizes[-1] != 1:
            raise UsageError(
                f"strategy direct: every step has networks of its own, with one output: write "
                f"{'-'.join(map(str, (*sizes[:-1], 1)))}, or leave the strategy out"
            )

    def transform_of(self, y: NDArray[np.float64], season: int) -> Transform:
        """Return what is done to the values, fitted to y (n,), the training part."""
        return Transform.fit(
            y,
            self.transform,
            self.difference,
            line=self.detrend,
            season=self.deseason,
            period=self.season or season,
        )

    @property
    def said(self) -> str:
        """The network as it is told: its sizes, or `12-lstm:8-1`."""
        if self.layer is None or self.network is None:
            return str(self.network)
        sizes = sizes_of(self.network)
        return f"{sizes[0]}-{self.layer}-{sizes[-1]}"

    def with_(self, **changes: Any) -> Recipe:
        """Return the recipe with some options changed."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return plain_fields(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Recipe:
        """Return what `to_dict` described."""
        return cls(**{f.name: plain[f.name] for f in fields(cls) if f.name in plain})


_LEAST = {
    **{"horizon": 1, "networks": 1, "backtest": 1, "stride": 1, "paths": 10},
    **{"epochs": 0, "patience": 0, "gap": 0, "seed": 0},
}
"""The least that whole numbers may be."""


def sizes_of(text: str) -> tuple[int, ...]:
    """Return the numbers of nodes of a network that is written 12-8-1.

    >>> sizes_of("12-8-1")
    (12, 8, 1)
    """
    parts = str(text).split("-")
    if len(parts) < 2 or not all(p.isdecimal() and 0 < len(p) < 10 and int(p) for p in parts):
        raise UsageError(
            f"a network is written by its numbers of nodes, from the inputs to the outputs, such "
            f"as 12-8-1, not {text!r}"
        )
    return tuple(map(int, parts))


def _differences(given: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(given, str):
        raise UsageError(f"difference takes numbers, such as 1 or (1, 12), not {given!r}")
    lags = (given,) if isinstance(given, int) else tuple(given)
    return tuple(whole("difference", lag, 1) for lag in lags)


def _quantiles(given: Sequence[float]) -> tuple[float, ...]:
    if isinstance(given, str):
        raise UsageError(f"quantiles takes numbers, such as (0.1, 0.5, 0.9), not {given!r}")
    levels = tuple(sorted(number("a quantile", tau) for tau in given))
    if not all(0.0 < tau < 1.0 for tau in levels) or len(set(levels)) < len(levels):
        raise UsageError(
            f"quantiles are different numbers between 0 and 1, such as .1,.5,.9, not {given!r}"
        )
    return levels
