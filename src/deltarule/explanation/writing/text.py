"""An explanation as text for terminals: symbols and numbers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deltarule.explanation.writing.report import Equation, Section, about, sections
from deltarule.explanation.writing.wording import number

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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [c.ljust(w) for c, w in zip(row[:-1], widths[:-1], strict=True)]
        lines.append("  " + "  ".join([*cells, row[-1].rjust(widths[-1])]))
    return lines


def _equation(equation: Equation) -> list[str]:
    """Return a derivation, its equals signs in one column."""
    label = f"  {equation.label}" if equation.label else ""
    head = equation.left or label.strip()
    lines = [label] if label and equation.left else []
    pad = " " * (2 + len(head))
    mark = " = " if equation.left else "   "
    lines.append(f"  {head}{mark}{equation.symbols}")
    return [*lines, f"{pad} = {equation.numbers}", f"{pad} = {equation.value}"]
