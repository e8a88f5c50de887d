"""What may start the pass: the derivative of another loss, or no derivative at all."""

from __future__ import annotations

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE, Fits, put
from deltarule.core.errors import UsageError
from deltarule.core.namespace import NUMPY
from deltarule.engine import Objective
from deltarule.losses import LOSSES, Loss


def _possible(loss: Loss) -> Fits:
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
        rank=int(_name not in _USUAL), over=EVERYWHERE)  # fmt: skip

for _name, _phrase, _start in (
    ("no_target", "y: T is not subtracted", lambda at, c, x: c.scale * c.y),
    ("target", "-T: y is not in it", lambda at, c, x: -c.scale * c.T),
    ("ones", "1", lambda at, c, x: c.scale * np.ones_like(c.y)),
    ("error_itself", "e(y, T) itself, not its derivative",
     lambda at, c, x: c.scale * at.loss.body(NUMPY)[0](c.y, c.T)),
    ("one_for_all", "the mean of dE/dy over the outputs, for each of them",
     lambda at, c, x: np.broadcast_to(c.dE_dy(x).mean(axis=1, keepdims=True), c.y.shape)),
):  # fmt: skip
    put("loss", _name, _phrase, lambda at, x, start=_start: start(at, at.case, x), over=EVERYWHERE,
        fits=lambda case, l, least=int(_name == "one_for_all"): l == case.L
        and case.k > least)  # fmt: skip
