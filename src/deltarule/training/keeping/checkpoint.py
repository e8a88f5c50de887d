"""A run's whole state in one file: flat arrays and plain values, there as a whole or not at all.

What is random is drawn from a seed, a purpose and the number of an epoch or an update
(`core/random.py`): the state of every stream is its seed, which is part of the job, and `epoch`
and `step`, which are part of the state. So nothing but numbers is kept, and what goes on from them
goes on to the same bits.

The file is of safetensors: tensors in binary, and one text, JSON, in its header. Nothing in it is
executed when it is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import FileError
from deltarule.core.files import PARTIAL, new_file, unwritable

CHECKPOINT = "checkpoint.safetensors"
"""The file in a folder."""

_SCHEMA, _TEXT = 1, "deltarule"


@dataclass(frozen=True)
class Checkpoint:
    """A training that can go on: what is trained, and how far it has come."""

    job: Mapping[str, Any]
    """Everything that decides the bits: see `Job.identity`."""
    arrays: Mapping[str, Array]
    values: Mapping[str, Any]
    """The state, as arrays and as plain values."""
    epochs: int
    """The epochs that were asked for."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What whoever trains wants to find again, such as the command line's arguments."""

    def to_bytes(self) -> bytes:
        """Return the file's bytes."""
        from safetensors.numpy import save

        arrays = {name: np.ascontiguousarray(a) for name, a in self.arrays.items()}
        said = {"epochs": self.epochs, "job": self.job, "values": self.values}
        said |= {"schema": _SCHEMA, "about": self.about}
        text = json.dumps(said, sort_keys=True, allow_nan=False)
        sums = {"sha256": digest(text.encode(), *(arrays[name] for name in sorted(arrays)))}
        return bytes(save(arrays, {_TEXT: text, **sums}))


def digest(*parts: bytes | Array | None) -> str:
    """Return the SHA-256 of some bytes and arrays, of their types and shapes too.

    >>> digest(np.zeros(2)) == digest(np.zeros((2, 1)))
    False
    """
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype.str}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).data.cast("B") if part.size else b"")
        else:
            found.update(part or b"none")
    return found.hexdigest()


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values as they come back from JSON: tuples as lists."""
    return dict(json.loads(json.dumps(value)))


def write(folder: Path, data: bytes) -> None:
    """Put the bytes of a checkpoint into a folder, which is made, in the place of the last one.

    They are on the disk before the name is theirs: a kill at any moment leaves this one or the
    last one, whole. What a killed process left unfinished goes.
    """
    make(folder)
    for left in folder.glob(f".{CHECKPOINT}.*{PARTIAL}"):
        with contextlib.suppress(OSError):
            left.unlink()
    with new_file(folder / CHECKPOINT, force=True, option="checkpoint") as path:
        path.write_bytes(data)


def make(folder: Path) -> None:
    """Make a folder for checkpoints; raises `ResourceError` where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error, "checkpoint") from error


def read_checkpoint(folder: str | Path) -> Checkpoint:
    """Return the checkpoint in a folder.

    Raises `FileError` where there is none, and for one that is damaged or of another version.
    """
    path = Path(folder) / CHECKPOINT
    try:
        return _parsed(path, path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise FileError(
            f"{folder}: there is no {CHECKPOINT} to go on from. A training writes one where it is "
            "asked to (checkpoint=, or --checkpoint-every), and at its end; start it anew."
        ) from None
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path}: it cannot be read ({error.strerror}).") from error


def recognised(path: Path) -> bool:
    """Whether a file begins as a checkpoint of ours does."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            return _TEXT in json.loads(file.read(min(length, 1 << 27)))["__metadata__"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def _parsed(path: Path, data: bytes) -> Checkpoint:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        text, arrays = head[_TEXT], dict(load(data))
        said = json.loads(text)
        whole = head["sha256"] == digest(text.encode(), *(arrays[n] for n in sorted(arrays)))
        schema = said["schema"]
    except (SafetensorError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _damaged(path, f"it is not a checkpoint ({error})") from error
    if not whole:
        raise _damaged(path, "its checksum does not fit: it was changed after it was written")
    if schema != _SCHEMA:
        raise FileError(
            f"{path}: it has the schema version {schema!r}, and version {_SCHEMA} is read here. "
            "Go on with the version of deltarule that wrote it."
        )
    return Checkpoint(said["job"], arrays, said["values"], said["epochs"], said["about"])


def _damaged(path: Path, finding: str) -> FileError:
    return FileError(f"{path}: {finding}. Restore it from a copy, or start the training anew.")
