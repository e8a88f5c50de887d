"""Fitted transforms as plain values and arrays, for the model folder, and back.

`to_dict` of an encoder gives what JSON takes, `arrays` the numbers. What comes back is checked
here: a damaged file must not become a model that predicts nonsense.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.data.preparation.scale import SCALERS, Scaler
from deltarule.data.text.writing import damaged


def strings_of(plain: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the list of strings under `key`. Raises `FileError` if it is anything else."""
    value = plain.get(key)
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        raise damaged(f"{key!r} is not a list of strings")
    return tuple(value)


def numbers_of(arrays: Mapping[str, NDArray[Any]], key: str, count: int) -> NDArray[np.float64]:
    """Return the `count` finite numbers under `key`. Raises `FileError` if they are not there."""
    if key not in arrays:
        raise damaged(f"the array {key!r} is missing")
    array = np.asarray(arrays[key])
    if array.shape != (count,) or array.dtype.kind not in "bf" or not np.all(np.isfinite(array)):
        raise damaged(f"the array {key!r} does not hold {count} finite numbers")
    return array.astype(np.float64)


def scaler_arrays(scaler: Scaler) -> dict[str, NDArray[Any]]:
    """Return the numbers of a scaler: `offset`, `scale` and `constant`, shape (k,) each."""
    return {"offset": scaler.offset, "scale": scaler.scale, "constant": scaler.constant}


def scaler_from(name: object, arrays: Mapping[str, NDArray[Any]], count: int) -> Scaler:
    """Rebuild the scaler of `count` columns. Raises `FileError`."""
    if not isinstance(name, str) or name not in SCALERS:
        raise damaged(f"there is no scaler {name!r}")
    offset, scale = numbers_of(arrays, "offset", count), numbers_of(arrays, "scale", count)
    if np.any(scale <= 0):
        raise damaged("a scale is not positive")
    return Scaler(name, offset, scale, numbers_of(arrays, "constant", count).astype(np.bool_))
