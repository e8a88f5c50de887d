"""What a program of sequences needs of memory: as many numbers a step as the docs say."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.engine import Objective
from deltarule.engine.compiled.instructions.machine import Machine
from deltarule.engine.compiled.programs.sequences.program import Sequences
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.optim import SGD, Clipping

MACHINE = Machine("", "", "", 512, 32)


def numbers(layer, steps, batch):
    """Return the numbers of one observation, beside theta's."""
    net = dr.Network((steps, 3), [layer, dr.Last(), dr.Dense(1)])
    objective = Objective.of(net, "half_squared_error", "mean", "exact", 0.0)
    spec = Specialisation(objective, SGD(), Clipping(), np.dtype("float32"))
    plan = Sequences(spec, MACHINE, batch, 1).plan
    return plan.memory.bytes / (4 * 16)


@pytest.mark.parametrize(("layer", "each"), [(dr.Elman(15), 3), (dr.GRU(15), 7), (dr.LSTM(15), 9)])
def test_memory_grows_with_the_steps_and_not_with_the_batch(layer, each):
    short, long, wide = (numbers(layer, *size) for size in ((20, 32), (120, 32), (20, 900)))
    assert long - short == 100 * (each * 15 + 3 + 8)
    assert wide == short
