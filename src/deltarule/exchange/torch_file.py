"""A model as a file with a `torch.nn.Module`: encoded by NumPy, differentiable from there on."""

from __future__ import annotations

import importlib.util
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deltarule.exchange.operations import Operations
from deltarule.exchange.over_time.text import torch_text
from deltarule.exchange.python_text import (
    answering,
    array_lines,
    encoding,
    head,
    indented,
    targets_text,
)
from deltarule.exchange.target import Target
from deltarule.exchange.trial import Trial
from deltarule.exchange.words import Dialect, Writer, unrolled

_FUNCTIONS = ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "abs", "erfc")

_WORDS = Dialect(
    words={
        **{name: f"torch.{name}({{}})" for name in _FUNCTIONS},
        "where": "torch.where({}, {}, {})",
        "maximum": "torch.maximum({}, torch.as_tensor({}))",
        "pow": "torch.pow({}, {})",
        "across +": "torch.sum({}, dim=-1, keepdim=True)",
        "across maximum": "torch.amax({}, dim=-1, keepdim=True)",
    },
    number=repr,
    constants="{}.to(net.dtype)",
)


def torch_file(ops: Operations, trial: Trial, name: str) -> str:
    """Return the file's text."""
    if ops.program is not None:
        return torch_text(ops, _WORDS)
    more = (
        f"`predict(rows)` says {targets_text(ops)}. `network` is the module:\n"
        "`network(torch.from_numpy(encode(rows)))` has its outputs, to be differentiated."
    )
    lines = [
        *head("a module of PyTorch", ops, more),
        "",
        "import numpy as np",
        "import torch",
        "",
        *encoding(ops),
        *(line for block in _functions(ops) for line in ["", "", *block]),
        "",
        "",
        *_module(ops),
        "",
        "",
        *answering(ops, "outputs(rows)"),
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
        "# The weights: row j of W is what goes into node j.",
        *_weights(ops),
    ]
    return "\n".join(lines) + "\n"


def _functions(ops: Operations) -> Iterator[list[str]]:
    for activation in ops.activations():
        body = Writer(_WORDS).statements(unrolled(activation)[0], lambda text: f"return {text}")
        said = f'"""Return y = {activation.name}(net)."""'
        yield [f"def {activation.name}(net):", *indented([said, *body])]


def _module(ops: Operations) -> Iterator[str]:
    yield "class Network(torch.nn.Module):"
    yield f'    """{" -> ".join(map(str, ops.sizes))} nodes."""'
    yield ""
    yield "    def __init__(self):"
    yield "        super().__init__()"
    for l, step in enumerate(ops.steps, 1):
        units, inputs = step.W.shape
        more = f"{'' if step.b is not None else 'bias=False, '}dtype=torch.{ops.dtype}"
        yield f"        self.layer{l} = torch.nn.Linear({inputs}, {units}, {more})"
    yield ""
    yield "    def forward(self, y):"
    yield '        """Return the outputs (n, outputs) for encoded rows (n, inputs)."""'
    for l, step in enumerate(ops.steps, 1):
        yield f"        y = {step.activation.name}(self.layer{l}(y))"
    yield "        return y"


def _weights(ops: Operations) -> Iterator[str]:
    yield "with torch.no_grad():"
    for l, step in enumerate(ops.steps, 1):
        pairs = [("weight", step.W)] + ([] if step.b is None else [("bias", step.b)])
        for name, numbers in pairs:
            array = list(array_lines("", numbers, "torch.tensor"))
            array[0] = f"network.layer{l}.{name}.copy_({array[0].removeprefix(' = ')}"
            array[-1] += ")"
            yield from indented(array)


def _answer(path: Path, trial: Trial, name: str) -> Any:
    if importlib.util.find_spec("torch") is None:
        return None
    made = runpy.run_path(str(path))
    return made["probabilities" if trial.ops.classes else "predict"](trial.rows)


TARGET = Target(
    "a file with a torch.nn.Module and its weights", "_torch.py", torch_file, _answer,
    "there is no PyTorch", over_time=True,
)  # fmt: skip
