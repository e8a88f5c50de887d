"""Mistakes where the backward pass starts: the loss's derivative, softmax's Jacobian."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Mistake, register
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.engine import Objective
from deltarule.losses import LOSSES, Loss


def _at_output(case: Case, l: int) -> bool:
    return l == case.L


def _at_softmax(case: Case, l: int) -> bool:
    return l == case.L and case.rowwise


def _other_losses(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    """Yield the losses that this output and these targets could have been meant for."""
    T = case.samples.T
    for name in LOSSES.names():
        loss = LOSSES.get(name)
        low, high = loss.target_range
        if loss == case.objective.loss or not np.all((low <= T) & (high >= T)):
            continue
        try:
            Objective.of(case.objective.network, name, "sum", "exact", 0.0)
        except UsageError:
            continue
        yield {"loss": name}


def _other_loss(case: Case, l: int, value: Loss, loss: str) -> Loss:
    return LOSSES.get(loss)


def _diagonal(case: Case, l: int, value: tuple[Array, Array, Array]) -> Array:
    _, y, dE_dy = value
    return dE_dy * y * (1.0 - y)


def _again(case: Case, l: int, value: tuple[Array, Array, Array], jacobian: str) -> Array:
    delta, y, _ = value
    _, vjp = case.objective.network.affine[-1].activation.body(NUMPY)
    return np.asarray(vjp(y, delta) if jacobian == "full" else delta * y * (1.0 - y))


register(
    Mistake(
        code="wrong_loss",
        does="dE/dy_L is the derivative of another loss",
        should="dE/dy_L is the derivative of the loss whose E is reported",
        line="dE/dy_L",
        changes={"loss": _other_loss},
        layers=_at_output,
        variants=_other_losses,
    )
)
register(
    Mistake(
        code="softmax_diagonal",
        does="only y_j (1 - y_j) is taken from softmax's Jacobian",
        should="every output depends on every net: delta_j = y_j (dE/dy_j - sum_i y_i dE/dy_i)",
        line="delta_{L,j} = y_j (dE/dy_j - sum_i y_i dE/dy_i)",
        changes={"jacobian": _diagonal},
        layers=_at_softmax,
    )
)
register(
    Mistake(
        code="softmax_double",
        does="softmax's derivative is applied to a delta that has it already",
        should="y - T is dE/dnet already: nothing more is multiplied in",
        line="with cross-entropy the pair gives delta = y sum_i T_i - T",
        changes={"jacobian": _again},
        layers=_at_softmax,
        variants=lambda case, given: ({"jacobian": "full"}, {"jacobian": "diagonal"}),
    )
)
