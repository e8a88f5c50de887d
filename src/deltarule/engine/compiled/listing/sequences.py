"""The text of a program of sequences: the steps of every layer's nodes, forwards and backwards.

`y` is what a layer gives, `below` what is below it; before the first step both are 0, and so are
the further parts of its state. A Jordan layer's hidden nodes, which come before y in each step, are
`h`, and have `h_` before their other names. `net_k` are a node's sums of products, `saved_k` what
the way back needs of a step, `delta_k` dE/dnet_k of step t; after the last step the deltas are 0.
Gates are numbered as they stand in W, U and b.
"""

from __future__ import annotations

from itertools import count

from deltarule.engine.compiled.expressions.formulas import output_terms
from deltarule.engine.compiled.expressions.text import Assignment, Wording
from deltarule.engine.compiled.expressions.tracing import Graph, Node
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.listing.small import LEARN, batches_head, indented
from deltarule.engine.compiled.listing.updates import Array, Updates
from deltarule.engine.compiled.programs.sequences.packing import Packing
from deltarule.engine.compiled.programs.sequences.plan import Plan
from deltarule.engine.compiled.programs.sequences.program import groups_of, lanes_of
from deltarule.engine.compiled.programs.sequences.stages import Product, Stage
from deltarule.engine.compiled.specialisation import Specialisation


def sequence_lines(spec: Specialisation, machine: Machine, batch: int, threads: int) -> list[str]:
    """Return the lines of a program of sequences."""
    return _Text(spec, threads).lines(machine, batch)


