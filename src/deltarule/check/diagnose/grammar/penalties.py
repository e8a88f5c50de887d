"""What may stand for the gradient of the penalty 1/2 l2 |W|^2, the multiple of theta l2 W."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE
from deltarule.check.diagnose.grammar.slot import put as enrol

__all__: list[str] = []

put = partial(enrol, over=EVERYWHERE)


def _penalised(case: Case, l: int) -> bool:
    return case.objective.l2 > 0.0


def _both(case: Case, l: int) -> bool:
    return case.objective.l2 > 0.0 and case.bias(l)


def _times(factor: Callable[[Case], float]) -> Callable[[Any, Any], Any]:
    return lambda at, x: (factor(at.case) * x[0], x[1])


def _multiple(at: Any, x: Any, l2: float) -> Any:
    return l2 * at.case.W[at.l], x[1]


def _of_all(at: Any, x: Any, l2: float) -> Any:
    return l2 * at.case.W[at.l], l2 * at.case.b[at.l]


def _some(l2: float) -> float | None:
    return l2 if abs(l2) > 1e-14 else None


put("penalty", "nothing", "0: nothing", lambda at, x: (np.zeros_like(x[0]), x[1]),
    fits=_penalised, code="l2_missing", part="weights")  # fmt: skip
put("penalty", "on_biases", "l2 times weights and biases",
    lambda at, x: (x[0], at.case.objective.l2 * at.case.b[at.l]), fits=_both,
    code="l2_scaled", told={"l2": lambda case: case.objective.l2, "on": "weights and biases"},
    part="biases")  # fmt: skip
for _name, _phrase, _factor in (
    ("twice", "2 l2 W_l", lambda case: 2.0),
    ("by_n", "l2 W_l / n", lambda case: 1.0 / case.n),
    ("times_n", "n l2 W_l", lambda case: float(case.n)),
    ("twice_by_n", "2 l2 W_l / n", lambda case: 2.0 / case.n),
):
    put("penalty", _name, _phrase, _times(_factor), part="weights", code="l2_scaled",
        told={"l2": lambda case, f=_factor: f(case) * case.objective.l2, "on": "weights"},
        fits=lambda case, l, f=_factor: case.objective.l2 > 0.0 and f(case) != 1.0)  # fmt: skip
put("penalty", "subtracted", "-l2 W_l", lambda at, x: (-x[0], x[1]), fits=_penalised,
    code="l2_scaled", told={"l2": lambda case: -case.objective.l2, "on": "weights"},
    part="weights")  # fmt: skip
_UNTOLD = (
    "the gradient of a penalty 1/2 l2 |W|^2 is in it, which E as it was told has not",
    "if your E has it, it is right: say l2 = {number} (--l2)",
)


def _unpenalised(case: Case, l: int) -> bool:
    return case.objective.l2 == 0.0


for _name, _fits, _words in (("multiple", _penalised, None), ("untold", _unpenalised, _UNTOLD)):
    put("penalty", _name, "a multiple of W_l", _multiple, fits=_fits, part="weights",
        code="l2_scaled", told={"on": "weights"}, number="l2", allowed=_some,
        words=_words)  # fmt: skip
    put("penalty", f"{_name}_of_all", "a multiple of W_l and of b_l", _of_all,
        fits=lambda case, l, fits=_fits: case.bias(l) and fits(case, l), code="l2_scaled",
        told={"on": "weights and biases"}, number="l2", allowed=_some)  # fmt: skip
