"""Five measured data sets from the files that come along.

They are scikit-learn's, unchanged but for their compression; `files/scikit-learn.txt` names the
sources and the licence, and a test holds the files to scikit-learn's, byte for byte.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Raw:
    """X (n, n_0), the targets as scikit-learn has them (n,), and the names."""

    X: NDArray[np.float64]
    target: NDArray[Any]
    columns: tuple[str, ...]
    classes: tuple[str, ...]


_IRIS = tuple(f"{part} {size} (cm)" for part in ("sepal", "petal") for size in ("length", "width"))
_WINE = (
    "alcohol malic_acid ash alcalinity_of_ash magnesium total_phenols flavanoids "
    "nonflavanoid_phenols proanthocyanins color_intensity hue od280/od315_of_diluted_wines proline"
)
_CELL = (
    "radius texture perimeter area smoothness compactness concavity concave_points symmetry "
    "fractal_dimension"
)
_MEASURES = tuple(word.replace("_", " ") for word in _CELL.split())
_CANCER = (
    *(f"mean {m}" for m in _MEASURES),
    *(f"{m} error" for m in _MEASURES),
    *(f"worst {m}" for m in _MEASURES),
)
_DIABETES = ("age", "sex", "bmi", "bp", *(f"s{i}" for i in range(1, 7)))
_DIGITS = tuple(f"pixel_{i}_{j}" for i in range(8) for j in range(8))

_COLUMNS = {"iris": _IRIS, "wine": tuple(_WINE.split()), "breast_cancer": _CANCER}


def read_raw(name: str) -> Raw:
    """Return the data set `name` (digits, iris, wine, breast_cancer or diabetes)."""
    if name == "digits":
        cells = _numbers("digits.csv.gz", ",")
        return Raw(cells[:, :-1], cells[:, -1].astype(int), _DIGITS, tuple(map(str, range(10))))
    if name == "diabetes":
        raw = _numbers("diabetes_data_raw.csv.gz", None)
        X = (raw - raw.mean(axis=0)) / raw.std(axis=0) / len(raw) ** 0.5
        return Raw(X, _numbers("diabetes_target.csv.gz", None)[:, 0], _DIABETES, ())
    file = f"{name}.csv.gz"
    _, _, *classes = _text(file).partition("\n")[0].strip().split(",")
    cells = _numbers(file, ",", 1)
    return Raw(cells[:, :-1], cells[:, -1].astype(int), _COLUMNS[name], tuple(classes))


def _text(file: str) -> str:
    packed = (Path(__file__).with_name("files") / file).read_bytes()
    return gzip.decompress(packed).decode("utf-8")


def _numbers(file: str, separator: str | None, header: int = 0) -> NDArray[np.float64]:
    return np.loadtxt(_text(file).splitlines(), delimiter=separator, skiprows=header, ndmin=2)
