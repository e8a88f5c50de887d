"""What may stand for delta_l: in the layer, in its own gradient alone, or carried down alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE, Fits, always, put
from deltarule.check.diagnose.stages import STATE
from deltarule.core.namespace import NUMPY

_IN = {
    "own": "the layer's own gradient alone",
    "own_weights": "dE/dW alone",
    "own_biases": "dE/db alone",
    "carried": "the delta carried down alone",
}
"""Where else than in delta_l itself, for a report."""


def stands_for_delta(
    name: str, phrase: str, of: Callable[..., Any], fits: Fits = always, code: str = "",
    told: Mapping[str, Any] | None = None, *, everywhere: bool = True, **more: Any,
) -> None:  # fmt: skip
    """Enrol what may stand for delta_l: `of(at)`, or `of(at, p)` with a number p.

    `everywhere`: in the layer's own gradient (in both parts, or in one) and in the delta that is
    carried down alone, too.
    """
    told = told or {}
    put("delta", name, phrase, lambda at, x, *p: of(at, *p), fits=fits, code=code, told=told,
        paired=more.get("linear", True), **more)  # fmt: skip
    if not everywhere:
        return
    more |= {"code": code, "paired": name in ("nothing", "twice", "of_above")}
    put("own", name, phrase, lambda at, x: (of(at),) * 2, fits=fits,
        told={**told, "in": _IN["own"]}, **more)  # fmt: skip
    # carried down into layer l is what layer l+1 has
    put("carried", name, phrase, lambda at, x: of(at), over=EVERYWHERE,
        told={**told, "in": _IN["carried"]}, fits=lambda case, l: l < case.L
        and case.over(l + 1) != STATE and fits(case, l + 1), **more)  # fmt: skip
    more["paired"] = False
    for part, value in (
        ("weights", lambda at, x: (of(at), x[1])),
        ("biases", lambda at, x: (x[0], of(at))),
    ):
        if part == "weights" or not name.startswith("node_"):  # the slot of the biases has these
            put("own", f"{name}_in_{part}", phrase, value, part=part,
                told={**told, "in": _IN[f"own_{part}"]},
                fits=lambda case, l: case.bias(l) and fits(case, l), **more)  # fmt: skip


def _coupled(case: Case, l: int) -> bool:
    return l == case.L and case.rowwise


def _has_above(case: Case, l: int) -> bool:
    above = l < case.L and case.adjacent(l + 1)
    return above and case.nets[l + 1].shape[1] in (1, case.nets[l].shape[1])


def _raw_fits(case: Case, l: int) -> bool:
    same = len(case.nets[l]) == len(case.y)
    return l < case.L and same and case.k in (1, case.nets[l].shape[1])


def _wide(case: Case, l: int) -> bool:
    return bool(case.nets[l].shape[1] > 1)


def _f(at: Any, value: Any) -> Any:
    return at.activation.body(NUMPY)[0](value)


def _alike(at: Any, value: Any) -> Any:
    return np.broadcast_to(value, at.net.shape)


_DOUBLE = "softmax_double"
_OTHERS: tuple[tuple[Any, ...], ...] = (
    ("nothing", "dE/dy, without f' (or the Jacobian)", lambda at: at.dE_dy, always,
     "missing_derivative"),
    ("diagonal", "dE/dy times y (1 - y)", lambda at: at.dE_dy * (at.y * (1.0 - at.y)), _coupled,
     "softmax_diagonal"),
    ("jacobian_twice", "softmax's Jacobian applied twice", lambda at: at.through(at.right_delta),
     _coupled, _DOUBLE, {"jacobian": "full"}),
    ("jacobian_and_diagonal", "softmax's Jacobian and y (1 - y)",
     lambda at: at.right_delta * (at.y * (1.0 - at.y)), _coupled, _DOUBLE,
     {"jacobian": "diagonal"}),
    ("times_one_minus_y", "dE/dy times 1 - y", lambda at: at.dE_dy * (1.0 - at.y), _coupled),
    ("delta_times_one_minus_y", "delta_L, which has f' in it, times 1 - y",
     lambda at: at.right_delta * (1.0 - at.y), _coupled),
    ("delta_times_y", "delta_L, which has f' in it, times y", lambda at: at.right_delta * at.y,
     _coupled),
    ("times_y", "dE/dy times y", lambda at: at.dE_dy * at.y, _coupled),
    ("of_above", "delta_{l+1}, that of the layer above", lambda at: _alike(at, at.above.delta),
     _has_above),
    ("raw_error", "y - T, the output's error",
     lambda at: _alike(at, at.case.scale * (at.case.y - at.case.T)), _raw_fits),
    ("f_of_error", "f(dE/dy_l), f applied to the error, without f'(net_l)",
     lambda at: _f(at, at.dE_dy), Case.hidden),
    ("f_of_delta", "f(delta_l)", lambda at: _f(at, at.right_delta), Case.hidden),
    ("node_sum", "the sum of delta over the layer's nodes",
     lambda at: _alike(at, at.right_delta.sum(axis=1, keepdims=True)), _wide),
    ("node_mean", "the mean of delta over the layer's nodes",
     lambda at: _alike(at, at.right_delta.mean(axis=1, keepdims=True)), _wide),
)  # fmt: skip
"""What stands for delta_l as a whole: name, phrase, value, where it fits, which mistake it is."""

for _other in _OTHERS:
    stands_for_delta(*_other)
