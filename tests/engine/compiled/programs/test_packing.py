"""How a layered program keeps parameters: padded rows, whole lines, nothing lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule import Dense, Network
from deltarule.engine import Objective
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.programs.layered.memory import Memory
from deltarule.engine.compiled.programs.layered.packing import Packing, padded
from deltarule.engine.compiled.programs.places import LINE
from deltarule.losses import LOSSES


@pytest.mark.parametrize(
    ("n", "lanes", "width"),
    [(1, 8, 1), (2, 8, 2), (3, 8, 4), (7, 8, 8), (8, 8, 8), (9, 8, 16), (16, 8, 16), (1, 1, 1),
     (5, 1, 5), (5, 4, 8), (2, 2, 2), (3, 2, 4)],
)  # fmt: skip
def test_rows_are_whole_vectors_or_one_short_one(n, lanes, width):
    assert padded(n, lanes) == width


@given(st.integers(1, 500), st.sampled_from([1, 2, 4, 8, 16]))
def test_rows_are_never_wider_than_they_need_to_be(n, lanes):
    width = padded(n, lanes)
    assert width >= n
    assert width < 2 * n or width - n < lanes
    assert width % lanes == 0 or (width < lanes and width & (width - 1) == 0)


@st.composite
def packings(draw):
    sizes = draw(st.lists(st.integers(1, 40), min_size=2, max_size=4))
    layers = [Dense(n, bias=draw(st.booleans())) for n in sizes[1:]]
    net = Network(sizes[0], layers)
    bits, dtype = draw(st.sampled_from([128, 256, 512])), draw(st.sampled_from(["f4", "f8"]))
    return net, Packing.of(net, Machine("", "", "", bits, 16), dtype), np.dtype(dtype)


@given(packings())
def test_theta_comes_back_bit_for_bit(problem):
    net, packing, dtype = problem
    theta = np.random.default_rng(0).normal(size=net.size).astype(dtype)
    theta[0], theta[-1] = np.nan, -0.0
    kept = np.zeros(packing.size, dtype)
    packing.pack(theta, kept)
    found = np.full(net.size, 7, dtype)
    packing.unpack(kept, found)
    assert found.tobytes() == theta.tobytes()


@given(packings())
def test_every_parameter_has_a_place_of_its_own_and_the_rest_is_zero(problem):
    net, packing, dtype = problem
    theta = np.arange(1, net.size + 1, dtype=dtype)
    kept = np.zeros(packing.size, dtype)
    packing.pack(theta, kept)
    assert sorted(kept[kept != 0]) == theta.tolist()
    for block, p in zip(packing.blocks, net.unpack(theta), strict=True):
        rows = kept[block.start :][: block.inputs * block.width].reshape(block.inputs, block.width)
        assert np.array_equal(rows[:, : block.units], p["W"].T), "W^T, row by row"
        if "b" in p:
            assert np.array_equal(kept[block.bias : block.bias + block.units], p["b"])
        else:
            assert block.bias is None


@given(packings())
def test_layers_begin_where_a_line_of_the_cache_does(problem):
    _, packing, dtype = problem
    assert all(block.start * dtype.itemsize % LINE == 0 for block in packing.blocks)
    assert packing.size * dtype.itemsize % LINE == 0


def test_working_memory_is_set_aside_in_whole_lines():
    net = Network(3, [Dense(5), Dense(2)])
    packing = Packing.of(net, Machine("", "", "", 512, 32), "float64")
    objective = Objective(net, LOSSES.get("half_squared_error"))
    memory = Memory(packing, "float64", batch=7, threads=2, objective=objective)
    end = memory.bytes
    memory.reserve("a", 1)
    memory.reserve("b", LINE)
    memory.reserve("c", LINE + 1)
    assert (memory["a"], memory["b"], memory["c"]) == (end, end + LINE, end + 2 * LINE)
    assert memory.bytes == end + 4 * LINE
