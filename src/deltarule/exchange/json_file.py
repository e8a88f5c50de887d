"""A model as JSON: the operations and their numbers, for whoever writes a reader of them.

columns   a number: (x - offset) / scale, 0 if constant, `fill` where missing; else an input for
          every one of `categories`, 1 for the cell's and 0 for the others
layers    net = y W^T + b, then the formula `y` of net, in NumPy's words
over_time in the place of layers, where a row is a sequence: all steps of the first feature, then of
          the next. The instructions are those of one step, from the vector `x` and the states (of
          these widths, 0 at first) to `out` and the states `after`: affine (of W^T + b), slice,
          concat, or a formula. The answer is `out` of the last step, or of every step in a row
answers   with `classes` their probabilities (1 - y and y where there is one output), else
          y target_scale + target_offset, then the `target_function` exp or expm1, if any
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core import VERSION
from deltarule.exchange.numbers_text import number_text
from deltarule.exchange.numpy_file import NUMPY_WORDS
from deltarule.exchange.operations import Column, Operations, Step
from deltarule.exchange.step_program import Formula, Instruction, StepProgram
from deltarule.exchange.step_text import formula_text
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
        **({} if ops.program is None else {"over_time": _program(ops.program)}),
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


def _program(made: StepProgram) -> dict[str, Any]:
    return {
        "features": made.features,
        "steps": made.steps,
        "latest_first": made.latest_first,
        "every_step": made.per_step,
        "states": made.states,
        "instructions": [_instruction(one) for one in made.instructions],
        "out": made.out,
        "after": made.after,
        "weights": {name: _numbers(w) for name, w in made.weights.items()},
    }


def _instruction(one: Instruction) -> dict[str, Any]:
    if isinstance(one, Formula):
        text = formula_text(one, NUMPY_WORDS)
        return {"instruction": "formula", "out": one.out, "y": text}
    return {"instruction": type(one).__name__.lower(), **vars(one)}


def _numbers(values: Any) -> Any:
    return [_numbers(v) if np.ndim(v) else _number(v) for v in values]


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
    if "over_time" in plain:
        y = _over_time(plain["over_time"], y, {"np": np, "erfc": erfc})
    for layer in plain["layers"]:
        net = y @ np.array(layer["W"], dtype).T
        net = net if layer["b"] is None else net + np.array(layer["b"], dtype)
        y = eval(layer["y"], {"np": np, "erfc": erfc, "net": net})  # the text that we have written
    if not plain["classes"]:
        y = y * np.array(plain["target_scale"]) + np.array(plain["target_offset"])
        return getattr(np, plain["target_function"])(y) if plain["target_function"] else y
    return np.hstack([1 - y, y]) if y.shape[1] == 1 else y


def _over_time(plain: dict[str, Any], X: Any, functions: dict[str, Any]) -> Any:
    """Do the steps of a program as the file has them."""
    weights = {name: np.array(w, X.dtype) for name, w in plain["weights"].items()}
    states = {name: np.zeros((len(X), k), X.dtype) for name, k in plain["states"].items()}
    steps = X.reshape(len(X), plain["features"], plain["steps"]).transpose(2, 0, 1)
    said = []
    for x in steps[::-1] if plain["latest_first"] else steps:
        found = {"x": x, **weights, **states}
        for one in plain["instructions"]:
            found[one["out"]] = _carried_out(one, found, functions)
        states = {name: found[vector] for name, vector in plain["after"].items()}
        said.append(found[plain["out"]])
    return np.hstack(said) if plain["every_step"] else said[-1]


def _carried_out(one: dict[str, Any], found: dict[str, Any], functions: dict[str, Any]) -> Any:
    kind = one["instruction"]
    if kind == "affine":
        net = found[one["of"]] @ found[one["W"]].T
        return net if one["b"] is None else net + found[one["b"]]
    if kind == "slice":
        return found[one["of"]][:, one["first"] : one["stop"]]
    if kind == "concat":
        return np.concatenate([found[part] for part in one["parts"]], axis=1)
    return eval(one["y"], {**functions, **found})  # the text that we have written


TARGET = Target(
    "the operations and their numbers, to be read by a program", ".json", json_file, _answer,
    over_time=True,
)  # fmt: skip
