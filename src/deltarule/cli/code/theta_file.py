"""Parameters from a file of the user's: one vector, or W1, b1, W2, b2, ..."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import FileError, UsageError

if TYPE_CHECKING:
    from deltarule.network import Network

_WHAT = (
    "It holds one vector (.npy, .npz with the key theta, .json, or text with one number per line) "
    "or every layer's W1, b1, W2, b2, ... (.npz)."
)
_MOST_BYTES = 1 << 28
"""The most that is read as text or JSON; larger vectors belong into a .npy file."""


def read_theta(path: Path, net: Network) -> Any:
    """Return theta from a .npy, .npz, .json or text file; nothing in it is executed.

    Raises `FileError` for a file that is missing or cannot be read, and `UsageError` for numbers
    that do not fit the network.
    """
    from deltarule.core.files import unreadable

    reason = unreadable(path)
    if reason is not None:
        raise FileError(f"{path}: {reason}.")
    found = _READERS.get(path.suffix.lower(), _text)(path, net)
    try:
        return net.check_theta(found, "float64")
    except UsageError as error:
        raise UsageError(f"{path}: {error}. {_WHAT}") from None


def _npy(path: Path, net: Network) -> Any:
    from deltarule.core.arrays.files import read_npy

    return read_npy(path)


def _npz(path: Path, net: Network) -> Any:
    from deltarule.cli.code.gradient_file import theta_of
    from deltarule.core.arrays.files import ArrayFile

    arrays = ArrayFile(path)
    try:
        return theta_of(arrays, net)
    except KeyError as missing:
        there = ", ".join(sorted(arrays)) or "nothing"
        raise UsageError(
            f"{path}: it has neither theta nor {missing.args[0]}, but {there}. {_WHAT}"
        ) from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}. {_WHAT}") from None


def _json(path: Path, net: Network) -> Any:
    text = _read(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{path}:{error.lineno}:{error.colno}"
        raise FileError(f"{place}: this is not JSON ({error.msg}). {_WHAT}") from None
    except RecursionError:
        raise FileError(f"{path}: its lists lie too deep inside one another. {_WHAT}") from None


def _text(path: Path, net: Network) -> Any:
    found = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        for word in line.replace(",", " ").split():
            try:
                found.append(float(word))
            except ValueError:
                raise FileError(
                    f"{path}:{number}: {word[:40]!r} is not a number. {_WHAT}"
                ) from None
    return found


def _read(path: Path) -> str:
    from deltarule.core.machine import size

    held = path.stat().st_size
    if held > _MOST_BYTES:
        raise FileError(
            f"{path}: it has {size(held)}, and at most {size(_MOST_BYTES)} are read as text. Save "
            "the vector with numpy.save."
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: byte {error.start + 1} is not UTF-8. {_WHAT}") from None


_READERS = {".npy": _npy, ".npz": _npz, ".json": _json}
