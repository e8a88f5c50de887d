"""Which separator a text file has: the one at which its first rows have one width."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from deltarule.core.errors import DataError
from deltarule.data.csv_file import CsvFile

__all__ = ["SEPARATORS", "find_separator"]

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
"""The separators that are looked for, with their names."""

_ROWS = 100


def splits_header(file: CsvFile) -> bool:
    """Say whether a file's separator divides its first row; then no other one is looked for.

    So a damaged row never makes another reading of the file.
    """
    try:
        return len(file.header()[1]) > 1
    except DataError:
        return False


def find_separator(file: CsvFile) -> str | None:
    """Return the first separator that splits every one of the first 100 rows into as many cells.

    That is two cells or more, quotes respected. The file's own separator is not used. None where
    no separator does.
    """
    for separator in SEPARATORS:
        try:
            rows = islice(replace(file, separator=separator).numbered(), _ROWS)
            widths = {len(cells) for _, cells in rows}
        except DataError:
            continue
        if len(widths) == 1 and widths != {1}:
            return separator
    return None
