"""Programs: which form suits a spec, and the machine code of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from deltarule.core.arrays import Array
from deltarule.core.machine import cores
from deltarule.engine.compiled.compiler.cache import cached
from deltarule.engine.compiled.compiler.jit import PIPELINE, compile_module, load
from deltarule.engine.compiled.expressions.backpropagation import check_specialisation
from deltarule.engine.compiled.expressions.tracing import Untraceable
from deltarule.engine.compiled.instructions.machine import Machine, host
from deltarule.engine.compiled.programs.arguments import Call
from deltarule.engine.compiled.programs.lanes import lanes_module, lanes_size
from deltarule.engine.compiled.programs.layered.program import Layered
from deltarule.engine.compiled.programs.registers import registers_module
from deltarule.engine.compiled.programs.sequences.plan import check_sequences
from deltarule.engine.compiled.programs.sequences.program import Sequences, groups_of
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.layers import Dense
from deltarule.network import Network

IN_REGISTERS = 200
"""Networks up to this many parameters are held in registers."""

IN_LANES = 4
"""Batches from this size on have their observations side by side, in small networks."""

PER_THREAD = 1.5e6
"""The operations of an update from which another thread helps."""

PER_THREAD_THROUGH_TIME = 1e7
"""The same for sequences: about 0.1 ms, of which less is lost where threads wait for each other on
a machine that others use, too."""

MOST_THREADS = 16


@dataclass(frozen=True)
class Program:
    """Machine code for one spec."""

    form: str
    """`"registers"`, `"lanes"`, `"layered"` or `"sequences"`."""
    run: Callable[[Any, int], None]
    """run(call, number): do one `Call` as the thread of that number."""
    size: int
    """Entries of a vector such as theta, as the program keeps it."""
    pack: Callable[[Array, Array], None]
    """pack(theta, into): write theta as the program keeps it."""
    unpack: Callable[[Array, Array], None]
    """unpack(packed, into): the inverse."""
    threads: int = 1
    """How many threads do a call together."""
    memory: int = 0
    """Bytes of working memory."""
    barrier: int = 0
    """Where in it the threads' counter is."""
    kept: tuple[int, tuple[int, int, int]] | None = None
    """Where in it states go from window to window, [block][node][lane], and that shape."""


def built(text: str, machine: Machine) -> Callable[[Any, int], None]:
    """Return the function `run` of a module's text."""
    code = cached(f"; {PIPELINE}\n{text}", machine, lambda: compile_module(text, machine))
    kinds = (None, ctypes.POINTER(Call), ctypes.c_int64)
    function: Callable[[Any, int], None] = load(code, machine).function("run", *kinds)
    return function


@lru_cache(maxsize=64)
def program(
    spec: Specialisation, batch_size: int, numbers: int = 0, threads: int | None = None
) -> Program:
    """Return the (cached) program for a spec; raises `Untraceable` where there can be none.

    `numbers` is how many the samples' larger array has, `threads` how many threads may work.
    """
    network = spec.objective.network
    form, machine = form_of(spec, batch_size, numbers), host()
    if form == "lanes":
        run = built(lanes_module(spec, machine, batch_size), machine)
        return Program("lanes", run, lanes_size(spec, machine), _copy, _uncopy)
    if form == "registers":
        run = built(registers_module(spec, machine), machine)
        return Program("registers", run, network.size, _copy, _uncopy)
    threads = thread_count(spec, batch_size, threads)
    writer = Sequences if form == "sequences" else Layered
    written = writer(spec, machine, batch_size, threads)
    packing, memory = written.packing, written.memory
    return Program(
        form,
        built(written.text, machine),
        packing.size,
        packing.pack,
        packing.unpack,
        threads,
        memory.bytes,
        memory["barrier"],
        (memory["kept"], written.kept) if isinstance(written, Sequences) and written.kept else None,
    )


def form_of(spec: Specialisation, batch_size: int, numbers: int = 0) -> str:
    """Return the form of a spec's program; raises `Untraceable` where there can be none."""
    if any(type(layer) is not Dense for layer in spec.objective.network.layers):
        check_sequences(spec)
        if numbers >= 2**31:  # its lanes count their places with 32 bits
            raise Untraceable(f"{numbers:,} numbers are too many for sequences side by side")
        return "sequences"
    check_specialisation(spec)
    small = spec.objective.network.size <= IN_REGISTERS
    sequential = spec.objective.rule.sequential
    some = not spec.objective.rule.choice.everything
    if small and batch_size >= IN_LANES and not (sequential or some):
        return "lanes"
    if small and (spec.online or not sequential):
        return "registers"
    if spec.optimiser.by_error:
        raise Untraceable(f"{spec.optimiser.name} looks at E, which threads find in parts")
    if some:
        raise Untraceable("a choice of weights, layer by layer")
    if sequential and spec.objective.penalties:
        raise Untraceable("the sequential order with a penalty, layer by layer")
    return "layered"


def thread_count(spec: Specialisation, batch_size: int, threads: int | None = None) -> int:
    """Return how many threads do an update together: `threads` at most."""
    network = spec.objective.network
    each, most = PER_THREAD, min(threads or cores(), MOST_THREADS)
    if any(type(layer) is not Dense for layer in network.layers):
        each = PER_THREAD_THROUGH_TIME
        most = min(most, groups_of(host(), spec.dtype, batch_size)[0])
    return int(min(most, max(1.0, operations(network, batch_size) / each)))


def operations(network: Network, batch_size: int) -> float:
    """Return roughly the operations of an update: six for every weight, observation and step."""
    steps = max((shape[0] for shape in network.shapes if len(shape) == 2), default=1)
    return 6.0 * network.size * batch_size * steps


def _copy(theta: Array, into: Array) -> None:
    into[: theta.size] = theta


def _uncopy(packed: Array, into: Array) -> None:
    into[...] = packed[: into.size]
