"""Random points of the grammar on random networks, and gradients that are wrong outside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator
from typing import Any

import numpy as np
from plants import network, problem

import deltarule as dr
from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.evidence import evidence_of, predicted
from deltarule.check.diagnose.experiment import EXPERIMENTS
from deltarule.check.diagnose.explanation import Explanation
from deltarule.check.diagnose.grammar import QUANTITIES, SLOTS, Point
from deltarule.check.diagnose.investigation import investigate
from deltarule.check.diagnose.match import as_given, roundings
from deltarule.engine import Objective, as_samples

ASIDE = ("rows:online", "whole:clipped", "whole:clipped_norm")
"""Quantities that are no step of one backward pass: told by tests of their own."""


def random_case(rng: np.random.Generator) -> Case:
    """Return a random network at a random point."""
    p = problem(rng)
    net, theta = network(p)
    objective = Objective.of(net, p.loss, p.reduction, "exact", p.l2)
    return Case(objective, theta, as_samples(net, objective.loss, p.X, p.T, None, np.float64))


def options(case: Case) -> dict[str, Any]:
    """Return the case as arguments of `dr.diagnose`."""
    o, s = case.objective, case.samples
    return {"net": o.network, "theta": case.theta, "X": s.X, "T": s.T, "loss": o.loss,
            "reduction": o.reduction, "l2": o.l2}  # fmt: skip


def parts(case: Case, vector: Array) -> list[Array]:
    """Return dE/dW_1, dE/db_1, dE/dW_2, ... of a vector."""
    return [vector[e.start : e.stop] for e in case.objective.network.layout.entries]


def differing(case: Case, one: Array, other: Array) -> int:
    """Return how many entries differ by what can be seen in their part."""
    floors = [
        pair[0 if block.columns else 1]
        for stage, pair in zip(case.stages[1:], roundings(case)[1:], strict=True)
        for block in stage.blocks
    ]
    pairs = zip(parts(case, one), parts(case, other), strict=True)
    return sum(
        int(np.sum(np.abs(a - b) > 1e-6 * max(np.abs(a).max(), np.abs(b).max()) + 1e-13 * floor))
        for (a, b), floor in zip(pairs, floors, strict=True)
    )


CELLS = (dr.Elman, dr.GRU, dr.LSTM, dr.Jordan, lambda units: dr.Conv1d(units, 2, 1, "tanh"))


def case_in_time(rng: np.random.Generator) -> Case:
    """Return a random network over sequences at a random point: one or two layers over time."""
    steps, features = int(rng.integers(3, 6)), int(rng.integers(1, 4))
    layers = [CELLS[rng.integers(len(CELLS))](int(rng.integers(2, 4)))
              for _ in range(rng.integers(1, 3))]  # fmt: skip
    per_step = rng.random() < 0.5
    if per_step:
        layers.append(dr.EachStep(dr.Dense(2, "tanh")))
    else:
        layers += [dr.Last(), dr.Dense(2, "sigmoid")]
    net = dr.Network((steps, features), layers)
    theta, n = net.init(int(rng.integers(1000))), int(rng.integers(2, 4))
    theta = theta + rng.uniform(-0.5, 0.5, theta.shape)
    X, T = rng.normal(size=(n, steps, features)), rng.uniform(size=(n, *net.shapes[-1]))
    reduction = "mean" if rng.random() < 0.5 else "sum"
    objective = Objective.of(net, "half_squared_error", reduction, "exact", 0.0)
    return Case(objective, theta, as_samples(net, objective.loss, X, T, None, np.float64))


Make = Callable[[np.random.Generator], Case]


def points(
    rng: np.random.Generator, wanted: int, make: Make = random_case, slots: Container[str] = SLOTS
) -> Iterator[tuple[Case, Explanation, Array]]:
    """Yield random points at random layers, each with the gradient that it gives."""
    quantities = [q for q in QUANTITIES.values() if q.id not in ASIDE and q.slot in slots]
    while wanted:
        case = make(rng)
        quantity = quantities[rng.integers(len(quantities))]
        able = [l for l in range(1, case.L + 1) if quantity.fits(case, l)]
        if not able:
            continue
        if rng.random() < 0.5:
            able = [able[rng.integers(len(able))]]
        number = None
        if quantity.number:
            number = float(rng.integers(3, 9) if quantity.whole else rng.uniform(0.02, 0.2))
        if quantity.code == "truncated":
            number = float(rng.integers(2, case.steps))
        point = Point(quantity, number, bool(quantity.number) and quantity.code != "truncated")
        with np.errstate(all="ignore"):
            given, true = flat(backward(case, [(point, able)])), flat(backward(case))
        seen = differing(case, given, true) if np.all(np.isfinite(given)) else 0
        if seen > 3 * bool(quantity.number):
            wanted -= 1
            yield case, Explanation((point,), (tuple(able),)), given


def judged(case: Case, planted: Explanation, given: Array) -> str:
    """Return how a gradient's point is told: 'named', 'equal', 'equal here' or what else.

    Equal are explanations that give the same numbers at other weights, samples and targets, too. A
    number that makes a layer's gradient a multiple of the true one is told as this ratio.
    """
    outcome = investigate(case, given, None)
    if not outcome.best and evidence_of(case, planted).ratios:
        return "a ratio"
    found = [*outcome.best, *outcome.also]
    if not found or found[0].gaps:
        return "missed"
    slots = {p.quantity for p in planted.points}
    if any({p.quantity for p in e.points} == slots for e in found):
        return "named"
    if not _same(case, predicted(case, outcome.best[0]), given):
        return "wrong"
    rng = np.random.default_rng(0)
    others = [make(case, rng) for make in EXPERIMENTS.values()]
    with np.errstate(all="ignore"):
        equal = any(all(_same(o, predicted(o, e), predicted(o, planted)) for o in others)
                    for e in found)  # fmt: skip
    return "equal" if equal else "equal here"


def _same(case: Case, one: Array, other: Array) -> bool:
    if not (np.all(np.isfinite(one)) and np.all(np.isfinite(other))):
        return True
    floors = roundings(case)
    mine, theirs = (as_given(case, v, floors) for v in (one, other))
    return all(theirs.matches(l, mine.pairs[l]) for l in range(1, case.L + 1))


def told(
    rng: np.random.Generator, wanted: int, make: Make = random_case, slots: Container[str] = SLOTS
) -> tuple[Counter[str], list[str]]:
    """Return how so many random points are told, and those that are not."""
    counts: Counter[str] = Counter()
    failures = []
    for case, planted, given in points(rng, wanted, make, slots):
        how = judged(case, planted, given)
        counts[how] += 1
        if how in ("missed", "wrong"):
            (point,), net = planted.points, case.objective.network
            where = f"{planted.layers[0]} of {net.sizes}, n={case.n}, {case.objective.loss.name}"
            names = [[f.name for f in layer.activations] for layer in net.layers]
            failures.append(f"{how}: {point.quantity.id} {point.number} in {where} {names}")
    return counts, failures


def outside(
    rng: np.random.Generator, wanted: int, make: Make = random_case
) -> Iterator[tuple[str, Case, Array]]:
    """Yield gradients that are wrong in ways that no point of the grammar is."""
    kinds = ("noise", "factor per node", "shuffled", "another network's", "noise in a layer",
             "factor per layer")  # fmt: skip
    while wanted:
        case = make(rng)
        true = flat(backward(case))
        kind = kinds[rng.integers(len(kinds))]
        given = _wrong(kind, case, true, rng)
        touched = [differing(case, c * given, true) for c in _ratios(case, given, true)]
        if np.all(np.isfinite(given)) and min(touched) >= (1 if kind == "factor per layer" else 4):
            wanted -= 1
            yield kind, case, given


def _ratios(case: Case, given: Array, true: Array) -> list[float]:
    """Return factors that would hide what was done to few numbers."""
    pairs = zip(parts(case, given), parts(case, true), strict=True)
    return [1.0, *(float(t @ t) / float(g @ t) for g, t in pairs if float(g @ t) != 0.0)]


def _wrong(kind: str, case: Case, true: Array, rng: np.random.Generator) -> Array:
    if kind == "noise":
        return true * (1.0 + 10.0 ** rng.uniform(-4, 0) * rng.normal(size=true.shape))
    if kind == "shuffled":
        return rng.permutation(true)
    if kind == "another network's":
        theta = case.theta * rng.uniform(0.5, 1.5, case.theta.shape)
        return flat(backward(Case(case.objective, theta, case.samples)))
    pairs, chosen = case.split(true), int(rng.integers(1, case.L + 1))
    for l, (W, b) in enumerate(pairs[1:], 1):
        width = len(W)
        if kind.startswith("factor"):
            each = width if kind == "factor per node" else 1
            factors = np.broadcast_to(rng.uniform(0.2, 3.0, each), width)
            W[:] = W * factors[:, None]
            b[:] = b * (factors if b.size else 1.0)
        elif l == chosen:
            W[:] = W * (1.0 + 0.1 * rng.normal(size=W.shape))
            b[:] = b * (1.0 + 0.1 * rng.normal(size=b.shape))
    stages = zip(case.stages[1:], pairs[1:], strict=True)
    return np.concatenate([stage.flat(pair) for stage, pair in stages])


def right(
    rng: np.random.Generator, wanted: int, make: Make = random_case
) -> Iterator[tuple[Case, Array]]:
    """Yield true gradients under random conventions."""
    for _ in range(wanted):
        case = make(rng)
        lr = 10.0 ** rng.uniform(-3, 1) if rng.random() < 0.5 else 1.0
        known = (1.0, -1.0, case.n, 1.0 / case.n, 2.0, 0.5, case.k, 1.0 / case.k)
        factor = lr * float(rng.choice(known)) * float(rng.choice((1.0, -1.0)))
        yield case, factor * flat(backward(case))


def diagnosed(case: Case, given: Array) -> dr.Diagnosis:
    """Return the diagnosis of a vector of the case."""
    return dr.diagnose(given, **options(case))
