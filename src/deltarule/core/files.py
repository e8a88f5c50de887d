"""Single files that are there as a whole or not at all, and never in the place of another's.

A file is written beside its destination under a temporary name, brought to the disk, and renamed
when it is complete; on any error, Ctrl-C included, the temporary one is removed. What stood there
before is replaced where the user said so (`force`) or where it is recognised as our own; a folder,
a device or a pipe never is.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deltarule.core.errors import ResourceError, UsageError

PARTIAL = ".partial"
"""How the name of an unfinished file or folder ends."""

Ours = Callable[[Path], bool]
"""Recognises a file that we made ourselves, and can make again."""


def _nothing(path: Path) -> bool:
    return False


def check_file(
    out: Path, *, force: bool = False, ours: Ours = _nothing, option: str = "--out"
) -> None:
    """Refuse a file that is not to be replaced, or whose folder is not there.

    Raises `UsageError` and `ResourceError`.
    """
    if out.is_dir():
        raise UsageError(f"{out}: this is a folder. Name a file in it with `{option}`.")
    if out.exists() and not out.is_file():
        raise UsageError(
            f"{out}: this is no regular file, and is not replaced. Name a file with `{option}`."
        )
    if out.exists() and not force and not ours(out):
        raise UsageError(
            f"{out}: the file exists. Replace it with `--force` (`force=True` in "
            "Python), or name another."
        )
    if not out.absolute().parent.is_dir():
        raise ResourceError(f"{out}: there is no folder {out.parent}. Make it first.")


@contextmanager
def new_file(
    out: Path, *, force: bool = False, ours: Ours = _nothing, option: str = "--out"
) -> Iterator[Path]:
    """Give a temporary file to write, which then takes the place of `out`.

    Raises what `check_file` raises, before and after: a file that came meanwhile is not lost.
    Raises `ResourceError` where the disk is full or the place cannot be written.
    """
    check_file(out, force=force, ours=ours, option=option)
    target = out.resolve()
    temporary = beside(target)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        _put(temporary, target, lambda: check_file(out, force=force, ours=ours, option=option))
    except OSError as error:
        raise unwritable(out, error, option) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _put(temporary: Path, target: Path, check: Callable[[], None]) -> None:
    """Give the file its name: by a link, which never replaces, as long as nothing stands there."""
    if not target.exists():
        try:
            os.link(temporary, target)
            return
        except OSError:  # a file came meanwhile, or this file system has no links
            pass
    check()
    temporary.replace(target)


def beside(target: Path) -> Path:
    """Return a new hidden name beside `target`, on the same disk."""
    return target.parent / f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}"


def unwritable(out: Path, error: OSError, option: str = "--out") -> OSError:
    """Return the error of a place that cannot be written, as ours."""
    if isinstance(error, ResourceError | UsageError) or not error.strerror:
        return error
    return ResourceError(
        f"{out}: it cannot be written ({error.strerror}); nothing was left behind. Make room or "
        f"ask for the permission, or choose another place with `{option}`."
    )


_OTHER = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def unreadable(path: Path) -> str | None:
    """Return why `path` cannot be read as a regular file and what to do, None if it can.

    A pipe or a device is never opened: reading one may wait for ever, or change it.

    >>> unreadable(Path("/"))
    'this is a folder. Name a file in it'
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return "this is a folder. Name a file in it"
        if not stat.S_ISREG(mode):
            kind = _OTHER.get(stat.S_IFMT(mode), "no regular file")
            return f"this is {kind}. Save what it gives to a file first, and name that"
        path.open("rb").close()
    except FileNotFoundError:
        return "there is no such file. Check its name"
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        reason = getattr(error, "strerror", None) or str(error)
        return f"the file cannot be opened ({reason}). Check its name and permissions"
    return None
