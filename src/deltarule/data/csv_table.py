"""Tables from text: CSV, TSV and other separated files, in one streaming pass.

Why not polars here: it fills short rows with null, and a damaged row must be an error with its
place. `csv.reader` in strict mode has to see every cell for that anyway, and once it has, turning
a chunk of cells into float64 costs less than parsing the file a second time. So there is one
parser, nothing to reconcile, and memory holds one chunk of text plus the finished numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.data.cells import comma_numbers, number
from deltarule.data.csv_column import Collector
from deltarule.data.csv_encoding import codec_name
from deltarule.data.csv_file import CsvFile
from deltarule.data.csv_header import header_again, name_columns
from deltarule.data.csv_length import COLUMN_BYTES
from deltarule.data.csv_separator import other_separator
from deltarule.data.memory import require
from deltarule.data.options import Options
from deltarule.data.table import CITED, Column, Table, option
from deltarule.data.text_format import TextFormat

__all__ = ["read_csv"]

_SAMPLE = 1 << 18
_NUMBER_BYTES = 16
_CODE_BYTES = 12
_TEXT_BYTES = 120


def read_csv(
    path: Path, source: str, options: Options, form: TextFormat, like: TextFormat
) -> Table:
    """Read a text file that passed `check_bytes` and is written in the format `form`.

    What `form` does not say of header and columns is as in `like`, or as the first rows show.

    Raises `DataError` with file:line:column for whatever cannot be used, `UsageError` for an
    unknown encoding or separator, `ResourceError` if the table would not fit into memory.
    """
    separator = "," if form.separator is None else form.separator
    encoding = "utf-8" if form.encoding is None else form.encoding
    if len(separator) != 1 or separator in '"\r\n':
        raise UsageError(
            f"a separator is one character other than a quote or a line break, not {separator!r}."
        )
    file = CsvFile(path, source, separator, codec_name(encoding))
    line, first = file.header()
    if not first:
        raise DataError(f"{source}: the file is empty. It needs a header and rows of data.")
    if len(first) == 1 and not form.columns and first[0].strip() not in options.kinds:
        _check_separator(file, line, first[0].strip())
    headed, names, notes = name_columns(file, form, like, options)
    file = replace(file, headed=headed)
    options.check_names(source, names)
    kept = [i for i, name in enumerate(names) if name not in options.drop]
    if not kept:
        raise UsageError(f"{source}: every column is dropped. Keep at least one.")
    require(source, _needed(file, kept))
    columns = [Collector(names[i], i, options.kind(names[i])) for i in kept]
    _collect(file, len(names), columns, first if headed and form.header is None else None)
    cells = Cells(file, {name: i for i, name in enumerate(names)})
    finished, more = _finish(file, columns, cells, options)
    form = replace(form, header=headed, columns=names)
    return Table(source, finished, notes=(*notes, *more), locate=cells, format=form)


@dataclass(frozen=True)
class Cells:
    """The locator of a text file's table."""

    file: CsvFile
    positions: dict[str, int]

    def __call__(self, cells: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
        """Return place and text of cells given by row and column name."""
        found = self.file.find(row for row, _ in cells)
        result = []
        for row, name in cells:
            line, texts = found[row]
            position = self.positions[name]
            place = f"{self.file.source}:{line}:{position + 1}"
            result.append((place, texts[position].strip()))
        return result


def _check_separator(file: CsvFile, line: int, name: str) -> None:
    other = other_separator(file.path, file.encoding, file.separator)
    if other:
        raise DataError(
            f"{file.source}:{line}: the header is a single column, {name!r}, when split at "
            f"{file.separator!r}. {other}"
        )


def _needed(file: CsvFile, kept: list[int]) -> float:
    """Estimate the bytes that the table and its scaled array need, from the file's beginning."""
    rows: list[list[str]] = []
    read = 0
    for _, row in islice(file.numbered(), int(file.headed), None):
        rows.append(row)
        read += len((file.separator.join(row) + "\n").encode(file.encoding))
        if read > _SAMPLE:
            break
    share = file.path.stat().st_size / max(1, read)
    total = 0.0
    for i in kept:
        cells = [row[i] for row in rows if i < len(row)]
        if all(number(cell) is not None for cell in cells):
            total += _NUMBER_BYTES * len(cells)
        else:
            texts = set(cells)
            total += _CODE_BYTES * len(cells) + sum(_TEXT_BYTES + len(t) for t in texts)
    return total * max(1.0, share) + COLUMN_BYTES * len(kept)


def _collect(
    file: CsvFile, width: int, columns: Sequence[Collector], header: list[str] | None = None
) -> None:
    empty = True
    for rows in file.chunks(width):
        empty = False
        if header in rows:
            raise header_again(file)
        if len(columns) == width:
            for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
                column.add(cells)
        else:
            for column in columns:
                column.add([row[column.position] for row in rows])
    if empty:
        raise DataError(
            f"{file.source}: there is a header and no row of data under it. Add rows of data."
        )


def _finish(
    file: CsvFile, collectors: Sequence[Collector], cells: Cells, options: Options
) -> tuple[tuple[Column, ...], list[str]]:
    kinds = [collector.decide() for collector in collectors]
    for i, collector in enumerate(collectors):
        if kinds[i] == "numeric" and len(bad := collector.not_numbers()):
            if options.used(collector.name):
                raise _not_numbers(collector, bad, cells)
            kinds[i] = "text"
    lossy = [i for i, k in enumerate(kinds) if k != "numeric" and collectors[i].lossy]
    again = {i: Collector(collectors[i].name, collectors[i].position, "text") for i in lossy}
    if again:
        _collect(file, len(cells.positions), list(again.values()))
    finished, notes = [], []
    for i, kind in enumerate(kinds):
        column = again.get(i, collectors[i]).column(kind)
        finished.append(column)
        example = comma_numbers(column.categories) if kind == "text" else None
        if example is not None:
            notes.append(
                f"column {column.name!r} is text, though its cells look like numbers with a comma "
                f"({example!r}): write numbers with a point and without other separators"
            )
    return tuple(finished), notes


def _not_numbers(collector: Collector, bad: NDArray[np.intp], cells: Cells) -> DataError:
    found = cells([(int(row), collector.name) for row in bad[:CITED]])
    others = "; ".join(f"{place} ({cell!r})" for place, cell in found[1:])
    more = f" {len(bad)} cells are like this, the next at {others}." if others else ""
    place, cell = found[0]
    if collector.fixed == "numeric":
        why, remedy = "must be numeric, as it was in training", ""
    else:
        why = "is numeric (at least 90% of its cells are numbers)"
        remedy = f", or read the column as text with {option('text', collector.name)}"
    return DataError(
        f"{place}: {cell!r} is not a number, and column {collector.name!r} {why}.{more} "
        f"Correct the cell (leave it empty if the value is unknown){remedy}."
    )
