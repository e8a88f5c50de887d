"""The inside of a contestant's process: `python serve.py MODULE ROW DATA`, then lines of JSON.

MODULE has `prepare(work, X, T, theta)`, which returns `train(epochs)`: it trains from the start
that often over all rows and returns the final theta, (networks, size), and the last epoch's mean
error; how it chose to do so stands in `train.note`; what cannot be done is said with `NotDone`.
Asked `{"epochs": n, "save": path or null}`, this process trains once and answers `{"seconds": s,
"error": e}`.

A peer that cannot do the row but something next to it has `nearest(work)`, and does that.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

__all__ = ["NotDone"]


class NotDone(Exception):  # noqa: N818  # it is an answer, not an error
    """This contestant cannot do this row; the message says why."""


def _answer(pipe: TextIO, **answer: Any) -> None:
    pipe.write(json.dumps(answer) + "\n")
    pipe.flush()


def _private_output() -> TextIO:
    """Return a pipe of our own and send what libraries print to stderr."""
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return pipe


def _prepared(module: str, row: str, data: str) -> tuple[Any, str]:
    """Return the contestant's `train` and what it does that is not the row's own work."""
    import work as rows

    peer = importlib.import_module(module)
    work = next(w for w in rows.ROWS if w.key == row)
    instead = ""
    if hasattr(peer, "nearest"):
        near = peer.nearest(work)
        instead = near.loss if near != work else ""
        work = near
    return peer.prepare(work, *rows.load(Path(data))), instead


def main() -> None:
    """Prepare, then train as often as asked."""
    pipe = _private_output()
    try:
        train, instead = _prepared(*sys.argv[1:4])
    except ModuleNotFoundError as error:
        return _answer(pipe, not_done=f"{error.name} is not installed")
    except NotDone as error:
        return _answer(pipe, not_done=str(error))
    _answer(pipe, instead=instead, note=getattr(train, "note", ""))
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.perf_counter()
        theta, error = train(asked["epochs"])
        seconds = time.perf_counter() - began
        if asked["save"] and theta is not None:
            import numpy as np

            np.save(asked["save"], theta)
        _answer(pipe, seconds=seconds, error=None if error is None else float(error))
    return None


if __name__ == "__main__":
    # the peers import this module by its name: they have to find the class that is caught here
    sys.modules["serve"] = sys.modules["__main__"]
    main()
