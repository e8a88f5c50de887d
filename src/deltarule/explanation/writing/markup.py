"""An explanation as a piece of HTML, for notebooks and files."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from deltarule.explanation.wording import number
from deltarule.explanation.writing.report import Equation, Section, about, sections

if TYPE_CHECKING:
    from deltarule.explanation.explanation import Explanation


def to_html(explanation: Explanation, digits: int) -> str:
    """Return one `div`; see `Explanation.html`."""
    parts = [
        f"<h3>{_code(explanation.name)} = {number(explanation.value, digits)}</h3>",
        "<ul>" + "".join(f"<li>{html.escape(s)}</li>" for s in about(explanation)) + "</ul>",
        f"<p>Numbers are rounded to {digits} digits, but for the last section.</p>",
    ]
    for section in sections(explanation, digits):
        parts += [f"<h4>{html.escape(section.title)}</h4>", *_body(section)]
    return '<div class="deltarule-explanation">\n' + "\n".join(parts) + "\n</div>"


def _body(section: Section) -> list[str]:
    found = [_table(section.head, section.rows)] if section.rows else []
    if section.equations:
        head = ("", "symbols", "numbers", "value")
        found.append(_table(head, tuple(_equation(equation) for equation in section.equations)))
    return [*found, *(f"<p>{_code(remark)}</p>" for remark in section.remarks)]


def _equation(equation: Equation) -> tuple[str, ...]:
    label = " ".join(part for part in (equation.label, equation.left) if part)
    return (label, equation.symbols, equation.numbers, equation.value)


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    lines = [_row(head, "th"), *(_row(row, "td") for row in rows)]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _row(cells: tuple[str, ...], tag: str) -> str:
    """Return a row; a head without words is a cell, for it heads nothing."""
    tags = (tag if cell else "td" for cell in cells)
    pairs = zip(tags, cells, strict=True)
    return "<tr>" + "".join(f"<{t}>{html.escape(cell)}</{t}>" for t, cell in pairs) + "</tr>"


def _code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"
