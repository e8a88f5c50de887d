"""Generated problems by name, and how their parameters are written: `parity:4`."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from deltarule.core.errors import UsageError
from deltarule.data.bundle import Bundled
from deltarule.data.generators import patterns, plane, series, teachers

GENERATED: dict[str, Callable[..., Bundled]] = {
    make.__name__: make
    for make in (
        patterns.parity,
        patterns.encoder,
        patterns.complement,
        plane.two_spirals,
        plane.moons,
        plane.circles,
        teachers.teacher,
        teachers.sine,
        series.mackey_glass,
        series.adding,
    )
}
"""Every generator by name; its parameters have defaults."""


def is_generated(text: str) -> bool:
    """Whether it names a generator: `parity:4`, or its name alone.

    The 10-5-10 encoder is a bundled data set, too: there the name alone means that.
    """
    name, colon, _ = text.partition(":")
    return name in GENERATED and (bool(colon) or name != "encoder")


def generate(text: str) -> Bundled:
    """Return the problem of a name with its parameters, such as `"moons:200,0.1"`.

    Raises `UsageError` for a parameter that is no number, or too many.

    >>> generate("parity:3").T[:, 0].tolist()
    [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    """
    name, _, rest = text.partition(":")
    make = GENERATED[name]
    names = list(inspect.signature(make).parameters)
    words = [word.strip() for word in rest.split(",")] if rest else []
    if len(words) > len(names):
        raise UsageError(f"{text}: {name} takes {', '.join(names)}, and no more")
    return make(*(_number(text, word) for word in words))


def _number(text: str, word: str) -> float | int:
    try:
        return int(word)
    except ValueError:
        try:
            return float(word)
        except ValueError:
            raise UsageError(f"{text}: the parameter {word!r} is no number") from None


def usages() -> list[str]:
    """Return every generator as it is written, with its defaults.

    >>> usages()[:2]
    ['parity:4', 'encoder:10,5']
    """
    return [
        f"{name}:{','.join(f'{p.default:g}' for p in inspect.signature(make).parameters.values())}"
        if inspect.signature(make).parameters
        else name
        for name, make in GENERATED.items()
    ]
