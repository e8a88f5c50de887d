"""Naming the place where a number stopped being finite."""

from __future__ import annotations

import numpy as np

from deltarule.engine import Objective
from deltarule.engine.epoch import Broken

__all__ = ["describe"]


def describe(objective: Objective, broken: Broken, epoch: int, step: int) -> str:
    """Return the message: epoch and step, the layer or parameter, and what to do."""
    where = f"epoch {epoch}, step {step} (update {broken.batch.t})"
    remedy = (
        "The weights before it are kept. Lower lr, scale the inputs, or bound the gradient with "
        "clip_norm."
    )
    return f"{where}: {_finding(objective, broken)}. {remedy}"


def _finding(objective: Objective, broken: Broken) -> str:
    layout = objective.network.layout
    samples = broken.batch.samples
    with np.errstate(all="ignore"):
        nets, outputs = objective.network.forward(broken.theta, samples.X)
    for l in range(1, len(nets)):
        for name, values in (("net", nets[l]), ("y", outputs[l])):
            places = np.argwhere(~np.isfinite(values))
            if len(places):
                row, node = places[0]
                return (
                    f"{name} of layer {l}, node {node + 1} is {values[row, node]} "
                    f"(row {row + 1} of the batch), so E is {broken.error}"
                )
    bad = np.flatnonzero(~np.isfinite(broken.gradient))
    if len(bad):
        entry = int(bad[0])
        return f"dE/d{layout.where(entry)} is {broken.gradient[entry]}, E is {broken.error}"
    if not np.isfinite(broken.error):
        return f"E is {broken.error}, although every output is finite"
    entry = int(np.flatnonzero(~np.isfinite(broken.new))[0])
    return f"the update would make {layout.where(entry)} {broken.new[entry]}"
