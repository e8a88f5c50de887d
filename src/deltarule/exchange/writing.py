"""`dr.export`: a model as a file for another place, held against the model before it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deltarule.core.errors import UsageError, unknown_name
from deltarule.core.files import check_file, new_file
from deltarule.exchange import json_file, numpy_file, onnx_file, torch_file
from deltarule.exchange.c import fixed, header, training
from deltarule.exchange.operations import operations_of
from deltarule.exchange.target import Target
from deltarule.exchange.trial import Trial
from deltarule.models import Model, load

TARGETS: dict[str, Target] = {
    "numpy": numpy_file.TARGET,
    "c": header.TARGET,
    "c_fixed": fixed.TARGET,
    "json": json_file.TARGET,
    "onnx": onnx_file.TARGET,
    "torch": torch_file.TARGET,
}
"""The targets by name."""


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    path: Path
    to: str
    difference: float | None
    """The largest difference from the model's own answers: of probabilities, or of values in units
    of their largest distance from the middle. None: nothing here can run the file."""
    rows: int
    """Over how many rows."""
    lacking: str = ""
    """What is not here to run it."""


def export(
    model: Model | str | Path,
    to: str,
    out: str | Path | None = None,
    *,
    train: bool = False,
    force: bool = False,
    own: Mapping[str, Any] | None = None,
) -> Exported:
    """Write a trained model as a file for another place.

    The file holds everything between a row of cells and the answer: scaling, categories, the
    network, probabilities or values. Before it is kept, it is run on 1,000 rows over the range of
    training, and its answers are held against the model's. Of a model over sequences the file holds
    a step, too, that takes and gives the states (in ONNX, that alone).

    Args:
        model: a model, or its folder.
        to: a name in `deltarule.exchange.TARGETS`: `"numpy"`, `"c"`, `"c_fixed"`,
            `"torch"`, `"onnx"`, `"json"`.
        out: the file, after which C's names are called; None: after the folder, here.
        train: have the header in C learn, too: a step of gradient descent on a row, held against
            ours before the file is kept.
        force: replace a file that is there.
        own: formulas of your own by name, as `dr.load` takes them.

    Raises `UsageError` for what cannot be said exactly in the other place (a layer that needs all
    steps at once, a formula that cannot be traced), `NumericError` where the answers differ by more
    than rounding, and `FileError` or `ResourceError` for files.

    >>> from deltarule.data import read_table
    >>> from deltarule.models import Recipe, fit
    >>> model = fit(read_table("iris"), Recipe(hidden=(3,), epochs=5)).model
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     made = export(model, "numpy", f"{folder}/flowers.py")
    >>> made.rows, made.difference < 1e-6
    (1000, True)
    """
    to = to.lower()
    if to not in TARGETS:
        raise unknown_name("target of an export", to, TARGETS)
    if train and to != "c":
        raise UsageError(f"a step of training is written in c, not in {to}: leave train out")
    target = training.TARGET if train else TARGETS[to]
    name = "model" if isinstance(model, Model) else Path(model).resolve().name
    name = name if out is None else Path(out).stem
    word = re.sub("[^0-9A-Za-z_]", "_", name)
    word = word if word.isidentifier() else f"model_{word}"
    path = Path(f"{word}{target.suffix}") if out is None else Path(out)
    check_file(path, force=force)
    found = model if isinstance(model, Model) else load(model, own)
    ops = operations_of(found)
    if ops.program is not None and not target.over_time:
        able = ", ".join(name for name, one in TARGETS.items() if one.over_time)
        raise UsageError(f"a network over sequences is not written in {to} yet: take {able}")
    trial = target.tried(ops, Trial.of(found, ops))
    written = target.write(ops, trial, word)
    with new_file(path, force=force) as temporary:
        temporary.write_bytes(written.encode() if isinstance(written, str) else written)
        answers = target.answer(temporary, trial, word)
        off = None if answers is None else trial.check(f"{path}", answers)
    return Exported(path, to, off, len(trial.rows), "" if answers is not None else target.lacking)
