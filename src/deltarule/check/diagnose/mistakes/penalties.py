"""Mistakes in the penalty 1/2 l2 |W|^2, whose gradient is l2 W."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Mistake, register

_PENALTY = "E = ... + 1/2 l2 |W|^2, weights only: dE/dW_l = ... + l2 W_l"


def _penalised(case: Case, l: int) -> bool:
    return case.objective.l2 > 0.0


def _nothing(case: Case, l: int, penalty: Array) -> Array:
    return np.zeros_like(penalty)


def _scales(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    if case.objective.l2 == 0.0:
        yield {"l2": None, "on": "weights"}
        return
    known = {2.0, 1.0 / case.n, 2.0 / case.n} - {1.0}
    yield {"l2": case.objective.l2, "on": "weights and biases"}
    for factor in sorted(known):
        yield {"l2": factor * case.objective.l2, "on": "weights"}
    yield {"l2": None, "on": "weights"}


def _other_l2(case: Case, l: int, penalty: Array, l2: float, on: str) -> Array:
    return np.asarray(l2 * case.W[l])


def _on_biases(
    case: Case, l: int, pair: tuple[Array, Array], l2: float, on: str
) -> tuple[Array, Array]:
    return pair if on == "weights" else (pair[0], pair[1] + l2 * case.b[l])


register(
    Mistake(
        code="l2_missing",
        does="the penalty's gradient is left out",
        should="l2 W is added to the gradient of every weight",
        line=_PENALTY,
        changes={"penalty": _nothing},
        layers=_penalised,
    )
)
register(
    Mistake(
        code="l2_scaled",
        does="the penalty's gradient has another size (divided by n, twice, on biases too, ...)",
        should="l2 W is added to the gradient of every weight, divided by nothing",
        line=_PENALTY,
        changes={"penalty": _other_l2, "whole": _on_biases},
        variants=_scales,
        allowed=lambda l2: l2 if abs(l2) > 1e-14 else None,
        tell_apart="another number of observations and another l2",
    )
)
