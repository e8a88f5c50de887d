"""Pieces of HTML: text is always escaped, figures are SVG inside the page."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def escaped(text: str) -> str:
    """Return text so that nothing in it is taken for HTML.

    >>> escaped("f' < 1")
    'f&#x27; &lt; 1'
    """
    return html.escape(text)


def element(name: str, inner: str, kind: str = "") -> str:
    """Return an element around what is HTML already."""
    own = f' class="{kind}"' if kind else ""
    return f"<{name}{own}>{inner}</{name}>"


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return element("p", escaped(text))


def copyable(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table that can be scrolled sideways, and a button that copies it."""
    top = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>" + "".join(element("td", _kept_together(cell)) for cell in row) + "</tr>"
        for row in rows
    )
    return (
        '<div class="wide"><table><thead><tr>' + top + f"</tr></thead><tbody>{body}</tbody></table>"
        '</div><button type="button" class="copy">Copy the table</button>'
    )


def _kept_together(cell: str) -> str:
    """Return a cell's text; the two ends of an interval stay on one line."""
    return re.sub(r"\[.*?\]", lambda found: element("span", found[0]), escaped(cell))


def svg(figure: Figure, name: str, description: str) -> str:
    """Return a figure as SVG that scales with the page; its ids come from its name."""
    import matplotlib as mpl

    drawn = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    label = html.escape(description, quote=True)
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
