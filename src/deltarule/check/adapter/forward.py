"""Outputs that no network has, and how they were made: softmax over the wrong axis."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from deltarule.check.adapter.program import Program
from deltarule.core.arrays import Array

_OVER: dict[int | None, str] = {
    None: "all observations together: they add up to 1 over the whole batch",
    0: "the observations, for each output: every output adds up to 1 over the batch",
}


def softmax_elsewhere(program: Program, theta: Array, X: Array, T: Array) -> str:
    """Say over which axis softmax was taken, where a net of identity outputs has it behind them.

    Nothing where it is seen over the right one, or over none.
    """
    net = program.network
    if not program.reading.several or min(len(X), net.sizes[-1]) < 2:
        return ""
    if net.affine[-1].activation.name != "identity":
        return ""
    nets, seen = np.asarray(net(theta, X)), program.seen(theta, X, T)
    for axis, over in _OVER.items():
        if seen.holds(softmax(nets, axis=axis)):
            return (
                f"its outputs are a softmax over {over}. It belongs over the outputs, for each "
                "observation: mend this first; what is said here holds for the nets before it"
            )
    return ""
