"""Machine code kept on disk, so that a program is compiled once for each machine.

Code from the cache is run, so whoever can write there can run what they like as this user:
therefore an entry is used only if the folder and the file belong to this user and nobody else can
write to them. Within such a folder an entry is used only if it is whole and was made from the same
text, for the same processor, by the same versions; everything else is compiled again.

The folder is `$DELTARULE_CACHE`, else `deltarule` in the user's cache folder (`XDG_CACHE_HOME` or
`~/.cache`; macOS `~/Library/Caches`; Windows `%LOCALAPPDATA%`). An empty value, `0` or `off`
switches the cache off. No trouble with it ever ends a run: it costs speed, and a `CacheWarning`
says so. On Windows the rights of the user's own folder are what protects it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
import struct
import sys
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from deltarule.core import VERSION
from deltarule.engine.compiled.instructions.machine import Machine

FORMAT = 1
"""The version of an entry's layout and of the compiler's options in `jit.py`."""
MOST_ENTRIES = 2000
MOST_BYTES = 256 * 2**20

_MAGIC = b"deltarule code\r\n"
_HEADER = struct.Struct(">16sI32sQ32s")  # magic, format, key, length and sha256 of the code
_ENTRY = re.compile(r"[0-9a-f]{64}\.code")
_PARTIAL = re.compile(r"\.[0-9a-f]{64}\.\d+-[0-9a-f]{16}\.partial")
_ABANDONED = 3600.0  # seconds after which nobody writes to a temporary file any more
_ONE_IN = 16  # this share of the writes looks for entries to remove

# A link is not followed, and a pipe with nobody at its other end does not hang; Windows has neither
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

_told: set[str] = set()  # folders whose trouble was told: once in a process is enough


class CacheWarning(UserWarning):
    """The cache of compiled programs could not be used; only speed is lost."""


class _UnfitError(Exception):
    """An entry or a folder that is not to be trusted; the message is the finding."""


def cached(text: str, machine: Machine, make: Callable[[], bytes]) -> bytes:
    """Return the machine code for a module's text: from the cache, else made and kept.

    Args:
        text: The module.
        machine: The processor that the code is for.
        make: Compiles the module; called only where the cache has no whole entry. What it raises
            is passed on, and nothing is kept.

    Any number of processes may do this at once: entries appear under their name when they are
    complete, and all processes write the same.

    Warns `CacheWarning` of a damaged or foreign entry, which is replaced; and once in a process of
    a folder that cannot be used or written.

    >>> import tempfile
    >>> from unittest.mock import patch
    >>> machine = Machine("x86_64-unknown-linux-gnu", "generic", "", 128, 16)
    >>> with tempfile.TemporaryDirectory() as place, patch.dict(os.environ, DELTARULE_CACHE=place):
    ...     [cached("text", machine, make) for make in (lambda: b"code", lambda: b"not called")]
    [b'code', b'code']
    """
    place = folder()
    if place is None:
        return make()
    key = _key(text, machine)
    entry = place / f"{key.hex()}.code"
    code = _kept(entry, key)
    if code is None:
        code = make()
        _keep(entry, key, code)
    return code


def folder() -> Path | None:
    """Return the folder of the entries, made if need be; None if there is none to be had.

    Warns `CacheWarning`, once in a process, unless the cache was switched off.
    """
    if os.environ.get("DELTARULE_CACHE", "on").strip().lower() in {"", "0", "off"}:
        return None
    place: Path | str = "the user's cache folder"
    try:
        base = _base()
        for place in (base, base / f"code-{FORMAT}"):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check(os.lstat(place), stat.S_ISDIR, "folder")
        return base / f"code-{FORMAT}"
    except (OSError, RuntimeError, _UnfitError) as error:  # RuntimeError: no home, links in a ring
        _tell_once(place, f"compiled programs cannot be kept in it ({_words(error)})")
        return None


def _base() -> Path:
    """Return the folder that was asked for, else the user's; links on the way are followed."""
    asked = os.environ.get("DELTARULE_CACHE")
    if asked:
        return Path(asked).expanduser().resolve()
    if sys.platform == "win32":
        user = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        user = Path.home() / "Library" / "Caches"
    else:
        user = Path(os.environ.get("XDG_CACHE_HOME", ""))
        if not user.is_absolute():  # the XDG specification has relative ones ignored
            user = Path.home() / ".cache"
    return (user / "deltarule").resolve()


