"""Programs: which form suits a recipe, and the machine code of it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from deltarule.engine.compiled.cache import cached
from deltarule.engine.compiled.equations import check_recipe
from deltarule.engine.compiled.jit import PIPELINE, compile_module, load
from deltarule.engine.compiled.lap import Lap
from deltarule.engine.compiled.layered import Layered
from deltarule.engine.compiled.machine import Machine, host
from deltarule.engine.compiled.recipe import Recipe
from deltarule.engine.compiled.side import side_module, side_size
from deltarule.engine.compiled.straight import straight_module
from deltarule.engine.compiled.trace import Untraceable

__all__ = ["Program", "built", "program"]

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
def program(recipe: Recipe, batch_size: int) -> Program:
    """Return the (cached) program for a recipe; raises `Untraceable` where there can be none."""
    network = recipe.objective.network
    check_recipe(recipe)
    machine = host()
    sequential = recipe.objective.rule.sequential
    if network.size <= STRAIGHT and batch_size >= SIDE_BY_SIDE and not sequential:
        run = built(side_module(recipe, machine, batch_size), machine)
        return Program("side by side", run, side_size(recipe, machine), _copy, _uncopy)
    if network.size <= STRAIGHT and (recipe.online or not sequential):
        run = built(straight_module(recipe, machine), machine)
        return Program("straight", run, network.size, _copy, _uncopy)
    if sequential and recipe.objective.l2:
        raise Untraceable("the sequential order with a penalty, layer by layer")
    work = 6.0 * network.size * batch_size
    threads = int(min(cores(), MOST_THREADS, max(1.0, work / PER_THREAD)))
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


def cores() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _copy(theta: Array, into: Array) -> None:
    into[: theta.size] = theta


def _uncopy(packed: Array, into: Array) -> None:
    into[...] = packed[: into.size]
