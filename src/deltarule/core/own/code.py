"""Formulas of somebody's own: called with care, described in a model folder, found again.

A folder holds no code. What it says of a formula of somebody's own is where it was, and a checksum
of the file; the object itself is given when the model is loaded.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deltarule.core.errors import FileError, UsageError
from deltarule.core.own.parts import checksum, found_again

_STEP = 1e-4
_CLOSE = 1e-7
"""Five points h apart are wrong by about h^4 and eps / h: far less than this for h = 1e-4."""


class OwnCodeWarning(UserWarning):
    """Code of one's own is no longer what a model was trained with."""


def title_of(title: str, function: Any, usual: str) -> str:
    """Return what a formula is called: its title, or its function's name.

    Raises `UsageError` for a title that is no name of Python's.
    """
    if title and not title.isidentifier():
        raise UsageError(f"{title!r} is no name: letters, digits and _, such as softsign2")
    found = title or getattr(function, "__name__", usual)
    return found if found.isidentifier() else usual


def parameters(function: Any, what: str, words: str, counts: tuple[int, ...]) -> int:
    """Return the first of `counts` with as many arguments as a function can be called.

    `words` says so in an error. Raises `UsageError` where there is none.
    """
    if not callable(function):
        raise UsageError(f"{what} is a function of {words}, not {function!r}")
    try:
        takes = inspect.signature(function)
    except (TypeError, ValueError):  # a ufunc has none
        return int(getattr(function, "nin", counts[-1]))
    for count in counts:
        try:
            takes.bind(*[None] * count)
        except TypeError:
            continue
        return count
    raise UsageError(f"{what} is called with {words}, and takes {takes}")


def asked(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function gives for arrays, in the first one's dtype and shape, or one number.

    Terms of a traced formula go through as they are. Raises `UsageError` for an error inside, for
    another shape, and for what is no number.
    """
    like = arguments[0]
    if not isinstance(like, np.ndarray):
        return function(*arguments)
    try:
        found = function(*arguments)
    except (Exception, SystemExit) as error:
        hint = ""
        if "truth value of an array" in str(error):
            hint = " It is asked with arrays: np.where and np.maximum do what if and max do"
        raise UsageError(f"{what}: {type(error).__name__}: {error}{hint}") from error
    values = np.asarray(found)
    if values.dtype.kind not in "fciub":
        raise UsageError(f"{what} returned {found!r}, which is no number")
    if values.shape not in ((), like.shape):
        raise UsageError(
            f"{what} returned the shape {values.shape} for an array of the shape {like.shape}: it "
            "is asked for a number per entry"
        )
    if values.dtype.kind in "iub" or (values.dtype != like.dtype and values.dtype.kind == "f"):
        values = values.astype(like.dtype)
    return values


def slope_of(
    what: str, f: Callable[[Any], Any], df: Callable[[Any], Any], at: Any, where: str
) -> None:
    """Raise `UsageError` where df is not the derivative of f at some points, by differences of f.

    (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h

    So is one of several numbers that is not that of each by itself, such as a sum.
    """
    points = np.asarray(at, np.float64)
    h = _STEP
    for name, function in (("the function", f), ("the derivative", df)):
        with np.errstate(all="ignore"):
            whole = np.broadcast_to(function(points), points.shape)
            alone = [np.ravel(function(points[k : k + 1]))[0] for k in range(len(points))]
        if not np.allclose(whole, alone, rtol=1e-9, equal_nan=True):
            raise UsageError(
                f"{what}: {name} of several numbers at once is not that of each: it is asked entry "
                "by entry, so leave out sums and means over the array"
            )
    with np.errstate(all="ignore"):
        said = np.broadcast_to(df(points), points.shape)
        values = [np.broadcast_to(f(points + k * h), points.shape) for k in (-2, -1, 1, 2)]
    found = (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * h)
    for x, there, wanted in zip(points.tolist(), said.tolist(), found.tolist(), strict=True):
        if not abs(there - wanted) <= _CLOSE * (1.0 + abs(wanted)):
            raise UsageError(
                f"{what}: the derivative is wrong at {where} = {x:g}: it is given as {there:.6g}, "
                f"and differences of the function say {wanted:.6g}. check=False keeps it"
            )


def described(
    name: str,
    title: str,
    *functions: Any,
    kind: str = "",
    arguments: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return where a formula of somebody's own is to be found, and its files' checksum.

    `kind` is the room of its class, `Custom`, which is made of the functions and `arguments`.
    """
    found: dict[str, Any] = {"name": name, "title": title, "kind": kind}
    found["arguments"] = dict(arguments or {})
    try:
        files = [inspect.getsourcefile(inspect.unwrap(function)) or "" for function in functions]
        found |= {"file": files[0], "sha256": checksum(files)}
    except (OSError, TypeError):  # it was typed in, or is no Python
        found["file"] = found["sha256"] = ""
    found["functions"] = [_place(function) for function in functions]
    return found


def _place(function: Any) -> str:
    """Return a function's import path, module:name."""
    name = getattr(function, "__qualname__", repr(function))
    return f"{getattr(function, '__module__', '')}:{name}"


def own_file(tree: Any) -> str:
    """Return the file that a description's formulas of somebody's own are in, "" without any.

    >>> own_file({"layers": [{"activation": {"name": "custom", "title": "f", "file": "mine.py"}}]})
    'mine.py'
    """
    if isinstance(tree, Mapping):
        if "title" in tree and "file" in tree:
            return str(tree["file"])
        tree = list(tree.values())
    found = map(own_file, tree) if isinstance(tree, list) else iter(())
    return next((name for name in found if name), "")


def restored(tree: Any, own: Mapping[str, Any]) -> Any:
    """Return a description with the objects of `own`, by title, in the place of what names them.

    What is not in `own` is imported, where its module is as it was. Raises `FileError` for one that
    is missing; warns of one whose file has changed.
    """
    if isinstance(tree, list):
        return [restored(value, own) for value in tree]
    if not isinstance(tree, Mapping):
        return tree
    if tree.get("name") != "custom" or "title" not in tree:
        return {key: restored(value, own) for key, value in tree.items()}
    title = str(tree["title"])
    place = tree.get("file") or "an interactive session"
    if title not in own:
        again = found_again(tree)
        if again is None:
            raise FileError(
                f"the model has a formula of somebody's own, {title} of {place}, which no folder "
                "holds, and which cannot be imported as it was. Give it: dr.load(folder, "
                f"own={{{title!r}: ...}}), or --own FILE.py on the command line"
            )
        return again
    found = own[title]
    now = found.to_dict() if hasattr(found, "to_dict") else described("custom", title, found)
    if now.get("sha256") != tree.get("sha256"):
        here = now.get("file") or "an interactive session"
        what = (
            f"{here} has changed since"
            if here == place
            else f"it is of {here}, and was of {place}, when"
        )
        warnings.warn(
            f"{title}: {what} the model was trained: it may compute something else",
            OwnCodeWarning,
            stacklevel=2,
        )
    return found
