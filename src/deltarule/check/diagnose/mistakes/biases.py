"""Mistakes in dE/db_l, the sum over samples of delta_l, one number per node."""

from __future__ import annotations

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Mistake, register

_BIAS = "dE/db_l = sum over samples of delta_l"


def _there(case: Case, l: int) -> bool:
    return case.bias(l)


def _several(case: Case, l: int) -> bool:
    return bool(case.b[l].size > 1)


def _nothing(case: Case, l: int, dE_db: Array) -> Array:
    return np.zeros_like(dE_db)


def _over_nodes(case: Case, l: int, dE_db: Array, over_nodes: str) -> Array:
    return np.full_like(dE_db, dE_db.sum() if over_nodes == "sum" else dE_db.mean())


register(
    Mistake(
        code="missing_bias",
        does="the biases have no gradient",
        should="a bias is a weight from a node that is always 1: its gradient is delta",
        line=_BIAS,
        changes={"biases": _nothing},
        layers=_there,
    )
)
register(
    Mistake(
        code="bias_not_per_node",
        does="delta is added up (or averaged) over the nodes as well, one number for all biases",
        should="each node's bias has its own gradient: the sum runs over samples only",
        line=_BIAS,
        changes={"biases": _over_nodes},
        layers=_several,
        variants=lambda case, given: ({"over_nodes": "sum"}, {"over_nodes": "mean"}),
    )
)
