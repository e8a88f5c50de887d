"""Five measured data sets from the files that come along.

They are scikit-learn's, unchanged but for their compression; `files/scikit-learn.txt` names the
sources and the licence, and a test holds the files to scikit-learn's, byte for byte.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deltarule.data.bundle import Bundled

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


def _digits() -> Bundled:
    says = "8x8 images of handwritten digits (UCI, Alpaydin 1998); from scikit-learn"
    cells = _numbers("digits.csv.gz", ",")
    return _classified("digits", cells, list(map(str, range(10))), "digit", says, _DIGITS)


def _diabetes() -> Bundled:
    says = "progression of diabetes after a year (Efron et al. 2004); from scikit-learn"
    raw = _numbers("diabetes_data_raw.csv.gz", None)
    X = (raw - raw.mean(axis=0)) / raw.std(axis=0) / len(raw) ** 0.5
    T = _numbers("diabetes_target.csv.gz", None)[:, :1]
    return Bundled.of("diabetes", X, T, "progression", says, columns=_DIABETES)


def _headed(name: str, target: str, says: str, columns: tuple[str, ...]) -> Bundled:
    """Return a data set whose file names its classes in the first line."""
    file = f"{name}.csv.gz"
    _, _, *classes = file_text(file).partition("\n")[0].strip().split(",")
    cells = _numbers(file, ",", 1)
    return _classified(name, cells, classes, target, f"{says}; from scikit-learn", columns)


def _classified(
    name: str,
    cells: NDArray[np.float64],
    classes: list[str],
    target: str,
    says: str,
    columns: tuple[str, ...],
) -> Bundled:
    """Return inputs and, in the last of their columns, the numbers of classes as a data set."""
    X, codes = cells[:, :-1], cells[:, -1].astype(int)
    T = np.eye(len(classes))[codes] if len(classes) > 2 else cells[:, -1:]
    return Bundled.of(name, X, T, target, says, classes, columns)


MEASURED: dict[str, Callable[[], Bundled]] = {
    "digits": _digits,
    "iris": partial(_headed, "iris", "species", "three species of iris (Fisher 1936)", _IRIS),
    "wine": partial(
        _headed,
        "wine",
        "cultivar",
        "chemistry of three Italian wines (UCI, Forina 1991)",
        tuple(_WINE.split()),
    ),
    "breast_cancer": partial(
        _headed,
        "breast_cancer",
        "diagnosis",
        "cell nuclei of breast tumours (UCI, Wolberg 1995)",
        _CANCER,
    ),
    "diabetes": _diabetes,
}
"""The makers of the data sets by name."""


def file_text(file: str) -> str:
    """Return the text of a file that comes along, packed (.gz) or not."""
    data = (Path(__file__).with_name("files") / file).read_bytes()
    return (gzip.decompress(data) if file.endswith(".gz") else data).decode("utf-8")


def _numbers(file: str, separator: str | None, header: int = 0) -> NDArray[np.float64]:
    return np.loadtxt(file_text(file).splitlines(), delimiter=separator, skiprows=header, ndmin=2)
