"""A model as a file with a `torch.nn.Module`: encoded by NumPy, differentiable from there on."""

from __future__ import annotations

import importlib.util
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deltarule.core.arrays import Array
from deltarule.exchange.operations import Operations
from deltarule.exchange.python_text import head, indented, targets_text, torch_frame
from deltarule.exchange.step_text import torch_text
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
    blocks = [*_functions(ops), list(_module(ops))]
    return torch_frame(head("a module of PyTorch", ops, more), ops, blocks, _weights(ops))


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


def _weights(ops: Operations) -> dict[str, Array]:
    found = {}
    for l, step in enumerate(ops.steps, 1):
        found[f"layer{l}.weight"] = step.W
        if step.b is not None:
            found[f"layer{l}.bias"] = step.b
    return found


def _answer(path: Path, trial: Trial, name: str) -> Any:
    if importlib.util.find_spec("torch") is None:
        return None
    made = runpy.run_path(str(path))
    return made["probabilities" if trial.ops.classes else "predict"](trial.rows)


TARGET = Target(
    "a file with a torch.nn.Module and its weights", "_torch.py", torch_file, _answer,
    "there is no PyTorch", over_time=True,
)  # fmt: skip
