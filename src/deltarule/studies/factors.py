"""Factors and their levels, and the cells that their product makes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from deltarule.core.errors import UsageError, nearest, one_of
from deltarule.core.registry import plain
from deltarule.studies.settings import Settings, checked
from deltarule.studies.statistics.values import LAYERWISE

_SETTINGS = tuple(f.name for f in fields(Settings))

_COLUMNS = ("seed", "solved", "diverged", "stopped", "epochs", "error", "accuracy",
            "validation_error", "validation_accuracy", "seconds", "engine", "host", "message",
            "curve", *LAYERWISE)  # fmt: skip
"""What a run's row has beside its factors."""


@dataclass(frozen=True)
class Factor:
    """What is varied: every level has a label, and the settings that it stands for."""

    name: str
    levels: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, name: str, values: Any) -> Factor:
        """Return the factor that is written `name: values`.

        A factor with the name of a setting has a list of its values, or a mapping of labels to
        values. A factor with any other name bundles settings: `{label: {setting: value, ...}}`.

        Raises `UsageError` for an empty factor, two levels of one label, a value that cannot be.

        >>> list(Factor.of("lr", [0.1, 1.0]).levels.items())
        [('0.1', {'lr': 0.1}), ('1', {'lr': 1.0})]
        >>> Factor.of("problem", {"small": {"data": "xor", "hidden": 2}}).levels["small"]["hidden"]
        (2,)
        """
        if name in _COLUMNS:
            raise UsageError(
                f"the factor {name} has the name of a column of the results; give it another, and "
                f'bundle the setting: [grid.after] "10 epochs" = {{ epochs = 10 }}'
            )
        if isinstance(values, str) or not isinstance(values, Mapping | Sequence) or not len(values):
            raise UsageError(f"the factor {name} takes a list of values, or labels with values; "
                             f"given: {values!r}")  # fmt: skip
        given = values.items() if isinstance(values, Mapping) else [(_label(v), v) for v in values]
        levels: dict[str, Mapping[str, Any]] = {}
        for label, value in given:
            if str(label) in levels:
                raise UsageError(f"the factor {name} has the level {str(label)!r} twice")
            levels[str(label)] = cls.level(name, str(label), value)
        return cls(name, levels)

    @staticmethod
    def level(name: str, label: str, value: Any) -> dict[str, Any]:
        """Return the settings that one level stands for."""
        if name in _SETTINGS:
            return {name: checked(name, value)}
        if not isinstance(value, Mapping):
            hint = nearest(name, _SETTINGS)
            raise UsageError(
                f"{name} is no setting of a study{hint or ','} and its level {label!r} bundles "
                f"none either: {value!r}. The settings: {', '.join(_SETTINGS)}."
            )
        return {key: checked(key, part) for key, part in value.items()}

    def find(self, label: Any) -> str:
        """Return the label of a level, however it is written."""
        text = label if isinstance(label, str) else _label(label)
        one_of(f"level of {self.name}", text, self.levels)
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return labels and settings as plain values."""
        return plain(self.levels)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Cell:
    """One setting of all factors: the labels, by which cells are told apart, and what they mean."""

    labels: tuple[tuple[str, str], ...]
    settings: Settings = field(compare=False)

    @cached_property
    def name(self) -> str:
        """The labels as a person reads them."""
        return ", ".join(f"{factor} {label}" for factor, label in self.labels) or "the one cell"


def cells_of(
    fixed: Settings,
    factors: Sequence[Factor],
    include: Sequence[Mapping[str, Any]] = (),
    exclude: Sequence[Mapping[str, Any]] = (),
) -> tuple[Cell, ...]:
    """Return the product of all factors, without the excluded and with the included cells.

    An exclusion names levels (or lists of levels) of some factors, and takes out every cell that
    has them all. An inclusion names a level of every factor; it may come back after an exclusion.

    Raises `UsageError` where two factors vary one setting, a level is unknown, or nothing is left.
    """
    _check_apart(factors)
    out = [_levels(factors, rule, "exclude") for rule in exclude]
    kept = [c for c in _product(factors) if not any(_matches(c, rule) for rule in out)]
    for rule in include:
        level = _levels(factors, rule, "include")
        missing = [f.name for f in factors if f.name not in level]
        if missing:
            raise UsageError(f"include names a level of every factor; {missing[0]} is missing")
        kept += [c for c in _product(factors) if _matches(c, level) and c not in kept]
    if not kept:
        raise UsageError("the study has no cell left: exclude takes out every one")
    return tuple(Cell(labels, _settings(fixed, factors, labels)) for labels in kept)


def _product(factors: Sequence[Factor]) -> Iterator[tuple[tuple[str, str], ...]]:
    for labels in itertools.product(*(f.levels for f in factors)):
        yield tuple(zip([f.name for f in factors], labels, strict=True))


def _settings(
    fixed: Settings, factors: Sequence[Factor], labels: Sequence[tuple[str, str]]
) -> Settings:
    changes: dict[str, Any] = {}
    for factor, (_, label) in zip(factors, labels, strict=True):
        changes |= factor.levels[label]
    return fixed.with_(changes)


def _levels(
    factors: Sequence[Factor], rule: Mapping[str, Any], what: str
) -> dict[str, tuple[str, ...]]:
    by_name = {f.name: f for f in factors}
    found = {}
    for name, labels in rule.items():
        one_of(f"factor in {what}", name, by_name)
        several = labels if isinstance(labels, list) else [labels]
        found[name] = tuple(by_name[name].find(label) for label in several)
    return found


def _matches(cell: Sequence[tuple[str, str]], rule: Mapping[str, tuple[str, ...]]) -> bool:
    return all(label in rule[name] for name, label in cell if name in rule)


def _check_apart(factors: Sequence[Factor]) -> None:
    owner: dict[str, str] = {}
    for factor in factors:
        for setting in {key for level in factor.levels.values() for key in level}:
            other = owner.setdefault(setting, factor.name)
            if other != factor.name:
                raise UsageError(
                    f"the factors {other} and {factor.name} both vary {setting}; let one of them"
                )


def _label(value: Any) -> str:
    """Return how a level is called that was given by its value alone."""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, list | tuple) and all(isinstance(v, int) for v in value):
        return ",".join(map(str, value)) or "none"
    if value is None:
        return "auto"
    said = getattr(value, "changes", None)
    return (said() or "exact") if callable(said) else str(value)
