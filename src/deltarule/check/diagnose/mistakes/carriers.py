"""Mistakes in the way back through W: which W, which way round, how many nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.mistake import Mistake, register

_BACK = "delta_l = (delta_{l+1} W_{l+1}) * f_l'(net_l)"

Carried = tuple[Array, Array, Array]
"""W_{l+1}, dE/dW_{l+1} and delta_{l+1}."""


def _hidden(case: Case, l: int) -> bool:
    return l < case.L


def _square(case: Case, l: int) -> bool:
    return l < case.L and case.W[l + 1].shape[0] == case.W[l + 1].shape[1] > 1


def _several(case: Case, l: int) -> bool:
    return l < case.L and case.W[l + 1].shape[0] > 1


def _updated(case: Case, l: int, carried: Carried, lr: float) -> Array:
    W, dE_dW, _ = carried
    return W - lr * dE_dW


def _turned(case: Case, l: int, carried: Carried) -> Array:
    return carried[0].T


def _nodes(case: Case, given: Array) -> Iterable[Mapping[str, Any]]:
    return ({"node": "first"}, {"node": "last"}, {"node": "same-numbered"})


def _one_node(case: Case, l: int, carried: Carried, node: str) -> Array:
    W = carried[0]
    if node == "same-numbered":
        return W * np.eye(*W.shape)  # a node without a partner of its number gets nothing
    kept = np.zeros_like(W)
    row = 0 if node == "first" else -1
    kept[row] = W[row]
    return kept


register(
    Mistake(
        code="sequential_update",
        does="delta_l is computed from weights W_{l+1} that have been updated already",
        should="all deltas are computed from the weights of the forward pass, then all change",
        line="w <- w - eta dE/dw, all weights at once, after all deltas are known",
        changes={"carrier": _updated},
        layers=_hidden,
        variants=lambda case, given: ({"lr": None},),
        allowed=lambda lr: lr if abs(lr) > 1e-12 else None,
    )
)
register(
    Mistake(
        code="untransposed_weights",
        does="the indices of W are swapped on the way back: delta_{l+1} W^T",
        should="the sum runs over the nodes that w leads INTO: delta_{l+1} W",
        line=_BACK,
        changes={"carrier": _turned},
        layers=_square,
        tell_apart="layers of different widths, which turn it into a shape error",
    )
)
register(
    Mistake(
        code="single_path",
        does="the sum over the nodes downstream is one term",
        should="the sum runs over ALL nodes of layer l+1",
        line=_BACK,
        changes={"carrier": _one_node},
        layers=_several,
        variants=_nodes,
    )
)
