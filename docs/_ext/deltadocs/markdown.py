"""Cells and tables of Markdown: how a record's formulas and parameters stand in them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from deltarule.activations import Activation, ElementwiseActivation
from deltarule.core.registry import Record


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped.

    >>> print(markdown_table(["a", "b"], [["1", "|2|"]]))
    | a | b |
    |---|---|
    | 1 | \\|2\\| |
    """
    lines = [head, ["---"] * len(head), *([c.replace("|", r"\|") for c in row] for row in rows)]
    joined = ["| " + " | ".join(line) + " |" for line in lines]
    joined[1] = joined[1].replace(" ", "")
    return "\n".join(joined)


def escaped(text: str) -> str:
    """Return a text in which a star is a star."""
    return text.replace("*", r"\*")


def blocks(*blocks: str) -> str:
    """Return blocks with an empty line between."""
    return "\n\n".join(blocks)


def label(cls: type[Record]) -> str:
    """Return where a record's section is: two rooms may have one of the same name."""
    return f"record-{cls.__module__.split('.')[1]}-{cls.name}"


def link(cls: type[Record]) -> str:
    """Return a record's name, linked to its section."""
    return f"[`{cls.name}`](#{label(cls)})"


def equation(latex: str, *breaks: str) -> str:
    """Return a formula for a cell of a table, on several lines where `breaks` stand in it."""
    for separator in breaks:
        latex = latex.replace(separator, "$<br>$")
    return f"${latex.strip()}$".replace(r"\frac", r"\dfrac")


def parameters(cls: type[Any]) -> str:
    """Return a record's parameters with their defaults."""
    found = []
    for f in dataclasses.fields(cls):
        missing = f.default is dataclasses.MISSING
        found.append(f.name if missing else f"{f.name} = {_number(f.default)}")
    return ", ".join(f"`{p}`" for p in found) or "-"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def interval(bounds: tuple[float, float]) -> str:
    """Return an interval as a formula."""
    low, high = bounds
    if math.isinf(low) and math.isinf(high):
        return "all numbers"
    left = r"(-\infty" if math.isinf(low) else f"[{low:g}"
    right = r"\infty)" if math.isinf(high) else f"{high:g}]"
    return f"${left}, {right}$"


def kinks(cls: type[Activation]) -> str:
    """Return where f' jumps, and what is taken there."""
    if not issubclass(cls, ElementwiseActivation):
        return "none (a Jacobian)"
    slopes = cls().derivative(np.array(cls.kinks))
    at = [
        f"$f'({kink:g}) = {_number(slope)}$" for kink, slope in zip(cls.kinks, slopes, strict=True)
    ]
    return ", ".join(at) or "none"
