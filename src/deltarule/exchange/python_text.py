"""What the files in Python have in common: cells to inputs, arrays, answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deltarule.core import VERSION
from deltarule.core.arrays import Array
from deltarule.exchange.numbers_text import lines_of
from deltarule.exchange.operations import Operations

_WEIGHTS = "# The weights: row j of W is what goes into node j."

_ERFC = '''def erfc(x):
    """Return 1 - erf(x), which NumPy has not."""
    return np.vectorize(math.erfc, otypes=[x.dtype])(x)'''


def head(what: str, ops: Operations, more: str) -> list[str]:
    """Return the docstring that a file begins with."""
    network = f"{'-'.join(map(str, ops.sizes))} network"
    if ops.program is not None:
        network = f"network over sequences of {ops.program.steps} steps"
    return [
        f'"""A {network} as {what}; written by deltarule {VERSION}.',
        "",
        *layer_table(ops),
        "",
        more,
        '"""',
    ]


def targets_text(ops: Operations) -> str:
    """Return the targets' names as they may stand in a docstring: nothing in them ends it."""
    return ", ".join(repr(name)[1:-1].replace('"', "'") for name in ops.targets)


def layer_table(ops: Operations) -> list[str]:
    """Return a line per layer."""
    if ops.program is not None:
        return [f"    {line}" for line in ops.program.said]
    sizes = ops.sizes
    return [
        f"    layer {l}: {sizes[l - 1]} -> {sizes[l]}, {step.activation.name}"
        f"{'' if step.b is not None else ', no bias'}"
        for l, step in enumerate(ops.steps, 1)
    ]


def encoding(ops: Operations) -> list[str]:
    """Return `encode`, from rows of cells to X, and the tables that it reads."""
    numbers = [c for c in ops.columns if not c.categories]
    tables: dict[str, tuple[dict[str, Any], str]] = {
        "CATEGORIES": (
            {c.name: list(c.categories) for c in ops.columns if c.categories},
            "text and truth values: an input for every category",
        ),
        "OFFSET": ({c.name: c.offset for c in numbers}, "numbers: (x - OFFSET) / SCALE"),
        "SCALE": ({c.name: c.scale for c in numbers}, "inf: it never varied in training"),
        "FILL": (
            {c.name: c.fill for c in numbers if ops.fills},
            "a missing number (None, nan); a missing category is all 0",
        ),
    }
    tables["SCALE"][0].update({c.name: math.inf for c in numbers if c.constant})
    lines = [f"COLUMNS = {[c.name for c in ops.columns]!r}"]
    for name, (entries, comment) in tables.items():
        if entries:
            body = (
                f"    {k!r}: {'np.inf' if v == math.inf else repr(v)}," for k, v in entries.items()
            )
            lines += [f"{name} = {{  # {comment}", *body, "}"]
    return [*lines, "", "", *_encode(ops, bool(tables["CATEGORIES"][0]), bool(numbers))]


def _encode(ops: Operations, texts: bool, numbers: bool) -> Iterator[str]:
    yield "def encode(rows):"
    yield '    """Return X (n, inputs) of rows of cells, which stand in the order of COLUMNS."""'
    yield "    parts = []"
    yield "    for name, cells in zip(COLUMNS, zip(*rows, strict=True), strict=True):"
    if texts:
        missing = " - {None}" if ops.fills else ""
        yield "        if name in CATEGORIES:"
        yield f"            strange = set(cells) - set(CATEGORIES[name]){missing}"
        yield "            if strange:"
        yield '                raise ValueError(f"column {name!r}: {strange} was not in training")'
        yield "            parts += [[float(c == k) for c in cells] for k in CATEGORIES[name]]"
        yield "            continue"
    if numbers:
        yield "        x = np.array(cells, dtype=float)"
        if ops.fills:
            yield "        x[np.isnan(x)] = FILL[name]"
        yield "        if not np.isfinite(x).all():"
        yield '            raise ValueError(f"column {name!r}: a cell is missing or not finite")'
        yield "        parts.append((x - OFFSET[name]) / SCALE[name])"
    yield f"    return np.array(parts).T.astype(np.{ops.dtype})"


