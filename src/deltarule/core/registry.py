"""Named records: to register is to enrol.

A `Record` is a frozen dataclass with a `name`; its fields are its parameters. Registering its
class makes the name known to `get`, to the contract tests, to the tables in the docs and to the
command line. A record is written as a string (`"leaky_relu"`, `"leaky_relu:0.2"`), as a plain
dictionary (`{"name": "leaky_relu", "slope": 0.2}`) or as the object itself.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import numbers
import warnings
from abc import ABC
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from deltarule.core.errors import UsageError, unknown_name


class Elsewhere(NamedTuple):
    """What another program does in the place of a record."""

    program: str
    says: str
    """What is different there, as a sentence without its subject."""
    source: str
    """Where that is to be read."""


class Record(ABC):
    """A frozen dataclass with a registered `name`; its fields are its parameters."""

    name: ClassVar[str]
    """The lower_snake_case name in the registry."""
    elsewhere: ClassVar[tuple[Elsewhere, ...]] = ()
    """What other programs do in its place, each as read in its source."""

    def __post_init__(self) -> None:
        """Check and convert the numeric parameters; a record with further limits extends this."""
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            if f.type in ("float", "int", float, int):
                value = getattr(self, f.name)
                whole = f.type in ("int", int)
                object.__setattr__(self, f.name, self._number(f.name, value, whole))

    def _number(self, field: str, value: Any, whole: bool) -> float:
        """Return a parameter as a plain number; raises `UsageError` where it is none."""
        usable = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not usable or not math.isfinite(value) or (whole and value != int(value)):
            kind = "whole" if whole else "finite"
            raise UsageError(f"{self.name}: {field} has to be a {kind} number, not {value!r}")
        return int(value) if whole else float(value)

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the parameters as plain values, ready for JSON."""
        return {"name": self.name, **plain_fields(self)}


class AliasWarning(UserWarning):
    """A name was understood, which may mean something slightly different elsewhere."""


def _plain_name(name: str) -> str:
    """Return a name as ours are written: `Cross-Entropy` as cross_entropy."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def plain(value: Any) -> Any:
    """Return `value` as JSON takes it: what has a `to_dict` as that, tuples and arrays as lists."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return {name: plain(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def plain_fields(record: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name, as `plain` gives each."""
    return {f.name: plain(getattr(record, f.name)) for f in dataclasses.fields(record)}


R = TypeVar("R", bound=Record)
K = TypeVar("K", bound=Record)


class Registry(Generic[R]):
    """The known records of one kind, by name, in the order of their registration."""

    def __init__(self, kind: str, base: type[R]) -> None:
        self.kind = kind
        self.base = base
        self._classes: dict[str, type[R]] = {}
        self._aliases: dict[str, str] = {}
        self._remarks: dict[str, str] = {}
        self._strangers: dict[str, str] = {}

    def register(self, cls: type[R]) -> type[R]:
        """Enrol a record class under its `name`; works as a decorator."""
        if self._classes.setdefault(cls.name, cls) is not cls:
            raise UsageError(f"the {self.kind} {cls.name!r} is registered already")
        return cls

    def alias(self, name: str, of: str, remark: str = "") -> None:
        """Have a record answer to another name as well.

        Where the name often means something slightly different, `remark` says what is taken; it is
        given as an `AliasWarning` with every use.
        """
        self._aliases[name] = of
        if remark:
            self._remarks[name] = f"{name!r}: {remark}"

    def stranger(self, name: str, instead: str) -> None:
        """Say what to take in the place of a known name that none of the records is."""
        self._strangers[name] = instead

    def names(self) -> tuple[str, ...]:
        """Return every registered name."""
        return tuple(self._classes)

    def __iter__(self) -> Iterator[type[R]]:
        return iter(self._classes.values())

    def of(self, kind: type[K]) -> tuple[type[K], ...]:
        """Return the registered classes of one kind."""
        return tuple(cls for cls in self if issubclass(cls, kind))

    def __getitem__(self, name: str) -> type[R]:
        given = name if name in self._classes else _plain_name(name)
        name = self._aliases.get(given, given if given in self._classes else name)
        if given in self._strangers:
            raise UsageError(f"unknown {self.kind} {name!r}: {self._strangers[given]}")
        if name not in self._classes:
            raise unknown_name(self.kind, name, self._classes, self._aliases)
        if given in self._remarks:
            warnings.warn(self._remarks[given], AliasWarning, stacklevel=1)
        return self._classes[name]

    def get(self, spec: str | Mapping[str, Any] | R) -> R:
        """Return the record that `spec` describes.

        Raises `UsageError` for an unknown name, a parameter that does not exist or a value that
        the record refuses.
        """
        if isinstance(spec, str):
            name, _, rest = spec.partition(":")
            return self._build(name.strip(), *self._numbers(spec, name.strip(), rest))
        if isinstance(spec, Mapping):
            keywords = {str(k): v for k, v in spec.items() if k != "name"}
            return self._build(str(spec.get("name")), [], keywords)
        if isinstance(spec, self.base):
            return spec
        mine = callable(spec) and self.kind in ("activation", "loss", "optimizer")
        own = f"; a function of your own goes into a Custom {self.kind}" if mine else ""
        raise UsageError(
            f"the {self.kind} is given by name (one of {', '.join(self.names())}) or as an object, "
            f"not as {spec!r}{own}"
        )

    def _build(self, name: str, arguments: list[float], keywords: dict[str, Any]) -> R:
        cls = self[name]
        takes = _signature(cls)
        try:
            bound = takes.bind(*arguments, **keywords)
        except TypeError as error:
            parameters = ", ".join(takes.parameters) or "no parameters"
            raise UsageError(f"the {self.kind} {name!r} takes {parameters}: {error}") from None
        return cls(*bound.args, **bound.kwargs)

    def _numbers(self, spec: str, name: str, text: str) -> tuple[list[float], dict[str, float]]:
        """Return the parameters written behind a name; one left out, as in `:,0.1`, is its own."""
        words = text.split(",") if text else []
        if all(word.strip() for word in words):
            return [self._number(spec, word) for word in words], {}
        names = list(_signature(self[name]).parameters)
        given = zip(names, words, strict=False)
        return [], {key: self._number(spec, word) for key, word in given if word.strip()}

    def _number(self, spec: str, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            if ".py:" in spec:
                raise UsageError(
                    f"{spec!r}: a formula of your own by its place is taken by `deltarule train` "
                    "and `explain` alone; in Python, give the object itself"
                ) from None
            raise UsageError(
                f"the parameter {text.strip()!r} in the {self.kind} {spec!r} is not a number"
            ) from None


@cache
def _signature(cls: type) -> inspect.Signature:
    """Return what a record is made with; asked once, since networks are made by the thousand."""
    return inspect.signature(cls)
