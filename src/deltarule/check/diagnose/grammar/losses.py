"""What may start the pass: the derivative of another loss, or no derivative at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE
from deltarule.check.diagnose.grammar.slot import put as enrol
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.engine import Objective
from deltarule.losses import LOSSES, Loss

__all__: list[str] = []

put = partial(enrol, over=EVERYWHERE)


def _output(case: Case, l: int) -> bool:
    return l == case.L


def _possible(loss: Loss) -> Callable[[Case, int], bool]:
    """Whether this output and these targets could have been meant for the loss."""

    def fits(case: Case, l: int) -> bool:
        if l < case.L or case.objective.loss == loss:
            return False
        low, high = loss.target_range
        if not np.all((low <= case.samples.T) & (high >= case.samples.T)):
            return False
        try:
            Objective.of(case.objective.network, loss, "sum", "exact", 0.0)
        except UsageError:
            return False
        return True

    return fits


_USUAL = ("half_squared_error", "squared_error", "absolute_error", "binary_cross_entropy",
          "cross_entropy")  # fmt: skip
"""Losses that people write: the derivative of another is no likelier than a slip."""

for _name in LOSSES.names():
    _loss = LOSSES.get(_name)
    put("loss", _name, f"the derivative of {_name}", lambda at, x, loss=_loss: loss,
        fits=_possible(_loss), code="wrong_loss", told={"loss": _name},
        rank=int(_name not in _USUAL))  # fmt: skip


def _error(at: Any, x: Any) -> Any:
    e, _ = at.loss.body(NUMPY)
    return at.case.scale * e(at.case.y, at.case.T)


put("loss", "no_target", "y: T is not subtracted",
    lambda at, x: at.case.scale * at.case.y, fits=_output)  # fmt: skip
put("loss", "target", "-T: y is not in it",
    lambda at, x: -at.case.scale * at.case.T, fits=_output)  # fmt: skip
put("loss", "ones", "1", lambda at, x: at.case.scale * np.ones_like(at.case.y), fits=_output)
put("loss", "error_itself", "e(y, T) itself, not its derivative", _error, fits=_output)
put("loss", "one_for_all", "the mean of dE/dy over the outputs, for each of them",
    lambda at, x: np.broadcast_to(at.case.dE_dy(x).mean(axis=1, keepdims=True), at.case.y.shape),
    fits=lambda case, l: l == case.L and case.k > 1)  # fmt: skip
