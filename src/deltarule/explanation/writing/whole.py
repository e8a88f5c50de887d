"""A whole pass as text: a line for every node, and one for the gradient of what leads into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deltarule.core.texts import aligned
from deltarule.explanation.wording import number
from deltarule.explanation.writing.report import about

if TYPE_CHECKING:
    from deltarule.explanation.whole import WholePass

Row = tuple[str, ...]


def to_text(whole: WholePass, digits: int) -> str:
    """Return the text; see `WholePass.text`."""
    bp = whole.passed.bp
    lines = [f"{whole.name} = {number(float(bp.error), digits)}"]
    lines += [f"  {sentence}" for sentence in about(whole)]
    observations = len(whole.passed.samples)
    for i in range(observations):
        of = f" of observation {i + 1}" if observations > 1 else ""
        lines += ["", f"Nodes{of}; {_given(whole, i, digits)}", *_cells(whole, i)]
        lines += _table([_head(whole), *_nodes(whole, i, digits)])
    if whole.passed.fused:
        lines += ["  the output's f' has cancelled with the loss: its delta is not dE/dy times f'"]
    summed = f", the deltas' sum over the {observations} observations" if observations > 1 else ""
    lines += ["", f"Gradient{summed}: a row for the node that the weights lead into, a column for "
              "the one they come from"]  # fmt: skip
    return "\n".join([*lines, *_table([*_gradients(whole, digits)])])


def _table(rows: list[Row]) -> list[str]:
    return [f"  {line}" for line in aligned(rows, left=(0,))]


def _given(whole: WholePass, i: int, digits: int) -> str:
    """Return the inputs and targets of an observation."""
    n, samples = whole.notation, whole.passed.samples
    inputs, targets = whole.passed.bp.outputs[0][i], samples.T[i]
    x = [f"{n.output.at(l=0, j=k).text} = {number(v, digits)}" for k, v in enumerate(inputs, 1)]
    t = [f"{n.target.at(j=o).text} = {number(v, digits)}" for o, v in enumerate(targets, 1)]
    return f"{', '.join(x)}; {', '.join(t)}"


def _cells(whole: WholePass, i: int) -> list[str]:
    """Return what the inputs and targets are in a table, where they come from one."""
    if whole.columns is None:
        return []
    n, columns = whole.notation, whole.columns
    named = [(n.output.at(l=0, j=k).text, c) for k, c in enumerate(columns.inputs[i], 1)]
    named += [(n.target.at(j=o).text, c) for o, c in enumerate(columns.targets[i], 1)]
    return [f"  {name} is {cell.said}" for name, cell in named]


def _head(whole: WholePass) -> Row:
    n = whole.notation
    net, y, delta = (s.text.partition("[")[0] for s in (n.net, n.output, n.delta))
    slope = "f'" if whole.passed.objective.rule.exact else "f' or g"
    return "l,j", net, y, slope, f"d{n.error.text}/d{y}", delta


def _nodes(whole: WholePass, i: int, digits: int) -> Iterator[Row]:
    """Yield net, y, f', dE/dy and delta of every node; what has cancelled is a dash."""
    bp, sign = whole.passed.bp, whole.notation.sign
    for l, width in enumerate(whole.passed.network.sizes[1:], 1):
        columns = (bp.nets[l], bp.outputs[l], whole.passed.slopes[l], bp.dE_dy[l])
        for j in range(width):
            held = [_cell(column, i, j, digits) for column in columns]
            yield f"{l},{j + 1}", *held, number(sign * float(bp.deltas[l][i, j]), digits)


def _cell(column: Any, i: int, j: int, digits: int) -> str:
    return "-" if column is None else number(float(column[i, j]) + 0.0, digits)  # no -0


def _gradients(whole: WholePass, digits: int) -> Iterator[Row]:
    net = whole.passed.network
    most = max(net.sizes[:-1])
    yield "l,j", "bias", *(f"k = {k}" for k in range(1, most + 1))
    for l, layer in enumerate(net.unpack(whole.passed.bp.gradient), 1):
        for j, row in enumerate(layer["W"]):
            bias = number(float(layer["b"][j]), digits) if "b" in layer else "-"
            cells = [number(float(v), digits) for v in row]
            yield f"{l},{j + 1}", bias, *cells, *[""] * (most - len(cells))
