"""`dr.load`: a model folder back into a model, with every part of it checked.

Nothing in the folder is executed: JSON, safetensors and CSV hold plain values and numbers.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from deltarule.core import VERSION
from deltarule.core.errors import DeltaruleError, FileError
from deltarule.core.own.code import restored
from deltarule.core.own.parts import import_again
from deltarule.data.preparation.encode import InputEncoder
from deltarule.data.preparation.target import TargetEncoder
from deltarule.engine import Objective
from deltarule.models.describe import SCHEMA
from deltarule.models.folder import HISTORY, RUN, WEIGHTS, digest_of
from deltarule.models.model import Model
from deltarule.network import Network
from deltarule.training.keeping.checkpoint import CHECKPOINT

T = TypeVar("T")

FORECAST = "forecast"
"""The `kind` of a description that is a forecast's; a model's has none."""

NETWORK = "network"
"""The `kind` of a description of a network alone, without the data that it was trained on."""

_REMEDY = "Restore it from a copy, or train the model again."


def load(folder: str | Path, own: Mapping[str, Any] | None = None) -> Model:
    """Return the model in a folder that `deltarule train` or `deltarule.save` wrote.

    A model with formulas of somebody's own needs them: `own` has them by their names, or they are
    imported from where they were, if that is as it was. Nothing in the folder is ever executed; a
    file of `own` that has changed since is warned of.

    Raises `FileError` naming the file and what is wrong with it: missing, truncated, damaged, of
    another schema version, weights that do not fit the network or are not finite.
    """
    return settled(Path(folder), lambda place: _load(place, own or {}))


def _load(place: Path, own: Mapping[str, Any]) -> Model:
    description = read_description(place)
    if description.get("kind") == FORECAST:
        raise FileError(
            f"{place}: this is the folder of a forecast. `deltarule predict` and `deltarule why` "
            "take it, and in Python `dr.load_forecast`."
        )
    tensors = read_tensors(place, description)
    if HISTORY in description["sha256"]:  # models of before have no checksum of it
        _checked(place / HISTORY, description)
    try:
        import_again(description.get("imports", {}))
        model = _model(description, tensors, own)
    except FileError as error:
        raise FileError(f"{place}: {error}") from error
    except (DeltaruleError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise damaged(place / RUN, f"it does not describe a model ({_said(error)})") from error
    _check_theta(place / WEIGHTS, model)
    return model


def read_history(folder: str | Path) -> dict[str, NDArray[np.float64]]:
    """Return the history of a model folder: `error`, `lr` and perhaps `validation_error`.

    Raises `FileError` for a missing or damaged file.
    """
    return settled(Path(folder), _read_history)


def _read_history(place: Path) -> dict[str, NDArray[np.float64]]:
    path = place / HISTORY
    data = _checked(path, read_description(place))
    try:
        rows = list(csv.reader(data.decode("utf-8").splitlines(), strict=True))
        columns = {n: [float(row[i]) for row in rows[1:]] for i, n in enumerate(rows[0])}
        if [int(e) for e in columns.pop("epoch")] != list(range(1, len(rows))):
            raise ValueError("the epochs are not 1, 2, ...")
    except (ValueError, LookupError, csv.Error) as error:
        raise damaged(path, f"it is not a history of epochs ({_said(error)})") from error
    return {name: np.array(values) for name, values in columns.items()}


def settled(place: Path, read: Callable[[Path], T]) -> T:
    """Read a folder; once more where it did not fit together and was replaced meanwhile.

    Its checksums see to it that files of two models are never taken for one.
    """
    while True:
        before = _identity(place)
        try:
            return read(place)
        except FileError:
            if _identity(place) == before:
                raise


def _identity(place: Path) -> tuple[int, ...]:
    """Return what tells a folder from the one that takes its place, number used again or not."""
    try:
        found = place.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def read_description(place: Path) -> dict[str, Any]:
    """Return what `run.json` in a folder says, its checksum fitting; `FileError` otherwise."""
    path = place / RUN
    if not place.is_dir():
        what = "this is a file, not a model folder" if place.exists() else "there is no such folder"
        raise FileError(f"{place}: {what}. `deltarule train` makes one, or `deltarule forecast`.")
    begun = (place / CHECKPOINT).exists() and not (place / WEIGHTS).exists()
    if begun and not path.exists():
        raise FileError(
            f"{place}: its training has not ended. `deltarule train --resume {place}` goes on with "
            "it; from Python, dr.train(..., resume=...)."
        )
    data = _bytes(path)
    try:
        plain = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"it is not JSON ({_said(error)})") from error
    if not isinstance(plain, dict) or "schema" not in plain:
        raise damaged(path, "it has no schema version, so it is no model's description")
    if plain["schema"] != SCHEMA:
        raise FileError(
            f"{path}: it has the schema version {plain['schema']!r}, and deltarule "
            f"{VERSION} reads version {SCHEMA}. Use the version of deltarule that "
            "wrote it, or train the model again."
        )
    sums = plain.get("sha256")
    if not isinstance(sums, Mapping) or sums.get("description") != digest_of(plain):
        raise damaged(path, "its checksum does not fit: it was changed after it was written")
    return plain


def read_tensors(place: Path, description: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a folder, their checksum fitting; `FileError` otherwise."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    path = place / WEIGHTS
    data = _checked(path, description, required=True)
    try:
        return dict(from_bytes(data))
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise damaged(path, f"it is not a safetensors file ({_said(error)})") from error


def _checked(path: Path, description: Mapping[str, Any], *, required: bool = False) -> bytes:
    """Return the bytes of a file whose checksum, where the description has one, fits."""
    data = _bytes(path)
    known = description["sha256"].get(path.name)
    if (required or known) and hashlib.sha256(data).hexdigest() != known:
        raise damaged(path, f"its checksum does not fit the one in {RUN}")
    return data


def _model(
    description: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], own: Mapping[str, Any]
) -> Model:
    objective, data = restored(description["objective"], own), description["data"]
    inputs = InputEncoder.from_parts(data["inputs"], _under("inputs.", tensors))
    targets = TargetEncoder.from_parts(data["targets"], _under("targets.", tensors))
    network = Network.from_dict(restored(description["network"], own))
    if (network.inputs, network.sizes[-1]) != (inputs.width, targets.width):
        raise ValueError(
            f"a network of {network.inputs} inputs and {network.sizes[-1]} outputs for "
            f"{inputs.width} encoded columns and {targets.width} encoded targets"
        )
    parts = {name: objective[name] for name in ("loss", "reduction", "rule", "l2")}
    found = Objective.of(network, **parts, penalty=objective.get("penalty"))
    if "theta" not in tensors:
        raise FileError(f"{WEIGHTS} holds no theta. {_REMEDY}")
    feedback = {int(l): B for l, B in _under("feedback.", tensors).items()}
    members = tensors.get("members")
    return Model(found, tensors["theta"].copy(), inputs, targets, description, feedback, members)


def _check_theta(path: Path, model: Model) -> None:
    theta, network = model.theta, model.network
    if theta.dtype not in (np.float32, np.float64):
        raise damaged(path, f"theta is of type {theta.dtype}, not float32 or float64")
    if theta.shape != (network.size,):
        raise damaged(
            path,
            f"theta has the shape {theta.shape}, and the network in run.json has {network.size} "
            "parameters",
        )
    members = model.members
    if members is not None and (members.shape[1:] != theta.shape or not np.isfinite(members).all()):
        raise damaged(path, f"the members, {members.shape}, do not fit theta, or are not finite")
    bad = np.flatnonzero(~np.isfinite(theta))
    if len(bad):
        where = network.layout.where(int(bad[0]))
        raise damaged(
            path, f"{len(bad)} weights are not finite, the first being {where} = {theta[bad[0]]}"
        )


def _under(prefix: str, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {n.removeprefix(prefix): a for n, a in tensors.items() if n.startswith(prefix)}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"{path}: the file is missing. {_REMEDY}") from None
    except OSError as error:
        raise FileError(f"{path}: it cannot be read ({error.strerror}). {_REMEDY}") from error


def damaged(path: Path, finding: str) -> FileError:
    """Return the error of a file that is not as it was written."""
    return FileError(f"{path}: {finding}. {_REMEDY}")


def _said(error: BaseException) -> str:
    text = str(error).rstrip(".")
    return f"{type(error).__name__}: {text}" if isinstance(error, LookupError) else text
