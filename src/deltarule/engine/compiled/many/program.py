"""Programs for many networks side by side: training, and E over samples without an update."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.compiler.lowering import Lowering
from deltarule.engine.compiled.expressions.backpropagation import check_specialisation, observation
from deltarule.engine.compiled.expressions.symbols import theta_symbols
from deltarule.engine.compiled.expressions.tracing import NUMBER, Graph, Node, Untraceable
from deltarule.engine.compiled.instructions.machine import Machine, host
from deltarule.engine.compiled.instructions.operations import WORD, Module, Ops, vector_of, word
from deltarule.engine.compiled.programs.arguments import Call, CallValues, kernel_function
from deltarule.engine.compiled.programs.program import IN_REGISTERS, built
from deltarule.engine.compiled.programs.registers import write_registers
from deltarule.engine.compiled.programs.side_by_side import ProgramKey
from deltarule.engine.compiled.specialisation import Specialisation, element

Run = Callable[[Any, int], None]


def lanes_for(spec: Specialisation, networks: int) -> int:
    """Return how many networks lie side by side: a fixed function of the job.

    Two registers' worth keep the processor busy while one waits; fewer networks fill fewer lanes.
    """
    most = host().lanes(spec.dtype) * 2
    return max(2, min(most, 1 << (networks - 1).bit_length()))


@lru_cache(maxsize=64)
def training(spec: Specialisation, form: ProgramKey) -> Run:
    """Return `run(calls, count)`, which does so many calls one after the other.

    Behind each epoch of a call, theta is copied to where its `scratch` points, if it does. Raises
    `Untraceable` where there can be no such program.
    """
    network = spec.objective.network
    check_specialisation(spec)
    if network.size > IN_REGISTERS:
        raise Untraceable(f"{network.size} parameters are too many for straight code")
    if spec.objective.rule.sequential and not spec.online:
        raise Untraceable("the sequential order with batches is not straight code")
    machine = host()
    module = Module(machine)
    call = write_registers(module, "call", spec, form)
    return _finished(module, call, machine)


@lru_cache(maxsize=64)
def measuring(spec: Specialisation, lanes: int, weighted: bool) -> Run:
    """Return `run(calls, count)`; a call measures networks over its samples, without an update.

    Their sums (3, lanes) are those of s_i e_i and of the penalties, and the largest |T - y|.
    """
    machine = host()
    module = Module(machine)
    call = kernel_function(module, "call")
    ops = Ops(ir.IRBuilder(call.append_basic_block()))
    _measure(replace(spec, weighted=weighted), ops, CallValues(ops, call.args[0]), lanes)
    return _finished(module, call, machine)


def _measure(spec: Specialisation, o: Ops, call: CallValues, lanes: int) -> None:
    """Write the loop over samples, with a forward pass each."""
    objective, net, b = spec.objective, spec.objective.network, o.b
    cell, wide = vector_of(element(spec.dtype), lanes), vector_of(ir.DoubleType(), lanes)
    total, miss = b.alloca(wide), b.alloca(cell)
    b.store(o.constant(wide, 0.0), total)
    b.store(o.constant(cell, 0.0), miss)
    graph = Graph()
    theta = theta_symbols(graph, net)
    before = Lowering(o, cell)
    for k, symbol in enumerate(theta):
        before.bind(symbol, o.load(call.theta, cell, k * lanes))

    def as_wide(value: Any) -> Any:
        return value if cell == wide else b.fpext(value, wide)

    def read(lower: Lowering, name: str, array: Any, width: int, i: Any) -> list[Node]:
        symbols = [graph.symbol(f"{name}[{k}]") for k in range(1, width + 1)]
        for k, symbol in enumerate(symbols):
            entry = b.add(b.mul(i, word(width)), word(k))
            lower.bind(symbol, o.splat(cell, o.load(array, cell.element, entry)))
        return symbols

    with o.loop(0, call.rows) as i:
        lower = Lowering(o, cell)
        for symbol in theta:
            lower.bind(symbol, before(symbol))
        x = read(lower, "x", call.X, net.sizes[0], i)
        T = read(lower, "T", call.T, net.sizes[-1], i)
        found = observation(graph, objective, theta, x, T, 1.0, graph.symbol("lr", NUMBER))
        error = found.error
        if spec.weighted:
            error = read(lower, "s", call.weight, 1, i)[0] * error
        b.store(o.add(b.load(total, typ=wide), as_wide(lower(error))), total)
        named = dict(found.named)
        most = graph.symbol("largest miss")
        lower.bind(most, b.load(miss, typ=cell))
        farthest = most
        for j, wanted in enumerate(T, 1):
            gap = wanted - named[f"y[{len(net.layers)},{j}]"]
            farthest = graph.maximum(farthest, graph.maximum(gap, -gap))
        b.store(lower(farthest), miss)
    decays = zip(theta, net.layout.mask("penalised"), strict=True)
    weights = [w for w, penalised in decays if penalised]
    decay = graph.node(
        objective.penalty_of(lambda p: graph.fold("+", [p(w) for w in weights]), graph)
    )
    for k, value in enumerate((b.load(total, typ=wide), as_wide(before(decay)))):
        o.store(value, call.totals, k * lanes)
    o.store(as_wide(b.load(miss, typ=cell)), call.totals, 2 * lanes)
    b.ret_void()


def _finished(module: Module, call: Any, machine: Machine) -> Run:
    """Add the loop over calls; return the module's code."""
    call.linkage = "internal"
    call.attributes.add("noinline")
    run = kernel_function(module, "run")
    o = Ops(ir.IRBuilder(run.append_basic_block()))
    words = word(ctypes.sizeof(Call) // 8)
    with o.loop(0, run.args[1]) as k:
        here = o.at(run.args[0], WORD, o.b.mul(k, words))
        o.b.call(call, [here, word(0)])
    o.b.ret_void()
    return built(str(module), machine)
