"""Is this file text in the encoding that was said? Asked of every byte before it is parsed."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

from deltarule.core.errors import DataError, UsageError

__all__ = ["check_bytes", "codec_name"]

_BLOCK, _SHOWN = 1 << 20, 60
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WIDE = ("utf-16", "utf-32")


def codec_name(encoding: str) -> str:
    """Return Python's name for an encoding; for UTF-8 the one that accepts a byte order mark.

    Raises `UsageError` for an unknown encoding.

    >>> codec_name("UTF8"), codec_name("latin-1")
    ('utf-8-sig', 'iso8859-1')
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    except LookupError:
        raise UsageError(
            f"unknown encoding {encoding!r}. Common ones: utf-8, utf-16, latin-1, cp1252."
        ) from None
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name


def check_bytes(path: Path, source: str, encoding: str) -> None:
    """Refuse a file with UTF-16's byte order mark, NUL bytes or bytes that do not decode.

    `encoding` is a name from `codec_name`. Raises `DataError` naming the line, the byte and the
    encoding to try.
    """
    wide = encoding.startswith(_WIDE)
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    lines, done = 1, 0
    with path.open("rb") as file:
        if not wide and file.read(2) in _UTF16:
            raise DataError(
                f"{source}:1: the file begins with the byte order mark of UTF-16. Read it with "
                "`--encoding utf-16`."
            )
        file.seek(0)
        while True:
            block = file.read(_BLOCK)
            nul = -1 if wide else block.find(b"\0")
            if nul >= 0:
                line = lines + newlines.decode(block[:nul]).count("\n")
                raise DataError(
                    f"{source}:{line}: there is a NUL byte (byte {done + nul + 1} of the file), "
                    "which text does not have. The file is damaged, or it is UTF-16 without a "
                    "byte order mark: then read it with `--encoding utf-16-le`."
                )
            pending = len(decoder.getstate()[0])
            try:
                lines += newlines.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, errors="replace")
                line = lines + before.replace("\r\n", "\n").count("\n")
                raise _not_this_encoding(path, source, line, done - pending, error) from None
            except UnicodeError as error:
                raise DataError(
                    f"{source}:1: the file is not {encoding} ({error}). Say which encoding it "
                    "has, for example `--encoding utf-8`."
                ) from None
            if not block:
                return
            done += len(block)


def _not_this_encoding(
    path: Path, source: str, line: int, offset: int, error: UnicodeDecodeError
) -> DataError:
    byte, place = error.object[error.start], offset + error.start
    said = error.encoding.removesuffix("-sig")
    return DataError(
        f"{source}:{line}: byte {place + 1} of the file (0x{byte:02x}) is not {said}. Say which "
        f"encoding the file has{_which(path, place)}."
    )


def _which(path: Path, place: int) -> str:
    """Name an encoding in which the whole file decodes to text, with how the line then reads.

    The bytes 0x80 to 0x9f are letters and signs in Windows' cp1252, and controls in Latin-1.
    """
    data = path.read_bytes()
    start = data.rfind(b"\n", 0, place) + 1
    line = data[start : data.find(b"\n", place) % (len(data) + 1)]
    for name in ("utf-8", "latin-1", "cp1252"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if not any("\x7f" < letter < "\xa0" for letter in text):
            shown = line.decode(name).strip()[:_SHOWN]
            return f": with `--encoding {name}` the line reads {shown!r}"
    return ", for example `--encoding cp1252`, utf-16 or latin-1; in none of them it is plain text"
