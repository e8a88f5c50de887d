"""One step of a layer for one node, forwards and backwards, as graphs.

A layer that walks through time says in `step` what a step makes of its sums and of the state, and
in `step_back` what it makes of dE/dstate. Both are elementwise, so each is run once over symbols
of one node. What is written here is

    sum_s = [b + W x_t] + [U h_{t-1}]          a sum of products for every net, or part of a net
    state_t = after(sums, state_{t-1})         and `saved`, what the way back needs to know of it
    delta_d = back(saved, dE/dstate_t)         and `carried`, dE/dstate_{t-1} but for U's part

`saved` is found by looking at the graph: the terms of the way back, as large as they can be, in
which dE/dstate does not occur. In a product its factors of this kind are gathered into one first,
so that an LSTM keeps six numbers for a node and step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deltarule.activations import Activation
from deltarule.engine.compiled.expressions.tracing import VALUE, Graph, Node, reached
from deltarule.layers.recurrent import Recurrent
from deltarule.rules import LayerRule


@dataclass(frozen=True)
class Sum:
    """A sum of products, which stands for a term of a step."""

    term: Node
    inward: int | None
    """The gate whose row of W, and entry of b, are in it."""
    recurrent: int | None
    """The gate whose row of U is in it."""


@dataclass
class Step:
    """A step's graphs."""

    graph: Graph
    sums: list[Sum]
    further: dict[str, Node]
    """A node's own entries of the layer's further parameters, by name."""
    before: list[Node]
    """The parts of the state before the step, h first."""
    after: list[Node]
    dE_dstate: list[Node]
    deltas: list[Node] = field(default_factory=list)
    """dE/dsum, and dE/d of further entries, each once."""
    inward: list[int] = field(default_factory=list)
    """Which of the deltas belongs to W's and b's rows of a gate."""
    recurrent: list[int] = field(default_factory=list)
    """Which of the deltas belongs to U's rows of a gate."""
    further_deltas: dict[str, int] = field(default_factory=dict)
    carried: list[Node | None] = field(default_factory=list)
    """dE/dstate before the step, but for what U carries; None where nothing is."""
    saved: list[Node] = field(default_factory=list)


def recurrent_step(layer: Recurrent, rule: LayerRule) -> Step:
    """Return a recurrent layer's step; raises `Untraceable` where it is not elementwise."""
    graph = Graph()
    gates = range(layer.gates)
    a, v = ([graph.symbol(f"{name}[{k}]") for k in gates] for name in ("a", "v"))
    p = {q.name: graph.symbol(q.name) for q in layer.further()}
    before = [graph.symbol(f"state[{k}]") for k in range(len(layer.held))]
    dE_dstate = [graph.symbol(f"dE_dstate[{k}]") for k in range(len(layer.held))]
    xp: Any = Columnwise(graph)
    state, kept = layer.step(p, columns_of(a), columns_of(v), tuple(before), xp)
    back = layer.step_back(p, tuple(dE_dstate), kept, rule, xp)
    after = [graph.node(part) for part in state]
    found = Step(graph, [], p, before, after, dE_dstate)
    inward, recurrent = _terms(back.inward), _terms(back.recurrent)
    found.sums = _sums(graph, a, v, inward, recurrent, [*after, *inward, *recurrent])
    split = _Split(graph, set(dE_dstate))

    places: dict[Node, int] = {}  # nodes are told apart by identity: == writes a comparison

    def delta(term: Any) -> int:
        return places.setdefault(split(graph.node(term)), len(places))

    found.inward = [delta(term) for term in inward]
    found.recurrent = [delta(term) for term in recurrent]
    found.further_deltas = {name: delta(term) for name, term in back.further.items()}
    found.carried = [
        None if isinstance(part, float) else split(graph.node(part)) for part in back.state
    ]
    found.deltas, found.saved = list(places), list(split.saved)
    return found


def affine_step(activation: Activation, rule: LayerRule) -> Step:
    """Return y = f(net), delta = dE/dy f'(net), with what stands for f'."""
    graph = Graph()
    net, dE_dy = graph.symbol("net"), graph.symbol("dE_dy")
    f, _ = activation.body(graph)
    y = graph.node(f(net))
    delta = dE_dy * rule.slope(activation, net, y, graph)
    return _without_state(graph, net, y, dE_dy, graph.node(delta))