class _Text:
    def __init__(self, spec: Specialisation, threads: int) -> None:
        self.spec, self.threads, self.numbers = spec, threads, count(1)
        self.layout = spec.objective.network.layout
        self.plan = Plan(spec, Packing(self.layout, spec.dtype), 1)
        self.nodes: list[Node] = []

    def lines(self, machine: Machine, batch: int) -> list[str]:
        """Return the whole program."""
        lanes = lanes_of(machine, self.spec.dtype, batch)
        groups, together = groups_of(machine, self.spec.dtype, batch)
        stages = self.plan.stages
        passes = [line for stage in stages for line in self._forward(stage)] + self._output()
        back = [line for stage in reversed(stages) for line in self._backward(stage)]
        sample = f"x, T{', s' * self.spec.weighted}, inside"
        body = [f"for {sample} in blocks(batch):  # {lanes} observations in the lanes"]
        body += indented([*passes, LEARN, *indented(back)])
        if groups > 1:
            body.append(f"# dE_dw: the sum over {groups} groups of {together} observations")
        update = Updates(self.spec, self._statements, self.nodes, self._meet)
        arrays = [
            Array(f"{p.name}_{e.layer}", e.layer, p.penalised, p.trained)
            for e, p in ((e, e.parameter) for e in self.layout.entries)
        ]
        body += [*self._meet(), LEARN, *indented(update.lines(arrays)), *self._meet()]
        several = f", {self.threads} threads" if self.threads > 1 else ""
        head = f"# sequences: {self.spec.dtype}{several}"
        return [head, *update.functions, batches_head(self.nodes), *indented(body)]

    def _meet(self) -> list[str]:
        return ["# the threads meet"] if self.threads > 1 else []

    def _statements(
        self, graph: Graph, targets: list[Assignment], names: dict[str, str]
    ) -> list[str]:
        wording = Wording(names, numbers=self.numbers)
        wording.count(targets)
        self.nodes += [node for _, _, node in targets]
        return wording.statements(targets)

    def _step(
        self, known: dict[Node, str], targets: list[Assignment], names: dict[str, str]
    ) -> list[str]:
        """Return assignments in which some terms have names already."""
        wording = Wording(names, numbers=self.numbers)
        for node, name in known.items():
            wording.call(node, name)
        wording.count(targets)
        return wording.statements(targets)

    def _forward(self, stage: Stage) -> list[str]:
        parts = stage.parts
        lines = [line for part in parts for line in self._forward_of(part, _Words(stage, part))]
        nodes = " and ".join(str(part.units) for part in parts)
        head = f"for t in 1..{stage.below.steps}:  # layer {stage.l}, each of {nodes} nodes"
        return [head, *indented(lines)]

    def _forward_of(self, stage: Stage, words: _Words) -> list[str]:
        step = stage.step
        lines, known = [], {}
        for s, part in enumerate(step.sums):
            known[part.term] = name = f"{words.mark}net_{s}"
            terms = [bias.name for bias in stage.biases if bias.sum == s]
            terms += [f"{p.name} @ {words.source(p)}" for p in stage.products if p.sum == s]
            lines.append(f"{name} = {' + '.join(terms)}")
        states = [words.gives, *(f"state_{k}" for k in range(1, len(step.after)))]
        names = {f"state[{k}]": f"{name}[t-1]" for k, name in enumerate(states)}
        targets = [(f"{n}[t]", "=", node) for n, node in zip(states, step.after, strict=True)]
        targets += [(f"{words.mark}saved_{k}[t]", "=", node) for k, node in enumerate(step.saved)]
        return lines + self._step(known, targets, names)

    def _backward(self, stage: Stage) -> list[str]:
        parts = tuple(reversed(stage.parts))
        lines = [line for part in parts for line in self._backward_of(stage, part)]
        cut = ""
        if stage.truncate is not None:
            k1, k2 = stage.truncate
            cut = f", cut: a way back of {k2} steps begins every {k1}, with the errors of these"
        return [f"for t in {stage.below.steps}..1:  # layer {stage.l}{cut}", *indented(lines)]

    def _backward_of(self, whole: Stage, stage: Stage) -> list[str]:
        step, words = stage.step, _Words(whole, stage)
        if stage is whole:
            fed = whole.parts[0]
            behind = [_Words(whole, fed).carried(p) for p in fed.products if p.own]
            terms = ["dE_dy[t]", *behind]
        else:
            terms = [_Words(whole, whole).carried(p) for p in whole.products]
        names = {f"dE_dstate[{k}]": f"carried_{k}" for k in range(len(step.dE_dstate))}
        names |= {"dE_dy": "dE_dy_t", "dE_dstate[0]": "dE_dy_t"}
        if step.carried and step.carried[0] is not None:
            terms.append("carried_0")
        mark = words.mark
        targets = [(f"{mark}delta_{k}[t]", "=", node) for k, node in enumerate(step.deltas)]
        carried = enumerate(step.carried)
        targets += [(f"carried_{k}", "=", node) for k, node in carried if node is not None]
        known = {node: f"{mark}saved_{k}[t]" for k, node in enumerate(step.saved)}
        lines = [f"dE_dy_t = {' + '.join(terms)}", *self._step(known, targets, names)]
        below = [words.carried(p) for p in stage.products if not p.own]
        if stage.dE_dx is not None:
            lines.append(f"dE_dbelow[t] = {' + '.join(below)}")
        l = stage.l
        for p in stage.products:
            delta, source = f"{mark}delta_{p.delta}[t]", words.source(p)
            lines.append(f"dE_d{_of(p.name, l)} += outer({delta}, {source})")
        own = stage.biases
        return [*lines, *(f"dE_d{_of(b.name, l)} += {mark}delta_{b.delta}[t]" for b in own)]

    def _output(self) -> list[str]:
        graph = Graph(across=lambda op, row: graph.apply(f"across {op}", graph.fold(op, row.terms)))
        error, (delta,) = output_terms(
            graph, self.spec, [graph.symbol("y[t]")], [graph.symbol("T[t]")]
        )
        wording = Wording({"s[1]": "s"}, across=("row_sum", "row_max"), numbers=self.numbers)
        targets = [("dE_dy[t]", "=", delta), ("errors", "+=", graph.apply("sum", error))]
        wording.count(targets)
        head = f"for t in 1..{self.plan.y.steps}:  # the output"
        return [head, *indented(wording.statements(targets))]


class _Words:
    """What the nodes of a step are called: those before others are h, and marked so."""

    def __init__(self, whole: Stage, part: Stage) -> None:
        inner = part is not whole
        self.mark, self.gives = ("h_", "h") if inner else ("", "y")
        self._reads = "below" if inner or whole.inner is None else "h"

    def source(self, p: Product) -> str:
        """Return what a product meets."""
        return f"{'y' if p.own else self._reads}[t{f'-{p.lag}' if p.lag else ''}]"

    def carried(self, p: Product) -> str:
        """Return what the deltas of the step, or a later one, are worth to a source."""
        return f"{self.mark}delta_{p.delta}[t{f'+{p.lag}' if p.lag else ''}] @ {p.name}"


def _of(name: str, l: int) -> str:
    """Return a parameter's name with its layer's number, `W_1[0]`."""
    array, *part = name.split("[", 1)
    return f"{array}_{l}{''.join('[' + text for text in part)}"
