"""What the parts of a layered program share while its function is written."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import Module, Ops
from deltarule.engine.compiled.programs.arguments import LapValues, lap_function
from deltarule.engine.compiled.programs.barrier import Team
from deltarule.engine.compiled.programs.layered.memory import Memory
from deltarule.engine.compiled.programs.layered.packing import Packing
from deltarule.engine.compiled.specialisation import Recipe, element

__all__ = ["Kernel"]

_WORD, _DOUBLE = ir.IntType(64), ir.DoubleType()


class Kernel:
    """The function `run(arguments, thread)`: its values, its memory, this thread's share."""

    def __init__(self, recipe: Recipe, machine: Machine, batch: int, threads: int) -> None:
        self.recipe, self.machine = recipe, machine
        self.element = element(recipe.dtype)
        self.network = recipe.objective.network
        self.packing = Packing.of(self.network, machine, recipe.dtype)
        self.memory = Memory(self.packing, recipe.dtype, batch, threads)
        self.module = Module(machine)

    def begin(self) -> None:
        """Write the function's entrance."""
        run = lap_function(self.module, "run")
        o = Ops(ir.IRBuilder(run.append_basic_block()))
        self.o, self.lap = o, LapValues(o, run.args[0])
        self.number = run.args[1]
        self.team = Team(o, self.address("team"), self.number, self.lap.threads)
        self.sums = [o.b.alloca(_DOUBLE) for _ in range(2)]

    @property
    def text(self) -> str:
        """The module's text."""
        return str(self.module)

    def address(self, name: str) -> Any:
        """Return the address of a part of the working memory."""
        return self.memory.address(self.o, self.lap.scratch, name)

    def share_of_weights(self, l: int) -> tuple[Any, Any]:
        """Return this thread's part [k0, k1) of the rows of W_l^T."""
        inputs = ir.Constant(_WORD, self.packing.blocks[l - 1].inputs)
        return self.team.share(ir.Constant(_WORD, 0), inputs, 8)
