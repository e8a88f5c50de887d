"""The search for what explains a gradient: layer by layer, from the output down.

Deltas flow downwards, so a mistake at layer l leaves the layers above as they are. At each layer
the combinations of mistakes that can act there are compared with the given gradient, and only
those that agree go on to the layer below. So all subsets of layers are covered, and none has to
be listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from deltarule.check.diagnose.backward import LayerPass, Result, backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.fit import fitted
from deltarule.check.diagnose.match import HALF_THE_DIGITS, Given, as_given, roundings
from deltarule.check.diagnose.mistake import MISTAKES, Trial

__all__ = ["Explanation", "explain_gradient", "trials_of"]

AT_ONCE = 2
"""Mistakes that are looked for together."""
STATES = 2_000
"""Explanations of the layers so far that are carried on, the shortest first."""

Acts = tuple[Trial, ...]


@dataclass(frozen=True)
class Explanation:
    """Mistakes, each with the layers at which it acts (none for the order of the vector)."""

    trials: Acts
    layers: tuple[tuple[int, ...], ...]

    @property
    def cost(self) -> tuple[int, int]:
        """What comes first: nothing fitted before fitted, one mistake before two.

        One mistake with a fitted whole number stands beside two with nothing fitted: three steps
        added up say as much of a factor 3 as a factor 6 and a factor 1/2 do, and no more.
        """
        if len(self.trials) == 1 and self.fits == self.trials[0].whole == 1:
            return 0, 2
        return self.fits, len(self.trials)

    @property
    def fits(self) -> int:
        """The number of fitted parameters."""
        return sum(len(t.fitted) for t in self.trials)

    @property
    def codes(self) -> tuple[str, ...]:
        """The mistakes' codes."""
        return tuple(t.code for t in self.trials)

    def acts(self) -> list[tuple[Trial, Sequence[int]]]:
        """Return the mistakes as `backward` takes them."""
        return list(zip(self.trials, self.layers, strict=True))


@dataclass(frozen=True)
class _State:
    """An explanation of the layers so far, and what is handed down to the next."""

    found: Explanation
    result: Result | None


def trials_of(case: Case, given: Array, codes: Iterable[str] | None = None) -> Acts:
    """Return every mistake with every variant that this case and this gradient allow."""
    kept = MISTAKES if codes is None else codes
    return tuple(
        Trial.of(MISTAKES[code], parameters)
        for code in kept
        for parameters in MISTAKES[code].variants(case, given)
        if MISTAKES[code].changes
    )


def explain_gradient(
    case: Case,
    vector: Array,
    trials: Acts,
    precisions: Sequence[float] = (),
    at_once: int = AT_ONCE,
) -> list[Explanation]:
    """Return every explanation of the vector, the simplest first; an empty one for 'correct'.

    Only minimal ones are returned: no mistake in them changes nothing. `precisions` holds eps of
    each layer from 1 where it is not float64's.
    """
    inside = tuple(t for t in trials if not _moves(t, case))
    given = as_given(case, vector, _floors(case, vector), precisions)
    found = _in_order(case, given, inside, at_once, ())
    for trial in (t for t in trials if _moves(t, case)):
        restored = trial.change("order", case, 0, vector)
        if not np.array_equal(restored, vector):
            given = as_given(case, restored, _floors(case, restored), precisions)
            found += _in_order(case, given, inside, at_once, (trial,))
    return _minimal(case, found, vector)


def _floors(case: Case, vector: Array) -> list[Any]:
    """Return the magnitudes behind each layer; k times the gradient rounds k times as much."""
    floors, start = roundings(case), 0
    for l, right in enumerate(backward(case)[1:], 1):
        stop = start + case.W[l].size + case.b[l].size
        true = max(float(np.max(np.abs(part), initial=0.0)) for part in right.delivered)
        mine = float(np.max(np.abs(vector[start:stop])))
        more = max(1.0, mine / true) if true > 0.0 else 1.0
        floors[l] = tuple(more * s for s in floors[l])
        start = stop
    return floors


def _moves(trial: Trial, case: Case) -> bool:
    """Whether the trial moves the layers of the delivered vector."""
    if "order" not in trial.mistake.changes or not trial.mistake.layers(case, 0):
        return False
    marks = np.arange(case.theta.size, dtype=np.float64)
    return not np.array_equal(trial.change("order", case, 0, marks), marks)


def _in_order(
    case: Case, given: Given, trials: Acts, at_once: int, moved: Acts
) -> list[Explanation]:
    """Return what explains the gradient, once its layers stand in their order."""
    start = Explanation(moved, ((),) * len(moved))
    states = [_State(start, None)]
    for l in range(case.L, 0, -1):
        able = tuple(t for t in trials if t.mistake.layers(case, l))
        states = [new for s in states for new in _next(case, given, l, s, able, at_once)]
        states.sort(key=lambda s: s.found.cost)
        del states[STATES:]
        if not states:
            return []
    return [s.found for s in states]


