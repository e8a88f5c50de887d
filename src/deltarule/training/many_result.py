"""What training many networks returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.arrays import Array


@dataclass(frozen=True, repr=False)
class Many:
    """Many trained networks: everything has a network per row, histories a network per column.

    >>> import deltarule as dr
    >>> net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")])
    >>> xor = dr.data.load("xor")
    >>> many = dr.train_many(net, xor.X, xor.T, seeds=range(5), epochs=3, batch_size=None)
    >>> many.theta.shape, many.history["error"].shape, many.stopped.tolist()
    ((5, 9), (3, 5), ['epochs', 'epochs', 'epochs', 'epochs', 'epochs'])
    """

    theta: Array
    """(m, size): each network's parameters: the best with `Patience`, else the last."""
    epochs: NDArray[np.int64]
    """(m,): epochs done."""
    stopped: NDArray[np.str_]
    """(m,): why: "epochs", a stopping rule's name, "interrupted" or "non_finite"."""
    history: dict[str, NDArray[np.float64]]
    """(epochs, m): `error`, `lr` and, with validation samples, `validation_error`, as in a `Run`;
    NaN after a network's end."""
    best_epoch: NDArray[np.int64]
    """(m,): the epoch (from 1) with the lowest watched error; 0 before the first."""
    messages: tuple[str, ...]
    """For a network whose numbers stopped being finite: epoch, step, place and remedy; else ""."""
    seeds: tuple[int, ...]
    engine: str
    """The engine that did it."""
    seconds: float
    """Time spent training, all networks together."""
    learned: Array | None = None
    """(m, size): what each network's rule has learned beside theta at the end, as in a `Run`; None
    where nothing is learned, and where some of the networks side by side ended before others."""

    def __len__(self) -> int:
        return len(self.seeds)

    def __repr__(self) -> str:
        ends, counts = np.unique(self.stopped, return_counts=True)
        said = ", ".join(f"{n} {end!r}" for end, n in zip(ends, counts, strict=True))
        return f"Many({len(self)} networks of {self.theta.shape[1]:,} numbers, stopped: {said})"


class Histories:
    """What is written down of every network along the way."""

    def __init__(
        self, thetas: Array, recorded: tuple[str, ...], patient: bool, learns: bool = False
    ) -> None:
        m = len(thetas)
        self.theta = thetas.copy()
        self.learned = np.zeros_like(thetas) if learns else None
        self.patient = patient
        self.best_theta = thetas.copy() if patient else None
        self.best_error = np.full(m, np.inf)
        self.best_epoch = np.zeros(m, np.int64)
        self.epochs = np.zeros(m, np.int64)
        self.stopped = np.full(m, "", object)
        self.running = np.ones(m, bool)
        """(m,): which networks have not ended."""
        self.messages = [""] * m
        self._rows: dict[str, list[Array]] = {name: [] for name in recorded}

    def arrays(self) -> dict[str, Array]:
        """Return every number that is written down, for a checkpoint."""
        m = len(self.theta)
        rows = {f"history.{n}": _joined(blocks, m) for n, blocks in self._rows.items()}
        best = {} if self.best_theta is None else {"best_theta": self.best_theta}
        return {name: getattr(self, name) for name in _WRITTEN} | rows | best

    def values(self) -> dict[str, Any]:
        """Return why each has ended, as plain values."""
        return {"stopped": self.stopped.tolist(), "messages": list(self.messages)}

    def restore(self, arrays: Mapping[str, Array], values: Mapping[str, Any]) -> None:
        """Take back what `arrays` and `values` have given."""
        for name in _WRITTEN:
            setattr(self, name, arrays[name].copy())
        if self.best_theta is not None:
            self.best_theta = arrays["best_theta"].copy()
        self._rows = {name: [arrays[f"history.{name}"]] for name in self._rows}
        self.stopped = np.array(values["stopped"], object)
        self.messages = list(values["messages"])

    def record(self, name: str, rows: Array) -> None:
        """Add epochs (k, m) to a history."""
        self._rows[name].append(rows)

    @property
    def last(self) -> dict[str, float]:
        """The last epoch's values, as means over the networks that have any."""
        return {name: _last(blocks) for name, blocks in self._rows.items() if blocks}

    def end(self, networks: Array, why: str | Array, theta: Array) -> None:
        """Note that networks end here, with these weights."""
        self.stopped[networks] = why
        self.running[networks] = False
        self.theta[networks] = theta

    def better(
        self, networks: Array, watched: Array, theta: Callable[[Array, Array], Array], before: int
    ) -> None:
        """Note the lowest watched errors (epochs, k) and the weights they were measured at.

        `before` counts the epochs before the first of these; an epoch that a network has not done
        is NaN. `theta(lower, epochs)` returns the weights of those networks in the mask `lower`,
        measured in the epochs of these numbers.
        """
        least = np.fmin.reduce(watched, axis=0)
        lower = least < self.best_error[networks]
        found, epochs = networks[lower], np.argmax(watched == least, axis=0)[lower]
        self.best_error[found] = least[lower]
        self.best_epoch[found] = before + 1 + epochs
        if self.best_theta is not None and len(found):
            self.best_theta[found] = theta(lower, epochs)

    def result(self, seeds: tuple[int, ...], engine: str, seconds: float) -> Many:
        """Return it all."""
        theta, m = self.theta, len(seeds)
        if self.best_theta is not None:
            restored = (self.best_epoch > 0) & (self.stopped != "non_finite")
            theta = np.where(restored[:, None], self.best_theta, theta)
        most = int(self.epochs.max())
        history = {name: _joined(rows, m)[:most] for name, rows in self._rows.items()}
        return Many(
            theta=theta,
            epochs=self.epochs,
            stopped=self.stopped.astype(np.str_),
            history=history,
            best_epoch=self.best_epoch,
            messages=tuple(self.messages),
            seeds=seeds,
            engine=engine,
            seconds=seconds,
            learned=self.learned,
        )


_WRITTEN = ("theta", "best_error", "best_epoch", "epochs", "running")


def _joined(blocks: list[Array], m: int) -> Array:
    if len(blocks) == 1:  # nothing to copy
        return blocks[0]
    return np.concatenate([np.empty((0, m)), *blocks])


def _last(blocks: list[Array]) -> float:
    """Return the mean of the last row's numbers that has any."""
    for rows in reversed(blocks):
        found = rows[~np.isnan(rows).all(axis=1)]
        if len(found):
            return float(np.nanmean(found[-1]))
    return float("nan")
