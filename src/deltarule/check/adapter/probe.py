"""How a function uses its parameters first: as an array, a sequence, a dictionary or an object.

It is called once with an object in their place that says so as soon as it is touched. A function
that wants one vector is not asked with lists then, and the other way round.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from deltarule.check.adapter.calls.forms import FORMS
from deltarule.check.adapter.calls.trial import quiet
from deltarule.check.adapter.roles import role_of
from deltarule.check.adapter.subject import Subject
from deltarule.core.errors import UsageError

_SEQUENCE, _DICT = frozenset({"list", "pairs", "dicts"}), frozenset({"dict"})
_FLAT, _OBJECT = frozenset({"flat"}), frozenset({"namespace"})
_METHODS = {
    **dict.fromkeys(("keys", "values", "items", "get"), _DICT),
    **dict.fromkeys(("append", "pop", "index", "insert"), _SEQUENCE),
    "copy": _SEQUENCE | _DICT | _FLAT,
}
"""Other attributes are those of an array: shape, reshape, ravel."""


class _Used(BaseException):
    """Parameters were touched; the program may not catch it."""

    def __init__(self, containers: frozenset[str]) -> None:
        self.containers = containers


class _Probe:
    """Stands for the parameters."""

    def __iter__(self) -> NoReturn:
        raise _Used(_SEQUENCE | _DICT | _FLAT)  # list(theta) is said of one vector, too

    def __getitem__(self, key: Any) -> NoReturn:
        if isinstance(key, str):
            raise _Used(_DICT)
        raise _Used(_SEQUENCE | _FLAT if isinstance(key, int) else _FLAT)

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _Used(_FLAT)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _Used(_OBJECT if role_of(name) == "W" else _METHODS.get(name, _FLAT))


def containers_for(subject: Subject) -> frozenset[str]:
    """Return the containers that a function's first use of its parameters allows; all for none."""
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(7, 3)), np.eye(2)[rng.integers(2, size=7)]
    for form in FORMS:
        if not form.fits(T):
            continue
        try:
            with quiet():
                subject.call({"theta": _Probe()}, form.x(X), form.t(T), {})
        except UsageError as error:
            if isinstance(error.__cause__, _Used):
                return error.__cause__.containers
        except Exception:
            continue
    return _SEQUENCE | _DICT | _FLAT | _OBJECT
