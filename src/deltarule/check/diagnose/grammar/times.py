"""What may go wrong in time: other weights on the terms of the double sum, other numbers in a step.

dE/dw is a sum over the steps t at which a weight is used, and over the steps s >= t at whose error
it has a share. What is left out of it, or counted in another way, is a point here; so is another
step's f', another state, another way back through U.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.grammar.slopes import STANDS
from deltarule.check.diagnose.grammar.slot import Fits, Point, put
from deltarule.check.diagnose.in_time import gates_of
from deltarule.check.diagnose.stages import STATE, STEPS

in_state = partial(put, over=(STATE,))


def _several(case: Case, l: int) -> bool:
    return case.steps > 1


def _at_one(step: int) -> Callable[[Any], Array]:
    """Return 1 at the first step (0) or at every sequence's last one (-1), (n, T, 1)."""

    def weights(at: Any) -> Array:
        case, T = at.case, at.case.steps
        last = np.full(case.n, T) if case.lengths is None else case.lengths
        chosen = last - 1 if step else np.zeros(case.n, int)
        return np.asarray(np.arange(T) == chosen[:, None])[:, :, None].astype(np.float64)

    return weights


def _each(weights: Callable[[Any], Array], part: str) -> Callable[[Any, Any], Any]:
    def value(at: Any, over: Any) -> Any:
        w = weights(at).reshape(-1, 1)
        return (over[0] if part == "biases" else over[0] * w,
                over[1] if part == "weights" else over[1] * w)  # fmt: skip

    return value


# which steps' terms are added up: weights on t
for _name, _row in (("first", 0), ("last", -1)):
    for _part in ("", "weights", "biases"):
        put("steps", f"{_name}{'_of_' if _part else ''}{_part}", f"that of the {_name} step alone",
            _each(_at_one(_row), _part), over=(STEPS, STATE), part=_part,
            code="bias_once" if _part == "biases" else "weight_counted_once",
            told={"step": _name} if _part != "weights" else {"step": _name, "of": "weights"},
            fits=lambda case, l, p=_part: case.steps > 1 and (not p or case.bias(l)))  # fmt: skip

# whose errors go back: weights on s
in_state("errors", "last", "that of the last step alone", lambda at, x: x * _at_one(-1)(at),
         fits=_several, code="last_step_only")  # fmt: skip
in_state("errors", "first", "that of the first step alone", lambda at, x: x * _at_one(0)(at),
         fits=_several)  # fmt: skip
in_state("errors", "same_for_all", "that of the last step, at every step",
         lambda at, x: np.broadcast_to((x * _at_one(-1)(at)).sum(axis=1, keepdims=True), x.shape),
         fits=_several)  # fmt: skip
in_state("errors", "summed", "their sum, entering at the last step",
         lambda at, x: x.sum(axis=1, keepdims=True) * _at_one(-1)(at), fits=_several)  # fmt: skip


# how far they go back: weights on s - t, as windows of T steps, for errors that go back k of them
_ALONE = "k steps", lambda T, k: ((max(0, end - k), end - 1, end) for end in range(T, 0, -1))
in_state("reach", "none", "to no step before its own",
         lambda at, x: tuple(_ALONE[1](at.case.steps, 1)), fits=_several,
         code="state_not_carried")  # fmt: skip
