"""Options of `deltarule train` that say what the columns and rows of a table are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from deltarule.cli import complete
from deltarule.core.errors import UsageError

__all__ = [
    "DATES",
    "DROP",
    "IDS",
    "MIN_COUNT",
    "MISSING",
    "ONLY",
    "ORDINAL",
    "SCALE",
    "SPLIT",
    "TARGET",
    "TARGET_TRANSFORM",
    "TASK",
    "TEST",
    "TEXT",
    "VALIDATION",
    "orders",
]

_DATA = "Data"


def _option(help: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=_DATA, **more)


TARGET = _option(
    "The column to predict, several times for several. Bundled data know theirs.",
    metavar="COLUMN",
)
TASK = _option(
    "regression, count, binary, multiclass or multilabel; auto reads it from the target.",
    autocompletion=complete.tasks,
)
VALIDATION = _option("Share of the rows that training is watched on.")
TEST = _option("Share of the rows for the final judgement.")
SPLIT = _option(
    "Which rows these are: random ones, the last ones (ordered), the last ones by a column "
    "(column:NAME); auto takes the order of what is a series."
)
SCALE = _option(
    "Numbers to mean 0 and deviation 1 (standard), to 0..1 (minmax), or none.",
    autocompletion=complete.scalers,
)
MISSING = _option(
    "Missing cells: refuse them (error), put the mean there (mean), or leave out their rows "
    "(drop).",
    autocompletion=complete.missing,
)
TEXT = _option(
    "Read this column as text, whatever its cells look like. Repeatable.", metavar="COLUMN"
)
DROP = _option("Leave this column out. Repeatable.", "--drop", "--ignore", metavar="COLUMN")
ONLY = _option("Leave out every column but this and the target. Repeatable.", metavar="COLUMN")
IDS = _option(
    "Do not learn from this column, but carry it into predictions. Repeatable.",
    "--id",
    metavar="COLUMN",
)
ORDINAL = _option(
    "The order of a column's categories, which become 0, 1, 2, ... Repeatable.",
    metavar="COLUMN=A,B,C",
)
MIN_COUNT = _option(
    "Categories in fewer training rows have one input together, as have those unseen in training.",
    metavar="ROWS",
)
DATES = _option("Dates as days since 1970 (days), or also year, month and weekday (parts).")
TARGET_TRANSFORM = _option(
    "Learn the log of a skewed target (log1p where it may be 0); predictions are in its own units."
)


def orders(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the orders in `size=S,M,L`. Raises `UsageError`.

    >>> orders(["size=S,M,L"])
    {'size': ('S', 'M', 'L')}
    """
    from deltarule.data.text.format import names_of

    found = {}
    for text in given:
        name, mark, order = text.partition("=")
        if not name or not mark or not order:
            raise UsageError(f"--ordinal takes a column and its order, size=S,M,L, not {text!r}")
        found[name] = names_of(order)
    return found
