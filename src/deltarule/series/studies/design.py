"""What a study of forecasts is: one data set, several recipes, many seeds; read from TOML.

[study]            title, question, measure, seeds, average, transformed, in_sample
[forecast]         data, target, time, series, together, test_from, and options of all recipes
[cells.LABEL]      the options of one recipe
[[published]]      who, and a figure by period
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from deltarule.core.arguments import boolean, number, whole
from deltarule.core.errors import UsageError, one_of
from deltarule.core.places import Places, Shipped
from deltarule.core.texts import some
from deltarule.core.views import view
from deltarule.series.recipe import Recipe
from deltarule.series.studies.measures import MEASURES
from deltarule.series.studies.outcome import Outcome

_OURS = Shipped(Path(__file__).with_name("shipped"), "study of forecasts")
shipped = _OURS.text

SHIPPED = _OURS.names
"""The studies of forecasts that come along, by name."""

_TABLES = ("study", "forecast", "cells", "published")
_STUDY = ("title", "question", "measure", "seeds", "average", "transformed", "in_sample", "notes")
_READ = ("target", "time", "missing", "resample")
_DATA = ("data", *_READ, "series", "together", "test_from")
_SET = {"networks": "average", "seed": "seeds", "quantiles": "", "calibration": "", "backtest": ""}
"""Options of a recipe that a study sets itself, and the entry of [study] that says them."""


@dataclass(frozen=True)
class ForecastStudy:
    """Several recipes for one data set, each with many seeds.

    A seed is `average` networks, from the first weights that `dr.forecast(..., seed=k)` draws.
    """

    data: Mapping[str, Any]
    """data, and perhaps what `as_series` takes, series (the column), together, test_from."""
    cells: Mapping[str, Recipe]
    title: str = ""
    question: str = ""
    measure: str = "rmse"
    seeds: int = 20
    average: int = 1
    transformed: bool = False
    """Whether the measure is of the transformed values, as the network is given them."""
    in_sample: bool = False
    """Whether the whole series is learnt, and the measure is that of the fit to it."""
    published: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader of the results has to know of the protocol."""

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        one_of("measure of a study", self.measure, MEASURES)
        for name in ("seeds", "average"):
            whole(name, getattr(self, name), 1)
        for name in ("transformed", "in_sample"):
            boolean(name, getattr(self, name))
        boolean("together", self.data.get("together", True))
        if len({recipe.horizon for recipe in self.cells.values()}) > 1:
            raise UsageError("the horizon is the same in all cells: write it into [forecast]")
        if not self.cells:
            raise UsageError("a study of forecasts needs at least one [cells.LABEL]")

    @property
    def reading(self) -> dict[str, Any]:
        """How the data are read."""
        return {key: self.data[key] for key in _READ if key in self.data}

    def size(self) -> str:
        """Return how large the study is, in words."""
        each = "one network" if self.average == 1 else f"{self.average} networks averaged"
        n, seeds = len(self.cells), self.seeds
        return f"{some(n, 'recipe')} x {some(seeds, 'seed')}, {each} a seed"

    def run(self, progress: bool = False) -> Outcome:
        """Train every cell and measure it beside the forecasts that need no network."""
        return view(ForecastStudy.run)(self, progress)


def is_study(source: str | Path) -> bool:
    """Whether it is a study of forecasts: the name of one, or a file with a [forecast] table."""
    path = Path(source)
    if not path.is_file():
        return str(source) in SHIPPED
    try:
        return "forecast" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def read_study(source: str | Path, seeds: int | None = None) -> ForecastStudy:
    """Return the study of a TOML file, or of the name of one that comes along.

    Raises `UsageError` with the line for what is no study, `DataError` for a file that is not
    there.

    >>> read_study("sunspots", seeds=5).size()
    '7 recipes x 5 seeds, one network a seed'
    """
    found, at = _OURS.read(source)
    at.known("table of a study of forecasts", found, _TABLES)
    for table in ("study", "forecast", "cells"):
        at.is_table(table, found.get(table, {}))
    said, shared = dict(found.get("study", {})), dict(found.get("forecast", {}))
    at.known("entry of [study]", said, _STUDY, "study")
    data = {key: shared.pop(key) for key in _DATA if key in shared}
    _check_options(at, shared, "forecast")
    if "data" not in data:
        raise UsageError(f"{at.line('forecast')}: [forecast] needs data: a series' name or a file")
    cells = {}
    for label, own in found.get("cells", {}).items():
        at.is_table("cells", own)
        _check_options(at, own, "cells", label)
        with at.placed("cells", label):
            cells[label] = Recipe(**{**shared, **own, "quantiles": (0.5,), "calibration": 0.0})
    if seeds is not None:
        said["seeds"] = seeds
    notes = said.get("notes", [])
    said["notes"] = tuple(notes if isinstance(notes, list) else [str(notes)])
    with at.placed("published"):
        published = _published(found.get("published", []))
    with at.placed("study"):
        return ForecastStudy(data, cells, published=published, **said)


def _published(given: Any) -> tuple[Mapping[str, Any], ...]:
    """Return figures of others, each with who and numbers by period. Raises `UsageError`."""
    entries = given if isinstance(given, list) else [given]
    for entry in entries:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("who"), str):
            raise UsageError("every [[published]] says who has published, and a number by period")
        for period, value in entry.items():
            several = value if isinstance(value, list) else [value]
            for figure in several if period != "who" else ():
                number(f"the figure of {entry['who']} for {period}", figure)
    return tuple(entries)


def _check_options(at: Places, given: Mapping[str, Any], *path: str) -> None:
    for key in given:
        if key in _SET:
            where = f": write {_SET[key]} into [study]" if _SET[key] else ""
            raise UsageError(f"{at.line(*path, key)}: the study sets {key} itself{where}")
    at.known("option of a forecast", given, [f.name for f in fields(Recipe)], *path)
