"""Rows into train, validation and test parts: at random, stratified by class, or in order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.core.random import SPLIT, stream

PARTS = ("train", "validation", "test")

Rows = NDArray[np.intp]


def split_rows(
    n: int,
    *,
    validation: float,
    test: float,
    seed: int,
    labels: NDArray[np.integer] | None = None,
    ordered: bool = False,
    fold: tuple[int, int] | None = None,
) -> dict[str, Rows]:
    """Return the rows (0 to n - 1) of each part, ascending.

    The fractions are of all n rows, rounded to whole rows. With `labels` (class codes, shape
    (n,)) every part has the classes in nearly the same shares, by largest remainders, and every
    class keeps at least one training row. `ordered` rows are cut in order: training first, test
    last. `seed` alone determines the rest.

    With `fold` (i, k) the test rows are the i-th of k folds, each row being in one of them; of
    ordered rows they are the i-th of k blocks at the end, and training rows stand before them.

    Raises `UsageError` for fractions that leave nothing to train on or make an asked-for part
    empty, `DataError` if the classes do not have rows enough.

    >>> {name: rows.tolist() for name, rows in
    ...  split_rows(5, validation=0.2, test=0.2, seed=0, ordered=True).items()}
    {'train': [0, 1, 2], 'validation': [3], 'test': [4]}
    """
    if fold is not None:
        return _fold(n, fold, (validation, seed, labels, ordered))
    counts = {"validation": _count(n, validation, "validation"), "test": _count(n, test, "test")}
    if sum(counts.values()) >= n:
        raise UsageError(
            f"validation {validation:g} and test {test:g} of {n} rows leave none to train on. "
            "Lower `--validation` or `--test`, or add rows."
        )
    if ordered:
        first, second = n - sum(counts.values()), n - counts["test"]
        every = np.arange(n)
        return {"train": every[:first], "validation": every[first:second], "test": every[second:]}
    order = stream(seed, SPLIT).permutation(n)
    if labels is None:
        taken, start = {}, 0
        for name in ("test", "validation"):
            taken[name] = order[start : start + counts[name]]
            start += counts[name]
        return _sorted({**taken, "train": order[start:]})
    return _stratified(order, labels, counts)


def _count(n: int, fraction: float, name: str) -> int:
    if not 0 <= fraction < 1:
        raise UsageError(
            f"`--{name}` is a fraction of the rows, from 0 to below 1, not {fraction}."
        )
    count = math.floor(n * fraction + 0.5)
    if fraction and not count:
        raise UsageError(
            f"`--{name}` {fraction:g} of {n} rows is no row at all. Use `--{name} 0`, at least "
            f"`--{name} {math.ceil(100 / n) / 100:g}`, or more rows."
        )
    return count


def _stratified(
    order: Rows, labels: NDArray[np.integer], counts: dict[str, int]
) -> dict[str, Rows]:
    members = [order[labels[order] == code] for code in np.unique(labels)]
    sizes = np.array([len(m) for m in members])
    spare = sizes - 1
    if counts["validation"] + counts["test"] > spare.sum():
        raise DataError(
            f"{len(order)} rows of {len(members)} classes cannot give {counts['validation']} "
            f"validation and {counts['test']} test rows and keep one training row per class. Lower "
            "`--validation` or `--test`, or add rows."
        )
    parts: dict[str, list[Rows]] = {name: [] for name in PARTS}
    quotas = {}
    for name in ("test", "validation"):
        quotas[name] = _allocate(counts[name], sizes, spare)
        spare = spare - quotas[name]
    for i, rows in enumerate(members):
        cut = quotas["test"][i]
        end = cut + quotas["validation"][i]
        for name, piece in (("test", rows[:cut]), ("validation", rows[cut:end])):
            parts[name].append(piece)
        parts["train"].append(rows[end:])
    return _sorted({name: np.concatenate(pieces) for name, pieces in parts.items()})


def _allocate(count: int, sizes: Rows, spare: Rows) -> Rows:
    """Share `count` rows out in proportion to `sizes`, at most `spare` each: largest remainders."""
    exact = count * sizes / sizes.sum()
    given: Rows = np.minimum(np.floor(exact).astype(np.intp), spare)
    while given.sum() < count:
        claim = np.where(given < spare, exact - given, -np.inf)
        given[np.argmax(claim)] += 1
    return given


def _sorted(parts: dict[str, Rows]) -> dict[str, Rows]:
    return {name: np.sort(parts[name]) for name in PARTS}


def _fold(
    n: int,
    fold: tuple[int, int],
    how: tuple[float, int, NDArray[np.integer] | None, bool],
) -> dict[str, Rows]:
    """Return the parts of which the test rows are a fold; the others are split as usual."""
    (i, k), (validation, seed, labels, ordered) = fold, how
    if not 2 <= k <= n // 2:
        raise UsageError(f"a cross-validation has from 2 to {n // 2} folds of {n} rows, not {k}.")
    if ordered:
        ends = np.linspace(n // (k + 1), n, k + 1).round().astype(int)
        test, rest = np.arange(ends[i], ends[i + 1]), np.arange(ends[i])
    else:
        order = stream(seed, SPLIT).permutation(n)
        if labels is not None:  # dealt out class by class, every fold has its share
            order = order[np.argsort(labels[order], kind="stable")]
        test = np.sort(order[i::k])
        rest = np.setdiff1d(np.arange(n), test)
    some = None if labels is None else labels[rest]
    inner = split_rows(
        len(rest), validation=validation, test=0.0, seed=seed, labels=some, ordered=ordered
    )
    return {"train": rest[inner["train"]], "validation": rest[inner["validation"]], "test": test}
