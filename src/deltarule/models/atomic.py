"""Folders that are there as a whole or not at all.

Everything is written beside its destination under a temporary name, brought to the disk, and
renamed when it is complete; on any error, Ctrl-C included, the temporary one is removed. A folder
that is replaced changes places with the new one in a single step where the system has one (Linux:
renameat2), so that no reader and no kill ever finds none. What a killed process left behind goes
with the next run: its folder is locked as long as the process lives.
"""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deltarule.core.errors import ResourceError, UsageError
from deltarule.core.files import PARTIAL, beside, unwritable

Foreign = Callable[[Path], list[str]]
"""Names what in a folder is not ours, and must not be removed."""

Ours = Callable[[Path], bool]
"""Whether a file in an unfinished folder is one that we write."""


class KeptWarning(UserWarning):
    """Something that was in the way was kept under another name."""


def check_folder(out: Path, *, force: bool, foreign: Foreign, needed: int = 0) -> None:
    """Refuse, before anything is computed, a destination that could not be written later.

    `foreign` names what a folder holds that is never removed. `needed` is a number of bytes.

    Raises `UsageError` for a folder that exists (without `force`, or with foreign files), and
    `ResourceError` for a place that cannot be written or is full.
    """
    if out.exists() or out.is_symlink():
        _check_existing(out, force, foreign)
    place = _existing(out)
    if not place.is_dir():
        raise ResourceError(
            f"{out}: {place} is not a folder, so nothing can be put into it. Choose another place "
            "with `--out`."
        )
    try:
        trial = beside(place / out.name)
        trial.mkdir()
        trial.rmdir()
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise unwritable(out, error) from error
    if free < needed:
        raise ResourceError(
            f"{out}: the model needs about {needed:,} bytes and {free:,} are free in {place}. Make "
            "room, or choose another place with `--out`."
        )


@contextmanager
def new_folder(
    out: Path, *, force: bool, foreign: Foreign, ours: Ours, rescue: bool = False
) -> Iterator[Path]:
    """Give a temporary folder to fill, which then takes the place of `out`; its parent is there.

    With `force` the one that is there changes places with it, and is removed then. Where that is
    refused in the end, for files that came meanwhile, the new folder is kept under another name,
    which the error says; with `rescue` also where it could have been refused at once.

    Raises `UsageError` where `out` is not to be replaced, `ResourceError` where the disk is full or
    the place cannot be written.
    """
    target = out.resolve()
    temporary = beside(target)
    try:
        if target.exists() and not rescue:
            _check_existing(target, force, foreign)
        _remove_leftovers(target, ours)
        temporary.mkdir()
        with _locked(temporary):
            yield temporary
            _sync(temporary)
            _put(temporary, target, force, foreign)
        sync_folder(target.parent)
    except OSError as error:
        raise unwritable(out, error) from error
    finally:
        if not _removed(temporary, ours):  # it was the old folder, and somebody put a file into it
            kept = _renamed(temporary, target)
            warnings.warn(f"{out}: files came while it was replaced; they are in {kept}",
                          KeptWarning, stacklevel=2)  # fmt: skip


def _put(temporary: Path, target: Path, force: bool, foreign: Foreign) -> None:
    """Rename the finished folder; one that it replaces stands under the temporary name then."""
    try:
        if not target.exists():
            try:
                temporary.rename(target)
                return
            except OSError:
                if not target.exists():  # it came just now
                    raise
        _check_existing(target, force, foreign)
        _swap(temporary, target)
        try:
            _check_old(temporary, target, foreign)
        except UsageError:
            _swap(temporary, target)
            raise
    except UsageError as error:
        kept = _renamed(temporary, target)
        raise UsageError(f"{error} What was to be written is in {kept}.") from None


def _swap(new: Path, target: Path) -> None:
    """Let two folders change places."""
    if _exchange(new, target):
        return
    aside = beside(target)
    target.rename(aside)
    try:
        new.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    aside.rename(new)


def _renamed(folder: Path, target: Path) -> Path:
    """Give a folder the next free name after `target`'s: NAME-2, NAME-3, ..."""
    for number in itertools.count(2):
        free = target.with_name(f"{target.name}-{number}")
        if not free.exists() and not free.is_symlink():
            with contextlib.suppress(FileExistsError):
                folder.rename(free)
                return free
    raise AssertionError


def _removed(folder: Path, ours: Ours) -> bool:
    """Remove a folder with our files in it; say whether it is gone, for it may hold others."""
    with contextlib.suppress(OSError):
        for path in [p for p in folder.iterdir() if ours(p)]:
            path.unlink()
        folder.rmdir()
    return not folder.exists()


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; say whether the system can.

    renameat2(2) of Linux 3.15 with RENAME_EXCHANGE, which some file systems do not have.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    here, exchange = -100, 2  # AT_FDCWD: paths as they are; RENAME_EXCHANGE
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    names = os.fsencode(one), os.fsencode(other)
    return rename is not None and rename(here, names[0], here, names[1], exchange) == 0


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, which ends with the process at the latest."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    held = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)


def _remove_leftovers(target: Path, ours: Ours) -> None:
    """Remove temporary folders of `target` that a killed process of this machine left.

    That is one whose lock is free and whose process is gone; anything else is left alone.
    """
    if sys.platform == "win32":
        return
    import fcntl

    for path in target.parent.glob(f".{glob.escape(target.name)}.*{PARTIAL}"):
        process = path.name.removeprefix(f".{target.name}.").split("-")[0]
        if path.is_symlink() or not path.is_dir() or not process.isdigit():
            continue
        with contextlib.suppress(OSError):
            held = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _alive(int(process)):
                    _removed(path, ours)
            finally:
                os.close(held)


def _alive(process: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(process))


def _sync(folder: Path) -> None:
    """Bring a folder's files, and their names, to the disk."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Have the disk hold what names a folder has."""
    with contextlib.suppress(OSError):  # Windows opens no folders, some file systems sync none
        held = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(held)
        finally:
            os.close(held)


def _check_existing(out: Path, force: bool, foreign: Foreign) -> None:
    if not force:
        raise UsageError(
            f"{out}: it exists already. Replace it with `--force`, or choose another folder with "
            "`--out`."
        )
    if not out.is_dir():
        raise UsageError(f"{out}: this is no folder, and is not replaced. Choose another `--out`.")
    _check_old(out, out, foreign)


def _check_old(folder: Path, out: Path, foreign: Foreign) -> None:
    """Refuse to remove a folder, which is or was `out`, with files of others in it."""
    found = foreign(folder)
    if found:
        raise UsageError(
            f"{out}: the folder holds files that do not belong to a model ({found[0]}"
            f"{' and others' if len(found) > 1 else ''}), and is not replaced. Choose another "
            "folder with `--out`."
        )


def _existing(out: Path) -> Path:
    """Return the nearest thing above `out` that exists."""
    return next(p for p in out.resolve().parents if p.exists())
