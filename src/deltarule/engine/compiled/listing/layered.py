"""The text of a layered program: products of matrices, and what is done with their entries.

`WT_l` is W_l as the program keeps it, transposed; `W_l` is what carries delta back.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from deltarule.engine.compiled.expressions.formulas import (
    activated,
    carrier,
    output_row,
    way_back,
)
from deltarule.engine.compiled.expressions.text import Assignment, Wording
from deltarule.engine.compiled.expressions.tracing import Graph, Node
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.listing.small import LEARN, batches_head, indented
from deltarule.engine.compiled.listing.updates import Array, Updates
from deltarule.engine.compiled.programs.layered.backward_matrix import backward_matrices
from deltarule.engine.compiled.programs.layered.packing import Packing
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.rule_state import matrix_shape


def layered_lines(spec: Specialisation, machine: Machine, batch: int, threads: int) -> list[str]:
    """Return the lines of a layered program."""
    return _Text(spec, machine, batch, threads).lines()


class _Text:
    def __init__(self, spec: Specialisation, machine: Machine, batch: int, threads: int) -> None:
        self.spec, self.machine, self.batch, self.threads = spec, machine, batch, threads
        self.objective = spec.objective
        self.blocks = Packing.of(self.objective.network, machine, spec.dtype).blocks
        self.moves = {l: B.moves for l, B in backward_matrices(self.objective).items()}
        self.numbers = count(1)
        self.nodes: list[Node] = []
        self.update = Updates(spec, self._statements, self.nodes, self._meet)

    def lines(self) -> list[str]:
        """Return the whole program."""
        L = len(self.blocks)
        passes = [f"X, T{', s' * self.spec.weighted} = batch"]
        passes += self._share("its part of the batch's rows")
        for l in range(1, L + 1):
            passes += self._forward(l)
        passes += self._output()
        learn: list[str] = []
        for layers, above in way_back(L, self.objective.rule.sequential):
            if layers:
                learn += self._descend(layers)
            if above is not None:
                learn += self._back(above)
        loop = [*passes, LEARN, *indented(learn)]
        turned = [line for l in range(2, L + 1) for line in self._turn(l)]
        head = [*self._head(), *self.update.functions, *turned, batches_head(self.nodes)]
        return [*head, *indented(loop)]

    def _head(self) -> list[str]:
        lanes = self.machine.lanes(self.spec.dtype)
        several = f", {self.threads} threads" if self.threads > 1 else ""
        found = [f"# layer by layer: {self.spec.dtype}, {lanes} lanes{several}"]
        for l, block in enumerate(self.blocks, 1):
            padding = f", rows padded to {block.width}" if block.width != block.units else ""
            found.append(f"# WT_{l}: {block.inputs} x {block.units}{padding}")
        return found

    def _share(self, what: str) -> list[str]:
        return [f"# every thread: {what}"] if self.threads > 1 else []

    def _meet(self) -> list[str]:
        return ["# the threads meet"] if self.threads > 1 else []

    def _input(self, l: int) -> str:
        return "X" if l == 1 else f"y_{l - 1}"

    def _statements(
        self,
        graph: Graph,
        targets: Sequence[Assignment],
        names: dict[str, str],
        across: tuple[str, str] = ("sum", "max"),
        divide: bool = False,
    ) -> list[str]:
        common = graph.common_divisors() if divide else ()
        wording = Wording(names, common, across, self.numbers)
        wording.count(targets)
        self.nodes += [node for _, _, node in targets]
        return wording.statements(targets)

    def _forward(self, l: int) -> list[str]:
        """net_l = y_{l-1} W_l^T + b_l, and in hidden layers y_l and what stands for f'."""
        block = self.blocks[l - 1]
        bias = "" if block.bias is None else f" + b_{l}"
        sizes = f"({self.batch} x {block.inputs}) ({block.inputs} x {block.units})"
        found = [f"net_{l} = {self._input(l)} @ WT_{l}{bias}  # {sizes}"]
        if l == len(self.blocks):
            return found
        graph = Graph()
        y, slope = activated(graph, self.objective, l)
        targets = [(f"y_{l}", "=", y), (f"slope_{l}", "=", slope)]
        return found + self._statements(graph, targets, {"net": f"net_{l}"}, divide=True)

    def _output(self) -> list[str]:
        """delta_L and E, along the rows of the output layer."""
        L = len(self.blocks)
        graph = Graph(across=lambda op, row: graph.apply(f"across {op}", graph.fold(op, row.terms)))
        nets, targets = [graph.symbol(f"net_{L}")], [graph.symbol("T")]
        error, (delta,), sources = output_row(graph, self.spec, nets, targets, None)
        found = [(f"delta_{L}", "=", delta)]
        found += [(f"source_{l}", "=", carried) for l, (carried,) in sources.items()]
        found.append(("errors", "+=", graph.apply("sum", error)))
        return self._statements(graph, found, {}, ("row_sum", "row_max"))

    def _back(self, l: int) -> list[str]:
        below = self.blocks[l - 2]
        rows = matrix_shape(self.objective, l)[0]
        sizes = f"({self.batch} x {rows}) ({rows} x {below.units})"
        carried = "source" if self.objective.feedbacks[l].kind == "direct" else "delta"
        return [f"delta_{l - 1} = ({carried}_{l} @ W_{l}) * slope_{l - 1}  # {sizes}"]

    def _descend(self, layers: Sequence[int]) -> list[str]:
        """Gradient and update of some layers, between two meetings of the threads."""
        found = self._meet() + self._share("its part of the rows of WT")
        for l in layers:
            found += self._gradient(l)
        found += self.update.lines([array for l in layers for array in self._arrays(l)])
        for l in layers:
            found += self._turn(l) if l > 1 and self.moves[l] else []
        return found + self._meet()

    def _gradient(self, l: int) -> list[str]:
        block = self.blocks[l - 1]
        sizes = f"({block.inputs} x {self.batch}) ({self.batch} x {block.units})"
        found = [f"dE_dWT_{l} = {self._input(l)}.T @ delta_{l}  # {sizes}"]
        if block.bias is not None:
            found.append(f"dE_db_{l} = column_sum(delta_{l})")
        return found

    def _arrays(self, l: int) -> list[Array]:
        block = self.blocks[l - 1]
        found = [Array(f"WT_{l}", l, penalised=True, trained=True)]
        b = Array(f"b_{l}", l, penalised=False, trained=block.train_bias)
        return found if block.bias is None else [*found, b]

    def _turn(self, l: int) -> list[str]:
        """What carries delta back through layer l."""
        graph = Graph()
        names = {"w": f"WT_{l}.T", "B": f"B_{l}"}
        return self._statements(graph, [(f"W_{l}", "=", carrier(graph, self.objective, l))], names)
