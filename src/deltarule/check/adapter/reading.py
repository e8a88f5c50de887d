"""Find out how a program is to be read: by trying, with the forward pass as the judge.

A way of asking (where theta goes, in which form X and T) is disproved where the outputs that our
network has under it are not among the numbers that the program computes. The gradient selects
nothing: it may be wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.activations import Evidence, activations_of, named
from deltarule.check.adapter.calls.outcome import Misshapen, Outcome, outcome_of
from deltarule.check.adapter.calls.pieces import network_of, to_theta
from deltarule.check.adapter.calls.seen import Seen, leaves_of
from deltarule.check.adapter.calls.trial import Trial, Way, attempt
from deltarule.check.adapter.calls.ways import Refused, point, told, ways
from deltarule.check.adapter.subject import Subject
from deltarule.core.arrays import Array
from deltarule.network import Network

SINGLE = "float32"
"""In the place of an error: the program computes in lower precision, whose numbers are others."""

_SLOW = 60
"""Ways for which hidden layers that were not seen are searched, 400 pairs of f each."""


@dataclass(frozen=True)
class Known:
    """What somebody says about a program's network; None where it is to be found out."""

    sizes: tuple[int, ...] | None = None
    hidden: Any = None
    """f of the hidden layers."""
    output: Any = None
    """f of the output layer."""
    bias: bool | None = None
    layers: tuple[Any, ...] | None = None
    """f of every layer, in the place of the two."""
    guessed: bool = False
    """Whether the sizes are one guess of several: fewer ways are tried."""

    def activations(self, layers: int) -> list[Any]:
        """Return f of every layer, None for an unknown one."""
        if self.layers is not None and len(self.layers) == layers:
            return list(self.layers)
        return [*[self.hidden] * (layers - 1), self.output]

    @staticmethod
    def of(net: Network) -> Known:
        """Return what a network of ours says."""
        biased = {e.layer for e in net.layout.entries if e.parameter.name == "b"}
        every = len(biased) == len(net.layers)
        activations = tuple(layer.activation for layer in net.affine)
        return Known(net.sizes, bias=every if every or not biased else None, layers=activations)


@dataclass(frozen=True, eq=False)
class Reading:
    """How a program is asked for a gradient."""

    way: Way
    network: Network
    activations: tuple[str, ...]
    outcome: str
    """Its kind: see `Outcome`."""
    proved: bool
    """Whether the outputs of all layers were seen."""
    remarks: tuple[str, ...] = ()
    misshapen: Misshapen = ()
    alone: bool = False
    """Whether it goes along with several observations, and its outputs are right for one alone."""

    @property
    def several(self) -> bool:
        """Whether it takes several observations in one call."""
        return self.way.form.several

    def delivered(
        self, theta: Array, X: Array, T: Array, rates: Mapping[Any, float]
    ) -> Array | None:
        """Return what one call delivers as one vector in our order; None for nothing."""
        trial = attempt(self.way, self.network, theta, X, T, rates)
        found = outcome_of(self.way, trial, self.outcome)
        if found is None or found.kind != self.outcome:
            return None
        return to_theta(self.way.pieces, self.network, found.arrays)


def read(subject: Subject, known: Known, refused: Refused | None = None) -> Reading | None:
    """Return the reading that the program's numbers prove; else one in the documented order.

    None where no way of asking it delivers a gradient; `refused` counts what it raised.
    """
    refused = Counter() if refused is None else refused
    tried = []
    partial: Reading | None = None
    together = single = False
    short: set[tuple[Any, ...]] = set()
    for way in ways(subject, known.sizes, known.bias, refused, usual=known.guessed):
        if partial is not None and way.pieces != partial.way.pieces:
            continue
        if (way.sizes, len(way.pieces)) in short:
            continue
        made = _made(way, refused, short=short)
        if made is None:
            continue
        found = _proved(made, known, hidden=True)
        if found is not None and together and not found.several:
            found = replace(found, alone=True)
        if found is not None and all(a is not None for a in made.outcome.arrays):
            return found
        partial = partial or found
        together = together or (found is None and way.form.several)
        tried.append(made)
        single = single or made.single
    if partial is not None:
        return partial
    for made in tried[:_SLOW] if not known.guessed else []:
        found = _proved(made, known, hidden=False)
        if found is not None:
            return found
    if single:
        refused[SINGLE] = sum(refused.values()) + 1  # it is the reason
    for made in tried:
        if made.way.slots is None and made.way.subject.container == "flat":
            L = len(made.way.sizes) - 1
            names = [named(f or "sigmoid") for f in known.activations(L)]
            return made.reading(names, proved=False)
    return None


@dataclass(frozen=True, eq=False)
class _Made:
    """A way that the program goes along with: what its calls did."""

    way: Way
    evidence: Evidence
    outcome: Outcome
    single: bool

    def reading(self, activations: Sequence[str], *, proved: bool) -> Reading:
        """Return the reading with these activations."""
        net = network_of(self.way.pieces, self.way.sizes, activations)
        last = self.outcome
        names = tuple(activations)
        return Reading(self.way, net, names, last.kind, proved, last.remarks, last.misshapen)


def _made(
    way: Way, refused: Refused, seed: int = 0, short: set[tuple[Any, ...]] | None = None
) -> _Made | None:
    """Call the program; None where it refuses, or delivers no gradient.

    A list of so many arrays that is too short for it is so whatever the form of X and T: it is
    noted in `short`.
    """
    net = network_of(way.pieces, way.sizes, ["sigmoid"] * (len(way.sizes) - 1))
    at = point(net, seed=seed)
    T = at.classes if "class" in way.form.name else at.T
    if not way.form.fits(T):
        return None
    rows = [slice(None)] if way.form.several else [slice(i, i + 1) for i in range(3)]
    seen, outcome, single = Seen(), None, False
    for some in rows:
        try:
            trial = attempt(way, net, at.theta, at.X[some], T[some], {})
            outcome = outcome_of(way, trial)
        except Exception as error:
            refused[told(error)] += 1
            arrays = way.slots is None and way.form.name == "rows"  # X and T are no lists
            if short is not None and arrays and str(error) == "list index out of range":
                short.add((way.sizes, len(way.pieces)))
            return None
        if outcome is None or _leaves_weights(way, trial, outcome):
            return None
        seen = seen.with_(trial.seen.arrays)
        single = single or trial.seen.single
    assert outcome is not None
    X = at.X if way.form.several else at.X[: len(rows)]
    return _Made(way, Evidence(at.theta, X, seen.without(at.theta, X)), outcome, single)


def _leaves_weights(way: Way, trial: Trial, outcome: Outcome) -> bool:
    """Whether the program has more weights than the pieces: these are a part of its layers."""
    if trial.unread:
        return True
    spare = trial.unused - {p.shape for p in way.pieces}
    leaves = [np.shape(a) for _, a in leaves_of(trial.returned)]
    return outcome.kind == "returned" and any(shape in spare for shape in leaves)


def _proved(made: _Made, known: Known, *, hidden: bool) -> Reading | None:
    """Return the reading whose outputs were seen, there and at two more points."""
    way, given = made.way, known.activations(len(made.way.sizes) - 1)
    first = activations_of(way.pieces, way.sizes, [made.evidence], given, hidden=hidden)
    if first is None:
        return None
    more = [_made(way, Counter(), seed) for seed in (1, 2)]
    evidence = [m.evidence for m in (made, *more) if m is not None]
    names = activations_of(way.pieces, way.sizes, evidence, given, hidden=hidden)
    return None if names is None else made.reading(names, proved=True)
