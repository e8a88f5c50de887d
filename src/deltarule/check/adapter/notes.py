"""What is noticed of a program besides its gradient: its outputs, E, shapes, state, direction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.check.adapter.calls.outcome import outcome_of
from deltarule.check.adapter.calls.pieces import arrays, to_theta
from deltarule.check.adapter.calls.slots import read, slots_of
from deltarule.check.adapter.calls.trial import fill, quiet, trial_of
from deltarule.check.adapter.objective.error import Error
from deltarule.check.adapter.objective.fit import At, Fit, delivered, losses_for, penalty
from deltarule.check.adapter.program import Program, same
from deltarule.check.diagnose import diagnose as name_mistake
from deltarule.core.arrays import Array

_OVER: dict[int | None, str] = {
    None: "all observations together: they add up to 1 over the whole batch",
    0: "the observations, for each output: every output adds up to 1 over the batch",
}


@dataclass(frozen=True, eq=False)
class Answer:
    """What was asked and answered."""

    program: Program
    at: At
    loss: Any
    """As it was told, None where it was not."""
    gradient: Array
    found: Fit
    error: Error | None
    verdict: str
    given: Any
    """The function that was diagnosed, and with which options."""
    options: dict[str, Any]
    follows: str | None = None
    """What the program returns, and what its step does with that; None where it has no step."""

    def notes(self) -> Iterator[str]:
        """Yield what was noticed, as sentences."""
        yield from self._of_the_objective()
        missing, misshapen = np.isnan(self.gradient), self.program.reading.misshapen
        for p, shape in misshapen:
            yield f"d{p.name} has the shape {shape}, {p.name} has {p.shape}"
        if np.any(missing) and not misshapen:
            yield delivered(self.program.network, missing)
        if self.program.sign < 0 and self.follows is None:
            yield ("it returns -dE/dw: right where it is added to the weights, and uphill where "
                   "it is subtracted")  # fmt: skip
        elif self.program.sign < 0 and self.follows:
            yield f"it {self.follows}: it goes down"
        yield from self._of_other_calls()

    def _of_the_objective(self) -> Iterator[str]:
        found, error, net = self.found, self.error, self.program.network
        yield from _softmax_elsewhere(self.program, self.at)
        if self.loss is None and error is None:
            yield "no E was seen to be computed: if the loss is another one, say so (--loss)"
        if self.verdict == "unexplained" and error is None and not found.l2:
            losses = [self.loss] if self.loss else losses_for(net)
            if (right := penalty(net, self.at, self.gradient, losses)) is not None:
                fit, mean = right
                yield (
                    f"it is the gradient of {fit.loss} with 1/2 l2 |W|^2 in E: if that is meant, "
                    f"say so (--loss {fit.loss} --reduction {mean} --l2 {fit.l2:.6g})"
                )
        if error is not None and found.exact and error.loss != found.loss:
            half = found.loss == "half_squared_error"
            yield (f"E as it is computed{' by ' + error.by if error.by else ''} has "
                   f"{'no' if half else 'a'} factor 1/2, and this gradient is that of E "
                   f"{'with' if half else 'without'} one: numerical derivatives of that E are "
                   f"{'twice' if half else 'half'} as large")  # fmt: skip
        if error is not None and error.averaged and found.exact and abs(found.factor) > 1.0 - 1e-6:
            k = net.sizes[-1]
            yield (f"the E that it computes is the mean over the {k} outputs, and this gradient "
                   f"that of their sum: {k} times as large")  # fmt: skip

    def _of_other_calls(self) -> Iterator[str]:
        """Yield what they show: of the same object, of several observations, of one."""
        reading, (theta, X, T) = self.program.reading, self.at
        yield from _kept_state(self.program, self.at)
        if reading.alone:
            yield ("with several observations in one call its outputs are no network's that was "
                   "tried: what is said holds for one at a time")  # fmt: skip
        if reading.several and len(X) > 1 and self.verdict != "correct":
            rows = self.options["l2_rows"]
            one = {"l2": self.options["l2"] * (rows or 1), "l2_rows": min(1, rows)}
            alone = reading.network, theta, X[:1], T[:1]
            if name_mistake(self.given, *alone, **{**self.options, **one}).verdict == "correct":
                yield ("with one observation alone it is right: what is wrong is how several are "
                       "put together")  # fmt: skip


def _softmax_elsewhere(program: Program, at: At) -> Iterator[str]:
    """Say over which axis softmax was taken, where a net of identity outputs has it behind them.

    Nothing where it is seen over the right one, or over none.
    """
    net, (theta, X, T) = program.network, at
    if not program.reading.several or min(len(X), net.sizes[-1]) < 2:
        return
    if net.affine[-1].activation.name == "identity":
        from scipy.special import softmax

        nets, seen = np.asarray(net(theta, X)), program.seen(theta, X, T)
        wrong = [over for axis, over in _OVER.items() if seen.holds(softmax(nets, axis=axis))]
        for over in wrong[:1]:
            yield (
                f"its outputs are a softmax over {over}. It belongs over the outputs, for each "
                "observation: mend this first; what is said here holds for the nets before it"
            )


def _kept_state(program: Program, at: At) -> Iterator[str]:
    """Say what a second call does otherwise, with the weights put back.

    A momentum's velocity is kept on purpose. A sum of gradients that is never set to 0 is a
    mistake: the second call then delivers the first one's gradient again.
    """
    if program.reading.way.slots is None:
        return
    try:
        found, kept = _twice(program, at)
    except Exception as error:
        yield f"a second call on the same object fails ({type(error).__name__}: {error})"
        return
    if len(found) < 2 or same(found[0], found[1]):
        return
    first, second = kept
    names = [k for k, a in second.items() if a is not None and not _equal(a, first.get(k))]
    where = f" (in {', '.join(names[:4])})" if names else ""
    if same(found[1], 2 * found[0]):
        yield (
            f"a second call delivers the first one's gradient again, added to its own{where}: a "
            "sum that is never set to 0"
        )
    else:
        yield (
            f"a second call from the same weights gives another step{where}: it keeps a state, "
            "such as a velocity; the first call is diagnosed"
        )


def _twice(program: Program, at: At) -> tuple[list[Array], list[dict[str, Array | None]]]:
    """Return what two calls on one object deliver, and what it holds besides after each."""
    way, net, (theta, X, T) = program.reading.way, program.network, at
    rows = slice(None) if program.reading.several else slice(0, 1)
    x, t = way.form.x(X[rows]), way.form.t(T[rows])
    found, kept = [], []
    with quiet(), way.subject.root(x, t) as root:
        for _ in range(2):
            slots = fill(way, root, arrays(way.pieces, net, theta))
            trial = trial_of(way, root, slots, x, t, program.rates)
            outcome = outcome_of(way, trial, program.reading.outcome)
            found += [] if outcome is None else [to_theta(way.pieces, net, outcome.arrays)]
            kept.append({s.name: read(root, s) for s in slots_of(root) if s not in slots})
    return found, kept


def _equal(a: Array, b: Array | None) -> bool:
    return b is not None and np.array_equal(a, b)
