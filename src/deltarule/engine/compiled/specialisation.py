"""What a program is made from: everything that is fixed when it is compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from deltarule.engine.objective import Objective
from deltarule.engine.update import joint_update, slots
from deltarule.optim import Clipping, Optimiser
from deltarule.optim.optimiser import Update


@dataclass(frozen=True)
class Specialisation:
    """One structure, loss, rule, optimiser, dtype, with the options that change the program."""

    objective: Objective
    optimiser: Optimiser
    clipping: Clipping
    dtype: np.dtype[Any]
    weighted: bool = False
    """Whether samples have weights."""
    online: bool = False
    """Whether every batch is one observation."""
    ragged: bool = False
    """Whether sequences have lengths of their own."""
    windows: int = 1
    """More than 1: so many batches in a row are of the same sequences, and hand on their states."""

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the vectors beside theta."""
        return slots(self.objective, self.optimiser)

    def update(self, xp: Any) -> Update:
        """Return `update(theta, g, lr, t, penalised, *state)` over the namespace `xp`."""
        return joint_update(self.objective, self.optimiser, xp)


def element(dtype: Any) -> ir.Type:
    """Return the LLVM type of one number."""
    return ir.FloatType() if np.dtype(dtype) == np.float32 else ir.DoubleType()
