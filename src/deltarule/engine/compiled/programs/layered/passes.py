"""The products of forward and backward pass as functions, with what is done to their results."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.formulas import activated
from deltarule.engine.compiled.expressions.moving import drawn_number
from deltarule.engine.compiled.expressions.tracing import Graph
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import Ops
from deltarule.engine.compiled.products.product import Product, columns_product, rows_product
from deltarule.engine.compiled.programs.layered.memory import Memory
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.rule_state import matrix_shape


class Passes:
    """A program's products, by the number of the layer.

        forward[l]    net_l = y_{l-1} W_l^T + b_l, and y_l = f_l(net_l) before the last layer
        back[l]       dE/dy_{l-1} = delta_l W_l, and delta_{l-1} = dE/dy_{l-1} f'(net_{l-1})
        gradient[l]   dE/dW_l^T = y_{l-1}^T delta_l

    The argument `extra` of forward and back is the program's working memory. What has the nodes of
    a layer in `by_columns` for columns is divided by them.
    """

    def __init__(
        self,
        spec: Specialisation,
        machine: Machine,
        module: ir.Module,
        memory: Memory,
        by_columns: Collection[int],
    ) -> None:
        self._spec, self._memory = spec, memory
        self.forward: dict[int, Product] = {}
        self.back: dict[int, Product] = {}
        self.gradient: dict[int, Product] = {}
        blocks, dtype = memory.packing.blocks, spec.dtype
        for l, block in enumerate(blocks, 1):
            before = block.inputs if l == 1 else blocks[l - 2].width
            sizes: dict[str, Any] = {
                "width": block.width, "lda": before, "ldb": block.width, "ldc": block.width
            }  # fmt: skip
            self.forward[l] = rows_product(
                module, f"forward{l}", machine, dtype, depth=block.inputs, **sizes, gathered=l == 1,
                start=block.bias is not None, finish=self._activate(l) if l < len(blocks) else None,
                divided=l in by_columns,
            )  # fmt: skip
            self.gradient[l] = columns_product(
                module,
                f"gradient{l}",
                machine,
                dtype,
                columns=block.inputs,
                **sizes,
                gathered=l == 1,
                divided=l in by_columns,
            )
            if l > 1:
                depth = matrix_shape(spec.objective, l)[0]  # n_l, or n_L
                direct = spec.objective.feedbacks[l].kind == "direct"
                above = blocks[-1].width if direct else block.width
                sizes = {"width": before, "lda": above, "ldb": before, "ldc": before}
                self.back[l] = rows_product(
                    module, f"back{l}", machine, dtype, depth=depth, **sizes, gathered=False,
                    start=False, finish=self._bend(l - 1), divided=l - 1 in by_columns,
                )  # fmt: skip
        every = (*self.forward.values(), *self.back.values(), *self.gradient.values())
        self.scratch = max(product.scratch for product in every)
        """Bytes that every thread needs for itself."""

    def _activate(self, l: int) -> Any:
        """Return the epilogue of a forward product: y = f(net) is stored, and f'(net) kept.

        Both at once, since they have most of their terms in common.
        """
        objective = self._spec.objective

        def finish(o: Ops, i: Any, j: Any, value: Any) -> Any:
            graph = Graph()
            y, slope = activated(graph, objective, l)
            lower = Lowering(o, value.type, graph.common_divisors())
            lower.bind(graph.symbol("net"), value)
            if l in self._memory.draws:
                own = l, i, j, value.type
                found = self._memory.drawn_numbers(o, o.b.function.args[-1], *own)
                lower.bind(drawn_number(graph, graph.symbol("net")), found)
            offset = self._memory.entry(o, o.b.function.args[-1], "slope", l, i, j)
            o.store(lower(slope), offset)
            return lower(y)

        return finish

    def _bend(self, l: int) -> Any:
        """Return the epilogue of a backward product: delta_l = dE/dy_l * f_l'(net_l)."""

        def finish(o: Ops, i: Any, j: Any, value: Any) -> Any:
            offset = self._memory.entry(o, o.b.function.args[-1], "slope", l, i, j)
            return o.mul(value, o.load(offset, value.type))

        return finish
