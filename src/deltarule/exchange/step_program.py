"""What a network over sequences does at one step, as instructions of which every target has words.

    affine    out = of W^T + b              slice     out = of[:, first:stop]
    formula   out = f(vectors), elementwise concat    out = the parts side by side

A sequence is the same program for every step, each with the states that the one before has left;
the first ones are 0. The formulas are the layers' own steps, run once over symbols.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.engine.compiled.expressions.steps import Columnwise, columns_of
from deltarule.engine.compiled.expressions.tracing import Graph, Node, Untraceable, reached
from deltarule.exchange.words import unrolled
from deltarule.layers import Conv1d, Dense, EachStep, Flatten, Last, Layer, Recurrent, Steps
from deltarule.network import Network
from deltarule.network_stream import check_steps


@dataclass(frozen=True)
class Affine:
    """out = of W^T + b"""

    out: str
    of: str
    W: str
    b: str | None = None


@dataclass(frozen=True)
class Slice:
    """out = of[:, first:stop]"""

    out: str
    of: str
    first: int
    stop: int


@dataclass(frozen=True)
class Concat:
    """out = parts side by side"""

    out: str
    parts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Formula:
    """out = a term of vectors and of what has been computed, which have names."""

    out: str
    node: Node
    known: Mapping[Node, str]


Instruction = Affine | Slice | Concat | Formula


@dataclass
class StepProgram:
    """A step: x, (rows, features), and the states go in; `out`, and the states behind, come out."""

    features: int
    steps: int
    """How many steps a row of the model has."""
    latest_first: bool
    per_step: bool
    """Whether every step has an answer; else the last one's counts."""
    dtype: np.dtype[Any]
    said: list[str] = field(default_factory=list)
    """A line for every layer."""
    weights: dict[str, Array] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    """The width of every state, by name."""
    after: dict[str, str] = field(default_factory=dict)
    """The vector that is each state after the step."""
    instructions: list[Instruction] = field(default_factory=list)
    out: str = "x"

    def add(self, instruction: Instruction) -> str:
        """Note an instruction, and return the name of what it makes."""
        self.instructions.append(instruction)
        return instruction.out

    def weight(self, name: str, values: Array) -> str:
        """Note a weight, and return its name."""
        self.weights[name] = values
        return name


def step_program(network: Network, theta: Array) -> StepProgram | None:
    """Return the program of a network whose rows are sequences; None where they are none.

    Raises `UsageError` for a layer that needs all steps at once, or has no words elsewhere.
    """
    first = network.layers[0]
    if not isinstance(first, Steps):
        return None
    if first.lengths:
        raise UsageError(
            "the model takes sequences of different lengths, each with its own end, which no "
            "target has a place for; train it on sequences of one length"
        )
    layers, shapes = network.layers[1:], network.shapes[1:]
    check_steps(layers, shapes)
    per_step = isinstance(layers[-1], Flatten)
    made = StepProgram(shapes[0][1], shapes[0][0], first.latest_first, per_step, theta.dtype)
    for l, (layer, p) in enumerate(zip(layers, network.unpack(theta)[1:], strict=True), 1):
        _add(made, l, layer, p)
    return made


def _add(made: StepProgram, l: int, layer: Layer, p: dict[str, Array]) -> None:
    if isinstance(layer, Last | Flatten):
        return
    if isinstance(layer, Recurrent):
        made.out = _recurrent(made, l, layer, p)
        made.said.append(f"layer {l}: {layer!r}")
        return
    if isinstance(layer, EachStep):
        layer = layer.layer
    if isinstance(layer, Conv1d):
        net = _convolution(made, l, layer, p)
    elif type(layer) is Dense:
        b = made.weight(f"b{l}", p["b"]) if "b" in p else None
        net = made.add(Affine(f"net{l}", made.out, made.weight(f"W{l}", p["W"]), b))
    else:
        raise UsageError(f"layer {l} is of the type {layer.name}, which no target has a word for")
    node = unrolled(layer.activation)[0]
    symbols = {term: net for term in reached([node]) if term.op == "symbol"}
    made.out = made.add(Formula(f"y{l}", node, symbols))
    made.said.append(f"layer {l}: {layer!r}")


