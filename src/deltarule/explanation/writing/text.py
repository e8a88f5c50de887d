"""An explanation as text for terminals: symbols and numbers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deltarule.core.texts import aligned
from deltarule.explanation.wording import number
from deltarule.explanation.writing.report import Equation, Section, about, sections

if TYPE_CHECKING:
    from deltarule.explanation.explanation import Explanation


def to_text(explanation: Explanation, digits: int) -> str:
    """Return the text; see `Explanation.text`."""
    lines = [f"{explanation.name} = {number(explanation.value, digits)}"]
    lines += [f"  {sentence}" for sentence in about(explanation)]
    lines += [f"  numbers are rounded to {digits} digits, but for the last section"]
    for section in sections(explanation, digits):
        lines += ["", section.title, *_body(section)]
    return "\n".join(lines)


def _body(section: Section) -> list[str]:
    lines = _table(section.rows) if section.rows else []
    for equation in section.equations:
        lines += _equation(equation)
    return [*lines, *(f"  {remark}" for remark in section.remarks)]


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows in columns: numbers stand last and to the right."""
    return [f"  {line}" for line in aligned(rows, left=range(len(rows[0]) - 1))]


def _equation(equation: Equation) -> list[str]:
    """Return a derivation, its equals signs in one column."""
    label = f"  {equation.label}" if equation.label else ""
    head = equation.left or label.strip()
    lines = [label] if label and equation.left else []
    pad = " " * (2 + len(head))
    mark = " = " if equation.left else "   "
    lines.append(f"  {head}{mark}{equation.symbols}")
    return [*lines, f"{pad} = {equation.numbers}", f"{pad} = {equation.value}"]
