"""Naming the place where a number stopped being finite."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engine import Objective, Samples
from deltarule.engine.trainer import NonFinite


def describe(objective: Objective, non_finite: NonFinite, epoch: int, step: int) -> str:
    """Return the message: epoch and step, and the layer or parameter."""
    where = f"diverged at epoch {epoch}, step {step} (update {non_finite.batch.t})"
    return f"{where}: {_finding(objective, non_finite)}. The weights before it are kept."


def describe_validation(
    objective: Objective, theta: NDArray[Any], samples: Samples, epoch: int, error: float
) -> str:
    """Return the message for a validation error that is not finite."""
    place = _bad_output(objective, theta, samples.X, "validation samples")
    return (
        f"diverged at epoch {epoch}: E of the validation samples is {error:.4g}"
        f"{': ' + place if place else ', although every output is finite'}. The weights are kept."
    )


def _bad_output(objective: Objective, theta: NDArray[Any], X: NDArray[Any], what: str) -> str:
    """Name the first net or output that is not finite, from the first layer on; else ""."""
    with np.errstate(all="ignore"):
        nets, outputs = objective.network.forward(theta, X)
    for l in range(1, len(nets)):
        for name, values in (("net", nets[l]), ("y", outputs[l])):
            if values is None:  # the layer has no net
                continue
            places = np.argwhere(~np.isfinite(values))
            if len(places):
                row, *steps, node = places[0]
                step = "".join(f", step {t + 1}" for t in steps)
                return (
                    f"{name} of layer {l}, node {node + 1}{step} is {values[tuple(places[0])]:.4g} "
                    f"(row {row + 1} of the {what})"
                )
    return ""


def _finding(objective: Objective, non_finite: NonFinite) -> str:
    layout = objective.network.layout
    place = _bad_output(objective, non_finite.theta, non_finite.batch.samples.X, "batch")
    if place:
        return f"{place}, so E is {non_finite.error:.4g}"
    bad = np.flatnonzero(~np.isfinite(non_finite.gradient))
    if len(bad):
        entry = int(bad[0])
        slope = f"dE/d{layout.where(entry)} is {non_finite.gradient[entry]:.4g}"
        return f"{slope}, E is {non_finite.error:.4g}"
    if not np.isfinite(non_finite.error):
        return f"E is {non_finite.error:.4g}, although every output is finite"
    bad = np.flatnonzero(~np.isfinite(non_finite.new))
    if not len(bad):
        return (
            f"computed again, E, its gradient and the new weights are finite: they are at the "
            f"edge of {non_finite.theta.dtype}"
        )
    return f"the update would make {layout.where(int(bad[0]))} {non_finite.new[bad[0]]:.4g}"
