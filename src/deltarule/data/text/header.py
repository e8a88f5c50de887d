"""What the columns of a text file are called: as its first row says, or otherwise.

Nothing in a file says whether its first row holds names. What the caller says decides, then the
names of training, then whether the file of training had a header. Where nothing is known, a first
row that looks like the rows under it is refused: taken as names, it would be lost unsaid.
"""

from __future__ import annotations

from collections.abc import Sequence

from deltarule.core.errors import DataError
from deltarule.core.texts import some
from deltarule.data.options import Options
from deltarule.data.table import listed, option
from deltarule.data.text.cells import number
from deltarule.data.text.first_row import rows_below
from deltarule.data.text.format import TextFormat, names_text
from deltarule.data.text.rows import CsvFile

_SHOWN, _TYPED = 8, 30
_NAMES = "`--columns NAME,NAME,...`"


def name_columns(
    file: CsvFile, form: TextFormat, like: TextFormat, options: Options
) -> tuple[bool, tuple[str, ...], list[str]]:
    """Return whether the first row is a header, the columns' names, and what to say of them.

    `form` is what the caller says, `like` what was so in training.

    Raises `DataError` for a first row that looks like data where nothing is said, for one that
    looks like names where it is to be data, and for names that are not one for every column.
    """
    line, row = file.header()
    cells = tuple(cell.strip() for cell in row)
    place = f"{file.source}:{line}"
    headed, notes = form.header, []
    if headed is None:
        headed = cells == form.columns if form.columns else _are_names(cells, like, options)
        if not headed and not form.columns and like.header is not False:
            notes += _check_header(file, place, cells, like, options)
            headed = True
    if form.columns:
        names = form.columns
        _check_width(place, cells, names)
    elif headed:
        names, more = _from_header(place, cells)
        notes += more
    elif like.columns:
        names = like.columns
        _check_width_of_training(place, cells, names, options)
        notes.append(f"the first row is data: the columns are those of training, {listed(names)}")
    else:
        names = _numbered(len(cells))
        notes.append(f"the first row is data: the columns are called {listed(names)}")
    if not headed:
        _check_data(file, place, cells, names, like, options)
    return headed, names, notes


def header_again(file: CsvFile) -> DataError:
    """Build the error for a file in which a header stands again, as where files were joined."""
    rows = file.numbered()
    line, first = next(rows)
    again = next(other for other, row in rows if row == first)
    return DataError(
        f"{file.source}:{again}: the header of line {line} stands here again, as where files were "
        "joined. Delete this line. If it is data, say `--header` (the first row alone holds names) "
        "or `--no-header` (none does)."
    )


def _are_names(cells: Sequence[str], like: TextFormat, options: Options) -> bool:
    """Say whether a first row holds names of training: half of its cells, or of those needed.

    Names that are numbers count only where all of those needed are there: data are numbers, too.
    """
    trained = set(like.columns or options.kinds)
    needed = set(options.kinds) or trained
    if not trained or len(set(cells)) < len(cells):
        return False
    words = {cell for cell in cells if number(cell) is None} & trained
    return needed <= set(cells) or 2 * len(words) >= min(len(cells), len(needed))


def _check_header(
    file: CsvFile, place: str, cells: Sequence[str], like: TextFormat, options: Options
) -> list[str]:
    """Refuse a first row that looks like data; say what was taken as names all the same."""
    found, run = rows_below(file).like(cells)
    if not found:
        return ["the numbers in the first row rise by one: they are names, not data"] * run
    if not like.columns:
        called = listed(_numbered(len(cells)))
        names = f"`--no-header` (the columns are then called {called}) or {_NAMES}"
    elif len(like.columns) == len(cells):
        names = f"`--no-header` (the columns are then those of training, {listed(like.columns)})"
    else:
        names = f"{_NAMES}{_without(cells, like.columns, options)}"
    named = [cell for cell in cells if cell]
    distinct = len(set(named)) == len(named)
    header = "`--header`" if distinct else f"`--header` and {_NAMES}, for two cells are the same"
    raise DataError(
        f"{place}: the first row looks like data, not like names: {' and '.join(found)}. It has "
        f"{some(len(cells), 'cell')}: {_shown(cells)}. If they are data, say {names}. If they are "
        f"names, say {header}."
    )


def _check_data(
    file: CsvFile,
    place: str,
    cells: Sequence[str],
    names: Sequence[str],
    like: TextFormat,
    options: Options,
) -> None:
    """Refuse a first row of data that looks like names: a word over nothing but numbers."""
    below = rows_below(file)
    for i in below.words_over_numbers(cells):
        name = names[i]
        text = options.kind(name) in {"text", "boolean"}
        if text or not options.keeps(name) or not options.used(name):
            continue
        header = f"`--header` and {_typed(names)}" if names == like.columns else "`--header`"
        remedy = "" if options.kind(name) else f", or say {option('text', name)}"
        raise DataError(
            f"{place}:{i + 1}: the first row looks like names, not like data: {cells[i]!r} stands "
            f"over nothing but numbers. It has {some(len(cells), 'cell')}: {_shown(cells)}. If "
            f"they are names, say {header}. If they are data, correct the cell (leave it empty if "
            f"the value is unknown){remedy}."
        )


def _from_header(place: str, cells: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the names in a header, and a note for each that is made up."""
    if not any(cells):
        raise DataError(
            f"{place}: there is no name in the header. Write names into it, or say `--header` and "
            f"{_NAMES}."
        )
    names = tuple(cell or f"column_{i}" for i, cell in enumerate(cells, 1))
    first: dict[str, int] = {}
    for i, name in enumerate(names, 1):
        if first.setdefault(name, i) != i:
            raise DataError(
                f"{place}: columns {first[name]} and {i} are both called {name!r}. Give every "
                f"column a name of its own, in the file or with `--header` and {_NAMES}."
            )
    return names, [
        f"column {i} has no name in the header and is called {name!r}"
        for i, (cell, name) in enumerate(zip(cells, names, strict=True), 1)
        if not cell
    ]


def _check_width(place: str, cells: Sequence[str], names: Sequence[str]) -> None:
    if len(names) != len(cells):
        raise DataError(
            f"{place}: `--columns` gives {some(len(names), 'name')} ({listed(names)}), and the "
            f"first row has {some(len(cells), 'cell')}: {_shown(cells)}. Give one name for "
            "each cell."
        )


def _check_width_of_training(
    place: str, cells: Sequence[str], names: Sequence[str], options: Options
) -> None:
    """Refuse a file without header that lacks columns of training: which ones is not known."""
    if len(names) == len(cells):
        return
    raise DataError(
        f"{place}: the first row has {some(len(cells), 'cell')} ({_shown(cells)}) and is no "
        f"header; the file of training had {some(len(names), 'column')}: {listed(names)}. Say "
        f"which ones are here, with {_NAMES}{_without(cells, names, options)}."
    )


def _without(cells: Sequence[str], names: Sequence[str], options: Options) -> str:
    """Return the names of the columns that a model needs where a row may be just these."""
    needed = [name for name in names if name in options.kinds]
    absent = listed([name for name in names if name not in options.kinds])
    return f" (without {absent}: {_typed(needed)})" if len(needed) == len(cells) else ""


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(f"c{i}" for i in range(1, width + 1))


def _typed(names: Sequence[str]) -> str:
    return option("columns", names_text(names)) if len(names) <= _TYPED else _NAMES


def _shown(cells: Sequence[str]) -> str:
    return ", ".join(map(repr, cells[:_SHOWN])) + ", ..." * (len(cells) > _SHOWN)
