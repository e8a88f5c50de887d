"""A model as JSON: the operations and their numbers, for whoever writes a reader of them.

columns   a number: (x - offset) / scale, 0 if constant, `fill` where missing; else an input for
          every one of `categories`, 1 for the cell's and 0 for the others
layers    net = y W^T + b, then the formula `y` of net, in NumPy's words
answers   with `classes` their probabilities (1 - y and y where there is one output), else
          y target_scale + target_offset, then the `target_function` exp or expm1, if any
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core.version import VERSION
from deltarule.exchange.numbers_text import number_text
from deltarule.exchange.numpy_file import NUMPY_WORDS
from deltarule.exchange.operations import Column, Operations, Step
from deltarule.exchange.target import Target
from deltarule.exchange.trial import Trial
from deltarule.exchange.words import Writer, unrolled

_RECORDED = 10
_NUMBERS = re.compile(r"\[\n[\d\s.,eE+-]*\]")
"""A list of numbers in lines of their own; no text has a line break in JSON."""


def json_file(ops: Operations, trial: Trial, name: str) -> str:
    """Return the file's text; every number has the digits that bring its bits back."""
    answers = trial.answers[:_RECORDED].tolist()
    rows = [list(row) for row in trial.rows[:_RECORDED]]
    plain: dict[str, Any] = {
        "written_by": f"deltarule {VERSION}",
        "precision": str(ops.dtype),
        "columns": [_column(c) for c in ops.columns],
        "layers": [_layer(step) for step in ops.steps],
        "targets": list(ops.targets),
        "classes": list(ops.classes),
        "target_offset": ops.offset.tolist(),
        "target_scale": ops.scale.tolist(),
        "target_function": ops.inverse,
        "recorded": {"rows": rows, "answers": answers},
    }
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1)
    return _NUMBERS.sub(lambda found: " ".join(found[0].split()), text) + "\n"


def _layer(step: Step) -> dict[str, Any]:
    writer = Writer(NUMPY_WORDS)
    return {
        "activation": step.activation.name,
        "y": writer.text(unrolled(step.activation)[0]),
        "W": [[_number(w) for w in row] for row in step.W],
        "b": None if step.b is None else [_number(b) for b in step.b],
    }


def _number(value: Any) -> float:
    """Return a number whose text is the shortest that brings its bits back."""
    return float(number_text(value))


def _column(column: Column) -> dict[str, Any]:
    if column.categories:
        return {"name": column.name, "categories": list(column.categories)}
    plain = {"name": column.name, "offset": column.offset, "scale": column.scale}
    plain["constant"] = column.constant
    return plain if column.fill is None else {**plain, "fill": column.fill}


def _answer(path: Path, trial: Trial, name: str) -> Any:
    """Do what the file says, and nothing that it does not say."""
    from scipy.special import erfc

    plain = json.loads(path.read_text(encoding="utf-8"))
    dtype = plain["precision"]
    columns = [
        Column(**{**c, "categories": tuple(c.get("categories", ()))}) for c in plain["columns"]
    ]
    cells = zip(columns, zip(*trial.rows, strict=True), strict=True)
    y = np.stack([part for column, some in cells for part in column.encoded(some)], 1).astype(dtype)
    for layer in plain["layers"]:
        net = y @ np.array(layer["W"], dtype).T
        net = net if layer["b"] is None else net + np.array(layer["b"], dtype)
        y = eval(layer["y"], {"np": np, "erfc": erfc, "net": net})  # the text that we have written
    if not plain["classes"]:
        y = y * np.array(plain["target_scale"]) + np.array(plain["target_offset"])
        return getattr(np, plain["target_function"])(y) if plain["target_function"] else y
    return np.hstack([1 - y, y]) if y.shape[1] == 1 else y


TARGET = Target(
    "the operations and their numbers, to be read by a program", ".json", json_file, _answer
)
