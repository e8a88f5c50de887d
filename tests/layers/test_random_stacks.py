"""Random stacks of layers over time: the gradient along a line, by a complex step through it all.

    d/dh E(theta + h v) at h = 0  =  gradient . v

`DELTARULE_STACKS=500` tries more than 100.
"""

from __future__ import annotations

import numpy as np
import pytest
from random_stacks import STACKS, stack

import deltarule as dr


@pytest.mark.parametrize("tens", range(0, STACKS, 10))
def test_the_gradient_of_a_stack_is_what_a_complex_step_finds(tens):
    for index in range(tens, min(tens + 10, STACKS)):
        net, theta, X, T = stack(index)
        found = dr.backprop(net, theta, X, T).gradient
        for seed in range(3):
            v = np.random.default_rng((index, seed)).normal(size=net.size)
            slope = dr.backprop(net, theta + 1e-30j * v, X, T).error.imag / 1e-30
            terms = np.abs(found) @ np.abs(v)
            assert abs(slope - found @ v) <= 1e-13 * terms, f"case {index}\n{net}"
