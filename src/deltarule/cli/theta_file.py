"""Parameters from a file of the user's: one vector, or W1, b1, W2, b2, ..."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import FileError, UsageError

if TYPE_CHECKING:
    from deltarule.network import Network

__all__ = ["read_theta"]

_WHAT = (
    "it holds one vector (.npy, .npz with the key theta, .json, or text with one number per line) "
    "or every layer's W1, b1, W2, b2, ... (.npz)"
)


def read_theta(path: Path, net: Network) -> Any:
    """Return theta from a .npy, .npz, .json or text file; nothing in it is executed.

    Raises `FileError` for a file that is missing or cannot be read, and `UsageError` for numbers
    that do not fit the network.
    """
    try:
        found = _READERS.get(path.suffix.lower(), _text)(path, net)
        theta = net.check_theta(found, "float64")
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileError(f"{path} cannot be read as parameters ({why}); {_WHAT}") from None
    return theta


def _npy(path: Path, net: Network) -> Any:
    import numpy as np

    return np.load(path, allow_pickle=False)


def _npz(path: Path, net: Network) -> Any:
    import numpy as np

    with np.load(path, allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    if "theta" in arrays:
        return arrays["theta"]
    layers: list[dict[str, Any]] = [{} for _ in net.layers]
    for e in net.layout.entries:
        name = f"{e.parameter.name}{e.layer}"
        if name not in arrays:
            there = ", ".join(sorted(arrays)) or "nothing"
            raise UsageError(f"it has neither theta nor {name}, but {there}")
        layers[e.layer - 1][e.parameter.name] = arrays[name]
    return net.pack(layers)


def _json(path: Path, net: Network) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _text(path: Path, net: Network) -> Any:
    words = path.read_text(encoding="utf-8").replace(",", " ").split()
    return [float(word) for word in words]


_READERS = {".npy": _npy, ".npz": _npz, ".json": _json}
