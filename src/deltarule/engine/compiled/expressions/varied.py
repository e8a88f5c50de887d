"""Records whose numeric parameters differ between networks that lie side by side.

A parameter is named by its path in the spec, such as `"optimiser.momentum"` or
`"rule.hidden.offset"`. Inside a program it is a symbol, which stands for a number per network; a
record that holds a symbol in the number's place writes its formula as ever.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.registry import Record
from deltarule.engine.compiled.expressions.tracing import Untraceable
from deltarule.engine.compiled.specialisation import Specialisation
from deltarule.optim import Optimiser
from deltarule.rules import DeltaRule, DrawnFeedback


def with_numbers(spec: Specialisation, values: Mapping[str, Any]) -> Specialisation:
    """Return the spec with `values` in the place of the parameters that they are named by."""
    if not values:
        return spec
    objective = spec.objective
    rule = _changed(objective.rule, "rule", values)
    optimiser = _changed(spec.optimiser, "optimiser", values)
    return replace(spec, objective=replace(objective, rule=rule), optimiser=optimiser)


def _changed(record: Any, path: str, values: Mapping[str, Any]) -> Any:
    """Return a copy of a record whose parameters are replaced; what checks them is passed by."""
    if not any(name.startswith(f"{path}.") for name in values):
        return record
    copy = object.__new__(type(record))
    for f in dataclasses.fields(record):
        value, place = getattr(record, f.name), f"{path}.{f.name}"
        if isinstance(value, Record):
            value = _changed(value, place, values)
        object.__setattr__(copy, f.name, values.get(place, value))
    return copy


def differences(
    optimisers: Sequence[Optimiser], rules: Sequence[DeltaRule]
) -> dict[str, NDArray[np.float64]]:
    """Return the numbers in which networks differ: their paths, and a value per network.

    The learning rate is not among them: it may change from batch to batch. Raises `Untraceable`
    for a difference that is no real number's.
    """
    found: dict[str, NDArray[np.float64]] = {}
    _compare(list(optimisers), "optimiser", found)
    _compare(list(rules), "rule", found)
    return found


def _compare(records: list[Any], path: str, found: dict[str, NDArray[np.float64]]) -> None:
    first = records[0]
    if len(set(map(id, records))) == 1:
        return
    if any(type(record) is not type(first) for record in records):
        raise Untraceable(f"networks side by side differ in the kind of their {path}")
    if all(record is first or record == first for record in records):
        return
    for f in dataclasses.fields(first):
        if (path, f.name) == ("optimiser", "lr"):
            continue
        if isinstance(first, DrawnFeedback) and f.name in ("seed", "scale"):
            continue  # each network has matrices of its own
        values, place = [getattr(record, f.name) for record in records], f"{path}.{f.name}"
        if isinstance(values[0], Record):
            _compare(values, place, found)
        elif any(value != values[0] for value in values):
            if not all(isinstance(value, float) for value in values):
                raise Untraceable(
                    f"networks side by side differ in {place}, which is no real number"
                )
            found[place] = np.array(values)
