"""A learning curve drawn with characters.

Training and validation differ by their mark, not by colour alone; where both fall into one cell
there is a third mark. Every column of the picture is an epoch, or the mean of several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.cli.screen import UNICODE, Marks

_DECADE = 10.0
_LEFT = 9


def draw_curve(
    history: Mapping[str, NDArray[np.float64]],
    best: int,
    *,
    width: int = 72,
    height: int = 11,
    marks: Marks = UNICODE,
    what: str = "E",
) -> list[str]:
    """Return the lines of the picture; none for fewer than two epochs.

    `best` is the epoch (from 1) to mark under the axis, 0 for none. The scale is logarithmic
    where errors span more than a factor of ten.

    >>> from deltarule.cli.screen import ASCII
    >>> history = {"error": np.array([4.0, 3.0, 2.0, 1.0])}
    >>> for line in draw_curve(history, 4, width=15, height=4, marks=ASCII):
    ...     print(line)
    E per epoch:  * training  ^ best: epoch 4
            4 |*
              | *
              |  *
            1 |   *
              +----
                  ^
               1  4
    """
    series = [history[n] for n in ("error", "validation_error") if n in history]
    if not series or len(series[0]) < 2:
        return []
    epochs = len(series[0])
    columns = min(epochs, max(2, width - _LEFT - 2))
    binned = [_binned(values, columns) for values in series]
    finite = np.concatenate([b[np.isfinite(b)] for b in binned])
    if not len(finite):
        return []
    low, high = float(finite.min()), float(finite.max())
    log = low > 0 and high > _DECADE * low
    cells = [[" "] * columns for _ in range(height)]
    for values, mark in zip(binned, (marks.training, marks.validation), strict=False):
        for column, row in enumerate(_rows(values, low, high, height, log)):
            if row >= 0:
                free = cells[row][column] == " "
                cells[row][column] = mark if free else marks.both
    spot = min(columns - 1, (best - 1) * columns // epochs) if best else None
    lines = [_legend(len(series), best, log, marks, what)]
    lines += [_label(k, height, (low, high, log)) + marks.side + "".join(cells[k])
              for k in range(height)]  # fmt: skip
    lines.append(" " * _LEFT + " " + marks.corner + marks.bottom * columns)
    if spot is not None:
        lines.append(" " * (_LEFT + 2 + spot) + marks.best)
    gap = max(1, columns - len(str(epochs)) - 1)
    lines = [line.rstrip() for line in lines]
    return [*lines, " " * (_LEFT + 2) + "1" + " " * gap + str(epochs)]


def _binned(values: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
    """Return the means of `columns` runs of epochs, of nearly equal length."""
    with np.errstate(all="ignore"):
        return np.array([part.mean() for part in np.array_split(values, columns)])


def _rows(values: NDArray[Any], low: float, high: float, height: int, log: bool) -> Sequence[int]:
    """Return the row of every value, 0 at the top; -1 for one that is not finite."""
    known = np.isfinite(values)
    position = np.zeros(len(values))
    if high > low:
        scaled = np.where(known, values, low)
        if log:
            scaled, low, high = np.log(scaled), float(np.log(low)), float(np.log(high))
        position = (scaled - low) / (high - low)
    rows = np.rint((1.0 - position) * (height - 1)).astype(int)
    return np.where(known, rows, -1).tolist()  # type: ignore[no-any-return]


def _label(row: int, height: int, scale: tuple[float, float, bool]) -> str:
    """Return the number beside a row: at the top, in the middle and at the bottom."""
    low, high, log = scale
    share = 1.0 - row / (height - 1)
    middle = row == (height - 1) // 2 and height % 2 == 1
    if row not in (0, height - 1) and not middle:
        return " " * (_LEFT + 1)
    value = low * (high / low) ** share if log else low + (high - low) * share
    return f"{value:.3g}".rjust(_LEFT) + " "


def _legend(series: int, best: int, log: bool, marks: Marks, what: str) -> str:
    parts = [f"{what} per epoch{' (logarithmic)' if log else ''}:", f"{marks.training} training"]
    if series > 1:
        parts += [f"{marks.validation} validation", f"{marks.both} both"]
    if best:
        parts.append(f"{marks.best} best: epoch {best}")
    return "  ".join(parts)
