"""Options that several commands have: a network of one's own, E for it, and how a file is read."""

from __future__ import annotations

from copy import copy
from typing import Annotated, Any

import typer

from deltarule.cli import complete

NETWORK, OBJECTIVE, TEXT = "A network", "Error and rule", "A text file"
"""The panels of the help page in which they stand."""

RULE_HELP = (
    "How deltas are carried back: exact, or what is changed, in quotes: 'hidden=offset:0.1 "
    "output=constant feedback=random:3 order=layerwise choice=largest:5 "
    "layer2.derivative=floor:0.1'. hidden=mine.py:f is a function f(net, y) of your own."
)

SIZES: Any = typer.Option(
    metavar="SIZES",
    help="Numbers of nodes, inputs first: 3-3-3-1. Or layers, for sequences: gru:8,dense:1, with "
    "steps and features before them where no file has X: 12x2,gru:8,dense:1.",
    rich_help_panel=NETWORK,
)
ACTIVATION: Any = typer.Option(
    help="f of the hidden layers, or FILE.py:NAME of your own.",
    show_default="sigmoid",
    autocompletion=complete.activations,
    rich_help_panel=NETWORK,
)
OUTPUT: Any = typer.Option(
    help="f of the output layer.",
    show_default="that of the hidden layers",
    autocompletion=complete.activations,
    rich_help_panel=NETWORK,
)
OWN: Any = typer.Option(
    metavar="FILE.py",
    help="Formulas of your own that the model was trained with; the file is run.",
)
REDUCTION: Any = typer.Option(help="sum or mean over observations.", rich_help_panel=OBJECTIVE)
TIMEOUT: Any = typer.Option(
    metavar="SECONDS",
    help="End the code after so many seconds, with an error.",
    show_default="none: it may take as long as it likes",
)
TEXT_COLUMN: Any = typer.Option(
    metavar="COLUMN",
    help="Read this column as text, whatever its cells look like. Repeatable.",
    rich_help_panel="Data",
)
SEPARATOR: Any = typer.Option(
    help="Between the cells of a text file.",
    show_default="as the first rows show",
    rich_help_panel=TEXT,
)
ENCODING: Any = typer.Option(
    help="Of a text file.", show_default="utf-8; a model's own", rich_help_panel=TEXT
)
HEADER: Any = typer.Option(
    "--header/--no-header",
    help="Whether the first row of a text file holds the columns' names. Columns without names are "
    "those of training, in that order, else c1, c2, ...",
    show_default="it does, and must not look like data; a model's own",
    rich_help_panel=TEXT,
)
COLUMNS: Any = typer.Option(
    metavar="NAME,NAME,...",
    help="Names for the columns of a text file without a header; with --header, in the place of "
    "those in it.",
    rich_help_panel=TEXT,
)
DECIMAL: Any = typer.Option(
    metavar="MARK",
    help="The decimal mark in the numbers of a text file.",
    show_default="as a column's cells leave no doubt; a model's own",
    rich_help_panel=TEXT,
)
THOUSANDS: Any = typer.Option(
    metavar="MARK",
    help="The mark between thousands in the numbers of a text file.",
    show_default="as a column's cells leave no doubt; a model's own",
    rich_help_panel=TEXT,
)
DATE_FORMAT: Any = typer.Option(
    metavar="FORMAT",
    help="How dates and times are written in a text file: %d/%m/%Y, %m/%d/%Y %H:%M, ...",
    show_default="as a column's cells leave no doubt; a model's own",
    rich_help_panel=TEXT,
)
COMMENT: Any = typer.Option(
    metavar="MARK",
    help="Lines of a text file that begin with this are passed over.",
    show_default="# above the header",
    rich_help_panel=TEXT,
)
NA: Any = typer.Option(
    "--na",
    "--missing-values",
    metavar="WORD,WORD,...",
    help="What stands for a missing value in a text file, beside an empty cell.",
    show_default="NA,N/A,NaN,null,None; a model's own",
    rich_help_panel=TEXT,
)


def first_row(
    separator: Annotated[str | None, SEPARATOR] = None,
    encoding: Annotated[str | None, ENCODING] = None,
    header: Annotated[bool | None, HEADER] = None,
    columns: Annotated[str | None, COLUMNS] = None,
) -> Any:
    """Return what is said of a text file and its columns' names, a group for `grouped`."""
    return text_file(separator, encoding, header, columns)


def text_file(
    separator: Annotated[str | None, SEPARATOR] = None,
    encoding: Annotated[str | None, ENCODING] = None,
    header: Annotated[bool | None, HEADER] = None,
    columns: Annotated[str | None, COLUMNS] = None,
    decimal: Annotated[str | None, DECIMAL] = None,
    thousands: Annotated[str | None, THOUSANDS] = None,
    date_format: Annotated[str | None, DATE_FORMAT] = None,
    na: Annotated[str | None, NA] = None,
    comment: Annotated[str | None, COMMENT] = None,
) -> Any:
    """Return what all options on text files and their cells say, a group for `grouped`."""
    from deltarule.data.text.format import TextFormat, names_of

    cells = (decimal, thousands, date_format, na, comment)
    return TextFormat(separator, encoding, header, names_of(columns or ""), *cells)


def loss(shown: bool | str = True) -> Any:
    """Return the option of the loss; `shown` is the default as the help page has it."""
    return typer.Option(
        help="e(y, T).",
        show_default=shown,
        autocompletion=complete.losses,
        rich_help_panel=OBJECTIVE,
    )


def l2(shown: bool | str = True) -> Any:
    """Return the option of the penalty."""
    return typer.Option(
        help="Adds 1/2 l2 |W|^2 to the error.", show_default=shown, rich_help_panel=OBJECTIVE
    )


PENALTY_HELP = "Another term of the error over the weights: weight_elimination:lambda,w0."

PENALTY = typer.Option(
    metavar="PENALTY",
    help=PENALTY_HELP,
    show_default="none",
    autocompletion=complete.penalties,
    rich_help_panel=OBJECTIVE,
)


def shown(option: Any, default: str) -> Any:
    """Return an option with another default on the help page."""
    other = copy(option)
    other.show_default = default
    return other
