"""What the parts of a layered program share while its function is written."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.instructions.operations import Module, Ops
from deltarule.engine.compiled.programs.arguments import CallValues, kernel_function
from deltarule.engine.compiled.programs.barrier import ThreadGroup
from deltarule.engine.compiled.programs.layered.memory import Memory
from deltarule.engine.compiled.programs.layered.packing import Packing
from deltarule.engine.compiled.specialisation import Specialisation, element

__all__ = ["Kernel"]

_WORD, _DOUBLE = ir.IntType(64), ir.DoubleType()


class Kernel:
    """The function `run(arguments, thread)`: its values, its memory, this thread's share."""

    def __init__(self, spec: Specialisation, machine: Machine, batch: int, threads: int) -> None:
        self.spec, self.machine = spec, machine
        self.element = element(spec.dtype)
        self.network = spec.objective.network
        self.packing = Packing.of(self.network, machine, spec.dtype)
        self.memory = Memory(self.packing, spec.dtype, batch, threads, spec.objective)
        self.module = Module(machine)

    def begin(self) -> None:
        """Write the function's entrance."""
        run = kernel_function(self.module, "run")
        o = Ops(ir.IRBuilder(run.append_basic_block()))
        self.o, self.call = o, CallValues(o, run.args[0])
        self.number = run.args[1]
        self.group = ThreadGroup(o, self.address("barrier"), self.number, self.call.threads)
        self.sums = [o.b.alloca(_DOUBLE) for _ in range(2)]

    @property
    def text(self) -> str:
        """The module's text."""
        return str(self.module)

    def address(self, name: str) -> Any:
        """Return the address of a part of the working memory."""
        return self.memory.address(self.o, self.call.scratch, name)

    def share_of_weights(self, l: int) -> tuple[Any, Any]:
        """Return this thread's part [k0, k1) of the rows of W_l^T."""
        inputs = ir.Constant(_WORD, self.packing.blocks[l - 1].inputs)
        return self.group.share(ir.Constant(_WORD, 0), inputs, 8)
