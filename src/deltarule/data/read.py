"""One function for every source: files by their ending, bundled names, tables in memory."""

from __future__ import annotations

import glob
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deltarule.core.errors import DataError, UsageError, nearest
from deltarule.core.files import unreadable
from deltarule.data.bundled import BUNDLED, is_bundled
from deltarule.data.bundled import table as bundled_table
from deltarule.data.check import check_finite, check_identifiers, marks, without_empty
from deltarule.data.generators import GENERATED, usages
from deltarule.data.options import Options
from deltarule.data.sources.columnar import COLUMNAR, DUCKDB, is_duckdb, read_columnar
from deltarule.data.sources.frames import columns_table, is_tabular
from deltarule.data.sources.npz import read_npz
from deltarule.data.sources.recast import recast
from deltarule.data.sources.records import RECORDS, write_records
from deltarule.data.sources.several import read_several
from deltarule.data.sources.sheets import SHEETS, write_sheet
from deltarule.data.sources.unpacked import COMPRESSED, Folder, held, standard_input, unpack
from deltarule.data.table import Table
from deltarule.data.text.format import TextFormat
from deltarule.data.text.read import KNOWN, read_text
from deltarule.data.text.table import cells_like, read_csv
from deltarule.data.wheels import IN_WHEELS

_STDIN, _INSIDE = "-", "::"
_CELLS = ("decimal", "thousands", "date_format", "na")
"""What may be said of the cells of records and sheets, which have no separator."""


def read_table(
    source: Any,
    *,
    target: str | Sequence[str] | None = None,
    text: Sequence[str] = (),
    drop: Sequence[str] = (),
    only: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] = (),
    decimal: str | None = None,
    thousands: str | None = None,
    date_format: str | None = None,
    na: str | None = None,
    comment: str | None = None,
    like: TextFormat | None = None,
) -> Table:
    """Read a table from a file, by a bundled name, or from a data frame or dictionary of columns.

    A file is read by its ending: `.parquet`, `.feather` and `.arrow`, `.npz`, JSON lines
    (`.jsonl`), `.json`, SQLite and DuckDB (`.db`, `.sqlite`, `.duckdb`; `"shop.db::orders"` or
    `"shop.db::SELECT ..."`), sheets (`.xlsx`, `.xls`, `.ods`; `"book.xlsx::Sheet1"`), else as text.
    Any may be packed (`.gz`, `.bz2`, `.xz`, `.zst`). `"part-*.csv"` stands for several files of the
    same columns, one below the other, and `"-"` for text from standard input.

    A file wins over a bundled name. Columns in `text` are text whatever their cells look like,
    columns in `drop` are left out, and so are those that are not in `only`, where that is given,
    nor a `target`. `kinds` fixes kinds by name (at prediction time: those of
    training); names that the source lacks are passed over, and nothing in other columns is an
    error then, for nobody uses them. Without a `separator` (also "\\t" or "tab"; "space" for runs
    of spaces and tabs) it is the one of comma, semicolon, tab, vertical bar and space at which the
    first 100 rows have one width; without an `encoding` the file is UTF-8.

    The first row of a text file is a `header` or data. `columns` are the names of the columns of a
    file without a header (of any file where `header=True`); without them these are c1, c2, ...
    Where nothing is said, a first row that looks like data is an error.

    What is not said is taken from `like` where that is given: how the file was written that a model
    was trained on (the result's `format`). Its columns' names are those of a file without header,
    and a first row of which they are the cells is a header.

    Lines that begin with `comment` are passed over; without it, those with `#` above the header.

    In text files an empty cell, NA, N/A, NaN, null and None (any case) are missing, or the words
    in `na` (with commas between); among numbers also `?`, `-` and their like. A column is numeric
    if at least 90% of its other cells are numbers, boolean if all are true or false. Numbers with a
    decimal comma or marks between thousands, money, percentages, dates (as days since 1970) and
    times (as hours) are numeric where all cells of a column are written in one way that leaves no
    doubt; else `decimal`, `thousands` and `date_format` (as `datetime.strptime` takes it) say which
    way, for the whole file.

    Raises `DataError` for what cannot be used, with its place and the remedy; `UsageError` for
    options that do not fit together; `ResourceError` if the table would not fit into memory.

    >>> read_table("iris").targets
    ('species',)
    """
    options = Options.of(target, text, drop, kinds, only)
    form = TextFormat(
        separator, encoding, header, tuple(columns), decimal, thousands, date_format, na, comment
    )
    if isinstance(source, str | Path):
        table = _named(str(source), options, form, like or TextFormat())
    elif is_tabular(source):
        _check_text("the columns", form)
        table = _select(columns_table(source), options)
    else:
        raise UsageError(
            f"a table is a file, a bundled name, a data frame or a dictionary of columns, not "
            f"{type(source).__name__}"
        )
    table = without_empty(table, options)
    check_finite(table, lambda column: not options.used(column))
    if not options.kinds:
        table = replace(table, notes=(*table.notes, *marks(table)))
    plain = {*options.text, *options.kinds, *table.targets, *options.targets}
    check_identifiers(table, lambda column: column in plain or not options.used(column))
    return table


