"""Random points of the grammar on random networks, and gradients that are wrong outside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from plants import network, problem

import deltarule as dr
from deltarule.check.diagnose.backward import backward, flat
from deltarule.check.diagnose.case import Array, Case
from deltarule.check.diagnose.evidence import evidence_of, predicted
from deltarule.check.diagnose.experiment import EXPERIMENTS
from deltarule.check.diagnose.explanation import Explanation
from deltarule.check.diagnose.grammar import QUANTITIES, Point
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
    floors = [f for pair in roundings(case)[1:] for f in pair]
    pairs = zip(parts(case, one), parts(case, other), strict=True)
    if not all(case.bias(l) for l in range(1, case.L + 1)):
        floors = floors[::2]
    return sum(
        int(np.sum(np.abs(a - b) > 1e-6 * max(np.abs(a).max(), np.abs(b).max()) + 1e-13 * floor))
        for (a, b), floor in zip(pairs, floors, strict=True)
    )


def points(rng: np.random.Generator, wanted: int) -> Iterator[tuple[Case, Explanation, Array]]:
    """Yield random points at random layers, each with the gradient that it gives."""
    quantities = [q for q in QUANTITIES.values() if q.id not in ASIDE]
    while wanted:
        case = random_case(rng)
        quantity = quantities[rng.integers(len(quantities))]
        able = [l for l in range(1, case.L + 1) if quantity.fits(case, l)]
        if not able:
            continue
        if rng.random() < 0.5:
            able = [able[rng.integers(len(able))]]
        number = None
        if quantity.number:
            number = float(rng.integers(3, 9) if quantity.whole else rng.uniform(0.02, 0.2))
        point = Point(quantity, number, bool(quantity.number))
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


def told(rng: np.random.Generator, wanted: int) -> tuple[Counter[str], list[str]]:
    """Return how so many random points are told, and those that are not."""
    counts: Counter[str] = Counter()
    failures = []
    for case, planted, given in points(rng, wanted):
        how = judged(case, planted, given)
        counts[how] += 1
        if how in ("missed", "wrong"):
            (point,), net = planted.points, case.objective.network
            where = f"{planted.layers[0]} of {net.sizes}, n={case.n}, {case.objective.loss.name}"
            names = [layer.activation.name for layer in net.affine]
            failures.append(f"{how}: {point.quantity.id} {point.number} in {where} {names}")
    return counts, failures


def outside(rng: np.random.Generator, wanted: int) -> Iterator[tuple[str, Case, Array]]:
    """Yield gradients that are wrong in ways that no point of the grammar is."""
    kinds = ("noise", "factor per node", "shuffled", "another network's", "noise in a layer",
             "factor per layer")  # fmt: skip
    while wanted:
        case = random_case(rng)
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
    given, start = true.copy(), 0
    chosen = int(rng.integers(1, case.L + 1))
    for l in range(1, case.L + 1):
        width, below = case.W[l].shape
        W = given[start : start + width * below].reshape(width, below)
        b = given[start + width * below : start + width * below + case.b[l].size]
        if kind.startswith("factor"):
            each = width if kind == "factor per node" else 1
            factors = np.broadcast_to(rng.uniform(0.2, 3.0, each), width)
            W *= factors[:, None]
            b *= factors if b.size else 1.0
        elif l == chosen:
            W *= 1.0 + 0.1 * rng.normal(size=W.shape)
            b *= 1.0 + 0.1 * rng.normal(size=b.shape)
        start += W.size + b.size
    return given


def right(rng: np.random.Generator, wanted: int) -> Iterator[tuple[Case, Array]]:
    """Yield true gradients under random conventions."""
    for _ in range(wanted):
        case = random_case(rng)
        lr = 10.0 ** rng.uniform(-3, 1) if rng.random() < 0.5 else 1.0
        known = (1.0, -1.0, case.n, 1.0 / case.n, 2.0, 0.5, case.k, 1.0 / case.k)
        factor = lr * float(rng.choice(known)) * float(rng.choice((1.0, -1.0)))
        yield case, factor * flat(backward(case))


def diagnosed(case: Case, given: Array) -> dr.Diagnosis:
    """Return the diagnosis of a vector of the case."""
    return dr.diagnose(given, **options(case))
