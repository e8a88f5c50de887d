"""An explanation in Markdown, with its formula in LaTeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deltarule.explanation.wording import number
from deltarule.explanation.writing.report import Equation, Section, about, sections

if TYPE_CHECKING:
    from deltarule.explanation.explanation import Explanation


def to_markdown(explanation: Explanation, digits: int) -> str:
    """Return Markdown; see `Explanation.markdown`."""
    blocks = [f"## {explanation.name} = {number(explanation.value, digits)}"]
    blocks.append("\n".join(f"- {sentence}" for sentence in about(explanation)))
    blocks.append(f"$$\n{explanation.latex(digits)}\n$$")
    blocks.append(f"Numbers are rounded to {digits} digits, but for the last section.")
    for section in sections(explanation, digits):
        blocks += [f"### {section.title}", *_body(section)]
    return "\n\n".join(blocks) + "\n"


def _body(section: Section) -> list[str]:
    if section.title == "In full digits":
        return ["```text\n" + "\n".join(section.remarks) + "\n```"]
    found = [_table(section.head, section.rows)] if section.rows else []
    if section.equations:
        found.append("\n".join(_equation(equation) for equation in section.equations))
    if section.remarks:
        found.append("\n".join(f"- {remark}" for remark in section.remarks))
    return found


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    lines = [_row(head), "|" + "---|" * (len(head) - 1) + "---:|"]
    return "\n".join([*lines, *(_row(row) for row in rows)])


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(cell: str) -> str:
    """Escape what Markdown would read as its own: columns have any name, y[1,1](2) is no link."""
    found = re.sub(r"([\\`*|<$]|(?<!\w)_|_(?!\w))", r"\\\1", cell)
    return found.replace("](", r"]\(")


def _equation(equation: Equation) -> str:
    left = f"`{equation.left}` = " if equation.left else ""
    label = f"{equation.label}: " if equation.label else ""
    sides = f"`{equation.symbols}` = `{equation.numbers}` = {equation.value}"
    return f"- {label}{left}{sides}"
