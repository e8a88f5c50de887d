"""What may stand for delta_l: in the layer, in its own gradient alone, or carried down alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slopes import Stand, stands
from deltarule.check.diagnose.grammar.slot import EVERYWHERE, WITHOUT_STATE, always, put
from deltarule.check.diagnose.stages import STATE
from deltarule.core.namespace import NUMPY

__all__: list[str] = []

_IN = {
    "own": "the layer's own gradient alone",
    "own_weights": "dE/dW alone",
    "own_biases": "dE/db alone",
    "carried": "the delta carried down alone",
}
"""Where else than in delta_l itself, for a report."""


def _coupled(case: Case, l: int) -> bool:
    return l == case.L and case.rowwise


def _hidden(case: Case, l: int) -> bool:
    return l < case.L


def _times(stand: Stand) -> Callable[..., Any]:
    """Return delta_l = dE/dy_l times what stands for f'(net_l)."""
    if stand.number:
        return lambda at, p: at.dE_dy * stand.of(at, p)
    return lambda at: at.dE_dy * stand.of(at)


def _f(at: Any, value: Any) -> Any:
    f, _ = at.case.activation(at.l).body(NUMPY)
    return f(value)


def _has_above(case: Case, l: int) -> bool:
    if l == case.L or not case.adjacent(l + 1):
        return False
    return case.nets[l + 1].shape[1] in (1, case.nets[l].shape[1])


def _raw_fits(case: Case, l: int) -> bool:
    same = len(case.nets[l]) == len(case.y)
    return l < case.L and same and case.k in (1, case.nets[l].shape[1])


def _wide(case: Case, l: int) -> bool:
    return bool(case.nets[l].shape[1] > 1)


def _raw(at: Any) -> Any:
    return at.case.scale * (at.case.y - at.case.T)


def _alike(at: Any, value: Any) -> Any:
    return np.broadcast_to(value, at.net.shape)


def _over_nodes(at: Any, reduce: Callable[..., Any]) -> Any:
    return _alike(at, reduce(at.right_delta, axis=1, keepdims=True))


def _diagonal(at: Any) -> Any:
    return at.y * (1.0 - at.y)


def _others() -> Iterator[Stand]:
    """Yield what stands for delta_l as a whole."""
    yield Stand("nothing", "dE/dy, without f' (or the Jacobian)", lambda at: at.dE_dy, always,
                "missing_derivative")  # fmt: skip
    yield Stand("diagonal", "dE/dy times y (1 - y)", lambda at: at.dE_dy * _diagonal(at),
                _coupled, "softmax_diagonal")  # fmt: skip
    yield Stand("jacobian_twice", "softmax's Jacobian applied twice",
                lambda at: at.through(at.right_delta), _coupled,
                "softmax_double", {"jacobian": "full"})  # fmt: skip
    yield Stand("jacobian_and_diagonal", "softmax's Jacobian and y (1 - y)",
                lambda at: at.right_delta * _diagonal(at), _coupled,
                "softmax_double", {"jacobian": "diagonal"})  # fmt: skip
    yield Stand("times_one_minus_y", "dE/dy times 1 - y", lambda at: at.dE_dy * (1.0 - at.y),
                _coupled)  # fmt: skip
    yield Stand("delta_times_one_minus_y", "delta_L, which has f' in it, times 1 - y",
                lambda at: at.right_delta * (1.0 - at.y), _coupled)  # fmt: skip
    yield Stand("delta_times_y", "delta_L, which has f' in it, times y",
                lambda at: at.right_delta * at.y, _coupled)  # fmt: skip
    yield Stand("times_y", "dE/dy times y", lambda at: at.dE_dy * at.y, _coupled)
    yield Stand("of_above", "delta_{l+1}, that of the layer above",
                lambda at: _alike(at, at.above.delta), _has_above)  # fmt: skip
    yield Stand("raw_error", "y - T, the output's error", lambda at: _alike(at, _raw(at)),
                _raw_fits)  # fmt: skip
    yield Stand("f_of_error", "f(dE/dy_l), f applied to the error, without f'(net_l)",
                lambda at: _f(at, at.dE_dy), _hidden)  # fmt: skip
    yield Stand("f_of_delta", "f(delta_l)", lambda at: _f(at, at.right_delta), _hidden)
    yield Stand("node_sum", "the sum of delta over the layer's nodes",
                lambda at: _over_nodes(at, np.sum), _wide)  # fmt: skip
    yield Stand("node_mean", "the mean of delta over the layer's nodes",
                lambda at: _over_nodes(at, np.mean), _wide)  # fmt: skip


def _biased(case: Case, l: int) -> bool:
    return case.bias(l)


def _put(stand: Stand, of: Callable[..., Any]) -> None:
    number = {"number": stand.number, "linear": stand.linear, "allowed": stand.allowed}
    rank = stand.rank if stand.rank is not None else int(not stand.code)
    named = {"code": stand.code, "told": stand.told, "rank": rank}
    both = {
        "delta": lambda at, x, *p: of(at, *p),
        "own": lambda at, x, *p: (of(at, *p),) * 2,
        "carried": lambda at, x, *p: of(at, *p),
    }
    put("delta", stand.name, stand.phrase, both["delta"], fits=stand.fits,
        paired=stand.linear, **number, **named)  # fmt: skip
    if not stand.everywhere:
        return
    core = stand.name in ("nothing", "twice", "of_above")
    for slot, fits in (("own", stand.fits), ("carried", _one_up(stand.fits))):
        told = {**stand.told, "in": _IN[slot]}
        put(slot, stand.name, stand.phrase, both[slot], fits=fits,
            code=stand.code, told=told, rank=rank, paired=core,
            over=EVERYWHERE if slot == "carried" else WITHOUT_STATE)  # fmt: skip
    for place, part in enumerate(("weights", "biases")):
        if part == "biases" and stand.name.startswith("node_"):
            continue  # what the slot of the biases has too
        put("own", f"{stand.name}_in_{part}", stand.phrase, _part(of, place),
            fits=lambda case, l: case.bias(l) and stand.fits(case, l), code=stand.code, rank=rank,
            told={**stand.told, "in": _IN[f"own_{part}"]}, part=part, paired=False)  # fmt: skip


def _part(of: Callable[..., Any], place: int) -> Callable[..., Any]:
    return lambda at, x: (of(at), x[1]) if place == 0 else (x[0], of(at))


def _one_up(fits: Callable[[Case, int], bool]) -> Callable[[Case, int], bool]:
    """Carried down into layer l is what layer l+1 has."""
    return lambda case, l: l < case.L and case.over(l + 1) != STATE and fits(case, l + 1)


for _stand in _others():
    _put(_stand, _stand.of)
for _stand in stands():
    _put(replace(_stand, phrase=f"dE/dy_l times {_stand.phrase}"), _times(_stand))
