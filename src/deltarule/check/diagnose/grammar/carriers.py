"""What delta_{l+1} may be carried back through: which W, which way round, how many nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE
from deltarule.check.diagnose.grammar.slot import put as enrol
from deltarule.check.diagnose.stages import VECTOR

__all__: list[str] = []

put = partial(enrol, over=EVERYWHERE)


def _hidden(case: Case, l: int) -> bool:
    return l < case.L


def _square(case: Case, l: int) -> bool:
    return l < case.L and case.carrying(l + 1).shape[0] == case.carrying(l + 1).shape[1] > 1


def _several(case: Case, l: int) -> bool:
    return l < case.L and case.carrying(l + 1).shape[0] > 1


def _as_own(case: Case, l: int) -> bool:
    return l < case.L and case.carrying(l).shape == case.carrying(l + 1).shape


def _as_own_turned(case: Case, l: int) -> bool:
    if l == case.L:
        return False
    mine, above = case.carrying(l).shape, case.carrying(l + 1).shape
    return mine[::-1] == above != mine


def _by_row(case: Case, l: int) -> bool:
    return l < case.L and case.n > 1 and case.over(l) == case.over(l + 1) == VECTOR


def _through(W: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda at, delta: delta @ W(at)


def _above(at: Any) -> Any:
    return at.case.carrying(at.l + 1)


def _one_node(node: str) -> Callable[[Any], Any]:
    def W(at: Any) -> Any:
        found = _above(at)
        if node == "same-numbered":
            return found * np.eye(*found.shape)  # a node without a partner gets nothing
        kept = np.zeros_like(found)
        row = 0 if node == "first" else -1
        kept[row] = found[row]
        return kept

    return W


def _shares(at: Any) -> Any:
    """Return W with every node's weights divided by their sum: the error is shared out."""
    found = _above(at)
    return found / found.sum(axis=1, keepdims=True)


def _shifted(first: bool) -> Callable[[Any], Any]:
    """Return W with its biases in it, as a first or last column, and the wrong end cut off."""

    def W(at: Any) -> Any:
        found, b = _above(at), at.case.b[at.l + 1][:, None]
        return np.hstack([b, found[:, :-1]] if first else [found[:, 1:], b])

    return W


def _biased_above(case: Case, l: int) -> bool:
    return l < case.L and case.bias(l + 1) and case.over(l + 1) == VECTOR


def _updated(at: Any, delta: Any, lr: float) -> Any:
    return delta @ (_above(at) - lr * at.case.carrying(at.l + 1, at.above.whole[0]))


def _updated_by_row(at: Any, delta: Any, lr: float) -> Any:
    """Return delta_i (W - lr dE_i/dW) for every row i: its own update is in W already."""
    above, case = at.above, at.case
    rate = lr / case.scale  # one row alone is not divided by n
    mine = (delta * above.delta).sum(axis=1, keepdims=True) * case.inputs[at.l + 1]
    return delta @ (_above(at) - lr * case.penalty_slope(_above(at))) - rate * mine


def _some(lr: float) -> float | None:
    return lr if abs(lr) > 1e-12 else None


put("carrier", "updated", "W_{l+1} after its update", _updated, fits=_hidden,
    code="sequential_update", number="lr", allowed=_some)  # fmt: skip
put("carrier", "updated_by_row", "W_{l+1} after its update by the same row", _updated_by_row,
    fits=_by_row, code="sequential_update", told={"updated": "row by row"}, number="lr",
    allowed=_some)  # fmt: skip
put("carrier", "transposed", "W_{l+1} with its indices swapped", _through(lambda at: _above(at).T),
    fits=_square, code="untransposed_weights")  # fmt: skip
for _node in ("first", "last", "same-numbered"):
    put("carrier", _node, f"one row of W_{{l+1}} ({_node})", _through(_one_node(_node)),
        fits=_several, code="single_path", told={"node": _node})  # fmt: skip
put("carrier", "ones", "1 for every weight: W_{l+1} is left out",
    _through(lambda at: np.ones_like(_above(at))), fits=_hidden)  # fmt: skip
put("carrier", "own", "W_l, the layer's own", _through(lambda at: at.case.carrying(at.l)),
    fits=_as_own)  # fmt: skip
put("carrier", "own_transposed", "W_l transposed, the layer's own",
    _through(lambda at: at.case.carrying(at.l).T), fits=_as_own_turned)  # fmt: skip
put("carrier", "sizes", "|W_{l+1}|", _through(lambda at: np.abs(_above(at))), fits=_hidden)
put("carrier", "signs", "the signs of W_{l+1}", _through(lambda at: np.sign(_above(at))),
    fits=_hidden)  # fmt: skip
put("carrier", "squares", "W_{l+1} squared", _through(lambda at: _above(at) ** 2), fits=_hidden)
put("carrier", "shares", "W_{l+1} divided by the sum of each node's weights: the error is shared "
    "out", _through(_shares), fits=_hidden)  # fmt: skip
for _first, _cut in ((True, "the last weights are cut off, and its first column, the biases', is "
                      "not"), (False, "the first weights are cut off, and its last column, the "
                      "biases', is not")):  # fmt: skip
    put("carrier", "biases_first" if _first else "biases_last", f"W_{{l+1}} off by one: {_cut}",
        _through(_shifted(_first)), fits=_biased_above)  # fmt: skip