def _named(name: str, options: Options, form: TextFormat, like: TextFormat) -> Table:
    """Read what a name stands for."""
    path, inside = _place(name)
    if name == _STDIN and not path.exists():
        folder = standard_input()
        return held(_read_file(folder.path / "stdin", "stdin", options, form, like), folder)
    if path.is_file():
        table = _read_file(path, name, options, form, like, inside)
        if is_bundled(name):
            note = f"{name!r} is also the name of a bundled data set: the file was taken"
            table = replace(table, notes=(note, *table.notes))
        return table
    if is_bundled(name):
        _check_text(name, form)
        return _select(bundled_table(name), options)
    found = sorted(glob.glob(name)) if not path.exists() else []
    if not found:
        raise _missing(path, name)

    def read(one: str, chosen: Options, first: TextFormat | None) -> Table:
        return _read_file(Path(one), one, chosen, form, first or like)

    return read_several(name, found, read, options)


def _place(name: str) -> tuple[Path, str]:
    """Return the file, and what is meant in it: `shop.db::orders`."""
    before, mark, inside = name.partition(_INSIDE)
    if mark and not Path(name).exists() and Path(before).is_file():
        return Path(before), inside.strip()
    return Path(name), ""


def name_of(source: str | Path) -> str:
    """Return what to call something that is made of a source.

    >>> name_of("data/people.csv.gz"), name_of("part-*.csv"), name_of("-")
    ('people', 'part', 'stdin')
    """
    path, _ = _place(str(source))
    if path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    name = re.sub(r"[*?\[\]]", "", path.stem).strip("-_ ") or "table"
    return "stdin" if str(source) == _STDIN else name


def _read_file(
    path: Path, source: str, options: Options, form: TextFormat, like: TextFormat, inside: str = ""
) -> Table:
    ending = path.suffix.lower()
    reason = unreadable(path)
    if reason is not None:
        raise DataError(f"{source}: {reason}.")
    if ending in COMPRESSED:
        folder = Folder()
        out = folder.path / path.stem
        unpack(path, out, source)
        return held(_read_file(out, source, options, form, like, inside), folder)
    duckdb = COLUMNAR.get(ending) == DUCKDB or (ending in RECORDS and is_duckdb(path))
    if duckdb:
        _check_text(source, form)
        found = read_columnar(path, source, options, inside)
        return recast(found, options, like.writings)
    if ending in RECORDS or ending in SHEETS:
        return _written_out(path, source, options, form, like, inside)
    if inside:
        raise UsageError(
            f"{source}: `{_INSIDE}` names a table or a sheet, and there is one table in this file."
        )
    if ending in COLUMNAR or ending == ".npz":
        _check_text(source, form)
    if ending in COLUMNAR:
        return recast(read_columnar(path, source, options), options, like.writings)
    if ending == ".npz":
        return _select(read_npz(path, source), options)
    return read_text(path, source, options, form, like)


def _written_out(
    path: Path, source: str, options: Options, form: TextFormat, like: TextFormat, inside: str
) -> Table:
    """Read records or a sheet by way of a text file; what its cells mean is as in any other."""
    folder = Folder()
    out = folder.path / "table.csv"
    text = replace(form, separator=",", encoding="utf-8")
    marks = replace(form, **cells_like(form, like)).marks()
    if path.suffix.lower() in SHEETS:
        _check_text(source, form, (*_CELLS, "header", "columns"))
        write_sheet(path, inside, out, source, marks)
        table = read_csv(out, source, options, text, like)
    else:
        _check_text(source, form, _CELLS)
        write_records(path, inside, out, source, options, marks)
        table = read_csv(out, source, options, replace(text, header=True, comment=""), like, 1)
    assert table.format is not None
    plain = replace(table.format, separator=None, encoding=None, comment=None)
    return held(replace(table, format=plain), folder)


def _check_text(source: str, form: TextFormat, allowed: Collection[str] = ()) -> None:
    """Refuse to be told how a source is written that is no text."""
    told = form.to_dict().keys() - set(allowed)
    if told:
        names = {"header": "header` and `--no-header", "date_format": "date-format"}
        options = ", ".join(f"`--{names.get(name, name)}`" for name in sorted(told))
        raise UsageError(
            f"{source}: {options}: these are for text files, and this is none. Leave them out."
        )


def _select(table: Table, options: Options) -> Table:
    """Apply the options to a table that was read without them."""
    options.check_names(table.source, table.names)
    targets = tuple(t for t in table.targets if t not in options.drop)
    kept = tuple(c for c in table.columns if c.name in targets or options.keeps(c.name))
    task = table.task if targets == table.targets else None
    return recast(replace(table, columns=kept, targets=targets, task=task), options)


def _missing(path: Path, name: str) -> DataError:
    if path.exists():
        return DataError(f"{name}: {unreadable(path)}.")
    around: list[str] = []
    if path.parent.is_dir():
        around = [p.name for p in path.parent.iterdir() if p.is_file() and p.suffix in KNOWN]
    alone = len(path.parts) == 1
    hint = (
        nearest(path.name, around)
        or (nearest(name, (*BUNDLED, *IN_WHEELS, *GENERATED)) if alone else "")
        or "."
    )
    if glob.has_magic(name):
        return DataError(f"{name}: no file's name fits this pattern.")
    return DataError(
        f"{name}: there is no such file and no bundled data set of this name{hint} "
        f"Bundled: {', '.join(BUNDLED)}. With deltarule[data]: {', '.join(IN_WHEELS)}. "
        f"Generated: {', '.join(usages())}."
    )
