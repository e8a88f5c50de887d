"""scikit-learn's bundled data from its files, without importing scikit-learn.

Importing `sklearn.datasets` takes about a second (SciPy's statistics come along), reading one of
its files a few milliseconds. Where a file is not at its place, scikit-learn's own loader is asked;
a test holds the two together.
"""

from __future__ import annotations

import gzip
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Raw", "read_raw"]


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
_FILES = {"iris": "iris.csv", "wine": "wine_data.csv", "breast_cancer": "breast_cancer.csv"}


def read_raw(name: str) -> Raw:
    """Return the data set `name` (digits, iris, wine, breast_cancer or diabetes)."""
    try:
        return _from_files(name, _folder())
    except (OSError, ValueError):
        return _from_loader(name)


def _folder() -> Path:
    """Return where scikit-learn keeps its data; finding a package does not import it."""
    spec = importlib.util.find_spec("sklearn")
    places = spec.submodule_search_locations if spec is not None else None
    if not places:
        raise FileNotFoundError("scikit-learn is not a package on this system")
    return Path(places[0]) / "datasets" / "data"


def _from_files(name: str, folder: Path) -> Raw:
    if name == "digits":
        cells = _numbers(folder / "digits.csv.gz", ",")
        return Raw(cells[:, :-1], cells[:, -1].astype(int), _DIGITS, tuple(map(str, range(10))))
    if name == "diabetes":
        raw = _numbers(folder / "diabetes_data_raw.csv.gz", None)
        X = (raw - raw.mean(axis=0)) / raw.std(axis=0) / len(raw) ** 0.5
        return Raw(X, _numbers(folder / "diabetes_target.csv.gz", None)[:, 0], _DIABETES, ())
    path = folder / _FILES[name]
    _, _, *classes = path.read_text(encoding="utf-8").partition("\n")[0].strip().split(",")
    cells = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    return Raw(cells[:, :-1], cells[:, -1].astype(int), _COLUMNS[name], tuple(classes))


def _numbers(path: Path, separator: str | None) -> NDArray[np.float64]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return np.loadtxt(file, delimiter=separator, ndmin=2)


def _from_loader(name: str) -> Raw:
    import sklearn.datasets

    data: Any = getattr(sklearn.datasets, f"load_{name}")()
    return Raw(
        X=np.asarray(data.data, np.float64),
        target=np.asarray(data.target),
        columns=tuple(str(c) for c in data.feature_names),
        classes=tuple(str(c) for c in data.get("target_names", ())),
    )
