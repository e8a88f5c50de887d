"""Tables from text: CSV, TSV and other separated files, in one streaming pass.

Why not polars alone: it fills short rows with null, and a damaged row must be an error with its
place. So `csv.reader` in strict mode says what a row is, and polars divides the blocks of which it
is sure to say the same (`blocks.py`). Memory holds one chunk of text plus the finished numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import DataError, UsageError
from deltarule.core.machine import require
from deltarule.core.texts import some
from deltarule.data.options import Options
from deltarule.data.table import CITED, Column, Kind, Table, option
from deltarule.data.text.cells import missing_words, number
from deltarule.data.text.column import Collector
from deltarule.data.text.encoding import codec_name
from deltarule.data.text.format import TextFormat
from deltarule.data.text.header import header_again, name_columns
from deltarule.data.text.line_length import COLUMN_BYTES
from deltarule.data.text.rows import CsvFile
from deltarule.data.text.separator import other_separator
from deltarule.data.text.surroundings import with_units, without_surroundings
from deltarule.data.text.written import (
    as_written,
    grouped,
    noted,
    plainly,
    recognise,
    without_marks,
)

_SAMPLE = 1 << 18
_NUMBER_BYTES = 16
_CODE_BYTES = 12
_TEXT_BYTES = 120


def read_csv(
    path: Path,
    source: str,
    options: Options,
    form: TextFormat,
    like: TextFormat,
    before: int = 0,
) -> Table:
    """Read a text file that passed `check_bytes` and is written in the format `form`.

    What `form` does not say of header and columns is as in `like`, or as the first rows show.
    `before` is how many of the file's lines the source does not have.

    Raises `DataError` with file:line:column for whatever cannot be used, `UsageError` for an
    unknown encoding or separator, `ResourceError` if the table would not fit into memory.
    """
    separator = "," if form.separator is None else form.separator
    encoding = "utf-8" if form.encoding is None else form.encoding
    if len(separator) != 1 or separator in '"\r\n':
        raise UsageError(
            f"a separator is one character other than a quote or a line break, not {separator!r}."
        )
    comment = like.comment if form.comment is None else form.comment
    file = CsvFile(path, source, separator, codec_name(encoding), before=before, comment=comment)
    file, around = without_surroundings(file)
    line, first = file.header()
    if not first:
        raise DataError(f"{source}: the file is empty. It needs a header and rows of data.")
    if len(first) == 1 and not form.columns and first[0].strip() not in options.kinds:
        _check_separator(file, line, first[0].strip())
    headed, names, notes = name_columns(file, form, like, options)
    file, units = with_units(file) if headed else (replace(file, headed=False), [])
    options.check_names(source, names)
    kept = [i for i, name in enumerate(names) if options.keeps(name)]
    if not kept:
        raise UsageError(f"{source}: every column is dropped. Keep at least one.")
    require(source, _needed(file, kept))
    form = replace(form, **cells_like(form, like))
    words, spelled = missing_words(form.na), _spelled(form)
    columns = [
        Collector(
            names[i],
            i,
            _first_kind(names[i], options, form, spelled),
            words - {"na"} if names[i] in form.codes else words,
        )
        for i in kept
    ]
    again = first if headed and form.header is None else None
    empty = _collect(file, len(names), columns, again)
    cells = Cells(file, {name: i for i, name in enumerate(names)})
    finished, more, found = _finish(file, columns, cells, options, form)
    form = replace(form, header=headed, columns=names, comment=comment, **found)
    passed = [f"passed over: {some(empty, 'row')} of empty cells"] if empty else []
    notes = [*around, *notes, *units, *passed, *more]
    return Table(source, finished, notes=tuple(notes), locate=cells, format=form)


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
) -> int:
    """Give every column its cells; return how many rows of empty cells were passed over."""
    nothing = True
    empty: list[int] = []
    positions = [column.position for column in columns]
    for rows in file.chunks(width, empty):
        nothing = False
        if header is not None and header in rows:
            raise header_again(file)
        numeric = [column.numeric for column in columns]
        found: Sequence[Any] = rows.columns(positions, numeric)
        for column, cells in zip(columns, found, strict=True):
            column.add(cells)
    if nothing:
        raise DataError(
            f"{file.source}: there is a header and no row of data under it. Add rows of data."
        )
    return sum(empty)


def cells_like(form: TextFormat, like: TextFormat) -> dict[str, Any]:
    """Return what is said of the cells, else what is known of the file of training."""
    names = ("decimal", "thousands", "date_format", "na", "codes", "writings")
    said = {name: getattr(form, name) for name in names}
    return {k: getattr(like, k) if v in (None, {}, ()) else v for k, v in said.items()}


def _spelled(form: TextFormat) -> bool:
    """Say whether plain numbers, too, have to be read by the marks that were told."""
    return form.decimal not in (None, ".") or form.thousands is not None


def _first_kind(name: str, options: Options, form: TextFormat, spelled: bool) -> Kind | None:
    """Return the kind of a column while it is collected: text where its spelling is needed."""
    kind = options.kind(name)
    if kind in (None, "numeric") and (spelled or name in form.writings):
        return "text"
    return kind


def _finish(
    file: CsvFile,
    collectors: Sequence[Collector],
    cells: Cells,
    options: Options,
    form: TextFormat,
) -> tuple[tuple[Column, ...], list[str], dict[str, Any]]:
    """Return the columns, notes on them, and what was found of their format: codes, writings."""
    kinds = [collector.decide() for collector in collectors]
    bad = {}
    for i, collector in enumerate(collectors):
        if kinds[i] == "numeric" and len(rows := collector.not_numbers()):
            bad[i], kinds[i] = rows, "text"
            fixed = collector.fixed is not None and options.used(collector.name)
            if fixed and not collector.marked:
                raise _not_numbers(collector, rows, cells)
    # how a number was spelled is lost: where it matters, it is read once more
    doubted = {i for i, c in enumerate(collectors) if kinds[i] == "numeric" and c.grouped}
    lossy = {i for i, kind in enumerate(kinds) if kind != "numeric" and collectors[i].lossy}
    again = {i: collectors[i].again() for i in sorted(doubted | lossy)}
    if again:
        _collect(file, len(cells.positions), list(again.values()))
    texts = {i: again[i].column("text") for i in doubted}
    texts = {i: column for i, column in texts.items() if grouped(column.categories)}
    chosen = [again[i] if i in lossy else c for i, c in enumerate(collectors)]
    codes, notes = _codes(chosen, kinds)
    columns = []
    for i, (collector, kind) in enumerate(zip(chosen, kinds, strict=True)):
        columns.append(collector.column(kind))
        asked = options.kind(collector.name) in (None, "numeric") and options.used(collector.name)
        if kind == "text" and (asked or collector.name in form.writings):
            texts[i] = columns[i]
    for i in texts:
        texts[i], words = without_marks(texts[i], form)
        if words and options.used(texts[i].name):
            notes.append(f"column {texts[i].name!r}: {words} among its numbers, read as missing")
    plain = [c for i, c in enumerate(columns) if c.kind == "numeric" and i not in texts]
    known = {i: form.writings[c.name] for i, c in texts.items() if c.name in form.writings}
    open_ = {i: column for i, column in texts.items() if i not in known}
    found = {**recognise(open_, plain, form, cells, surely={*bad}), **known}
    for i, rows in bad.items():
        if i not in found and options.used(collectors[i].name):
            raise _not_numbers(collectors[i], rows, cells)
    writings = {}
    for i, writing in sorted(found.items()):
        columns[i] = as_written(texts[i], writing, cells, used=options.used(texts[i].name))
        if columns[i].kind == "numeric" and not plainly(texts[i].categories, writing):
            notes.append(noted(columns[i], writing, texts[i].categories))
            writings[columns[i].name] = writing
    return tuple(columns), notes, {"codes": (*form.codes, *codes), "writings": writings}


def _codes(collectors: Sequence[Collector], kinds: Sequence[Kind]) -> tuple[list[str], list[str]]:
    """Let NA be a name where the others are names of two letters; return the columns, and notes."""
    found = [c for c, kind in zip(collectors, kinds, strict=True) if kind == "text" and c.coded]
    for collector in found:
        collector.words = collector.words - {"na"}
    names = [collector.name for collector in found]
    said = "'NA' is a name of two letters like the others; if a missing value, say `--na NA`"
    return names, [f"column {name!r}: {said}" for name in names]


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
        if len({text for _, text in found}) == 1:
            remedy = f", say that it stands for a missing value with {option('na', cell)}{remedy}"
    return DataError(
        f"{place}: {cell!r} is not a number, and column {collector.name!r} {why}.{more} "
        f"Correct the cell (leave it empty if the value is unknown){remedy}."
    )
