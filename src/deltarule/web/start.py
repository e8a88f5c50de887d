"""What a lab begins with: the session of a name, a file or a folder on the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deltarule.data import read_table
from deltarule.web.session import Session
from deltarule.web.setup import Setup
from deltarule.web.tables import DATA


def started(data: str = "xor", target: str = "", hidden: str = "3") -> Session:
    """Return the session that a page begins with; each page has one of its own.

    `data` is a bundled name, a file as for `deltarule train`, or the folder of a study or of a
    forecast; `target` the column to predict. Raises what is wrong with them.

    >>> started("iris", target="species").setup.data
    'iris'
    """
    if Path(data).is_dir():
        return Session(Setup(hidden=hidden), folder=Path(data))
    own = {}
    if target or data not in DATA:
        table = read_table(data)
        own[data] = replace(table, targets=(target,)) if target else table
    return Session(Setup(data=data, hidden=hidden), own)
