"""Symbols for the numbers that a program is given: parameters, samples, slots, backward weights.

They are named as the listing names them: `w[l,j,k]` and `b[l,j]`, `x[k]`, `T[j]`, `m_w[l,j,k]`,
`B[l,i,j]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deltarule.core.notation import entry_name
from deltarule.engine.compiled.expressions.tracing import Graph, Node
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.objective import Objective
from deltarule.engine.rule_state import FIXED, matrix_shape
from deltarule.network import Network


def theta_symbols(graph: Graph, network: Network) -> list[Node]:
    """Return a symbol for every entry of theta, named w[l,j,k] or b[l,j]."""
    found = []
    for e in network.layout.entries:
        p = e.parameter
        shape = p.shape if len(p.shape) == 2 else (*p.shape, 1)
        for j in range(shape[0]):
            for k in range(shape[1]):
                nodes = [j, k] if len(p.shape) == 2 else [j]
                found.append(graph.symbol(entry_name(p.name, e.layer, nodes)))
    return found


def row_symbols(graph: Graph, name: str, width: int) -> list[Node]:
    """Return symbols for the entries of a sample's row: name[1], name[2], ..."""
    return [graph.symbol(f"{name}[{k}]") for k in range(1, width + 1)]


def slot_symbols(graph: Graph, spec: Specialisation, theta: Sequence[Node]) -> list[list[Node]]:
    """Return, for each of the optimiser's slots, a symbol for every parameter: m_w[l,j,k]."""
    return [[graph.symbol(f"{name}_{w.payload}") for w in theta] for name in spec.slots]


def error_symbol(graph: Graph, spec: Specialisation) -> Node | None:
    """Return the symbol of E without its penalty, where the optimiser looks at it."""
    return graph.symbol("E") if spec.optimiser.by_error else None


def feedback_symbols(
    graph: Graph, objective: Objective, theta: Sequence[Node]
) -> dict[int, list[list[Node]]]:
    """Return a symbol for every entry of the B_l that are not made of W: B[l,i,j].

    What is learned beside theta is named as the slot B is: B_w[l,j,k].
    """
    found = {}
    weights = matrices(objective.network, theta)
    for l, rule in objective.feedbacks.items():
        if rule.kind == "learned":
            found[l] = [[graph.symbol(f"B_{w.payload}") for w in row] for row in weights[l - 1][0]]
        elif rule.kind in ("drawn", "direct"):
            rows, columns = matrix_shape(objective, l)
            found[l] = [
                [graph.symbol(f"B[{l},{i},{j}]") for j in range(1, columns + 1)]
                for i in range(1, rows + 1)
            ]
    return found


def fixed_symbols(graph: Graph, objective: Objective) -> list[Node]:
    """Return the symbols of the entries that lie in the call's `feedback`, in their order."""
    theta = theta_symbols(graph, objective.network)
    found = feedback_symbols(graph, objective, theta)
    fixed = [found[l] for l, rule in objective.feedbacks.items() if rule.kind in FIXED]
    return [symbol for matrix in fixed for row in matrix for symbol in row]


def learned_symbols(graph: Graph, theta: Sequence[Node]) -> list[Node]:
    """Return the symbols of the slot B."""
    return [graph.symbol(f"B_{w.payload}") for w in theta]


def matrices(net: Network, theta: Sequence[Node]) -> list[tuple[list[list[Node]], Any]]:
    """Return every layer's (W, b) as nested lists of symbols; b is None where there is none."""
    found: list[tuple[list[list[Node]], Any]] = []
    for e in net.layout.entries:
        part = list(theta[e.start : e.stop])
        if e.parameter.name == "W":
            n, m = e.parameter.shape
            found.append(([part[j * m : (j + 1) * m] for j in range(n)], None))
        else:
            found[-1] = (found[-1][0], part)
    return found
