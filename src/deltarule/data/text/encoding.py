"""Encodings of text files: which names are accepted, and in which ones a file can be read."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path

from deltarule.core.errors import UsageError

MARKS = {  # UTF-32's little-endian mark begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8",
}
"""The byte order marks with which a file may begin, and the encodings that they stand for."""

_BLOCK, _NAME = 1 << 20, 40
_PROBE = 'a;b,"c\td"|1.5e-3+..\n=\r\n' * 3
_ESCAPE = "\\u0041"
_CONTROL = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f]")


def mark_of(path: Path) -> bytes:
    """Return the byte order mark with which a file begins, nothing where it has none."""
    with path.open("rb") as file:
        start = file.read(max(map(len, MARKS)))
    return next((mark for mark in MARKS if start.startswith(mark)), b"")


def codec_name(encoding: str) -> str:
    """Return Python's name for an encoding; for UTF-8 the one that accepts a byte order mark.

    Raises `UsageError` for a name that is unknown, or that stands for no encoding of plain text.

    >>> codec_name("UTF8"), codec_name("latin-1")
    ('utf-8-sig', 'iso8859-1')
    """
    try:
        name = codecs.lookup(encoding).name if _plain(encoding) else ""
    except (LookupError, ValueError):  # ValueError: a NUL in the name, and every UnicodeError
        name = ""
    if not name:
        raise UsageError(
            f"unknown encoding {encoding[:_NAME]!r}. Common ones: utf-8, utf-16, latin-1, cp1252."
        )
    return "utf-8-sig" if name == "utf-8" else name


def _plain(encoding: str) -> bool:
    r"""Whether every sign of a table has bytes of its own, all as many, and none is an escape.

    Python's codecs are more than encodings of text: base64 and rot13 turn bytes into bytes and
    text into text (`encode` refuses these), idna and punycode write a name as a whole, and utf-7
    and unicode_escape have signs (+ and \) that begin the number of another letter.
    """
    whole = _PROBE.encode(encoding)
    pieces = list(codecs.iterencode(_PROBE, encoding))
    return (
        b"".join(pieces) == whole
        and whole.decode(encoding) == _PROBE
        and len(pieces) == len(_PROBE)
        and len({len(piece) for piece in pieces[1:]}) == 1  # the first has the byte order mark
        and _ESCAPE.encode(encoding).decode(encoding) == _ESCAPE
    )


class UndecodableError(Exception):
    """A byte that is not in the encoding: its `offset` in the file, and what was `found`."""

    def __init__(self, offset: int, found: str) -> None:
        super().__init__(offset, found)
        self.offset, self.found = offset, found


def texts(path: Path, encoding: str) -> Iterator[str]:
    r"""Yield the text of a file block by block, every line end as "\n".

    Raises `UndecodableError` after the text in front of a byte that does not decode. A file in
    utf-16 or utf-32 begins with a byte order mark.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    done, block = 0, b"-"
    with path.open("rb") as file:
        while block:
            block, state = file.read(_BLOCK), newlines.getstate()
            try:
                yield newlines.decode(block, final=not block)
            except UnicodeDecodeError as error:
                data = state[0] + block  # a byte order mark is cut off `error.object`
                good = len(data) - len(error.object) + error.start
                newlines.setstate((b"", state[1]))
                yield newlines.decode(data[:good], final=True)
                offset = done - len(state[0]) + good
                found = f"byte {offset + 1} of the file (0x{data[good]:02x})"
                raise UndecodableError(offset, found) from None
            done += len(block)


def reads(path: Path, encoding: str) -> bool:
    """Say whether the whole file is lines of plain text in an encoding, without control characters.

    The bytes 0x80 to 0x9f are letters and signs in Windows' cp1252, and controls in Latin-1.
    """
    lines = False
    try:
        for text in texts(path, encoding):
            if _CONTROL.search(text):
                return False
            lines = lines or "\n" in text  # single bytes that are read in pairs have none
    except UndecodableError:
        return False
    return lines
