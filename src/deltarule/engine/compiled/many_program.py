"""Programs for many networks side by side: training, and E over samples without an update."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.equations import check_layers
from deltarule.engine.compiled.lap import Lap
from deltarule.engine.compiled.machine import Machine, host
from deltarule.engine.compiled.ops import Ops
from deltarule.engine.compiled.program import STRAIGHT, built
from deltarule.engine.compiled.recipe import Recipe
from deltarule.engine.compiled.straight import write_straight
from deltarule.engine.compiled.trace import Untraceable

__all__ = ["Form", "training_program"]

_WORD = ir.IntType(64)

Run = Callable[[Any, int], None]


@dataclass(frozen=True)
class Form:
    """How networks lie side by side in a program."""

    lanes: int
    """How many."""
    shared: bool
    """Whether all see the samples in one order."""
    steady: bool
    """Whether rates stay the same along a lap."""
    varied: tuple[str, ...] = ()
    """The paths of the numbers in which they differ."""


def lanes_for(recipe: Recipe, networks: int) -> int:
    """Return how many networks lie side by side: a fixed function of the job.

    Two registers' worth keep the processor busy while one waits; fewer networks fill fewer lanes.
    """
    most = host().lanes(recipe.dtype) * 2
    return max(2, min(most, 1 << (networks - 1).bit_length()))


@lru_cache(maxsize=64)
def training_program(recipe: Recipe, form: Form) -> Run:
    """Return `run(laps, count)`, which does so many laps one after the other.

    Raises `Untraceable` where there can be no such program.
    """
    network = recipe.objective.network
    check_layers(network)
    if network.size > STRAIGHT:
        raise Untraceable(f"{network.size} parameters are too many for straight code")
    if recipe.objective.rule.sequential and not recipe.online:
        raise Untraceable("the sequential order with batches is not straight code")
    machine = host()
    module = ir.Module("deltarule")
    module.triple = machine.triple
    lap = write_straight(module, "lap", recipe, form.lanes, form.shared, form.varied, form.steady)
    return _finished(module, lap, machine)


def _finished(module: ir.Module, lap: Any, machine: Machine) -> Run:
    """Add the loop over laps; return the module's code."""
    lap.linkage = "internal"
    lap.attributes.add("noinline")
    kinds = [ir.PointerType(), _WORD]
    run = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "run")
    o = Ops(ir.IRBuilder(run.append_basic_block()))
    words = ir.Constant(_WORD, ctypes.sizeof(Lap) // 8)
    with o.loop(0, run.args[1]) as k:
        o.b.call(lap, [o.at(run.args[0], _WORD, o.b.mul(k, words)), ir.Constant(_WORD, 0)])
    o.b.ret_void()
    return built(str(module), machine)
