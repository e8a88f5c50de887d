"""Mistakes in delta_l^T y_{l-1}: what is put in the place of y, which rows are summed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Mistake, register

_GRADIENT = "dE/dW_l = delta_l^T y_{l-1}"


def _above_first(case: Case, l: int) -> bool:
    return l > 1


def _same_width(case: Case, l: int) -> bool:
    return l > 1 and case.outputs[0].shape[1] == case.outputs[l - 1].shape[1]


def _net(case: Case, l: int, y: Array) -> Array:
    return np.asarray(case.nets[l - 1])


def _x(case: Case, l: int, y: Array) -> Array:
    return np.asarray(case.outputs[0])


def _ones(case: Case, l: int, y: Array) -> Array:
    return np.ones_like(y)


def _divisions(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    return ({"divided": True}, {"divided": False}) if case.mean else ({"divided": False},)


def _last_row(case: Case, l: int, rows: Array, divided: bool) -> Array:
    kept = np.zeros_like(rows)
    kept[-1] = rows[-1]
    return kept if divided or not case.mean else kept * case.samples.total


register(
    Mistake(
        code="net_for_output",
        does="net_{l-1} stands in the place of y_{l-1}",
        should="the weight's input is y_{l-1} = f(net_{l-1})",
        line=_GRADIENT,
        changes={"input": _net},
        layers=_above_first,
    )
)
register(
    Mistake(
        code="input_for_hidden",
        does="the network's input x stands in the place of y_{l-1}",
        should="the weight's input is the output of the layer before, y_{l-1}",
        line=_GRADIENT,
        changes={"input": _x},
        layers=_same_width,
    )
)
register(
    Mistake(
        code="delta_for_gradient",
        does="delta is taken for the weight's gradient: the factor y_{l-1} is missing",
        should="dE/dw_{l,j,k} is delta_{l,j} times y_{l-1,k}",
        line=_GRADIENT,
        changes={"input": _ones},
    )
)
register(
    Mistake(
        code="last_sample_only",
        does="the gradient of the last observation overwrites the others",
        should="the observations' gradients add up",
        line="dE/dW_l = delta_l^T y_{l-1}, a sum over samples",
        changes={"rows": _last_row},
        variants=_divisions,
        tell_apart="several observations in another order",
    )
)
