"""Two runs side by side: what differs between them, and whether one is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.core.style import BLUE, ORANGE, log_ticks, new_figure, plain, quiet_axes, save_figure
from deltarule.core.texts import flat
from deltarule.models.read import FORECAST, read_description, read_history, read_tensors, settled

RESAMPLES = 9999
"""Random signs of the test, and random samples of the interval."""

_ALPHA = 0.05
_NETWORK = "network"


@dataclass(frozen=True)
class Paired:
    """The mean errors of two runs on the same test rows, and a test of their difference.

    Under the hypothesis that the two are equally good, the sign of every row's difference is a coin
    toss: p is the share of sign patterns (all of them for few rows, else 9,999 random ones) whose
    mean difference is at least as large. The interval is the bootstrap's over rows, 95 %.
    """

    rows: int
    what: str
    """`"wrong"` (a share of rows) or `"squared error"`."""
    a: float
    b: float
    difference: float
    """a - b: below 0 where the first run is better."""
    low: float
    high: float
    p: float

    @property
    def shown(self) -> bool:
        """Whether chance in the test rows does not explain the difference."""
        return self.p < _ALPHA

    @property
    def sentence(self) -> str:
        """The finding in words."""
        better = "the first" if self.difference < 0 else "the second"
        has = "has fewer wrong rows" if self.what == "wrong" else "has the smaller error"
        finding = f"{better} {has}" if self.shown else "no difference is shown"
        share = "the share of wrong rows" if self.what == "wrong" else "the mean squared error"
        return (
            f"on the same {self.rows:,} test rows {share} is {self.a:.4g} and {self.b:.4g}: a "
            f"difference of {self.difference:.3g} (95 %: {self.low:.3g} to {self.high:.3g}), "
            f"p = {self.p:.2g}: {finding}"
        )


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two folders hold, side by side."""

    folders: tuple[str, str]
    options: list[tuple[str, Any, Any]]
    """What differs: the option, and what it is in each; None where it is not there."""
    scores: dict[str, tuple[float | None, float | None]]
    """The scores of the test rows, as each run has measured them on its own; see `part`."""
    paired: Paired | None
    reason: str
    """Why there is no paired test, which rows it leaves out, or what speaks against it."""
    histories: tuple[Mapping[str, NDArray[np.float64]], Mapping[str, NDArray[np.float64]]]
    part: str = "test"
    """Whose scores they are: of the training rows where a run has no others."""

    def plot(self, path: str | Path) -> None:
        """Draw both runs' error, training and validation, per epoch, as a PNG."""
        from matplotlib.ticker import MaxNLocator

        figure = new_figure(7.2, 4.4)
        axes = figure.add_subplot()
        quiet_axes(axes, "Learning curves", x="epoch", y="E", size=12)
        drawn = []
        for name, history, colour in zip(self.folders, self.histories, (BLUE, ORANGE), strict=True):
            for key, what, line in (
                ("error", "training", ":"),
                ("validation_error", "validation", "-"),
            ):
                values = history.get(key, np.zeros(0))
                if len(values):
                    epochs = np.arange(1, len(values) + 1)
                    label = f"{plain(name)}, {what}"
                    axes.plot(epochs, values, line, color=colour, label=label, linewidth=1.8)
                    drawn.append(values)
        every = np.concatenate([np.zeros(0), *drawn])
        if len(every) and every.min() > 0 and every.max() > 10 * every.min():
            axes.set_yscale("log")
            log_ticks(axes.yaxis, "{x:g}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if drawn:
            axes.legend(frameon=False)
        save_figure(figure, Path(path), option="--plot")


def compare(a: str | Path, b: str | Path) -> Comparison:
    """Compare two model folders: options, scores, and errors on the test rows of both.

    A row counts where it is a test row of both runs, on the same data: the rows were kept when the
    models were measured, so neither the data nor code of anybody's own is needed.

    Two forecasts are compared by their scores in the last period of their backtests.

    Raises `FileError` for what is no model folder, `UsageError` for a forecast beside a model.
    """
    one, two = (settled(Path(place), _read) for place in (a, b))
    kinds = [read[0].get("kind") == FORECAST for read in (one, two)]
    if kinds[0] != kinds[1]:
        raise UsageError(
            f"{(a, b)[kinds.index(True)]}: this is the folder of a forecast, and the other one is "
            "a model's. Compare two of a kind."
        )
    paired, reason = _paired(one, two)
    measured = [[p for p in _PARTS if _measured(read, p)] for read in (one, two)]
    part = next((p for p in _PARTS if all(p in parts for parts in measured)), "test")
    mine, other = ({**read[0]["metrics"].get(part, {})} for read in (one, two))
    scores = {n: (mine.get(n), other.get(n)) for n in dict.fromkeys([*mine, *other])}
    if paired is not None and paired.shown and (against := _against(paired, scores)):
        reason = f"by {against} it is the other one: wrong rows hang on the threshold of classes"
    return Comparison(
        folders=(str(a), str(b)),
        options=_options(one[0], two[0]),
        scores=scores,
        paired=paired,
        reason=reason,
        histories=(one[2], two[2]),
        part=part,
    )


_PARTS = ("test", "validation", "train")


def _measured(read: _Read, part: str) -> bool:
    return any(v is not None for v in read[0]["metrics"].get(part, {}).values())


def _against(paired: Paired, scores: Mapping[str, tuple[Any, Any]]) -> str:
    """Return the scores of probabilities that all say the opposite; empty where one does not."""
    signs = {"auc": ("AUC", -1.0), "brier": ("Brier score", 1.0)}
    known = [(*signs[n], *pair) for n, pair in scores.items() if n in signs and None not in pair]
    opposite = [name for name, sign, a, b in known if sign * (a - b) * paired.difference < 0]
    return " and ".join(opposite) if opposite and len(opposite) == len(known) else ""


_Read = tuple[dict[str, Any], dict[str, NDArray[Any]], dict[str, NDArray[np.float64]]]


def _read(place: Path) -> _Read:
    said = read_description(place)
    if said.get("kind") == FORECAST:
        return _as_model(said), {}, read_history(place)
    return said, read_tensors(place, said), read_history(place)


def _as_model(forecast: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a forecast's description says under the names that a model's has.

    Its scores are the network's in the last period that was forecast, by its backtest.
    """
    series = forecast["series"].values()
    periods = forecast["metrics"].get(_NETWORK, {})
    period = list(periods)[-1] if periods else ""
    data = {"source": ", ".join(sorted({one["source"] for one in series})), "task": FORECAST}
    targets = {"names": sorted({one["name"] for one in series})}
    return {
        **forecast,
        "data": {**data, "targets": targets, "period": period},
        "training": {"engine": forecast["recipe"].get("engine")},
        "metrics": {"test": periods.get(period, {})},
    }


def _options(one: Mapping[str, Any], two: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return what differs in what a run was asked for, and in what it was asked with."""

    def said(description: Mapping[str, Any]) -> dict[str, Any]:
        data = description["data"]
        found = description.get("recipe") or {k: description[k] for k in ("network", "objective")}
        of = {k: data.get(k) for k in ("source", "sha256", "dropped", "period")}
        found = {**found, "data": {**of, "target": ", ".join(data["targets"]["names"])}}
        engine = description["training"].get("engine")  # the one that did it, whatever was asked
        return flat({**found, "engine": engine, "versions": description["versions"]})

    mine, other = said(one), said(two)
    return [
        (name, mine.get(name), other.get(name))
        for name in dict.fromkeys([*mine, *other])
        if mine.get(name) != other.get(name)
    ]


def _paired(one: _Read, two: _Read) -> tuple[Paired | None, str]:
    """Return the test, or why there is none."""
    rows = [read[1].get("test.rows", np.zeros(0, np.uint32)) for read in (one, two)]
    data = [read[0]["data"] for read in (one, two)]
    if not all(map(len, rows)):
        forecast = one[0].get("kind") == FORECAST
        why = "a forecast keeps what its backtest comes to, not each step"
        return None, f"no paired test: {why if forecast else 'not both runs have kept test rows'}"
    if data[0].get("target_sha256") != data[1].get("target_sha256"):
        return None, "no paired test: the targets or their rows are not the same"
    if data[0]["task"] != data[1]["task"]:
        return None, f"no paired test: the tasks are {data[0]['task']} and {data[1]['task']}"
    common, here, there = np.intersect1d(rows[0], rows[1], assume_unique=True, return_indices=True)
    if len(common) < 2:
        return None, "no paired test: the runs have no test rows in common (give both one --seed)"
    errors = [read[1]["test.errors"][k] for read, k in ((one, here), (two, there))]
    if not all(np.isfinite(values).all() for values in errors):
        return None, "no paired test: an error is not finite"
    left = max(map(len, rows)) - len(common)
    note = f"{left:,} rows that are test rows of one run alone are left out" if left else ""
    what = "squared error" if data[0]["task"] in ("regression", "count") else "wrong"
    return _tested(what, *errors), note


def _tested(what: str, a: NDArray[np.float64], b: NDArray[np.float64]) -> Paired:
    from scipy.stats import bootstrap, permutation_test

    difference = a - b

    def mean(values: NDArray[np.float64], axis: int = -1) -> Any:
        return np.mean(values, axis=axis)

    found, low, high, p = float(np.mean(difference)), 0.0, 0.0, 1.0
    low = high = found
    if np.ptp(difference):
        rng = np.random.default_rng(0)
        interval = bootstrap(
            (difference,), mean, n_resamples=RESAMPLES, batch=100, method="percentile", rng=rng
        ).confidence_interval
        low, high = float(interval.low), float(interval.high)
    if difference.any():
        p = permutation_test(
            (difference,), mean, permutation_type="samples", n_resamples=RESAMPLES, batch=100,
            vectorized=True, rng=np.random.default_rng(0),
        ).pvalue  # fmt: skip
    return Paired(len(a), what, float(np.mean(a)), float(np.mean(b)), found, low, high, float(p))
