"""A text file: which separator and encoding it is read with, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deltarule.core.errors import DataError
from deltarule.data.options import Options
from deltarule.data.table import Table
from deltarule.data.text.byte_check import check_bytes
from deltarule.data.text.encoding import MARKS, codec_name, mark_of
from deltarule.data.text.format import TextFormat
from deltarule.data.text.lines import SPACES, announced
from deltarule.data.text.separator import (
    SEPARATORS,
    among_decimal_commas,
    find_separator,
    splits_header,
)
from deltarule.data.text.table import read_csv

KNOWN = (".csv", ".tsv", ".txt", ".parquet", ".feather", ".jsonl", ".xlsx", ".db", ".npz")
"""The endings of files that are tables, whatever is in them."""

_USUAL = {".csv": ",", ".tsv": "\t", ".txt": "\t", "": "\t"}
"""Which separator is tried first, by the file's ending."""

_SEPARATOR_NAMES = {
    **{name: separator for separator, name in SEPARATORS.items()},
    "\\t": "\t",
    "whitespace": SPACES,
}


def read_text(
    path: Path, source: str, options: Options, form: TextFormat, like: TextFormat
) -> Table:
    """Read a text file as `form` says, else as its first rows show; `like` is tried first.

    Whatever its ending is: one that is not known to be a text's must have one separator. Raises
    what `check_bytes` and `read_csv` raise.
    """
    marked = MARKS.get(mark_of(path)) if form.encoding is None else None
    candidates = (form.encoding, marked, like.encoding, "utf-8")
    encoding = next(name for name in candidates if name is not None)
    codec = codec_name(encoding)
    told = form.separator and _SEPARATOR_NAMES.get(form.separator, form.separator)
    ending = path.suffix.lower()
    usual = like.separator or _USUAL.get(ending)
    spaced = like.separator is None and ending in (".txt", "")
    try:
        check_bytes(path, source, codec, {*SEPARATORS, usual or ","} if told is None else {told})
        separator, notes = _separator(path, codec, told, usual, spaced)
        if separator is None and ending not in _USUAL:
            raise DataError(
                f"{source}: no separator gives the first rows one width. Name it (`--separator`) "
                "if there is one."
            )
    except DataError as error:
        if ending in _USUAL:
            raise
        raise DataError(
            f"{error} Files ending in {ending!r} are read if they are text with one separator; "
            f"others cannot be read. Save the table as one of {', '.join(KNOWN)}."
        ) from None
    if separator is None:
        separator = "\t" if ending == ".tsv" else ","
    table = read_csv(
        path, source, options, replace(form, separator=separator, encoding=encoding), like
    )
    if marked not in (None, "utf-8"):
        notes = [f"the file is {str(marked).upper()}, as its byte order mark says", *notes]
    return replace(table, notes=(*notes, *table.notes))


def _separator(
    path: Path, codec: str, told: str | None, usual: str | None, spaced: bool
) -> tuple[str | None, list[str]]:
    """Return the separator that is told, announced, usual or found, and what to say of it.

    `spaced` allows for tabs between some cells of the first row and spaces between others.
    """
    first = announced(path, codec)
    if first is not None:
        used = "says" if told is None or told == first else "is passed over, which says"
        note = f"the first line {used} that the cells are separated by {first!r} (sep={first})"
        return first if told is None else told, [note]
    if told is not None:
        return told, []
    divides = usual is not None and splits_header(path, codec, usual)
    among = among_decimal_commas(path, codec) if divides and usual == "," else None
    if divides and not (among or spaced):
        return usual, []
    found = among or find_separator(path, codec)
    if divides and not among and found != SPACES:
        return usual, []
    if found in (None, usual, ","):
        return found, []
    return found, [f"the cells are separated by a {SEPARATORS[found]}, as the first rows show"]
