"""`dr.diagnose` of anybody's program: read it, ask it for a gradient, name the mistake."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.adapter.calls.ways import point
from deltarule.check.adapter.entries import Entry, entries_of, subjects_of
from deltarule.check.adapter.guess import ends_of, sizes_for
from deltarule.check.adapter.judge import ask
from deltarule.check.adapter.program import Program, program_of
from deltarule.check.adapter.reading import SINGLE, Known, read
from deltarule.check.adapter.roles import roles_of
from deltarule.check.adapter.subject import Subject
from deltarule.check.diagnose import Diagnosis
from deltarule.check.diagnose import diagnose as name_mistake
from deltarule.core.arguments import array
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.losses import Loss
from deltarule.network import Network

_GUESSES = 12
"""Networks that are tried where nobody says which one it is."""


def documented(thing: Any) -> bool:
    """Whether it is a function of (theta, X, T), which can be called as the docs say."""
    if inspect.isclass(thing) or not callable(thing):
        return False
    roles = roles_of(thing, ("theta", "X", "T"))
    if roles:
        return {"theta", "X", "T"} <= set(roles.values())
    try:
        inspect.signature(thing).bind("theta", "X", "T")
    except (TypeError, ValueError):
        return False
    return True


def diagnose(
    gradient: Any,
    net: Network | None = None,
    theta: ArrayLike | None = None,
    X: ArrayLike | None = None,
    T: ArrayLike | None = None,
    loss: str | Mapping[str, Any] | Loss | None = None,
    reduction: str | None = None,
    notation: Any = None,
    **options: Any,
) -> Diagnosis:
    """Say whether a gradient is right, and else which mistake is in it.

    Two ways to ask. With `net`, `theta`, `X` and `T`, the gradient (a flat vector, a list of
    (dW, db) or a function of (theta, X, T)) is compared with the true one at this point: see
    `deltarule.check.diagnose.diagnose`, which has the other options. Without them, `gradient` is
    a program: a function, a class, an object or a module that trains a network in its own way.
    How it wants its weights, inputs and targets, which network it has, its learning rate and its
    sign are found by trying, and said in the first of the notes. A way of reading it is taken
    where the outputs that our network has under it are among the numbers that it computes; its
    gradient, which may be wrong, selects nothing.

    Args:
        gradient: a gradient, or a program.
        net: the network; of a program, what is known of it may be left out.
        theta: its parameters, flat, where it is to be compared; random ones for a program.
        X: inputs (n, n_0); random ones for a program.
        T: targets (n, n_L); random ones for a program.
        loss: e(y, T) that the gradient is meant for: half_squared_error; of a program the one
            whose value it computes, else one that it is right for.
        reduction: `"sum"` or `"mean"` over the observations; mean, or as a program has it.
        notation: the notation that the gradient is in; a program's is found.
        **options: `rule`, `sample_weight`, `l2`; see `deltarule.check.diagnose.diagnose`.

    Returns:
        A `Diagnosis`.

    Raises `UsageError` where nothing in a program can be asked for a gradient.

    >>> import numpy as np
    >>> class Net:
    ...     def __init__(self, lr=0.5):
    ...         self.W1, self.W2, self.lr = np.ones((2, 3)), np.ones((3, 1)), lr
    ...     def train(self, x, t):
    ...         h = np.tanh(x @ self.W1)
    ...         y = 1 / (1 + np.exp(-h @ self.W2))
    ...         d2 = (y - t) * y * (1 - y)
    ...         d1 = d2 @ self.W2.T  # here
    ...         self.W2 -= self.lr * h.T @ d2
    ...         self.W1 -= self.lr * x.T @ d1
    >>> found = diagnose(Net())
    >>> found.mistakes[0].title
    'missing_derivative in layer 1'
    >>> print(found.notes[0])
    Net.train read as 2-3-1 tanh/sigmoid, W as (in, out), no biases, rows, changes the weights, ...
    """
    if isinstance(gradient, Network):
        raise UsageError(
            "diagnose: the first argument is a network; the gradient comes first, as in "
            "diagnose(gradient, net, theta, X, T)"
        )
    plain = isinstance(gradient, np.ndarray | list | tuple | dict)
    class_or_file = inspect.isclass(gradient) or isinstance(gradient, ModuleType)
    program = not plain and (class_or_file or not callable(gradient))  # no function of numbers
    numbers = notation is not None or not program
    if numbers and net is not None and theta is not None and X is not None and T is not None:
        return name_mistake(
            gradient, net, theta, X, T, loss=loss or "half_squared_error",
            reduction=reduction or "mean", notation=notation or "theory", **options,
        )  # fmt: skip
    known = Known() if net is None else Known.of(net)
    name = getattr(gradient, "__qualname__", type(gradient).__name__).rpartition("<locals>.")[2]
    found = programs_in(gradient, known, name)
    if len(found) > 1:
        names = ", ".join(p.name for p in found)
        raise UsageError(f"there are several programs in it: {names}. Give one of them")
    at = _given(found[0].network, theta, X, T)
    asked = ask(found[0], loss, reduction, at=at, **options)
    return replace(asked.diagnosis, notes=(asked.sentence, *asked.diagnosis.notes))


def _given(net: Network, theta: Any, X: Any, T: Any) -> tuple[Array, Array, Array] | None:
    """Return the point that was given, the rest of it at random; None for all of it."""
    if theta is None and X is None and T is None:
        return None
    X = None if X is None else array("X", X, np.float64)
    at = point(net, None if X is None else len(X))
    T = at.T if T is None else array("T", T, np.float64)
    weights = at.theta if theta is None else net.check_theta(theta, np.float64)
    return weights, at.X if X is None else X, T


def programs_in(thing: Any, known: Known, name: str = "") -> list[Program]:
    """Return the programs in a module, or of one thing, that can be asked for a gradient.

    Of a file those of the best rank: a function called gradient, an object, a class, and only
    then whatever else gives a gradient.

    Raises `UsageError` where there is none.
    """
    entries = entries_of(thing) if isinstance(thing, ModuleType) else [Entry(name, thing, 0)]
    found: list[Program] = []
    rank = -1
    refused: Counter[str] = Counter()
    for entry in entries:
        if found and entry.rank > rank:
            break
        program = _program(entry, known, refused)
        if program is not None:
            found.append(program)
            rank = entry.rank
            known = replace(known, sizes=known.sizes or program.network.sizes)
    if not found:
        found = _one_width(thing, name, known, refused)
    if not found:
        raise _otherwise(thing, name, known) or _unread(thing, name, entries, known, refused)
    return found


_MISFIT = re.compile(r"aligned|mismatch|broadcast")
"""In what NumPy says of shapes that do not fit."""


def _one_width(thing: Any, name: str, known: Known, refused: Counter[str]) -> list[Program]:
    """Return the programs that run where all layers are as wide, and fail with other networks.

    So does one that has W where W^T belongs, and any that mixes two shapes up.
    """
    misfit = [text for text, _ in refused.most_common() if _MISFIT.search(text)]
    if known.sizes is not None or not misfit:
        return []
    why = "with layers of one width, since with others its shapes do not fit"
    for depth in (2, 3):
        try:
            found = programs_in(thing, replace(known, sizes=(4,) * (depth + 1)), name)
        except UsageError:
            continue
        proved = [p for p in found if p.reading.proved]
        if proved:
            said = [replace(p.reading, remarks=(*p.reading.remarks, why)) for p in proved]
            return [replace(p, reading=r) for p, r in zip(proved, said, strict=True)]
    return []


def _otherwise(thing: Any, name: str, known: Known) -> UsageError | None:
    """Return the error that says which network it is, where another was given."""
    given = {k: getattr(known, k) for k in ("hidden", "output", "bias", "layers")}
    if all(value is None for value in given.values()):
        return None
    try:
        read_as = programs_in(thing, Known(known.sizes), name)[0].sentence()
    except UsageError:
        return None
    told = ", ".join(f"{k} {v}" for k, v in given.items() if v is not None and k != "layers")
    what = f" ({told})" if told else ""
    return UsageError(
        f"{name}: its outputs are not those of the network that was given{what}, but of another: "
        f"{read_as}"
    )


def _program(entry: Entry, known: Known, refused: Counter[str]) -> Program | None:
    spare: Program | None = None
    for subject, chosen in _subjects(entry, known):
        reading = read(subject, chosen, refused)
        if reading is not None and reading.proved:
            *below, outputs = reading.way.sizes
            single = any(r.startswith(f"db{len(below)} ") for r in reading.remarks)
            if single and outputs > 1 and known.sizes is None:  # it may be meant for one output
                one = _program(entry, replace(known, sizes=(*below, 1)), refused)
                if one is not None and one.reading.proved:
                    return one
            return program_of(reading)
        if reading is not None and spare is None and known.sizes is not None:
            spare = program_of(reading)
    return spare


def _subjects(entry: Entry, known: Known) -> Iterator[tuple[Subject, Known]]:
    """Yield the subjects; of a function of theta, for the networks that its code allows."""
    for subject in subjects_of(entry, known.sizes):
        yield subject, known
    if known.sizes is None and (documented(entry.thing) or ends_of(entry.thing)):
        for sizes in islice(sizes_for(entry.thing), _GUESSES):
            chosen = replace(known, sizes=sizes, guessed=True)
            yield from ((s, chosen) for s in subjects_of(entry, sizes) if s.container == "flat")


def _unread(
    thing: Any, name: str, entries: Sequence[Entry], known: Known, refused: Counter[str]
) -> UsageError:
    what = name or getattr(thing, "__name__", "the program")
    if not entries:
        return UsageError(
            f"{what}: there is no function or class in it that could give a gradient. Where a "
            "script trains in its own lines, put those of one step into a function train(X, T) "
            "that works on the same variables; or write a function of (theta, X, T) that returns "
            "the gradient"
        )
    tried = ", ".join(e.name for e in entries)
    sizes = "Say which network it is (--network 3-4-2), or " if known.sizes is None else ""
    most = refused.most_common(1)[0][0] if refused else ""
    failed = f" Most calls fail with {most}." if most else ""
    if most == SINGLE:
        return UsageError(
            f"{what}: it computes in float32 ({tried} tried), whose numbers are not those of our "
            "network to the last digits: how it is meant cannot be told. Use float64 for "
            "the check: leave out the dtype"
        )
    return UsageError(
        f"{what}: no way was found to ask it for a gradient ({tried} tried). Where a call gives "
        f"arrays of a network's shapes, the outputs of that network were not among the numbers "
        f"that it computes.{failed} {sizes or 'Is that the network that it has? Else, '}"
        "write a function of (theta, X, T) that returns the gradient"
    )
