"""The program that is made for a network, as a text in Python's notation.

It is written from the graphs that the program itself is written from (`formulas.py`), in the form
that `program.py` chooses. Lines end in what the machine does with them: lanes, threads, sizes.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import DTypeLike

from deltarule.core.arguments import boolean, float_type, whole
from deltarule.core.errors import UsageError
from deltarule.engine.compiled.expressions.tracing import Untraceable
from deltarule.engine.compiled.instructions.machine import Machine, host
from deltarule.engine.compiled.listing.layered import layered_lines
from deltarule.engine.compiled.listing.sequences import sequence_lines
from deltarule.engine.compiled.listing.small import lanes_lines, registers_lines
from deltarule.engine.compiled.programs.lanes import lanes_module
from deltarule.engine.compiled.programs.layered.program import Layered
from deltarule.engine.compiled.programs.program import form_of, thread_count
from deltarule.engine.compiled.programs.registers import registers_module
from deltarule.engine.compiled.programs.sequences.program import Sequences
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.engine.objective import Objective, check_order
from deltarule.network import Network
from deltarule.optim import Clipping, elementwise


def compiled_source(
    net: Network, loss: Any, reduction: str, rule: Any, optimizer: Any, batch_size: int, l2: float,
    sample_weight: bool, clip_norm: float | None, clip_value: float | None, dtype: DTypeLike,
    llvm: bool, penalty: Any,
) -> str:  # fmt: skip
    """Return the program that the compiled engine makes; see `Network.compiled_source`."""
    kind = float_type("compiled_source: dtype", dtype)
    if kind.name not in ("float32", "float64"):
        raise UsageError(f"compiled_source: dtype has to be float32 or float64, not {kind}")
    size = whole("compiled_source: batch_size", batch_size, 1)
    objective = Objective.of(net, loss, reduction, rule, l2, penalty)
    optimiser, clipping = elementwise(optimizer, "compiled_source"), Clipping(clip_norm, clip_value)
    check_order(objective.rule, optimiser, clipping)
    weighted = boolean("compiled_source: sample_weight", sample_weight)
    spec = Specialisation(objective, optimiser, clipping, kind, weighted, size == 1)
    try:
        form = form_of(spec, size)
    except Untraceable as reason:
        raise UsageError(
            f"compiled_source: this cannot be compiled: {reason}; the reference engine does it"
        ) from None
    if llvm:
        return _module(form, spec, host(), size)
    return listing(form, spec, host(), size)


def _module(form: str, spec: Specialisation, machine: Machine, batch: int) -> str:
    """Return the text of the module that is compiled."""
    if form == "registers":
        return registers_module(spec, machine)
    if form == "lanes":
        return lanes_module(spec, machine, batch)
    writer = Sequences if form == "sequences" else Layered
    return writer(spec, machine, batch, thread_count(spec, batch)).text


def listing(form: str, spec: Specialisation, machine: Machine, batch: int) -> str:
    """Return the text of a program of the given form."""
    if form == "registers":
        lines = registers_lines(spec)
    elif form == "lanes":
        lines = lanes_lines(spec, machine, batch)
    else:
        write = sequence_lines if form == "sequences" else layered_lines
        lines = write(spec, machine, batch, thread_count(spec, batch))
    if any("uniform(" in line for line in lines):
        what = "of a node, told by its net, or of a weight"
        lines.insert(1, f"# uniform: a number in [0, 1) {what}, drawn by seed, update and row")
    if spec.optimiser.by_error:
        lines.insert(1, "# E: that of the batch before its update, without the penalty")
    if any("lr * factor" in line for line in lines):
        lines.insert(1, "# factor: what lr is multiplied by, for every entry of theta its own")
    return "\n".join(lines) + "\n"