def _check(status: os.stat_result, kind: Callable[[int], bool], name: str) -> None:
    """Refuse what is no folder (or file), or what somebody else could have written."""
    if not kind(status.st_mode):
        raise _UnfitError(f"it is no regular {name}")
    if sys.platform == "win32":
        return
    if status.st_uid != os.geteuid():
        raise _UnfitError("it belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _UnfitError("others may write to it")


def _key(text: str, machine: Machine) -> bytes:
    """Return the sha256 of all that the code depends on."""
    digest = hashlib.sha256()
    for part in (str(FORMAT), *_versions(), machine.triple, machine.cpu, machine.features, text):
        data = part.encode()
        digest.update(b"%d:" % len(data))  # no two lists of parts run together alike
        digest.update(data)
    return digest.digest()


def _versions() -> tuple[str, str, str]:
    """Return the versions of deltarule, llvmlite and LLVM; only LLVM itself knows its own."""
    import llvmlite.binding as llvm

    try:
        binding = metadata.version("llvmlite")
    except metadata.PackageNotFoundError:  # frozen applications leave the metadata out
        binding = "unknown"
    return VERSION, binding, ".".join(map(str, llvm.llvm_version_info))


def _kept(entry: Path, key: bytes) -> bytes | None:
    """Return the code of an entry; None if there is none, or, with a warning, if it is unfit."""
    try:
        code = _read(entry, key)
    except FileNotFoundError:
        return None
    except (OSError, _UnfitError) as error:
        _warn(
            f"{entry}: this compiled program is not used ({_words(error)}). It is compiled again "
            "and replaced; if that happens often, see who writes to the folder, or name another "
            "in `DELTARULE_CACHE`."
        )
        return None
    with contextlib.suppress(OSError):
        os.utime(entry)  # the entries unused for longest are removed first
    return code


def _read(entry: Path, key: bytes) -> bytes:
    """Return the code of a whole entry; what is checked is the opened file, not its name."""
    with open(entry, "rb", opener=lambda path, flags: os.open(path, flags | _CAREFULLY)) as file:
        status = os.fstat(file.fileno())
        _check(status, stat.S_ISREG, "file")
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            raise _UnfitError("it is cut short")
        magic, version, owner, length, digest = _HEADER.unpack(header)
        if (magic, version) != (_MAGIC, FORMAT):
            raise _UnfitError("it is not in the format of this version")
        if owner != key:
            raise _UnfitError("it belongs to another program")
        if status.st_size != _HEADER.size + length:
            raise _UnfitError(f"it has {status.st_size - _HEADER.size} bytes of code, not {length}")
        code = file.read(length)
    if hashlib.sha256(code).digest() != digest:
        raise _UnfitError("its code is damaged")
    return code


def _keep(entry: Path, key: bytes, code: bytes) -> None:
    """Write an entry beside its place and move it there; on any error nothing is left."""
    name = f".{entry.stem}.{os.getpid()}-{secrets.token_hex(8)}.partial"
    temporary = entry.with_name(name)
    header = _HEADER.pack(_MAGIC, FORMAT, key, len(code), hashlib.sha256(code).digest())
    try:
        with open(temporary, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(header + code)
            file.flush()
        os.replace(temporary, entry)
        if key[0] % _ONE_IN == 0:
            _tidy(entry.parent)
    except OSError as error:
        if not _stands(entry, key):
            _tell_once(entry.parent, f"compiled programs cannot be kept in it ({_words(error)})")
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _stands(entry: Path, key: bytes) -> bool:
    """Tell whether the entry is there: on Windows nobody replaces what another process reads."""
    try:
        _read(entry, key)
    except (OSError, _UnfitError):
        return False
    return True


def _tidy(place: Path) -> None:
    """Remove the entries unused for longest beyond the bounds, and abandoned temporary files.

    Another process that loses an entry in this way compiles again; one that reads it goes on.
    """
    entries, total = [], 0
    with os.scandir(place) as listing:
        everything = list(listing)
    for found in everything:
        with contextlib.suppress(OSError):  # removed by another process in the meantime
            status = found.stat(follow_symlinks=False)
            if _ENTRY.fullmatch(found.name):
                entries.append((status.st_mtime_ns, status.st_size, found.path))
            elif _PARTIAL.fullmatch(found.name) and status.st_mtime < time.time() - _ABANDONED:
                os.unlink(found.path)
    for count, (_, size, path) in enumerate(sorted(entries, reverse=True), 1):
        total += size
        if count > MOST_ENTRIES or total > MOST_BYTES:
            with contextlib.suppress(OSError):
                os.unlink(path)


def _words(error: Exception) -> str:
    """Return the reason alone: the place stands before it."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _tell_once(place: Path | str, finding: str) -> None:
    """Warn of a folder the first time that this process finds it wanting."""
    if str(place) in _told:
        return
    _told.add(str(place))
    _warn(
        f"{place}: {finding}, so programs are compiled again each time. Make room or make it a "
        "folder of your own that nobody else may write to (`chmod 700`), name another in "
        "`DELTARULE_CACHE`, or switch the cache off with `DELTARULE_CACHE=off`."
    )


def _warn(message: str) -> None:
    warnings.warn(message, CacheWarning, stacklevel=4)
