"""What delta_{l+1} may be carried back through: which W, which way round, how many nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE, Fits, put
from deltarule.check.diagnose.stages import VECTOR


def _shaped(wanted: Callable[[Any, Any], bool]) -> Fits:
    """Where the shapes of W_l and W_{l+1} are as wanted."""
    return lambda case, l: l < case.L and wanted(case.carrying(l).shape, case.carrying(l + 1).shape)


def _by_row(case: Case, l: int) -> bool:
    return l < case.L and case.n > 1 and case.over(l) == case.over(l + 1) == VECTOR


def _biased_above(case: Case, l: int) -> bool:
    return l < case.L and case.bias(l + 1) and case.over(l + 1) == VECTOR


def _above(at: Any) -> Any:
    return at.case.carrying(at.l + 1)


def _one_node(node: str) -> Callable[[Any, Any], Any]:
    def carrier(W: Any, at: Any) -> Any:
        if node == "same-numbered":
            return W * np.eye(*W.shape)  # a node without a partner gets nothing
        kept = np.zeros_like(W)
        row = 0 if node == "first" else -1
        kept[row] = W[row]
        return kept

    return carrier


def _shifted(first: bool) -> Callable[[Any, Any], Any]:
    """Return W with its biases in it, as a first or last column, and the wrong end cut off."""

    def carrier(W: Any, at: Any) -> Any:
        b = at.case.b[at.l + 1][:, None]
        return np.hstack([b, W[:, :-1]] if first else [W[:, 1:], b])

    return carrier


def _updated(at: Any, delta: Any, lr: float) -> Any:
    return delta @ (_above(at) - lr * at.case.carrying(at.l + 1, at.above.whole[0]))


def _updated_by_row(at: Any, delta: Any, lr: float) -> Any:
    """Return delta_i (W - lr dE_i/dW) for every row i: its own update is in W already."""
    above, case = at.above, at.case
    rate = lr / case.scale  # one row alone is not divided by n
    mine = (delta * above.delta).sum(axis=1, keepdims=True) * case.inputs[at.l + 1]
    return delta @ (_above(at) - lr * case.penalty_slope(_above(at))) - rate * mine


_LR: dict[str, Any] = {
    "code": "sequential_update", "number": "lr", "over": EVERYWHERE,
    "allowed": lambda lr: lr if abs(lr) > 1e-12 else None,
}  # fmt: skip
put("carrier", "updated", "W_{l+1} after its update", _updated, fits=Case.hidden, **_LR)
put("carrier", "updated_by_row", "W_{l+1} after its update by the same row", _updated_by_row,
    fits=_by_row, told={"updated": "row by row"}, **_LR)  # fmt: skip

_SINGLE = _shaped(lambda own, above: above[0] > 1), "single_path"
_CARRIERS: tuple[tuple[str, str, Callable[[Any, Any], Any], Fits, str], ...] = (
    ("transposed", "W_{l+1} with its indices swapped", lambda W, at: W.T,
     _shaped(lambda own, above: above[0] == above[1] > 1), "untransposed_weights"),
    ("first", "one row of W_{l+1} (first)", _one_node("first"), *_SINGLE),
    ("last", "one row of W_{l+1} (last)", _one_node("last"), *_SINGLE),
    ("same-numbered", "one row of W_{l+1} (same-numbered)", _one_node("same-numbered"), *_SINGLE),
    ("ones", "1 for every weight: W_{l+1} is left out", lambda W, at: np.ones_like(W),
     Case.hidden, ""),
    ("own", "W_l, the layer's own", lambda W, at: at.case.carrying(at.l),
     _shaped(lambda own, above: own == above), ""),
    ("own_transposed", "W_l transposed, the layer's own", lambda W, at: at.case.carrying(at.l).T,
     _shaped(lambda own, above: own[::-1] == above != own), ""),
    ("sizes", "|W_{l+1}|", lambda W, at: np.abs(W), Case.hidden, ""),
    ("signs", "the signs of W_{l+1}", lambda W, at: np.sign(W), Case.hidden, ""),
    ("squares", "W_{l+1} squared", lambda W, at: W**2, Case.hidden, ""),
    ("shares", "W_{l+1} divided by the sum of each node's weights: the error is shared out",
     lambda W, at: W / W.sum(axis=1, keepdims=True), Case.hidden, ""),
    ("biases_first", "W_{l+1} off by one: the last weights are cut off, and its first column, the "
     "biases', is not", _shifted(True), _biased_above, ""),
    ("biases_last", "W_{l+1} off by one: the first weights are cut off, and its last column, the "
     "biases', is not", _shifted(False), _biased_above, ""),
)  # fmt: skip
"""Name, phrase, what W_{l+1} becomes, where it fits, the mistake that it is."""

for _name, _phrase, _W, _fits, _code in _CARRIERS:
    put("carrier", _name, _phrase, lambda at, delta, W=_W: delta @ W(_above(at), at), fits=_fits,
        code=_code, told={"node": _name} if _code == "single_path" else {},
        over=EVERYWHERE)  # fmt: skip