def answering(ops: Operations, outputs: str) -> list[str]:
    """Return `predict`, and `probabilities` for classes; `outputs` gives Y of rows."""
    if not ops.classes:
        return [
            f"TARGET_OFFSET, TARGET_SCALE = {ops.offset.tolist()}, {ops.scale.tolist()}",
            "",
            "",
            "def predict(rows):",
            f'    """Return {targets_text(ops)} of rows of cells, (n, {len(ops.targets)})."""',
            f"    y = {outputs}",
            "    y = y.astype(float) * np.array(TARGET_SCALE) + np.array(TARGET_OFFSET)",
            f"    return np.{ops.inverse}(y)" if ops.inverse else "    return y",
        ]
    both = ops.sizes[-1] == 1
    return [
        f"CLASSES = {list(ops.classes)!r}",
        "",
        "",
        "def probabilities(rows):",
        '    """Return the probability of every class, (n, classes), in the order of CLASSES."""',
        *(
            [f"    y = {outputs}", "    return np.hstack([1 - y, y])"]
            if both
            else [f"    return {outputs}"]
        ),
        "",
        "",
        "def predict(rows):",
        f'    """Return the most probable class of every row: {targets_text(ops)}."""',
        "    return [CLASSES[k] for k in probabilities(rows).argmax(axis=1)]",
    ]


def array_lines(name: str, numbers: Array, make: str) -> list[str]:
    """Return an array by name, a row of it beginning a line; `make` is around its list."""
    rows = numbers if numbers.ndim == 2 else [numbers]
    body = []
    for row in rows:
        first, *rest = lines_of(row)
        opening, closing = ("[", "],") if numbers.ndim == 2 else ("", ",")
        text = [f"    {opening}{first}", *(f"     {line}" for line in rest)]
        text = [f"{line}," for line in text[:-1]] + [text[-1] + closing]
        body += text
    return [f"{name} = {make}([", *body, f"], dtype={make.partition('.')[0]}.{numbers.dtype})"]


def indented(lines: list[str]) -> list[str]:
    """Return lines four columns further."""
    return [f"    {line}" if line else line for line in lines]


def numpy_frame(
    first: list[str],
    ops: Operations,
    blocks: Iterable[list[str]],
    outputs: str,
    weights: Mapping[str, Array],
) -> str:
    """Return a file for NumPy around its own blocks; `outputs` gives Y of rows."""
    own = [line for block in blocks for line in ["", "", *block]]
    erfc = any("erfc(" in line for line in own)
    lines = [*first, "", *(["import math", ""] if erfc else []), "import numpy as np", ""]
    lines += [*encoding(ops), *(["", "", _ERFC] if erfc else []), *own, "", ""]
    lines += [*answering(ops, outputs), "", "", _WEIGHTS]
    for name, values in weights.items():
        lines += array_lines(name, values, "np.array")
    return "\n".join(lines) + "\n"


def torch_frame(
    first: list[str], ops: Operations, blocks: Iterable[list[str]], weights: Mapping[str, Array]
) -> str:
    """Return a file for PyTorch around its own blocks, the last of which is `class Network`.

    `weights` are what the module's parameters hold, by the name that each has in it.
    """
    lines = [*first, "", "import numpy as np", "import torch", "", *encoding(ops)]
    for block in [*blocks, list(answering(ops, "outputs(rows)"))]:
        lines += ["", "", *block]
    lines += [
        "",
        "",
        "def outputs(rows):",
        '    """Return the network\'s outputs for rows of cells, as an array of NumPy\'s."""',
        "    with torch.no_grad():",
        "        return network(torch.from_numpy(encode(rows))).numpy()",
        "",
        "",
        "network = Network()",
        "",
        _WEIGHTS,
        "with torch.no_grad():",
    ]
    for name, values in weights.items():
        array = list(array_lines("", values, "torch.tensor"))
        array[0] = f"network.{name}.copy_({array[0].removeprefix(' = ')}"
        array[-1] += ")"
        lines += indented(array)
    return "\n".join(lines) + "\n"