def _next(
    case: Case, given: Given, l: int, state: _State, able: Acts, at_once: int
) -> list[_State]:
    """Return the ways in which the state explains layer l too."""
    layer = LayerPass(case, l, state.result)
    target = np.concatenate([part.ravel() for part in given.pairs[l]])

    def gradient(acts: Acts) -> Array:
        return np.concatenate([part.ravel() for part in layer(acts).delivered])

    kept: list[tuple[Acts, Result]] = []
    able = _effective(layer, able)
    for acts in _combinations(case, l, state.found.trials, able, at_once):
        closed = _fitted(acts, gradient, target) if any(a.open for a in acts) else acts
        if closed is None:
            continue
        result = layer(closed)
        if given.matches(l, result.delivered) and not _idle(closed, result, kept, l):
            kept.append((closed, result))
    return [_State(_with(state.found, acts, l), result) for acts, result in kept]


def _fitted(acts: Acts, gradient: Callable[[Acts], Array], target: Array) -> Acts | None:
    """Set the open parameters, from the entries that no other mistake has cut off."""
    hidden = {act: cut for act in acts if not act.open and np.any(cut := act.hidden(target))}
    if not hidden:
        return fitted(acts, gradient, target)
    seen = ~np.any(list(hidden.values()), axis=0)
    rest = tuple(act for act in acts if act not in hidden)
    found = fitted(rest, lambda tried: gradient(tried)[seen], target[seen])
    if found is None:
        return None
    closed = iter(found)
    return tuple(act if act in hidden else next(closed) for act in acts)


def _effective(layer: LayerPass, able: Acts) -> Acts:
    """Leave out what changes nothing in this layer.

    A bound or a fitted parameter may do so only beside another mistake, and stays.
    """
    right = layer(())

    def changes(trial: Trial) -> bool:
        mine = layer((trial,))
        pairs = zip((mine.delta, *mine.delivered), (right.delta, *right.delivered), strict=True)
        return any(not np.array_equal(a, b) for a, b in pairs)

    return tuple(t for t in able if t.fitted or changes(t))


def _combinations(case: Case, l: int, used: Acts, able: Acts, at_once: int) -> Iterator[Acts]:
    """Yield what may act at layer l, the fewest first: of the mistakes so far, and new ones."""
    here = [t for t in used if t.mistake.layers(case, l) and t.mistake.changes.keys() - {"order"}]
    again = [old for count in range(len(here) + 1) for old in combinations(here, count)]
    codes = {t.code for t in used}
    new = [t for t in able if t.code not in codes]
    room = at_once - len(used)
    order = {code: place for place, code in enumerate(MISTAKES)}
    for count in range(room + 1):
        for old in again:
            for others in combinations(new, count):
                if len({t.code for t in others}) == count:
                    acts = (*old, *others)
                    yield tuple(sorted(acts, key=lambda t: order[t.code])) if old else acts


def _idle(acts: Acts, result: Result, kept: list[tuple[Acts, Result]], l: int) -> bool:
    """Whether some of the mistakes change nothing that is seen here or below."""
    mine = {t.code for t in acts}
    for others, other in kept:
        if {t.code for t in others} < mine and set(others) <= set(acts):
            size = float(np.max(np.abs(other.delta), initial=0.0))
            apart = float(np.max(np.abs(other.delta - result.delta), initial=0.0))
            if l == 1 or apart <= 1e-12 * size:
                return True
    return False


def _with(found: Explanation, acts: Acts, l: int) -> Explanation:
    """Return the explanation with the mistakes that act at layer l."""
    layers = dict(zip(found.trials, found.layers, strict=True))
    for act in acts:
        layers[act] = (*layers.get(act, ()), l)
    return Explanation(tuple(layers), tuple(layers.values()))


def _minimal(case: Case, found: list[Explanation], vector: Array) -> list[Explanation]:
    """Leave out what contains another explanation, and fits that only this gradient supports."""
    found.sort(key=lambda e: e.cost)
    kept: list[Explanation] = []
    for e in found:
        if any(set(k.trials) < set(e.trials) for k in kept):
            continue
        if not any(t.fitted for t in e.trials) or _supported(case, e, vector):
            kept.append(e)
    return kept


def _supported(case: Case, e: Explanation, vector: Array) -> bool:
    """Whether more entries depend on the fitted parameters than there are parameters.

    One number fitted to one number always fits, and says nothing.
    """
    here = flat(backward(case, e.acts()))
    size = float(np.max(np.abs(here), initial=0.0))
    for i, trial in enumerate(e.trials):
        for name in trial.fitted:
            moved = Trial(
                trial.mistake,
                tuple((k, 2.0 * v if k == name else v) for k, v in trial.parameters),
                trial.fitted,
            )
            others = [*e.trials[:i], moved, *e.trials[i + 1 :]]
            there = flat(backward(case, list(zip(others, e.layers, strict=True))))
            touched = np.abs(there - here) > 2.0 * HALF_THE_DIGITS * size
            if np.count_nonzero(touched) <= sum(len(t.fitted) for t in e.trials):
                return False
    return True
