"""Sheets of Excel and OpenDocument files, written out as text by the child of `columnar.py`."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from deltarule.core.errors import UsageError
from deltarule.core.machine import require
from deltarule.data.sources.columnar import answer, child_of
from deltarule.data.table import not_named

SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
"""Endings of files with sheets."""

_EXPANSION = 4
"""Bytes in memory for each byte of a sheet's XML, about."""


def write_sheet(
    path: Path, inside: str, out: Path, source: str, marks: Mapping[str, Mapping[str, str]]
) -> None:
    """Write a sheet as a text file, row by row as it stands: line 5 is row 5.

    `inside` names the sheet, `marks` says how cells are spelled (`TextFormat.marks`). Raises
    `DataError` for a damaged file, `UsageError` where it has to be said which sheet is meant,
    `ResourceError` for more than fits into the memory.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            require(source, _EXPANSION * sum(part.file_size for part in packed.infolist()))
    with child_of(path, source, "Excel", inside, str(out), json.dumps(marks)) as child:
        said = answer(child, source, "Excel")
    if "absent" in said:
        raise UsageError(
            f"{source}: reading sheets needs the package python-calamine. Install it with `pip "
            "install 'deltarule[excel]'`, or save the sheet as CSV."
        )
    if sheets := said.get("sheets"):
        raise not_named("sheet", source, inside, sheets)
