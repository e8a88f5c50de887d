"""The texts of programs for small networks, node by node: in registers, and in lanes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from deltarule.engine.compiled.expressions.backpropagation import Observation
from deltarule.engine.compiled.expressions.formulas import observed_alone, observed_side_by_side
from deltarule.engine.compiled.expressions.symbols import error_symbol, slot_symbols, theta_symbols
from deltarule.engine.compiled.expressions.text import Assignment, Wording
from deltarule.engine.compiled.expressions.tracing import CONDITION, NUMBER, Graph, Node, reached
from deltarule.engine.compiled.expressions.updates import Changes, update_along, update_each
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.programs.lanes import lanes_of
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.update import rate_factors

LEARN = "if learn:  # not where E alone is measured"


def registers_lines(spec: Specialisation) -> list[str]:
    """Return a program in registers: observations one after the other, every name a register."""
    graph = Graph(numbers_first=True)
    theta = theta_symbols(graph, spec.objective.network)
    found, error = observed_alone(graph, spec, theta, graph.symbol("lr", NUMBER))
    sums = [_sum_symbol(graph, w) for w in theta]
    changes = update_each(
        graph, spec, theta, found.gradient if spec.online else sums, error_symbol(graph, spec)
    )
    slots = slot_symbols(graph, spec, theta)
    updates = [
        _update([w, *(slot[k] for slot in slots)], changes.new[k]) for k, w in enumerate(theta)
    ]
    last = [target for group in updates for target in group]
    penalties = _penalties(graph, changes)
    names, numbers = {"s[1]": "s"}, count(1)
    sample = f"x, T{', s' * spec.weighted}"
    inner = Wording(names, numbers=numbers)
    passes = [*_named(found, [error, *found.gradient]), ("errors", "+=", error)]
    if spec.online:
        inner.count([*passes, *penalties, *last])
        body = [f"{sample} = batch[0]", *inner.statements(passes)]
        update = _one_by_one(inner, [penalties, *updates])
    else:
        pairs = zip(sums, found.gradient, strict=True)
        passes += [(total.payload, "+=", g) for total, g in pairs]
        inner.count(passes)
        outer = Wording(names, numbers=numbers)
        outer.count([*penalties, *last])
        loop = [f"for {sample} in batch:", *indented(inner.statements(passes))]
        body = [_zeros(sums), *loop]
        update = _one_by_one(outer, [penalties, *updates])
    head = [
        f"# registers: {spec.dtype}, one observation after the other, every name a register",
        batches_head([node for _, _, node in (*passes, *penalties, *last)]),
    ]
    return [*head, *indented([*body, LEARN, *indented(update)])]


def lanes_lines(spec: Specialisation, machine: Machine, batch: int) -> list[str]:
    """Return a program with the observations of a batch in lanes, and an update along theta."""
    graph = Graph()
    theta = theta_symbols(graph, spec.objective.network)
    found, error = observed_side_by_side(graph, spec, theta)
    lanes, names, numbers = lanes_of(spec, machine, batch), {"s[1]": "s"}, count(1)
    wording = Wording(names, graph.common_divisors(), numbers=numbers)
    sums = [_sum_symbol(graph, w) for w in theta]
    pairs = list(zip(sums, found.gradient, strict=True))
    targets = _named(found, [error, *found.gradient])
    sample = f"x, T{', s' * spec.weighted}, inside"
    if batch <= lanes:
        targets.append(("errors", "+=", graph.apply("across +", error)))
        targets += [(total.payload, "=", g) for total, g in pairs]
        wording.count(targets)
        body = [_nothing(sums), f"{sample} = lanes(batch, {lanes})", *wording.statements(targets)]
    else:
        targets.append(("e", "+=", error))
        targets += [(total.payload, "+=", g) for total, g in pairs]
        wording.count(targets)
        body = [
            "e = 0",
            _zeros(sums),
            f"for {sample} in lanes(batch, {lanes}):",
            *indented(wording.statements(targets)),
            "errors += sum(e)",
        ]
    width = machine.lanes(spec.dtype)
    update, nodes = _along(spec, numbers)
    kinds = ", ".join(_kinds(sums))
    gather = f"dE = lane_sums({kinds})  # the gradient, a vector along theta"
    head = [
        f"# lanes: {spec.dtype}, {lanes} observations in the lanes; "
        f"the update takes {width} parameters at a time",
        batches_head([*(node for _, _, node in targets), *nodes]),
    ]
    entries = "w, b = entries(theta)"
    return [*head, *indented([entries, *body, LEARN, *indented([gather, *update])])]


def _along(spec: Specialisation, numbers: Any) -> tuple[list[str], list[Node]]:
    """Return the update along theta, and its terms."""
    graph, layout = Graph(), spec.objective.network.layout
    theta, total = graph.symbol("theta"), graph.symbol("dE")
    slots = [symbols[0] for symbols in slot_symbols(graph, spec, [theta])]
    penalised, trained = (
        True if layout.mask(name).all() else graph.symbol(name, CONDITION)
        for name in ("penalised", "trained")
    )
    layers = [graph.symbol("layer")] if spec.objective.rule.order == "layerwise" else []
    several = [[slot] for slot in slots]
    split = rate_factors(spec.objective, spec.optimiser) is not None
    factors = [graph.symbol("factor")] if split else []
    changes = update_along(
        graph, spec, [theta], [total], [penalised], [trained], several, layers, factors,
        error_symbol(graph, spec),
    )  # fmt: skip
    update, penalties = _update([theta, *slots], changes.new[0]), _penalties(graph, changes)
    wording = Wording(numbers=numbers)
    wording.count([*penalties, *update])
    nodes = [node for _, _, node in (*penalties, *update)]
    return _one_by_one(wording, [penalties, update]), nodes


def batches_head(nodes: Iterable[Node]) -> str:
    """Return the head of the loop over batches: what it brings of lr, t, c and the weight."""
    used = reached(nodes)
    found = {node.payload for node in used if node.op == "symbol"}
    names = [name for name in ("lr", "t", "turn", "c", "weight") if name in found]
    return f"for {', '.join([*names, 'batch'])} in batches:"


def indented(lines: Iterable[str]) -> list[str]:
    """Return lines one step further to the right."""
    return [f"    {line}" for line in lines]


def _named(found: Observation, wanted: Sequence[Node]) -> list[Assignment]:
    """Return nets, outputs and deltas that are needed, each under its first name."""
    needed, seen, targets = reached(wanted), set(), []
    for name, node in found.named:
        if node in needed and node not in seen and node.op not in ("symbol", "literal"):
            seen.add(node)
            targets.append((name, "=", node))
    return targets


def _update(symbols: Sequence[Node], new: Sequence[Node]) -> list[Assignment]:
    """Return the assignments of a parameter and its slots, the slots first."""
    pairs = list(zip(symbols, new, strict=True))
    return [(symbol.payload, "=", node) for symbol, node in (*pairs[1:], pairs[0])]


def _penalties(graph: Graph, changes: Changes) -> list[Assignment]:
    found = []
    if changes.decay is not None:
        found.append(graph.symbol("weight", NUMBER) * changes.decay)
    if changes.spoilt is not None:
        found.append(changes.spoilt)
    return [("penalties", "+=", node) for node in found]


def _one_by_one(wording: Wording, groups: Iterable[Sequence[Assignment]]) -> list[str]:
    return [line for group in groups for line in wording.statements(group)]


def _sum_symbol(graph: Graph, w: Node) -> Node:
    return graph.symbol(f"dE_d{w.payload}")


def _kinds(sums: Sequence[Node]) -> list[str]:
    """Return dE_dw and, where there are biases, dE_db."""
    return list(dict.fromkeys(node.payload.partition("[")[0] for node in sums))


def _zeros(sums: Sequence[Node]) -> str:
    kinds = _kinds(sums)
    return f"{', '.join(kinds)} = {', '.join(['zeros()'] * len(kinds))}"


def _nothing(sums: Sequence[Node]) -> str:
    kinds = _kinds(sums)
    return f"{', '.join(kinds)} = {', '.join(['{}'] * len(kinds))}"
