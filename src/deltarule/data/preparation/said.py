"""What preparing a table has to say: never a silent choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.texts import some
from deltarule.data.preparation.encode import InputEncoder
from deltarule.data.preparation.row_order import Order
from deltarule.data.preparation.target import TargetEncoder
from deltarule.data.preparation.task import class_codes
from deltarule.data.table import Column, Table, listed

_FEW = 0.2


def detected(table: Table, targets: TargetEncoder, weighted: bool = False) -> list[str]:
    """Say which task was found in the target, and its classes; which is rare, unless `weighted`."""
    name = listed([repr(name) for name in targets.names])
    if targets.quantity:
        learned = "" if targets.how == "none" else f", learned as its {targets.how}"
        if len(targets.powers):
            learned += f" with the power {listed([f'{p:g}' for p in targets.powers])}"
        return [f"target {name}: {targets.task}{learned}"]
    if targets.task == "multilabel":
        labels = zip(targets.names, targets.classes_of, strict=True)
        return [f"targets {name}: multilabel ({listed([f'{n} {a}/{b}' for n, (a, b) in labels])})"]
    classes = f"{len(targets.classes)} classes ({listed(targets.classes)})"
    how = f"target {name}: {targets.task}, {classes}"
    if targets.kind == "numeric":
        how += "; `--task regression` takes the numbers as quantities"
        how += ", `--task count` as counts" if min(map(float, targets.classes)) >= 0 else ""
    notes = [how]
    unused = set(table[targets.names[0]].categories) - set(targets.classes)
    if unused:
        notes.append(f"classes without a row, left out: {listed(sorted(unused))}")
    return notes if weighted else notes + _rare(table[targets.names[0]])


def _rare(column: Column) -> list[str]:
    """Say which class has less than a fifth of an even share: accuracy says little of it."""
    names, codes = class_codes(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    least, share = int(counts.argmin()), counts.min() / counts.sum()
    if share * len(names) >= _FEW:
        return []
    return [
        f"class {names[least]!r} has {share:.1%} of the rows: `--class-weight balanced` lets it "
        "count as much as the others"
    ]


def encoded(table: Table, inputs: InputEncoder, targets: TargetEncoder) -> list[str]:
    """Say how columns became inputs, and which of them tell nothing."""
    count = len(inputs.numeric)
    notes = []
    scaled = [some(count, "numeric input column")] if count else []
    scaled += ["the target"] if targets.task == "regression" else []
    if scaled and inputs.scaler.name != "none":
        notes.append(f"scaled ({inputs.scaler.name}, from the training rows): {listed(scaled)}")
    dated = [n for n in inputs.numeric if table[n].written in ("date", "date and time")]
    for record in inputs.derived:
        what = f"numbered in order: {listed(record.order)}" if record.order else "also as its parts"
        dated = [name for name in dated if name != record.name]
        notes.append(f"column {record.name!r} is {what}")
    if dated:
        days = listed(list(map(repr, dated)))
        notes.append(f"{days}: days since 1970; `--dates parts` adds year, month and weekday")
    if inputs.constant:
        constant = listed([repr(name) for name in inputs.constant])
        notes.append(f"constant in the training rows, kept as zero: {constant}")
    for name, kind, categories in zip(inputs.names, inputs.kinds, inputs.categories, strict=True):
        if kind != "numeric" and len(categories) == 1:
            notes.append(
                f"column {name!r} ({kind}) has one category in the training rows, "
                f"{categories[0]!r}: it tells nothing"
            )
        elif kind != "numeric":
            notes.append(f"column {name!r} ({kind}) is one-hot encoded: {listed(categories)}")
    return notes


def splitted(table: Table, parts: Mapping[str, NDArray[Any]], task: str, order: Order) -> list[str]:
    """Say how many rows each part has, how they were chosen, and why."""
    if not table.splittable:
        return [f"all {len(parts['train'])} rows of {table.source} are training rows"]
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in parts.items())
    several = task in ("binary", "multiclass")
    how = "at random with the same shares of classes" if several else "at random"
    if order.rows is not None:
        how = f"in order, {order.reason}"
    elif order.reason:
        how += f"; {order.reason}"
    return [f"rows: {counts}; chosen {how}"]
