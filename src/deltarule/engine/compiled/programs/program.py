"""Programs: which form suits a recipe, and the machine code of it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from deltarule.core.processors import cores
from deltarule.engine.compiled.compiler.cache import cached
from deltarule.engine.compiled.compiler.jit import PIPELINE, compile_module, load
from deltarule.engine.compiled.expressions.backpropagation import check_recipe
from deltarule.engine.compiled.expressions.tracing import Untraceable
from deltarule.engine.compiled.instructions.machine import Machine, host
from deltarule.engine.compiled.programs.arguments import Lap
from deltarule.engine.compiled.programs.lanes import side_module, side_size
from deltarule.engine.compiled.programs.layered.program import Layered
from deltarule.engine.compiled.programs.registers import straight_module
from deltarule.engine.compiled.specialisation import Recipe
from deltarule.network import Network

__all__ = ["Program", "built", "form_of", "program", "team_size"]

Array = NDArray[Any]

STRAIGHT = 200
"""Networks up to this many parameters become straight code."""

SIDE_BY_SIDE = 4
"""Batches from this size on have their observations side by side, in small networks."""

PER_THREAD = 1.5e6
"""The operations of an update from which another thread helps."""

MOST_THREADS = 16


@dataclass(frozen=True)
class Program:
    """Machine code for one recipe."""

    form: str
    """`"straight"`, `"side by side"` or `"layered"`."""
    run: Callable[[Any, int], None]
    """run(lap, number): do one `Lap` as the thread of that number."""
    size: int
    """Entries of a vector such as theta, as the program keeps it."""
    pack: Callable[[Array, Array], None]
    """pack(theta, into): write theta as the program keeps it."""
    unpack: Callable[[Array, Array], None]
    """unpack(packed, into): the inverse."""
    threads: int = 1
    """How many threads do a lap together."""
    memory: int = 0
    """Bytes of working memory."""
    team: int = 0
    """Where in it the threads' counter is."""


def built(text: str, machine: Machine) -> Callable[[Any, int], None]:
    """Return the function `run` of a module's text."""
    code = cached(f"; {PIPELINE}\n{text}", machine, lambda: compile_module(text, machine))
    kinds = (None, ctypes.POINTER(Lap), ctypes.c_int64)
    function: Callable[[Any, int], None] = load(code, machine).function("run", *kinds)
    return function


@lru_cache(maxsize=64)
def program(recipe: Recipe, batch_size: int, numbers: int = 0) -> Program:
    """Return the (cached) program for a recipe; raises `Untraceable` where there can be none.

    `numbers` is how many the samples' larger array has.
    """
    network = recipe.objective.network
    form, machine = form_of(recipe, batch_size, numbers), host()
    if form == "side by side":
        run = built(side_module(recipe, machine, batch_size), machine)
        return Program("side by side", run, side_size(recipe, machine), _copy, _uncopy)
    if form == "straight":
        run = built(straight_module(recipe, machine), machine)
        return Program("straight", run, network.size, _copy, _uncopy)
    threads = team_size(network, batch_size)
    layered = Layered(recipe, machine, batch_size, threads)
    packing, memory = layered.packing, layered.memory
    return Program(
        "layered",
        built(layered.text, machine),
        packing.size,
        packing.pack,
        packing.unpack,
        threads,
        memory.bytes,
        memory["team"],
    )


def form_of(recipe: Recipe, batch_size: int, numbers: int = 0) -> str:
    """Return the form of a recipe's program; raises `Untraceable` where there can be none."""
    check_recipe(recipe)
    small = recipe.objective.network.size <= STRAIGHT
    sequential = recipe.objective.rule.sequential
    within_reach = numbers < 2**31  # lanes count their places with 32 bits
    if small and batch_size >= SIDE_BY_SIDE and within_reach and not sequential:
        return "side by side"
    if small and (recipe.online or not sequential):
        return "straight"
    if sequential and recipe.objective.l2:
        raise Untraceable("the sequential order with a penalty, layer by layer")
    return "layered"


def team_size(network: Network, batch_size: int) -> int:
    """Return how many threads do a layered program's laps together."""
    work = 6.0 * network.size * batch_size
    return int(min(cores(), MOST_THREADS, max(1.0, work / PER_THREAD)))


def _copy(theta: Array, into: Array) -> None:
    into[: theta.size] = theta


def _uncopy(packed: Array, into: Array) -> None:
    into[...] = packed[: into.size]
