"""Is this file text in the encoding that was said? Asked of every byte before it is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from deltarule.core.errors import DataError
from deltarule.data.text.encoding import MARKS, UndecodableError, mark_of, reads, texts
from deltarule.data.text.line_length import LineLength

_TRIED = ("utf-8", "latin-1", "cp1252", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_ANY = ("latin-1", "cp1252")  # nearly every sequence of bytes is some text in these
_SHOWN, _AROUND = 60, 120
_MARK = "\ufeff"


def check_bytes(path: Path, source: str, encoding: str, separators: Iterable[str]) -> None:
    """Refuse a file with another byte order mark, NUL characters or bytes that do not decode.

    `encoding` is a name from `codec_name`, `separators` are those that may divide a line. Raises
    `DataError` naming the line, the byte and the encoding to read it with, which was tried; and
    `DataError` or `ResourceError` for a line too long to read (see `LineLength`).
    """
    _check_mark(path, source, encoding)
    line, last = 1, " "
    length = LineLength(source, separators)
    try:
        for text in texts(path, encoding):
            nul = text.find("\0")
            if nul >= 0:
                raise DataError(
                    f"{source}:{_line(line, text, nul)}: there is a NUL character, which text does "
                    f"not have{_remedy(path, 0, _TRIED)}."
                )
            mark = (last + text).find("\n" + _MARK) if _MARK in text else -1
            if mark >= 0:
                raise DataError(
                    f"{source}:{_line(line, text, mark)}: the line begins with a byte order mark, "
                    "as where two files were put together. Remove the mark, and the header that "
                    "it begins if there is one."
                )
            length.add(text, line)
            newlines = np.frombuffer(text.encode(), np.uint8) == ord("\n")
            line, last = line + int(np.count_nonzero(newlines)), text[-1:] or last
        length.end(line)
    except UndecodableError as fault:
        name = encoding.removesuffix("-sig")
        raise DataError(
            f"{source}:{line}: {fault.found} is not {name}{_remedy(path, fault.offset, _TRIED)}."
        ) from None


def _check_mark(path: Path, source: str, encoding: str) -> None:
    """Refuse a byte order mark that is none in this encoding, and none where the order is open."""
    mark = mark_of(path)
    if mark and mark.decode(encoding, "replace") not in ("", _MARK):
        raise DataError(
            f"{source}:1: the file begins with the byte order mark of {MARKS[mark].upper()}"
            f"{_remedy(path, 0, [MARKS[mark]])}."
        )
    if not mark and encoding in ("utf-16", "utf-32"):
        raise DataError(
            f"{source}:1: the file has no byte order mark and is not {encoding}"
            f"{_remedy(path, 0, _TRIED)}."
        )


def _line(line: int, text: str, index: int) -> int:
    return line + text.count("\n", 0, index)


def _remedy(path: Path, offset: int, encodings: Sequence[str]) -> str:
    """Say in which encoding the whole file can be read, and how the line at a byte then reads."""
    name = next((name for name in encodings if reads(path, name)), None)
    if name is None:
        return (
            f", and as {', '.join(encodings)} it is no plain text either. The file is damaged or "
            "no table: save it as UTF-8 text in the program that it comes from"
        )
    start = max(0, offset - _AROUND) // 4 * 4  # between two characters of UTF-16 and UTF-32
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(offset - start + _AROUND)
    before, after = (data[: offset - start], data[offset - start :])
    first = re.split("[\r\n]", before.decode(name, "ignore"))[-1][-_SHOWN // 2 :]
    shown = (first + re.split("[\r\n]", after.decode(name, "ignore"))[0]).strip()[:_SHOWN]
    reading = f": with `--encoding {name}` the line reads {shown.removeprefix(_MARK)!r}"
    return reading + ". If that is not its text, name the encoding it was saved in" * (name in _ANY)
