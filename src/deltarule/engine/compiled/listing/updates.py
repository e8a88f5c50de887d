"""The text of an update along theta, array by array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deltarule.engine.compiled.expressions.moving import TURN
from deltarule.engine.compiled.expressions.text import Assignment, Wording
from deltarule.engine.compiled.expressions.tracing import NUMBER, Graph, Node
from deltarule.engine.compiled.expressions.updates import clipped, decay, entry, moved, nothing
from deltarule.engine.compiled.listing.small import indented
from deltarule.engine.compiled.programs.update import layer_factors
from deltarule.engine.compiled.specialisation import Specialisation


@dataclass(frozen=True)
class Array:
    """Parameters that an update treats alike."""

    name: str
    layer: int
    penalised: bool
    trained: bool

    @property
    def called(self) -> dict[str, str]:
        """The names of w and dE/dw in it."""
        return {"w": self.name, "dE_dw": f"dE_d{self.name}"}


class Updates:
    """The lines of updates, and the functions that they call.

    Args:
        spec: what the program is made from.
        statements: what makes lines of assignments.
        nodes: the terms that occur; those of updates are added.
        meet: the lines that say where threads meet.
    """

    def __init__(
        self,
        spec: Specialisation,
        statements: Callable[..., list[str]],
        nodes: list[Node],
        meet: Callable[[], list[str]],
    ) -> None:
        self.spec, self.objective = spec, spec.objective
        self._statements, self.nodes, self._meet = statements, nodes, meet
        self._functions: dict[tuple[str, ...], str] = {}

    @property
    def functions(self) -> list[str]:
        """The lines of the functions."""
        several = self._functions.items()
        return [line for text, name in several for line in _function(name, text)]

    def lines(self, arrays: Sequence[Array]) -> list[str]:
        """Return the lines that update some arrays together."""
        found = [] if self.spec.clipping.norm is None else self._measure(arrays)
        for array in arrays:
            found += self._change(array)
        return found

    def _in_turn(self, l: int, changes: list[str]) -> list[str]:
        """Return the lines that update a layer, where each has its turn with the turn asked for."""
        if self.objective.rule.order != "layerwise":
            return changes
        self.nodes.append(Graph().symbol(TURN, NUMBER))
        return [f"if {TURN} == {l - 1}:", *indented(changes)]

    def _measure(self, arrays: Sequence[Array]) -> list[str]:
        """The square of the gradient's length, over all that is trained."""
        found = ["squares = 0"]
        for array in arrays:
            if array.trained:
                graph = Graph()
                _, g = entry(graph, self.spec, array.penalised, array.trained)
                (term,) = clipped(graph, self.spec, g)[1]
                targets = [("squares", "+=", graph.apply("sum", graph.node(term)))]
                found += self._statements(graph, targets, array.called)
        return found + self._meet()

    def _change(self, array: Array) -> list[str]:
        """Penalty and update of one array."""
        spec, graph, name = self.spec, Graph(), array.name
        w, g = entry(graph, spec, array.penalised, array.trained)
        targets: list[Assignment] = []
        if array.penalised and self.objective.penalties:
            term = graph.symbol("weight", NUMBER) * graph.apply("sum", decay(graph, spec, w))
            targets.append(("penalties", "+=", term))
        if spec.clipping.value is not None:
            targets.append(("penalties", "+=", graph.apply("sum", nothing(g))))
        slots = spec.slots
        kept = ", ".join([name, *(f"{slot}_{name}" for slot in slots)])
        given = ", ".join([name, f"dE_d{name}", *(f"{slot}_{name}" for slot in slots)])
        function = self._updating(array)
        update = self._in_turn(array.layer, [f"{kept} = {function}({given})"])
        return [*self._statements(graph, targets, array.called), *update]

    def _updating(self, array: Array) -> str:
        """Return the name of the function that updates such an array's entries."""
        spec, graph = self.spec, Graph()
        l, penalised, trained = array.layer, array.penalised, array.trained
        w, g = entry(graph, spec, penalised, trained)
        if trained and spec.clipping.active:
            g, _ = clipped(graph, spec, g)
        slots = [graph.symbol(name) for name in spec.slots]
        factor = layer_factors(spec)[l]
        new = moved(graph, spec, w, g, penalised, slots, factor)
        pairs = list(zip(spec.slots, new[1:], strict=True))
        targets = [(name, "=", node) for name, node in (*pairs, ("w", new[0]))]
        wording = Wording()
        wording.count(targets)
        self.nodes += new
        kept = ", ".join(["w", *spec.slots])
        given = ", ".join(["w", "dE_dw", *spec.slots])
        text = (given, *wording.statements(targets), f"return {kept}")
        kind = "weights" if penalised else "biases" if trained else "kept_biases"
        first = f"update_{kind}" if factor == 1.0 else f"update_{kind}_{l}"
        return self._functions.setdefault(text, first if self._functions else "update")


def _function(name: str, text: tuple[str, ...]) -> list[str]:
    return [f"def {name}({text[0]}):", *indented(text[1:])]
