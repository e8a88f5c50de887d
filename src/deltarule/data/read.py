"""One function for every source: a file by its ending, or a bundled name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from deltarule.core.errors import DataError, UsageError, nearest
from deltarule.core.input_file import unreadable
from deltarule.data.bundled import BUNDLED, is_bundled
from deltarule.data.bundled import table as bundled_table
from deltarule.data.check import check_finite, check_identifiers
from deltarule.data.generators import GENERATED, usages
from deltarule.data.options import Options
from deltarule.data.sources.npz import read_npz
from deltarule.data.sources.parquet import read_parquet
from deltarule.data.sources.recast import recast
from deltarule.data.table import Table
from deltarule.data.text.format import TextFormat
from deltarule.data.text.read import KNOWN, read_text

__all__ = ["read_table"]


def read_table(
    source: str | Path,
    *,
    target: str | None = None,
    text: Sequence[str] = (),
    drop: Sequence[str] = (),
    kinds: Mapping[str, str] | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] = (),
    decimal: str | None = None,
    thousands: str | None = None,
    date_format: str | None = None,
    na: str | None = None,
    like: TextFormat | None = None,
) -> Table:
    """Read a table from a file (Parquet, NPZ, else text as CSV and TSV) or by a bundled name.

    A file wins over a bundled name. Columns in `text` are text whatever their cells look like,
    columns in `drop` are left out. `kinds` fixes kinds by name (at prediction time: those of
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

    In text files an empty cell, NA, N/A, NaN, null and None (any case) are missing, or the words
    in `na` (with commas between). A column is numeric if at least 90% of its other cells are
    numbers, boolean if all are true or false. Numbers with a decimal comma or marks between
    thousands, money, percentages, dates (as days since 1970) and times (as hours) are numeric where
    all cells of a column are written in one way that leaves no doubt; else `decimal`, `thousands`
    and `date_format` (as `datetime.strptime` takes it) say which way, for the whole file.

    Raises `DataError` for what cannot be used, with its place and the remedy; `UsageError` for
    options that do not fit together; `ResourceError` if the table would not fit into memory.

    >>> read_table("iris").targets
    ('species',)
    """
    options = Options.of(target, text, drop, kinds)
    form = TextFormat(
        separator, encoding, header, tuple(columns), decimal, thousands, date_format, na
    )
    path, name = Path(source), str(source)
    if path.is_file():
        table = _read_file(path, name, options, form, like or TextFormat())
        if is_bundled(name):
            note = f"{name!r} is also the name of a bundled data set: the file was taken"
            table = replace(table, notes=(note, *table.notes))
    elif is_bundled(name):
        _check_text(name, form)
        table = _select(bundled_table(name), options)
    else:
        raise _missing(path, name)
    check_finite(table, lambda column: not options.used(column))
    plain = {*options.text, *options.kinds, *table.targets, options.target}
    check_identifiers(table, lambda column: column in plain or not options.used(column))
    return table


def _read_file(
    path: Path, source: str, options: Options, form: TextFormat, like: TextFormat
) -> Table:
    ending = path.suffix.lower()
    reason = unreadable(path)
    if reason is not None:
        raise DataError(f"{source}: {reason}.")
    if ending in {".parquet", ".npz"}:
        _check_text(source, form)
    if ending == ".parquet":
        return recast(read_parquet(path, source, options), options)
    if ending == ".npz":
        return _select(read_npz(path, source), options)
    return read_text(path, source, options, form, like)


def _check_text(source: str, form: TextFormat) -> None:
    """Refuse to be told how a source is written that is no text."""
    told = form.to_dict().keys()
    if told:
        names = {"header": "header` and `--no-header", "date_format": "date-format"}
        options = ", ".join(f"`--{names.get(name, name)}`" for name in sorted(told))
        raise UsageError(
            f"{source}: {options}: these are for text files, and this is none. Leave them out."
        )


def _select(table: Table, options: Options) -> Table:
    """Apply the options to a table that was read without them."""
    options.check_names(table.source, table.names)
    kept = tuple(c for c in table.columns if c.name not in options.drop)
    targets = tuple(t for t in table.targets if t not in options.drop)
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
        or (nearest(name, (*BUNDLED, *GENERATED)) if alone else "")
        or "."
    )
    return DataError(
        f"{name}: there is no such file and no bundled data set of this name{hint} "
        f"Bundled: {', '.join(BUNDLED)}. Generated: {', '.join(usages())}."
    )
