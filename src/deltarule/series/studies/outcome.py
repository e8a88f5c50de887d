"""What a study of forecasts has found: a measure for every series, seed and period; in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.registry import plain_fields
from deltarule.core.views import view
from deltarule.series.studies.measures import figures

if TYPE_CHECKING:
    import polars

Values = NDArray[np.float64]
"""(series, seeds, periods); a baseline has one seed."""

_LEVELS = 0.05, 0.5, 0.95
_RESAMPLES, _LEAST_SERIES = 1999, 10

MEDIAN = "the median over the seeds, in brackets the 5 and 95 % quantiles"
"""What a recipe's entry in a table is."""


@dataclass(frozen=True, eq=False, repr=False)
class Outcome:
    """The measure of every recipe and baseline; lower is better."""

    title: str
    question: str
    measure: str
    size: str
    periods: tuple[str, ...]
    cells: Mapping[str, Values]
    baselines: Mapping[str, Values]
    published: Sequence[Mapping[str, Any]]
    """Figures of others: who, and a value by period."""
    notes: Sequence[str]

    def __repr__(self) -> str:
        return f"Outcome of {self.title!r}: {self.size}"

    def seeds(self, label: str, period: str) -> Values:
        """Return a recipe's measure by seed, (seeds,): the mean over the series."""
        values = {**self.cells, **self.baselines}[label]
        return np.asarray(values[..., self.periods.index(period)].mean(axis=0))

    def best_baseline(self, period: str) -> tuple[str, float]:
        """Return the baseline with the lowest measure."""
        found = {name: float(self.seeds(name, period)[0]) for name in self.baselines}
        name = min(found, key=lambda n: found[n])
        return name, found[name]

    @property
    def runs(self) -> polars.DataFrame:
        """A row per recipe (or baseline), seed and period: the mean measure of the series."""
        import polars

        rows = [
            {"recipe": label, "seed": seed, "period": period, self.measure: float(value)}
            for label in (*self.cells, *self.baselines)
            for period in self.periods
            for seed, value in enumerate(self.seeds(label, period))
        ]
        return polars.DataFrame(rows)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return head and rows: recipes with the spread of their seeds, baselines, others' figures.

        A recipe's entry is `MEDIAN`.
        """
        head = [f"{self.measure.upper()}", *self.periods]
        rows = [
            [label, *(_spread(self.seeds(label, p)) for p in self.periods)] for label in self.cells
        ]
        rows += [
            [name, *(f"{self.seeds(name, p)[0]:.4g}" for p in self.periods)]
            for name in self.baselines
        ]
        rows += [
            [f"published: {said['who']}", *(_listed(said.get(p)) for p in self.periods)]
            for said in self.published
        ]
        return head, rows

    def answers(self) -> list[str]:
        """Return, for every period that was not learnt, how each recipe stands, in words."""
        return [text for p in self.periods if p != "train" for text in self._said(p)]

    def _said(self, period: str) -> Iterator[str]:
        name, least = self.best_baseline(period)
        found = []
        for label in self.cells:
            seeds = self.seeds(label, period)
            found.append(f"{int(np.sum(seeds < least))} of {len(seeds)} seeds of {label}")
        yield (
            f"{period}: below {name}, the best without a network ({least:.4g}), are "
            f"{'; '.join(found)}."
        )
        if len(next(iter(self.cells.values()))) < _LEAST_SERIES:
            yield from self._beside_published(period)
        else:
            yield from (self._over_series(label, name, period) for label in self.cells)

    def _beside_published(self, period: str) -> Iterator[str]:
        """Say in which recipes' spread the figures of others lie."""
        for said in self.published:
            for figure in figures(said.get(period)):
                inside = []
                for label in self.cells:
                    low, _, high = np.quantile(self.seeds(label, period), _LEVELS)
                    inside += [label] if low <= figure <= high else []
                where = "; ".join(inside) or "no recipe"
                yield (
                    f"{period}: {figure:g} ({said['who']}) lies within the middle 90 % of the "
                    f"seeds of {where}."
                )

    def _over_series(self, label: str, baseline: str, period: str) -> str:
        """Say how sure the difference to a baseline is: the series could be others."""
        from scipy.stats import bootstrap

        k = self.periods.index(period)
        own, other = (v[..., k].mean(axis=1) for v in (self.cells[label], self.baselines[baseline]))
        low, high = bootstrap(
            (own - other,), np.mean, n_resamples=_RESAMPLES, rng=np.random.default_rng(0)
        ).confidence_interval
        sure = "" if low * high > 0 else ": other series could turn it round"
        return (
            f"{label}, over the {len(own)} series: {np.mean(own - other):+.3f} beside {baseline} "
            f"(95 % interval {low:+.3f} to {high:+.3f}){sure}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return plain_fields(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Outcome:
        """Return what `to_dict` described."""
        arrays = {
            part: {name: np.array(v) for name, v in plain[part].items()}
            for part in ("cells", "baselines")
        }
        return cls(**{**plain, **arrays, "periods": tuple(plain["periods"])})

    def plot(self, path: str | Path, *, force: bool = False) -> None:
        """Draw how the seeds of every recipe are spread, beside baselines and others' figures."""
        view(Outcome.plot)(self, Path(path), force=force)


def _spread(values: Values) -> str:
    low, middle, high = np.quantile(values, _LEVELS)
    if len(values) == 1:
        return f"{middle:.4g}"
    return f"{middle:.4g} ({low:.3g} to {high:.3g})"


def _listed(value: Any) -> str:
    return ", ".join(f"{v:g}" for v in figures(value)) or "-"
