"""One row: start the contestants, check that they do the same work, time them in turns."""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from contestant import PEERS, Contestant
from work import Work, load, network, save

import deltarule as dr

__all__ = ["Plan", "Result", "compare"]

# After one epoch in float32, as a share of theta's way from the start and of the error. Rounding
# sends single samples to the other side of a relu's kink, which moves theta more than the error; a
# mistake (another reduction, a lost bias, momentum) moves both by much more than either.
_THETA, _ERROR = 1e-2, 2e-3
_PAUSE = 0.2
"""Seconds until the threads of the one before sleep. OpenBLAS' spin for .1 s before they do: with
a pause of .05 they took a core for 46 ms of the .25 s of whoever came next (/proc/PID/stat)."""
_CHECKED_NETWORKS = 4


@dataclass(frozen=True)
class Plan:
    """How long to measure: repetitions that count, and seconds of each."""

    repeats: int = 7
    seconds: float = 0.25
    contestants: Sequence[str] = tuple(PEERS)


@dataclass
class Result:
    """A row's medians in seconds per update of one network, and a word where there is none."""

    work: Work
    seconds: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def compare(work: Work, plan: Plan) -> Result:
    """Measure one row."""
    result = Result(work)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        save(work, data)
        running: list[Contestant] = []
        try:
            for name in plan.contestants:
                running.append(Contestant(name, work.key, data))
            fit = [c for c in running if _takes_part(c, work, data, result)]
            _time(fit, work, plan, result)
        finally:
            for contestant in running:
                if not contestant.reason:
                    contestant.close()
    return result


def _takes_part(contestant: Contestant, work: Work, data: Path, result: Result) -> bool:
    """Return whether it runs and does the row's work; say in `result` what it does not."""
    if not contestant.reason and contestant.name != "product":
        contestant.reason = _disagreement(contestant, work, data)
    if contestant.reason:
        result.words[contestant.name] = contestant.reason
        return False
    result.notes[contestant.name] = contestant.note
    if contestant.instead:
        result.words[contestant.name] = f"on {contestant.instead}, the nearest that it offers"
    return True


def _disagreement(contestant: Contestant, work: Work, data: Path) -> str:
    """Return how far one epoch's theta and error are from the reference's, where too far."""
    mine = replace(work, loss=contestant.instead or work.loss)
    expected, expected_error = _reference(mine, data)
    theta, error = contestant.theta(1, data.with_name(f"{contestant.name}.npy"))
    if contestant.reason:
        return contestant.reason
    start = load(data)[2][: len(expected)].astype(np.float64)
    way = np.linalg.norm(expected - start)
    off = np.linalg.norm(theta[: len(expected)] - expected) / way
    if not off <= _THETA:
        return f"does other work: theta is {off:.1e} of its way from the reference engine's"
    if work.networks > 1:  # the reference has trained only the first few of them
        return "" if math.isfinite(error) else "its error is not finite"
    miss = abs(error - expected_error) / expected_error
    return "" if miss <= _ERROR else f"does other work: its error is {miss:.1e} off"


_known: dict[tuple[str, str], tuple[np.ndarray, float]] = {}


def _reference(work: Work, data: Path) -> tuple[np.ndarray, float]:
    """Return theta after one epoch by the reference engine in float64, and the epoch's error."""
    key = (work.key, work.loss)
    if key not in _known:
        X, T, theta = load(data)
        optimiser = dr.optim.SGD(work.lr) if work.optimiser == "sgd" else dr.optim.Adam(work.lr)
        runs = [
            dr.train(
                network(work), X, T, theta=start.astype(np.float64), loss=work.loss,
                optimizer=optimiser, epochs=1, batch_size=work.batch, shuffle=False,
                engine="reference",
            )
            for start in theta[:_CHECKED_NETWORKS]
        ]  # fmt: skip
        found = np.stack([run.theta for run in runs])
        _known[key] = found, float(runs[0].history["error"][0])
    return _known[key]


_LEAST = 16
"""Updates in a turn: what a training takes to begin and to end is no part of an update."""


def _time(contestants: list[Contestant], work: Work, plan: Plan, result: Result) -> None:
    """Alternate, throw the first round away, take medians."""
    least = math.ceil(_LEAST / work.steps)
    epochs = {c.name: max(least, _epochs(c, plan.seconds)) for c in contestants}
    taken: dict[str, list[float]] = {c.name: [] for c in contestants}
    for _ in range(plan.repeats + 1):
        for contestant in contestants:
            time.sleep(_PAUSE)
            seconds, _ = contestant.train(epochs[contestant.name])
            taken[contestant.name].append(seconds)
    for name, seconds in taken.items():
        updates = epochs[name] * work.steps * work.networks
        result.seconds[name] = statistics.median(seconds[1:]) / updates


def _epochs(contestant: Contestant, seconds: float) -> int:
    """Return how many epochs take about so long."""
    epochs = 1
    while True:
        taken, _ = contestant.train(epochs)
        if taken >= seconds / 4 or epochs >= 10**6:
            return max(1, math.ceil(epochs * seconds / taken))
        epochs = math.ceil(epochs * min(16.0, 1.2 * seconds / 4 / taken + 1))
