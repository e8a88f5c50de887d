"""The nodes of a graph in ONNX, and formulas as such nodes: traced, and written one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.engine.compiled.expressions.tracing import Node

_NODES = {
    "+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "neg": "Neg", "pow": "Pow", "exp": "Exp",
    "log": "Log", "sqrt": "Sqrt", "tanh": "Tanh", "sin": "Sin", "cos": "Cos", "maximum": "Max",
    "where": "Where", "<": "Less", "<=": "LessOrEqual", ">": "Greater", ">=": "GreaterOrEqual",
    "==": "Equal", "&": "And", "|": "Or", "not": "Not", "across +": "ReduceSum",
    "across maximum": "ReduceMax",
}  # fmt: skip

_WRITTEN = {
    "expm1": (("Exp", "x"), ("Sub", "x", "1")),
    "log1p": (("Add", "1", "x"), ("Log", "x")),
    "erfc": (("Erf", "x"), ("Sub", "1", "x")),
}
"""What ONNX has not, in its nodes; 1 is the number, x what comes before."""


class Graph:
    """The nodes and constants of a graph on its way."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self.dtype = dtype
        self._written: dict[Node, str] = {}

    def constant(self, values: Any, name: str = "") -> str:
        """Return the name of a constant."""
        name = name or f"deltarule/constant{len(self.constants)}"
        self.constants[name] = np.asarray(values)
        return name

    def add(self, op: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Return the name of what a new node gives."""
        from onnx import helper

        name = name or f"deltarule/{op}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def formula(self, node: Node, net: str, known: Mapping[Node, str] | None = None) -> str:
        """Return the name of a formula of `net`, or of what is `known` by name."""
        self._written = dict(known or {})
        return self._term(node, net)

    def _term(self, node: Node, net: str) -> str:
        if node not in self._written:
            self._written[node] = self._made(node, net)
        return self._written[node]

    def _made(self, node: Node, net: str) -> str:
        if node.op == "symbol":
            return net
        if node.op == "literal":
            return self.constant(np.array(node.payload, self.dtype))
        terms = [self._term(a, net) for a in node.args]
        if node.op in _WRITTEN:
            return self._written_out(_WRITTEN[node.op], terms[0])
        if node.op not in _NODES:
            raise UsageError(f"ONNX has no node for {node.op}")
        if node.op.startswith("across"):
            return self.add(_NODES[node.op], *terms, self.constant(np.array([-1])), keepdims=1)
        return self.add(_NODES[node.op], *terms)

    def _written_out(self, steps: tuple[tuple[str, ...], ...], x: str) -> str:
        """Return what several nodes give one after the other; 1 is the number."""
        if steps[0] == ("Erf", "x") and self.dtype != np.float32:
            raise UsageError(
                "the programs that run ONNX have Erf in single precision alone, and this network "
                "is of float64: train with --dtype float32, or with another activation than gelu"
            )
        one = self.constant(np.array(1.0, self.dtype))
        for op, *places in steps:
            inputs = [one if place == "1" else x for place in places]
            x = self.add(op, *inputs)
        return x
