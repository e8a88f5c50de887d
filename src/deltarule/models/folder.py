"""The model folder: what is in it, and how it is written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.models.atomic import check_folder, new_folder
from deltarule.models.claim import claimed
from deltarule.models.fit import Fitted
from deltarule.models.model import Model
from deltarule.training.keeping.checkpoint import CHECKPOINT, recognised

WEIGHTS, RUN, HISTORY = "model.safetensors", "run.json", "history.csv"
"""theta with the numbers of the transforms, the description, and E after every epoch."""

FILES = frozenset(
    {WEIGHTS, RUN, HISTORY, CHECKPOINT, "curves.png", "confusion.png", "predictions.png"}
    | {"importance.png", "dependence.png", "calibration.png"}
    | {"forecast.png", "forecast.csv", "backtest.csv"}
)
"""Every file that the folder of a model or of a forecast may hold."""

_BYTES = 8 * 5
"""A parameter takes: in the model, and in the checkpoint its value, the best and two of Adam's."""

_PICTURES = 400_000
"""Bytes that the pictures and the description take, about."""


_TURN = 60.0
"""Seconds for which `save` waits for another one that is writing to the same place."""


def check_destination(out: str | Path, *, force: bool = False, parameters: int = 0) -> None:
    """Refuse a folder that `save` could not write later; call it before training.

    Raises `UsageError` for one that exists (unless it is a model's and `force` is given) and
    `ResourceError` for a place that cannot be written or is full.
    """
    check_folder(Path(out), force=force, foreign=foreign, needed=_BYTES * parameters + _PICTURES)


def foreign(folder: Path) -> list[str]:
    """Return the names in a folder that are not a model's: what `--force` must not remove.

    A file counts as a model's by its name, if `run.json` is a description of ours as it was
    written; without such a one nothing does, but a checkpoint.
    """
    names = sorted(path.name for path in folder.iterdir())
    try:
        plain = json.loads((folder / RUN).read_bytes())
        described = bool(plain["sha256"]["description"] == digest_of(plain))
    except (FileNotFoundError, IsADirectoryError, PermissionError, ValueError, LookupError,
            TypeError, RecursionError):  # fmt: skip
        described = False
    files = [folder / name for name in names]
    return [p.name for p in files if not (_ours(p) and (described or _kept(p)))]


def _kept(path: Path) -> bool:
    """Whether it is a checkpoint, or one that was not finished."""
    return path.name.startswith(f".{CHECKPOINT}.") or (path.name == CHECKPOINT and recognised(path))


def _ours(path: Path) -> bool:
    """Whether it is a file of a model, or a picture that was not finished."""
    name = path.name
    if name.startswith(".") and name.endswith(".partial"):
        name = next((n for n in FILES if name.lstrip(".").startswith(f"{n}.")), name)
    return name in FILES and path.is_file() and not path.is_symlink()


def save(
    fitted: Fitted, out: str | Path, *, force: bool = False, rescue: bool = False
) -> list[str]:
    """Write the model folder and return notes on what could not be drawn.

    `model.safetensors`, `run.json`, `history.csv` and `checkpoint.safetensors` are written into a
    temporary folder beside `out`, which takes its place when it is complete; the pictures are drawn
    into it then, each there as a whole or not at all. The same run gives the same bytes (but for
    times and places in run.json and the checkpoint).

    Raises `UsageError` where `out` exists, `LockError` where somebody else goes on writing there
    and `ResourceError` where it cannot be written. With `rescue` a model that may not take its
    place is kept beside it, and the error says where. A Ctrl-C while pictures are drawn costs
    pictures alone, and its message says so.
    """
    from deltarule.models.pictures.gallery import draw

    files = {
        WEIGHTS: weights_file(fitted.model, fitted.rows),
        HISTORY: history_file(fitted.run.history),
    }
    if fitted.checkpoint:
        files[CHECKPOINT] = fitted.checkpoint
    description = {**fitted.model.description, "judgement": fitted.judgement}
    draws = partial(draw, fitted)
    return write_folder(out, files, description, draws, force=force, rescue=rescue)


def write_folder(
    out: str | Path,
    files: Mapping[str, bytes],
    description: Mapping[str, Any],
    draw: Callable[[Path], list[str]],
    *,
    force: bool = False,
    rescue: bool = False,
) -> list[str]:
    """Write files with `run.json`, their description, as `save` does; then draw into the folder."""
    place = Path(out)
    with claimed(place, wait=_TURN):
        with new_folder(place, force=force, foreign=foreign, ours=_ours, rescue=rescue) as folder:
            for name, data in files.items():
                (folder / name).write_bytes(data)
            (folder / RUN).write_text(_description(description, files), encoding="utf-8")
        try:
            return draw(place)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"the model is in {out}, without all its pictures") from None


def weights_file(model: Model, more: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """Return the bytes of `model.safetensors`."""
    from safetensors.numpy import save as to_bytes

    tensors = {"theta": model.theta}
    tensors |= {f"inputs.{name}": a for name, a in model.inputs.arrays().items()}
    tensors |= {f"targets.{name}": a for name, a in model.targets.arrays().items()}
    tensors |= {f"feedback.{l}": B for l, B in model.feedback.items()}
    tensors |= more or {}
    tensors |= {} if model.members is None else {"members": model.members}
    return bytes(to_bytes({name: np.ascontiguousarray(a) for name, a in tensors.items()}))


def _description(description: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
    plain = dict(description)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    plain["sha256"] = {**digests, "description": digest_of(plain)}
    return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def digest_of(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a description without its `sha256` entry.

    >>> digest_of({"schema": 1}) == digest_of({"schema": 1, "sha256": {}})
    True
    """
    rest = {key: value for key, value in plain.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def history_file(history: Mapping[str, NDArray[np.float64]]) -> bytes:
    """Return the bytes of `history.csv`: error and rate after every epoch."""
    names = [n for n in ("error", "validation_error", "lr") if n in history] or ["error"]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["epoch", *names])
    columns = [history.get(name, np.zeros(0)).tolist() for name in names]
    for epoch, row in enumerate(zip(*columns, strict=True), 1):
        writer.writerow([epoch, *map(repr, row)])
    return file.getvalue().encode()