def plain_step() -> Step:
    """Return y = net, delta = dE/dy: an output layer's, whose f stands with the loss."""
    graph = Graph()
    net, dE_dy = graph.symbol("net"), graph.symbol("dE_dy")
    return _without_state(graph, net, net, dE_dy, dE_dy)


def _without_state(graph: Graph, net: Node, y: Node, dE_dy: Node, delta: Node) -> Step:
    found = Step(graph, [Sum(net, 0, None)], {}, [], [y], [dE_dy])
    split = _Split(graph, {dE_dy})
    found.deltas, found.inward, found.saved = [split(delta)], [0], list(split.saved)
    return found


class Columns:
    """A gate's column after the other, for one node."""

    def __init__(self, terms: Sequence[Node]) -> None:
        self.terms = list(terms)
        self.shape = (1, len(self.terms))

    def __add__(self, other: Columns) -> Columns:
        return Columns([x + y for x, y in zip(self.terms, other.terms, strict=True)])

    def __getitem__(self, place: Any) -> Node:
        _, columns = place
        column: Node = self.terms[columns][0]
        return column


def columns_of(terms: list[Node]) -> Any:
    """Return the columns of several gates; of one gate, its own."""
    return terms[0] if len(terms) == 1 else Columns(terms)


def _terms(found: Any) -> list[Node]:
    return found.terms if isinstance(found, Columns) else [found]


class Columnwise:
    """A graph's functions, and those that lay columns side by side or sum over samples."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    def concatenate(self, parts: Sequence[Node], axis: int = 0) -> Columns:
        """Return the columns side by side."""
        return Columns(parts)

    def sum(self, term: Node, axis: int = 0) -> Node:
        """Return the term: the sum over samples and steps is the program's."""
        return term


def _sums(
    graph: Graph,
    a: list[Node],
    v: list[Node],
    inward: list[Node],
    recurrent: list[Node],
    results: list[Node],
) -> list[Sum]:
    """Return one sum for a gate whose a and v occur as a + v alone, else one for each."""
    users: dict[Node, set[Node]] = {}
    for node in reached(results):
        for argument in node.args:
            users.setdefault(argument, set()).add(node)
    found = []
    for k, (x, y) in enumerate(zip(a, v, strict=True)):
        together = graph.node(x + y)
        if users.get(x) == users.get(y) == {together} and inward[k] is recurrent[k]:
            found.append(Sum(together, k, k))
        else:
            found += [Sum(x, k, None), Sum(y, None, k)]
    return found


class _Split:
    """Write terms so that what is free of some symbols is gathered, and note it in `saved`."""

    def __init__(self, graph: Graph, symbols: set[Node]) -> None:
        self._graph, self._symbols = graph, symbols
        self._free: dict[Node, bool] = {}
        self._done: dict[Node, Node] = {}
        self.saved: dict[Node, None] = {}

    def __call__(self, node: Node) -> Node:
        """Return the term."""
        if node not in self._done:
            self._done[node] = self._written(node)
        return self._done[node]

    def free(self, node: Node) -> bool:
        """Whether none of the symbols occurs in a term."""
        if node not in self._free:
            inside = node in self._symbols
            self._free[node] = not inside and all(map(self.free, node.args))
        return self._free[node]

    def _written(self, node: Node) -> Node:
        if self.free(node):
            return self._kept(node)
        if node in self._symbols:
            return node
        if node.op != "*":
            return self._graph.apply(node.op, *map(self, node.args))
        gathered, rest = self._factors(node)
        found = self(rest[0])
        for factor in rest[1:]:
            found = found * self(factor)
        return found if not gathered else self._kept(self._product(gathered)) * found

    def _factors(self, node: Node) -> tuple[list[Node], list[Node]]:
        """Return the factors of a product that are free, and the others."""
        if self.free(node):
            return [node], []
        if node.op != "*":
            return [], [node]
        parts = [self._factors(argument) for argument in node.args]
        return [x for free, _ in parts for x in free], [x for _, bound in parts for x in bound]

    def _product(self, factors: list[Node]) -> Node:
        found = factors[0]
        for factor in factors[1:]:
            found = self._graph.node(found * factor)
        return found

    def _kept(self, node: Node) -> Node:
        if node.kind == VALUE:
            self.saved[node] = None
        return node
