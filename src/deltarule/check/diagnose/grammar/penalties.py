"""What may stand for the gradient of the penalty: of 1/2 l2 |W|^2, the multiple of W l2 W."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE
from deltarule.check.diagnose.grammar.slot import put as enrol

put = partial(enrol, "penalty", over=EVERYWHERE)
_ON_ALL = "weights and biases"


def _penalised(case: Case, l: int) -> bool:
    return bool(case.objective.penalties)


def _unpenalised(case: Case, l: int) -> bool:
    return not case.objective.penalties


def _told(factor: Callable[[Case], float], on: str = "weights") -> dict[str, Any]:
    """Return what is told of a penalty times a factor: the l2 that it amounts to, or the factor."""
    return {
        "l2": lambda case: None if case.objective.penalty else factor(case) * case.objective.l2,
        "times": lambda case: factor(case) if case.objective.penalty else None,
        "on": on,
    }


def _some(l2: float) -> float | None:
    return l2 if abs(l2) > 1e-14 else None


put("nothing", "0: nothing", lambda at, x: (np.zeros_like(x[0]), x[1]), fits=_penalised,
    code="l2_missing", part="weights")  # fmt: skip
put("on_biases", "l2 times weights and biases",
    lambda at, x: (x[0], at.case.penalty_slope(at.case.b[at.l])), code="l2_scaled",
    fits=lambda case, l: _penalised(case, l) and case.bias(l),
    told=_told(lambda case: 1.0, _ON_ALL), part="biases")  # fmt: skip
for _name, _phrase, _factor in (
    ("twice", "2 l2 W_l", lambda case: 2.0),
    ("by_n", "l2 W_l / n", lambda case: 1.0 / case.n),
    ("times_n", "n l2 W_l", lambda case: float(case.n)),
    ("twice_by_n", "2 l2 W_l / n", lambda case: 2.0 / case.n),
    ("subtracted", "-l2 W_l", lambda case: -1.0),
):
    put(_name, _phrase, lambda at, x, f=_factor: (f(at.case) * x[0], x[1]), part="weights",
        code="l2_scaled", told=_told(_factor),
        fits=lambda case, l, f=_factor: _penalised(case, l) and f(case) != 1.0)  # fmt: skip
put("times", "a multiple of the penalty's derivative",
    lambda at, x, times: (times * x[0], x[1]), fits=lambda case, l: bool(case.objective.penalty),
    part="weights", code="l2_scaled", told={"on": "weights"}, number="times",
    allowed=_some)  # fmt: skip
_UNTOLD = (
    "the gradient of a penalty 1/2 l2 |W|^2 is in it, which E as it was told has not",
    "if your E has it, it is right: say l2 = {number} (--l2)",
)
for _name, _fits, _words in (("multiple", _penalised, None), ("untold", _unpenalised, _UNTOLD)):
    put(_name, "a multiple of W_l", lambda at, x, l2: (l2 * at.case.W[at.l], x[1]), fits=_fits,
        part="weights", code="l2_scaled", told={"on": "weights"}, number="l2", allowed=_some,
        words=_words)  # fmt: skip
    put(f"{_name}_of_all", "a multiple of W_l and of b_l",
        lambda at, x, l2: (l2 * at.case.W[at.l], l2 * at.case.b[at.l]),
        fits=lambda case, l, fits=_fits: case.bias(l) and fits(case, l), code="l2_scaled",
        told={"on": _ON_ALL}, number="l2", allowed=_some)  # fmt: skip
