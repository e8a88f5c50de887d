"""Files and folders that are there as a whole or not at all.

Everything is written beside its destination under a temporary name and renamed when it is
complete; on any error, Ctrl-C included, the temporary one is removed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltarule.core.errors import ResourceError, UsageError

__all__ = ["check_file", "check_folder", "new_file", "new_folder"]


def check_folder(out: Path, *, force: bool, ours: frozenset[str], needed: int = 0) -> None:
    """Refuse, before anything is computed, a destination that could not be written later.

    `ours` are the files that a replaced folder may hold: nothing else is ever removed. `needed`
    is a number of bytes.

    Raises `UsageError` for a folder that exists (without `force`, or with foreign files), and
    `ResourceError` for a place that cannot be written or is full.
    """
    if out.exists() or out.is_symlink():
        _check_existing(out, force, ours)
    place = _existing(out)
    if not place.is_dir():
        raise ResourceError(
            f"{out}: {place} is not a folder, so nothing can be put into it. Choose another place "
            "with `--out`."
        )
    try:
        trial = _beside(place / out.name)
        trial.mkdir()
        trial.rmdir()
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise _unwritable(out, error) from error
    if free < needed:
        raise ResourceError(
            f"{out}: the model needs about {needed:,} bytes and {free:,} are free in {place}. Make "
            "room, or choose another place with `--out`."
        )


def check_file(out: Path, *, force: bool) -> None:
    """Refuse a file that exists (without `force`) or whose folder is not there.

    Raises `UsageError` and `ResourceError`.
    """
    if out.is_dir():
        raise UsageError(f"{out}: this is a folder. Name a file in it with `--out`.")
    if out.exists() and not out.is_file():
        raise UsageError(
            f"{out}: this is no regular file, and is not replaced. Leave out `--out` to print the "
            "rows, and send them there."
        )
    if out.exists() and not force:
        raise UsageError(f"{out}: the file exists. Replace it with `--force`, or name another.")
    if not out.absolute().parent.is_dir():
        raise ResourceError(f"{out}: there is no folder {out.parent}. Make it first.")


@contextmanager
def new_folder(out: Path, *, force: bool, ours: frozenset[str]) -> Iterator[Path]:
    """Give a temporary folder to fill, which then takes the place of `out`.

    With `force` the one that is there is moved aside, and removed when the new one stands.

    Raises `ResourceError` where the disk is full or the place cannot be written.
    """
    target = out.resolve()
    temporary = _beside(target)
    made = [p for p in target.parents if not p.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        _put(temporary, target, force, ours)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):  # they go where they stayed empty
            for parent in made:
                parent.rmdir()


@contextmanager
def new_file(out: Path) -> Iterator[Path]:
    """Give a temporary file to write, which then takes the place of `out`.

    Raises `ResourceError` where the disk is full or the place cannot be written.
    """
    target = out.resolve()
    temporary = _beside(target)
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _put(temporary: Path, target: Path, force: bool, ours: frozenset[str]) -> None:
    """Rename the finished folder; the old one comes back if that fails."""
    if not target.exists():
        temporary.rename(target)
        return
    _check_existing(target, force, ours)
    aside = _beside(target)
    target.rename(aside)
    try:
        temporary.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _check_existing(out: Path, force: bool, ours: frozenset[str]) -> None:
    if not force:
        raise UsageError(
            f"{out}: it exists already. Replace it with `--force`, or choose another folder with "
            "`--out`."
        )
    if not out.is_dir():
        raise UsageError(f"{out}: this is no folder, and is not replaced. Choose another `--out`.")
    foreign = sorted(path.name for path in out.iterdir() if path.name not in ours)
    if foreign:
        raise UsageError(
            f"{out}: the folder holds files that do not belong to a model ({foreign[0]}"
            f"{' and others' if len(foreign) > 1 else ''}), and is not replaced. Choose another "
            "folder with `--out`."
        )


def _beside(target: Path) -> Path:
    """Return a new hidden name beside `target`, on the same disk."""
    return target.parent / f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.partial"


def _existing(out: Path) -> Path:
    """Return the nearest thing above `out` that exists."""
    return next(p for p in out.resolve().parents if p.exists())


def _unwritable(out: Path, error: OSError) -> OSError:
    if isinstance(error, ResourceError | UsageError) or not error.strerror:
        return error
    return ResourceError(
        f"{out}: it cannot be written ({error.strerror}); nothing was left behind. Make room or "
        "ask for the permission, or choose another place with `--out`."
    )
