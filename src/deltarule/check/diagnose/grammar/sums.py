"""What may stand for the sums dE/dW_l and dE/db_l, and what multiplies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Case
from deltarule.check.diagnose.grammar.slot import EVERYWHERE, Fits, put


def _several(case: Case, l: int) -> bool:
    return bool(case.b[l].size > 1)


_PER_NODE = "bias_not_per_node"
_BIASES: tuple[tuple[str, str, Callable[[Any, Any], Any], Fits, str, Mapping[str, Any]], ...] = (
    ("node_sum", "the sum over the nodes as well", lambda dW, db: np.full_like(db, db.sum()),
     _several, _PER_NODE, {"over_nodes": "sum"}),
    ("node_mean", "the mean over the nodes as well", lambda dW, db: np.full_like(db, db.mean()),
     _several, _PER_NODE, {"over_nodes": "mean"}),
    ("row_sums", "the sum of dE/dW_l over the nodes before: y_{l-1} is still in it",
     lambda dW, db: dW.sum(axis=1), Case.bias, "", {}),
    ("row_means", "the mean of dE/dW_l over the nodes before: y_{l-1} is still in it",
     lambda dW, db: dW.mean(axis=1), Case.bias, "", {}),
)  # fmt: skip

put("weights", "nothing", "0: nothing", lambda at, pair: (np.zeros_like(pair[0]), pair[1]),
    code="missing_weights", part="weights", over=EVERYWHERE)  # fmt: skip
put("biases", "nothing", "0: nothing", lambda at, pair: (pair[0], np.zeros_like(pair[1])),
    fits=Case.bias, code="missing_bias", part="biases", over=EVERYWHERE)  # fmt: skip
for _name, _phrase, _db, _fits, _code, _told in _BIASES:
    put("biases", _name, _phrase, lambda at, pair, db=_db: (pair[0], db(*pair)), fits=_fits,
        code=_code, told=_told, part="biases")  # fmt: skip


def _n(case: Case) -> float:
    return float(case.samples.total) if case.mean else float(case.n)


Factor = tuple[str, Callable[[Case], float], Callable[[Case], bool], Mapping[str, Any]]

FACTORS: dict[str, Factor] = {
    "sign": ("sign", lambda case: -1.0, lambda case: True, {}),
    "times_n": ("sum_for_mean", _n, lambda case: case.mean, {}),
    "by_n": ("mean_for_sum", lambda case: 1.0 / case.n, lambda case: not case.mean, {}),
    "by_n_again": ("mean_twice", lambda case: 1.0 / _n(case), lambda case: case.mean, {}),
    "by_outputs": ("outputs_mean", lambda case: 1.0 / case.k, lambda case: case.k > 1,
                   {"outputs": "averaged"}),
    "times_outputs": ("outputs_mean", lambda case: float(case.k), lambda case: case.k > 1,
                      {"outputs": "multiplied"}),
    "by_steps": ("mean_over_steps", lambda case: 1.0 / case.steps, lambda case: case.steps > 1, {}),
    "twice": ("missing_half", lambda case: 2.0, lambda case: True, {}),
    "half": ("added_half", lambda case: 0.5, lambda case: True, {}),
}  # fmt: skip
"""Factors by name: the named mistake, the number, where it makes sense, which variant it is.

Common to all layers each is a convention; in some layers, or in one part, a mistake."""


def _times(factor: Callable[[Case], float], of: str) -> Callable[[Any, Any], Any]:
    def value(at: Any, pair: Any) -> Any:
        c = factor(at.case)
        return (pair[0] if of == "biases" else c * pair[0],
                pair[1] if of == "weights" else c * pair[1])  # fmt: skip

    return value


for _name, (_code, _factor, _sensible, _told) in FACTORS.items():
    _phrase = _name.replace("_", " ")
    for _of in ("both", "weights", "biases"):
        _half = _code in ("missing_half", "added_half")
        _variant = _told if _of == "both" and (_told or _half) else {**_told, "of": _of}
        _part = "" if _of == "both" else _of
        put("scale", f"{_name}_{_part}".rstrip("_"), _phrase, _times(_factor, _of), code=_code,
            told=_variant, over=EVERYWHERE, part=_part,
            fits=lambda case, l, sensible=_sensible, part=_part: sensible(case)
            and (not part or case.bias(l)))  # fmt: skip
    if not _told:
        put("whole", _name, f"{_phrase}, the penalty included", _times(_factor, "both"),
            code=_code, told={"of": "both, the penalty included"}, over=EVERYWHERE,
            fits=lambda case, l, sensible=_sensible: sensible(case)
            and bool(case.objective.penalties))  # fmt: skip


def _whole_number(times: float) -> float | None:
    nearest = float(round(times)) if 2.5 < times < 1e6 else 0.0
    return nearest if nearest > 2.0 and abs(times - nearest) < 1e-4 * nearest else None


put("whole", "twice_added", "two steps' gradients, added up",
    lambda at, pair: (2.0 * pair[0], 2.0 * pair[1]), code="accumulated",
    told={"times": 2.0}, over=EVERYWHERE)  # fmt: skip
put("whole", "times_added", "several steps' gradients, added up",
    lambda at, pair, times: (times * pair[0], times * pair[1]), code="accumulated",
    number="times", whole=True, allowed=_whole_number, over=EVERYWHERE)  # fmt: skip
