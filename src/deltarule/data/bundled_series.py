"""The time series that come along: their values with their times, and how they are judged.

`files/series.txt` and `files/sunspots.txt` name their sources.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np

from deltarule.core.errors import one_of
from deltarule.data.shipped import file_text
from deltarule.data.table import Column, Table


@dataclass(frozen=True)
class BundledSeries:
    """A series as published: where it is, what its columns are, and the usual test part."""

    name: str
    file: str
    time: str
    target: str
    description: str
    test_from: str | None = None
    """Where the test part begins by the literature's custom."""
    periods: tuple[tuple[str, str], ...] = ()
    """First and last time of the parts of the test on which figures are published."""
    network: str | None = None
    """The network that the literature compares."""
    panel: str | None = None
    """The column that tells several series apart."""


SERIES: dict[str, BundledSeries] = {
    s.name: s
    for s in (
        BundledSeries(
            "sunspots",
            "sunspots.csv",
            "year",
            "sunspots",
            "yearly mean sunspot numbers 1700-2008 (NOAA/NGDC, public domain)",
            test_from="1921",
            periods=(("1921", "1955"), ("1956", "1979")),
            network="12-8-1",  # Weigend, Huberman and Rumelhart 1990
        ),
        BundledSeries(
            "sunspots_monthly",
            "sunspots_monthly.csv.gz",
            "month",
            "sunspots",
            "monthly mean sunspot numbers 1749-1983 (Andrews and Herzberg 1985)",
        ),
        BundledSeries(
            "lynx",
            "lynx.csv",
            "year",
            "trappings",
            "lynx trapped in the Mackenzie River district 1821-1934 (Elton and Nicholson 1942)",
        ),
        BundledSeries(
            "airpassengers",
            "airpassengers.csv",
            "month",
            "passengers",
            "international airline passengers, thousands a month, 1949-1960 (Box and Jenkins)",
        ),
        BundledSeries(
            "m1_yearly",
            "m1_yearly.csv.gz",
            "year",
            "value",
            "the 181 yearly series of the M1 competition (Makridakis et al. 1982)",
            panel="series",
        ),
    )
}
"""The bundled series by name."""


def series_table(name: str) -> Table:
    """Return a bundled series as a table of its times and values (and its panel's names).

    Raises `UsageError` for an unknown name.

    >>> lynx = series_table("lynx")
    >>> lynx.names, lynx.rows, float(lynx["trappings"].values.max())
    (('year', 'trappings'), 114, 6991.0)
    """
    about = SERIES[one_of("bundled series", name, SERIES)]
    head, *rows = csv.reader(file_text(about.file).splitlines())
    cells = dict(zip(head, zip(*rows, strict=True), strict=True))
    return Table(
        source=name,
        columns=tuple(_column(key, values) for key, values in cells.items()),
        targets=(about.target,),
        task="regression",
        ordered=True,
        notes=(f"{name}: {about.description}",),
    )


def _column(name: str, cells: tuple[str, ...]) -> Column:
    if name == "series":
        names = tuple(dict.fromkeys(cells))
        codes = {text: i for i, text in enumerate(names)}
        return Column(name, "text", np.array([codes[c] for c in cells], np.int32), names)
    if name == "month":
        days = np.array(cells, "datetime64[D]").astype(np.float64)
        return Column(name, "numeric", days, written="date")
    return Column(name, "numeric", np.array(cells, np.float64))