def _convolution(made: StepProgram, l: int, layer: Conv1d, p: dict[str, Array]) -> str:
    """Add net of a convolution; the steps before are one state, the oldest first."""
    features, seen = p["W"].shape[1], max(layer.delays)
    state, x, parts = f"seen{l}", made.out, []
    if seen:
        made.states[state] = seen * features
    for k, by in enumerate(layer.delays):
        at = (seen - by) * features
        part = made.add(Slice(f"x{l}_{k}", state, at, at + features)) if by else x
        parts.append((part, np.ascontiguousarray(p["W"][:, :, k])))
    joined = (
        parts[0][0] if len(parts) == 1 else made.add(Concat(f"x{l}", tuple(n for n, _ in parts)))
    )
    W = made.weight(f"W{l}", np.concatenate([w for _, w in parts], axis=1))
    b = made.weight(f"b{l}", p["b"]) if "b" in p else None
    net = made.add(Affine(f"net{l}", joined, W, b))
    if seen:
        rest = () if seen == 1 else (made.add(Slice(f"kept{l}", state, features, seen * features)),)
        made.after[state] = made.add(Concat(f"{state}_after", (*rest, x))) if rest else x
    return net


class _Weight:
    """A matrix of a layer, as its step sees it: a product with it is an instruction."""

    def __init__(self, product: Any) -> None:
        self._product = product

    @property
    def mT(self) -> _Weight:  # noqa: N802 (NumPy's name)
        """Return the transposed one."""
        return self

    def __rmatmul__(self, node: Node) -> Node:
        made: Node = self._product(node)
        return made


def _recurrent(made: StepProgram, l: int, layer: Recurrent, p: dict[str, Array]) -> str:
    """Add a recurrent layer's step, traced; return the name of h_t."""
    graph, known = Graph(), {}
    states = [f"state{l}_{k}" if k else f"h{l}" for k in range(len(layer.held))]
    made.states |= dict(zip(states, layer.held, strict=True))
    names = {name: made.weight(f"{name}{l}", values) for name, values in p.items()}
    a = made.add(Affine(f"a{l}", made.out, names["W"], names["b"]))
    v = made.add(Affine(f"v{l}", states[0], names["U"]))

    def columns(name: str) -> Any:
        found = []
        for k in range(layer.gates):
            part = name
            if layer.gates > 1:
                rows = k * layer.units, (k + 1) * layer.units
                part = made.add(Slice(f"{name}_{layer.gate_names[k]}", name, *rows))
            found.append(symbol(part))
        return columns_of(found)

    def symbol(name: str) -> Node:
        node = graph.symbol(name)
        known[node] = name
        return node

    def formula(node: Node, out: str) -> str:
        if node in known:
            return known[node]
        known[node] = made.add(Formula(out, node, dict(known)))
        return out

    def product(of: Node, name: str) -> Node:
        source = formula(of, f"before_{name}")
        return symbol(made.add(Affine(f"after_{name}", source, name)))

    further: dict[str, Any] = {}
    for q in layer.further():
        name = names[q.name]
        matrix = len(q.shape) == 2
        further[q.name] = _Weight(lambda of, n=name: product(of, n)) if matrix else symbol(name)
    before = tuple(map(symbol, states))
    xp: Any = Columnwise(graph)
    try:
        after, _ = layer.step(further, columns(a), columns(v), before, xp)
        nodes = [graph.node(part) for part in after]
    except (Untraceable, TypeError) as reason:
        raise UsageError(
            f"layer {l} ({layer.name}) cannot be written in another language: {reason}"
        ) from None
    for k in sorted(range(len(nodes)), key=lambda k: len(reached([nodes[k]]))):
        made.after[states[k]] = formula(nodes[k], f"{states[k]}_after")
    return made.after[states[0]]
