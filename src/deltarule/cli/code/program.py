"""Somebody's program on `deltarule diagnose`: a file, a class, an object or a function in it."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from deltarule.cli.code.user_code import find, load_module, split_name
from deltarule.core.errors import DeltaruleError, UsageError

if TYPE_CHECKING:
    from deltarule.check.adapter import Asked, Known
    from deltarule.cli.code.apart import Verdict
    from deltarule.network import Network


def load_thing(text: str) -> tuple[Any, str]:
    """Return what FILE or FILE:NAME names, and its name; the file is imported, and so run.

    Raises `FileError` for a file that is not there, `UsageError` for one that cannot be imported
    or that has no such name.
    """
    if ":" not in text:
        if not text.endswith(".py"):
            raise UsageError(
                f"{text!r} is neither a file (net.py, gradient.npz) nor MODULE:FUNCTION, such as "
                "net.py:gradient or package.module:gradient"
            )
        return load_module(text), text
    place, name = split_name(text)
    thing = find(load_module(place), name, text)
    if isinstance(thing, ModuleType) or not (callable(thing) or hasattr(thing, "__dict__")):
        raise UsageError(f"{text} is no function but of the type {type(thing).__name__}")
    return thing, name


def ask_all(thing: Any, name: str, known: Known, at: Any, options: dict[str, Any]) -> list[Asked]:
    """Return what is said of every program in it; [] where a function is to be called as it is.

    Raises `UsageError` where nothing in it can be asked for a gradient.
    """
    from deltarule.check.adapter import ask, ask_script, documented, programs_in

    try:
        found = programs_in(thing, known, name)
    except DeltaruleError:
        if known.sizes is not None and documented(thing):
            return []
        chosen = {k: v for k, v in options.items() if k not in ("rows", "seed")}
        script = ask_script(thing, known, **chosen) if isinstance(thing, ModuleType) else None
        if script is None:
            raise
        return [script]
    return [ask(p, at=None if at is None else at(p.network), **options) for p in found]


def point_in(path: Path) -> Any:
    """Return a function that reads theta, X and T for a network from a file."""
    import numpy as np

    from deltarule.cli.code.gradient_file import point_of
    from deltarule.core.arrays.files import ArrayFile

    arrays = ArrayFile(path)

    def at(net: Network) -> tuple[Any, ...]:
        return tuple(np.asarray(a, dtype=np.float64) for a in point_of(path, arrays, net))

    return at


def of_outputs(source: str, net: Network, data: Path | None, form: str) -> Verdict:
    """Compare a forward pass with that of the network; returns what is said, and the status."""
    from deltarule.check.outputs import compare_outputs
    from deltarule.cli.code.surroundings import kept

    thing, _ = load_thing(source)
    with kept(source):
        at = (None, None) if data is None else point_in(data)(net)[:2]
        found = compare_outputs(thing, net, *at)
    text = json.dumps(found.to_dict()) if form == "json" else str(found)
    return text, 0 if found.passed else 1


def of_steps(source: str, form: str) -> Verdict:
    """Return what is said of an optimiser, or of the steps in a file, and the exit status."""
    from deltarule.check.steps import diagnose_step
    from deltarule.cli.code.surroundings import kept
    from deltarule.core.arrays.files import ArrayFile

    if source.endswith(".npz"):
        arrays = ArrayFile(Path(source))
        missing = [name for name in ("thetas", "gradients") if name not in arrays]
        if missing:
            there = ", ".join(sorted(arrays)) or "none"
            raise UsageError(f"{source}: there is no array {missing[0]}. Its arrays: {there}")
        found = diagnose_step(arrays["thetas"], arrays["gradients"])
    else:
        thing, _ = load_thing(source)
        with kept(source):
            found = diagnose_step(thing)
    text = json.dumps(found.to_dict(), allow_nan=False) if form == "json" else str(found)
    return text, 0 if found.verdict == "correct" else 1
