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
from deltarule.check.diagnose.grammar.slopes import FROM_OUTPUT
from deltarule.check.diagnose.grammar.slot import Point, put
from deltarule.check.diagnose.in_time import gates_of
from deltarule.check.diagnose.stages import STATE, STEPS
from deltarule.core.namespace import NUMPY

__all__ = ["reaches"]

in_state = partial(put, over=(STATE,))


def _several(case: Case, l: int) -> bool:
    return case.steps > 1


def _three(case: Case, l: int) -> bool:
    return case.steps > 2


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


# how far they go back: weights on s - t
def _cut(at: Any, windows: Any, k: float) -> Any:
    """Return windows in which the error of every step goes back k steps."""
    T = at.case.steps
    return tuple((max(0, end - int(k)), end - 1, end) for end in range(T, 0, -1))


def _chunks(at: Any, windows: Any, k: float) -> Any:
    """Return the chunks of k steps from the first: no error leaves its own."""
    T, k = at.case.steps, int(k)
    return tuple((s, s, min(s + k, T)) for s in range((T - 1) // k * k, -1, -k))


def _chunks_from_end(at: Any, windows: Any, k: float) -> Any:
    """Return the chunks of k steps from the last one."""
    T, k = at.case.steps, int(k)
    return tuple((max(0, end - k), max(0, end - k), end) for end in range(T, 0, -k))


in_state("reach", "none", "to no step before its own", lambda at, x: _cut(at, x, 1),
         fits=_several, code="state_not_carried")  # fmt: skip
_REACHES = tuple(
    in_state("reach", name, phrase, value, fits=_three, code="truncated", told=told, number="k",
             rank=int(bool(told)))
    for name, phrase, value, told in (
        ("cut", "k steps", _cut, {}),
        ("chunks", "to the beginning of its k steps", _chunks, {"in": "chunks from the first"}),
        ("chunks_from_end", "to the beginning of its k steps, counted from the last",
         _chunks_from_end, {"in": "chunks from the last"}),
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
def _shifted(by: int, wrapped: bool = False) -> Callable[[Any, Any], Any]:
    """Return the sequence (n, T, ..) with step t + by at step t, and zeros where there is none."""

    def value(at: Any, x: Any) -> Any:
        if isinstance(x, tuple):
            return _shifted_steps(x, by)
        found = np.roll(x, -by, axis=1)
        if not wrapped:
            found[:, slice(None, -by) if by < 0 else slice(-by, None)] = 0.0
        return found

    return value


def _shifted_steps(kept: tuple[Any, ...], by: int) -> tuple[Any, ...]:
    T = len(kept)
    there = [t + by for t in range(T)]
    return tuple(kept[min(s, T - 1)] if s >= 0 else _none(kept[0]) for s in there)


def _none(kept: Any) -> Any:
    """Return what a step before the first has kept: zeros."""
    if isinstance(kept, tuple):
        zeros = [_none(one) for one in kept]
        return type(kept)(*zeros) if hasattr(kept, "_fields") else tuple(zeros)
    return np.zeros_like(kept)


def _rowed(change: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return what changes a sequence that comes row by row."""
    return lambda at, x: change(at, x.reshape(at.case.n, at.case.steps, -1)).reshape(x.shape)


def _state(at: Any, x: Any) -> Array:
    """Return h_t at every step."""
    return np.asarray(at.y.reshape(x.shape))


for _by, _which in ((-1, "before"), (1, "after")):
    in_state("kept", f"of_{_which}", f"that of the step {_which}", _shifted(_by), fits=_several,
             code="other_step", told={"of": f"the step {_which}"})  # fmt: skip
    in_state("input", f"of_{_which}", f"x of the step {_which}", _rowed(_shifted(_by)),
             fits=_several, code="input_of_other_step", told={"of": f"the step {_which}"},
             part="weights", rank=1)  # fmt: skip
in_state("before", "own", "h_t, the step's own", _state, code="stale_state", part="weights",
         told={"state": "h_t"})  # fmt: skip
in_state("before", "earlier", "h_{t-2}", _shifted(-1), fits=_several, code="stale_state",
         part="weights", told={"state": "h_{t-2}"})  # fmt: skip
in_state("before", "wrapped", "h_{t-1}, but h_T before the first step",
         lambda at, x: np.roll(_state(at, x), 1, axis=1), code="stale_state", part="weights",
         told={"state": "h_T before the first step (index -1)"})  # fmt: skip
in_state("before", "nothing", "0: dE/dU is left out", lambda at, x: np.zeros_like(x),
         code="missing_weights", part="weights", told={"of": "U"})  # fmt: skip


# another way from step t+1 to t; x is (deltas, U, W)
def _through(U: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda at, x: x[0].recurrent @ U(x[1], x[2])


def _square(case: Case, l: int) -> bool:
    parts = case.stages[l].parts((case.W[l], case.b[l]))
    return case.steps > 1 and len(parts["U"]) == parts["U"].shape[1] > 1


def _as_wide_as_w(case: Case, l: int) -> bool:
    parts = case.stages[l].parts((case.W[l], case.b[l]))
    return case.steps > 1 and parts["U"].shape == parts["W"].shape


def _remembers(case: Case, l: int) -> bool:
    """Whether the state goes on past U, as in a GRU and an LSTM."""
    return case.steps > 1 and len(case.stages[l].layer.gate_names) > 1


def _one_row(row: int) -> Callable[[Any, Any], Any]:
    def chosen(U: Any, W: Any) -> Any:
        kept = np.zeros_like(U)
        kept[row] = U[row]
        return kept

    return chosen


in_state("through", "nothing", "0: nothing goes back through U", lambda at, x: 0.0 * x[0].inward
         @ x[1], fits=_remembers, code="way_left_out", told={"way": "through U"})  # fmt: skip
in_state("through", "transposed", "delta_{t+1} U^T", _through(lambda U, W: U.T), fits=_square,
         code="untransposed_weights", told={"of": "U"})  # fmt: skip
in_state("through", "own_node", "each node's own alone: the diagonal of U",
         _through(lambda U, W: U * np.eye(*U.shape)), fits=_square,
         code="single_path", told={"node": "same-numbered", "of": "U"})  # fmt: skip
for _node, _at_row in (("first", 0), ("last", -1)):
    in_state("through", _node, f"one row of U ({_node})", _through(_one_row(_at_row)),
             fits=_square, code="single_path", told={"node": _node, "of": "U"})  # fmt: skip
in_state("through", "W", "delta_{t+1} W", _through(lambda U, W: W), fits=_as_wide_as_w)
in_state("through", "ones", "1 for every weight of U", _through(lambda U, W: np.ones_like(U)),
         fits=_several)  # fmt: skip
in_state("through", "inward", "dE/da_{t+1} U", lambda at, x: x[0].inward @ x[1],
         fits=lambda case, l: case.stages[l].layer.name == "gru" and case.steps > 1,
         code="reset_left_out", told={"in": "the way back"})  # fmt: skip
in_state("memory", "nothing", "0: nothing goes back past U",
         lambda at, x: tuple(np.zeros_like(part) for part in x), fits=_remembers,
         code="way_left_out", told={"way": "past U"})  # fmt: skip
in_state("gates", "inward", "dE/da_t for both", lambda at, x: (x[0], x[0]),
         fits=lambda case, l: case.stages[l].layer.name == "gru", part="weights",
         code="reset_left_out", told={"in": "dE/dU"})  # fmt: skip
in_state("gates", "recurrent", "dE/dv_t for both", lambda at, x: (x[1], x[1]),
         fits=lambda case, l: case.stages[l].layer.name == "gru")  # fmt: skip


# another f', at the nets of all gates or of one
def _f_prime(of: Callable[[Any], Any], gate: str) -> Callable[[Any, Any], Any]:
    def value(at: Any, right: Any) -> Any:
        return of(right) if gate in ("", right.name) else right.slope

    return value


def _taken_at_y(gate: Any) -> Any:
    f, df = gate.activation.body(NUMPY)
    return np.broadcast_to(df(gate.y, f(gate.y)), gate.net.shape)


def _formula(gate: Any) -> Any:
    return FROM_OUTPUT.get(gate.activation.name, lambda v: v)(gate.net)


def _other(of: str) -> Callable[[Any], Any]:
    return lambda gate: FROM_OUTPUT[of](gate.y)


def _has(gate: str, of: str = "") -> Callable[[Case, int], bool]:
    def fits(case: Case, l: int) -> bool:
        names = {name: g.activation.name for name, g in gates_of(case, l).items()}
        if of and all(name == of for key, name in names.items() if gate in ("", key)):
            return False
        return len(names) > 1 and gate in names if gate else True

    return fits


_SLOPES: tuple[tuple[str, str, Callable[[Any], Any], str, str, dict[str, Any]], ...] = (
    ("ones", "1: f' is left out", lambda g: np.ones_like(g.net), "missing_derivative", "", {}),
    ("twice", "f' twice", lambda g: g.slope * g.slope, "double_derivative", "", {}),
    ("of_y", "f' taken at y", _taken_at_y, "derivative_of_output", "", {"argument": "y"}),
    ("formula_of_net", "f' by its formula for y, of net", _formula, "derivative_of_output", "",
     {"argument": "net, in the formula for y"}),
    *((f"{name}_of_y", f"the f' of {name}, of y", _other(name), "wrong_activation", name,
       {"of": name, "argument": "y"}) for name in FROM_OUTPUT),
    ("f", "y = f(net), in the place of f'", lambda g: g.y, "", "", {}),
)  # fmt: skip

for _gate in ("", "net", "out", "r", "z", "n", "i", "f", "g", "o", "c"):
    for _name, _phrase, _of, _code, _but, _told in _SLOPES:
        _where = f" (of the gate {_gate})" if _gate else ""
        in_state("slope", f"{_name}{'_' if _gate else ''}{_gate}", _phrase + _where,
                 _f_prime(_of, _gate), fits=_has(_gate, _but), code=_code, paired=not _gate,
                 told={**_told, "gate": _gate} if _gate else _told)  # fmt: skip