_REACHES = tuple(
    in_state("reach", name, phrase, lambda at, x, k, w=windows: tuple(w(at.case.steps, int(k))),
             fits=lambda case, l: case.steps > 2, code="truncated", told=told, number="k",
             rank=int(bool(told)))
    for name, phrase, windows, told in (
        ("cut", *_ALONE, {}),
        ("chunks", "to the beginning of its k steps",  # from the first: no error leaves its own
         lambda T, k: ((s, s, min(s + k, T)) for s in range((T - 1) // k * k, -1, -k)),
         {"in": "chunks from the first"}),
        ("chunks_from_end", "to the beginning of its k steps, counted from the last",
         lambda T, k: ((max(0, end - k), max(0, end - k), end) for end in range(T, 0, -k)),
         {"in": "chunks from the last"}),
    )
)  # fmt: skip


def reaches(case: Case) -> list[Point]:
    """Return the truncations, each with its k: a whole number, so that none has to be fitted."""
    found = []
    for quantity in _REACHES if case.steps > 2 else ():
        for k in range(2, case.steps):
            same = case.steps % k == 0 and quantity.name == "chunks_from_end"
            found += [] if same else [Point(quantity, float(k))]
    return found


# another step's numbers
def _shifted(by: int) -> Callable[[Any, Any], Any]:
    """Return the sequence (n, T, ..) with step t + by at step t, and zeros where there is none."""

    def value(at: Any, x: Any) -> Any:
        if isinstance(x, tuple):
            there = range(by, len(x) + by)
            return tuple(x[min(t, len(x) - 1)] if t >= 0 else _none(x[0]) for t in there)
        found = np.roll(x, -by, axis=1)
        found[:, slice(None, -by) if by < 0 else slice(-by, None)] = 0.0
        return found

    return value


def _none(kept: Any) -> Any:
    """Return what a step before the first has kept: zeros."""
    if isinstance(kept, tuple):
        zeros = [_none(one) for one in kept]
        return type(kept)(*zeros) if hasattr(kept, "_fields") else tuple(zeros)
    return np.zeros_like(kept)


def _state(at: Any, x: Any) -> Array:
    """Return h_t at every step."""
    return np.asarray(at.y.reshape(x.shape))


for _by, _which in ((-1, "before"), (1, "after")):
    _other, _told = _shifted(_by), {"of": f"the step {_which}"}
    in_state("kept", f"of_{_which}", f"that of the step {_which}", _other, fits=_several,
             code="other_step", told=_told)  # fmt: skip
    in_state("input", f"of_{_which}", f"x of the step {_which}", lambda at, x, other=_other:
             other(at, x.reshape(at.case.n, at.case.steps, -1)).reshape(x.shape),
             fits=_several, code="input_of_other_step", told=_told, part="weights",
             rank=1)  # fmt: skip
in_state("before", "own", "h_t, the step's own", _state, code="stale_state", part="weights",
         told={"state": "h_t"})  # fmt: skip
in_state("before", "earlier", "h_{t-2}", _shifted(-1), fits=_several, code="stale_state",
         part="weights", told={"state": "h_{t-2}"})  # fmt: skip
in_state("before", "wrapped", "h_{t-1}, but h_T before the first step",
         lambda at, x: np.roll(_state(at, x), 1, axis=1), code="stale_state", part="weights",
         told={"state": "h_T before the first step (index -1)"})  # fmt: skip
in_state("before", "nothing", "0: dE/dU is left out", lambda at, x: np.zeros_like(x),
         code="missing_weights", part="weights", told={"of": "U"})  # fmt: skip


# another way from step t+1 to t: f(U, W) in the place of U
def _shapes(case: Case, l: int) -> tuple[Any, Any]:
    parts = case.stages[l].parts((case.W[l], case.b[l]))
    return parts["U"].shape, parts["W"].shape


def _square(case: Case, l: int) -> bool:
    nodes, width = _shapes(case, l)[0]
    return case.steps > 1 and nodes == width > 1


def _as_wide_as_w(case: Case, l: int) -> bool:
    U, W = _shapes(case, l)
    return case.steps > 1 and U == W


def _remembers(case: Case, l: int) -> bool:
    """Whether the state goes on past U, as in a GRU and an LSTM."""
    return case.steps > 1 and len(case.stages[l].layer.gate_names) > 1


def _gru(case: Case, l: int) -> bool:
    return str(case.stages[l].layer.name) == "gru"


def _one_row(row: int) -> Callable[[Any, Any], Any]:
    def chosen(U: Any, W: Any) -> Any:
        kept = np.zeros_like(U)
        kept[row] = U[row]
        return kept

    return chosen


in_state("through", "nothing", "0: nothing goes back through U", lambda at, x: 0.0 * x[0].inward
         @ x[1], fits=_remembers, code="way_left_out", told={"way": "through U"})  # fmt: skip
_WAYS: tuple[tuple[str, str, Callable[[Any, Any], Any], Fits, str, dict[str, Any]], ...] = (
    ("transposed", "delta_{t+1} U^T", lambda U, W: U.T, _square, "untransposed_weights",
     {"of": "U"}),
    ("own_node", "each node's own alone: the diagonal of U", lambda U, W: U * np.eye(*U.shape),
     _square, "single_path", {"node": "same-numbered", "of": "U"}),
    ("first", "one row of U (first)", _one_row(0), _square, "single_path",
     {"node": "first", "of": "U"}),
    ("last", "one row of U (last)", _one_row(-1), _square, "single_path",
     {"node": "last", "of": "U"}),
    ("W", "delta_{t+1} W", lambda U, W: W, _as_wide_as_w, "", {}),
    ("ones", "1 for every weight of U", lambda U, W: np.ones_like(U), _several, "", {}),
)  # fmt: skip
for _name, _phrase, _U, _fits, _code, _told in _WAYS:
    in_state("through", _name, _phrase, lambda at, x, U=_U: x[0].recurrent @ U(x[1], x[2]),
             fits=_fits, code=_code, told=_told)  # fmt: skip
in_state("through", "inward", "dE/da_{t+1} U", lambda at, x: x[0].inward @ x[1],
         fits=lambda case, l: _gru(case, l) and case.steps > 1, code="reset_left_out",
         told={"in": "the way back"})  # fmt: skip
in_state("memory", "nothing", "0: nothing goes back past U",
         lambda at, x: tuple(np.zeros_like(part) for part in x), fits=_remembers,
         code="way_left_out", told={"way": "past U"})  # fmt: skip
in_state("gates", "inward", "dE/da_t for both", lambda at, x: (x[0], x[0]), fits=_gru,
         part="weights", code="reset_left_out", told={"in": "dE/dU"})  # fmt: skip
in_state("gates", "recurrent", "dE/dv_t for both", lambda at, x: (x[1], x[1]), fits=_gru)


# another f', at the nets of all gates or of one
def _has(gate: str, but: str = "") -> Fits:
    """Where a step has the gate; `but` is an activation whose own f' this is."""

    def fits(case: Case, l: int) -> bool:
        names = {name: g.activation.name for name, g in gates_of(case, l).items()}
        if but and all(name == but for key, name in names.items() if gate in ("", key)):
            return False
        return len(names) > 1 and gate in names if gate else True

    return fits


_ONES: Any = "1: f' is left out", lambda g: np.ones_like(g.net), "missing_derivative", {}
for _gate in ("", "net", "out", "r", "z", "n", "i", "f", "g", "o", "c"):
    for _name in ("ones", "twice", "of_y", "formula_of_net", "sigmoid_of_y", "tanh_of_y", "f"):
        _phrase, _of, _code, _told = STANDS.get(_name, _ONES)
        in_state("slope", f"{_name}_{_gate}".rstrip("_"),
                 f"{_phrase} (of the gate {_gate})" if _gate else _phrase,
                 lambda at, right, of=_of, gate=_gate: of(right) if gate in ("", right.name)
                 else right.slope,
                 fits=_has(_gate, _told.get("of", "")), code=_code, paired=not _gate,
                 told={**_told, "gate": _gate} if _gate else _told)  # fmt: skip
