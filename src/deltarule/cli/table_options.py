"""Options of `train` and `tune`: what the columns of a table are, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import typer

from deltarule.cli import complete
from deltarule.cli.options import TEXT_COLUMN
from deltarule.core.errors import UsageError

_data: Any = partial(typer.Option, rich_help_panel="Data")

_TARGET = _data(
    metavar="COLUMN",
    help="The column to predict, several times for several. Bundled data know theirs.",
)
_DROP = _data("--drop", "--ignore", metavar="COLUMN", help="Leave this column out. Repeatable.")
_ONLY = _data(metavar="COLUMN", help="Leave out every column but this and the target. Repeatable.")
_ID = _data(
    "--id",
    metavar="COLUMN",
    help="Do not learn from this column, but carry it into predictions. Repeatable.",
)
_ORDINAL: Any = _data(
    metavar="COLUMN=A,B,C",
    help="The order of a column's categories, which become 0, 1, 2, ... Repeatable.",
)
_MIN_COUNT: Any = _data(
    metavar="ROWS",
    help="Categories in fewer training rows have one input together, and so have those unseen in "
    "training.",
)
_DATES: Any = _data(
    help="Dates as days since 1970 (days), or also year, month and weekday (parts)."
)
_TRANSFORM: Any = _data(
    help="Learn the log of a skewed target (log1p where it may be 0), or box_cox, whose power is "
    "found; predictions are in its own units."
)
_TASK: Any = _data(
    help="regression, count, binary, multiclass or multilabel; auto reads it from the target.",
    autocompletion=complete.tasks,
)
_SPLIT: Any = _data(
    help="Which rows these are: random ones, the last ones (ordered), the last ones by a column "
    "(column:NAME); auto takes the order of what is a series."
)
_SCALE: Any = _data(
    help="Numbers to mean 0 and deviation 1 (standard), to 0..1 (minmax), or none.",
    autocompletion=complete.scalers,
)
_MISSING: Any = _data(
    help="Missing cells: refuse them (error), put the mean there (mean), or leave out their rows "
    "(drop).",
    autocompletion=complete.missing,
)

_WEIGHT: Any = _data(help="balanced: rare classes count more.")


def which_columns(
    target: Annotated[list[str] | None, _TARGET] = None,
    text: Annotated[list[str] | None, TEXT_COLUMN] = None,
    drop: Annotated[list[str] | None, _DROP] = None,
    only: Annotated[list[str] | None, _ONLY] = None,
    ids: Annotated[list[str] | None, _ID] = None,
) -> dict[str, list[str]]:
    """Return which columns are what, a group for `grouped`; `ids` are read as text."""
    carried = ids or []
    for name in carried:
        if name in (target or ()):
            raise UsageError(f"column {name!r} is the target and an --id. Choose one.")
    return {
        "target": target or [],
        "text": [*(text or []), *carried],
        "drop": drop or [],
        "only": [*only, *carried] if only else [],
        "ids": carried,
    }


def what_is_made(
    task: Annotated[str, _TASK] = "auto",
    test: Annotated[float, _data(help="Share of the rows for the final judgement.")] = 0.2,
    split: Annotated[str, _SPLIT] = "auto",
    scale: Annotated[str, _SCALE] = "standard",
    missing: Annotated[str, _MISSING] = "error",
    ordinal: Annotated[list[str] | None, _ORDINAL] = None,
    min_count: Annotated[int, _MIN_COUNT] = 1,
    dates: Annotated[str, _DATES] = "days",
    target_transform: Annotated[str, _TRANSFORM] = "none",
    class_weight: Annotated[str | None, _WEIGHT] = None,
) -> dict[str, Any]:
    """Return the fields of a `Recipe` that say what is made of a table, a group for `grouped`."""
    return {**locals(), "ordinal": orders(ordinal or ())}


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
