"""Options that several commands have: a network of one's own, E for it, and how a file is read."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import Annotated, Any

import typer

from deltarule.cli import complete

of_network: Any = partial(typer.Option, rich_help_panel="A network")
of_objective: Any = partial(typer.Option, rich_help_panel="Error and rule")
_text: Any = partial(typer.Option, rich_help_panel="A text file")

RULE_HELP = (
    "How deltas are carried back: exact, or what is changed, in quotes: 'hidden=offset:0.1 "
    "output=constant feedback=random:3 order=layerwise choice=largest:5 "
    "layer2.derivative=floor:0.1'. hidden=mine.py:f is a function f(net, y) of your own."
)

SIZES = of_network(
    metavar="SIZES",
    help="Numbers of nodes, inputs first: 3-3-3-1. Or layers, for sequences: gru:8,dense:1, with "
    "steps and features before them where no file has X: 12x2,gru:8,dense:1.",
)
ACTIVATION = of_network(
    help="f of the hidden layers, or FILE.py:NAME of your own.",
    show_default="sigmoid",
    autocompletion=complete.activations,
)
OUTPUT = of_network(
    help="f of the output layer.",
    show_default="that of the hidden layers",
    autocompletion=complete.activations,
)
OWN: Any = typer.Option(
    metavar="FILE.py",
    help="Formulas of your own that the model was trained with; the file is run.",
)
REDUCTION = of_objective(help="sum or mean over observations.")
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
SEPARATOR = _text(help="Between the cells of a text file.", show_default="as the first rows show")
ENCODING = _text(help="Of a text file.", show_default="utf-8; a model's own")
HEADER = _text(
    "--header/--no-header",
    help="Whether the first row of a text file holds the columns' names. Columns without names are "
    "those of training, in that order, else c1, c2, ...",
    show_default="it does, and must not look like data; a model's own",
)
COLUMNS = _text(
    metavar="NAME,NAME,...",
    help="Names for the columns of a text file without a header; with --header, in the place of "
    "those in it.",
)
DECIMAL = _text(
    metavar="MARK",
    help="The decimal mark in the numbers of a text file.",
    show_default="as a column's cells leave no doubt; a model's own",
)
THOUSANDS = _text(
    metavar="MARK",
    help="The mark between thousands in the numbers of a text file.",
    show_default="as a column's cells leave no doubt; a model's own",
)
DATE_FORMAT = _text(
    metavar="FORMAT",
    help="How dates and times are written in a text file: %d/%m/%Y, %m/%d/%Y %H:%M, ...",
    show_default="as a column's cells leave no doubt; a model's own",
)
COMMENT = _text(
    metavar="MARK",
    help="Lines of a text file that begin with this are passed over.",
    show_default="# above the header",
)
NA = _text(
    "--na",
    "--missing-values",
    metavar="WORD,WORD,...",
    help="What stands for a missing value in a text file, beside an empty cell.",
    show_default="NA,N/A,NaN,null,None; a model's own",
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
    return of_objective(help="e(y, T).", show_default=shown, autocompletion=complete.losses)


def l2(shown: bool | str = True) -> Any:
    """Return the option of the penalty."""
    return of_objective(help="Adds 1/2 l2 |W|^2 to the error.", show_default=shown)


PENALTY_HELP = "Another term of the error over the weights: weight_elimination:lambda,w0."

PENALTY = of_objective(
    metavar="PENALTY", help=PENALTY_HELP, show_default="none", autocompletion=complete.penalties
)


def shown(option: Any, default: str) -> Any:
    """Return an option with another default on the help page."""
    other = copy(option)
    other.show_default = default
    return other
