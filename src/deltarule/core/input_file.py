"""Whether a path can be read as a file, asked before it is opened."""

from __future__ import annotations

import stat
from pathlib import Path

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
