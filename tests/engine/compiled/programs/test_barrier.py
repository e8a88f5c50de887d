"""Threads of a group: the shares are the whole, and nobody runs ahead."""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from llvmlite import ir
from machine_code import execute

from deltarule.engine.compiled.compiler.jit import compile_module, load
from deltarule.engine.compiled.instructions.machine import host
from deltarule.engine.compiled.instructions.operations import Ops
from deltarule.engine.compiled.programs.barrier import ThreadGroup

WORD = ir.IntType(64)


@pytest.mark.parametrize("step", [1, 3, 8])
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize(("start", "stop"), [(0, 1), (0, 8), (0, 50), (5, 30), (4, 4)])
def test_the_shares_are_the_whole_each_once_in_whole_steps(start, stop, threads, step):
    ends = np.full((threads, 2), -1, np.int64)

    def write(ops, ends):
        for number in range(threads):
            group = ThreadGroup(ops, ends, ir.Constant(WORD, number), ir.Constant(WORD, threads))
            share = group.share(ir.Constant(WORD, start), ir.Constant(WORD, stop), step)
            for k, end in enumerate(share):
                ops.store(end, ends, 2 * number + k)

    execute(write, ends)
    assert ends[0, 0] == start
    assert ends[-1, 1] == stop
    assert np.array_equal(ends[1:, 0], ends[:-1, 1])
    assert all((a - start) % step == 0 for a in ends[:, 0] if a < stop)
    steps = np.ceil((ends[:, 1] - ends[:, 0]) / step)
    assert steps.max() - steps.min() <= 1, "nobody has more than one step more than another"


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_nobody_goes_on_before_all_have_come(threads):
    """Every thread writes its round, waits, and adds up everybody's: always threads * round."""
    rounds = 300
    module = ir.Module("group")
    module.triple = host().triple
    pointer = ir.PointerType()
    kinds = [pointer, pointer, pointer, WORD]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "meet")
    ops = Ops(ir.IRBuilder(function.append_basic_block()))
    counter, board, wrong, number = function.args
    group = ThreadGroup(ops, counter, number, ir.Constant(WORD, threads))
    with ops.loop(1, rounds + 1) as k:
        ops.store(k, board, number)
        group.wait()
        with ops.loop(0, threads) as other:
            seen = ops.load(board, WORD, other)
            off = ops.b.zext(ops.b.icmp_signed("!=", seen, k), WORD)
            ops.store(ops.b.add(ops.load(wrong, WORD, number), off), wrong, number)
        group.wait()
    ops.b.ret_void()
    code = load(compile_module(str(module), host()), host())
    meet = code.function("meet", None, *[ctypes.c_void_p] * 3, ctypes.c_int64)
    arrays = [np.zeros(8, np.int64) for _ in range(3)]
    with ThreadPoolExecutor(threads) as pool:
        places = [a.ctypes.data for a in arrays]
        waiting = [pool.submit(meet, *places, n) for n in range(threads)]
        for one in waiting:
            one.result(timeout=60)
    assert arrays[2].tolist() == [0] * 8
    assert arrays[1][:threads].tolist() == [rounds] * threads
