"""A small Sphinx extension: the project's plain-text docstrings become reStructuredText.

The docstrings are written to be read in a terminal: code in single backquotes, equations as
indented lines, `Args:` and `Returns:`. Here code spans become literals or links to public names,
indented lines become blocks that keep their alignment, and characters that would be markup are
escaped. `sphinx.ext.napoleon` then reads the `Args:` sections.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["as_rst", "setup"]

SECTIONS = ("Args:", "Returns:")

_SPAN = re.compile(r"`([^`]+)`")
_MARKUP = re.compile(r"([\\*|]|(?<=\w)_(?!\w))")
_DOTTED = re.compile(r"(?:dr|deltarule)\.[A-Za-z_.]+")


def as_rst(lines: list[str]) -> list[str]:
    """Return a docstring's lines as reStructuredText, for napoleon to go on with.

    >>> as_rst(["As `dr.train`:", "", "    a * b", "", "|d| is small."])[-1]
    '\\\\|d\\\\| is small.'
    """
    found: list[str] = []
    section = ""
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        block = list(group)
        if blank:
            found += block
            continue
        if not block[0].startswith(" "):
            section = block[0] if block[0] in SECTIONS else ""
        if block[0].lstrip().startswith(">>>"):
            found += block
        elif block[0].startswith("    ") and not section:
            found += [".. code-block:: text", "   :class: equation", "", *block]
        elif section == "Returns:":
            found += _returns(_inline(block))
        else:
            found += _inline(block)
    return found


def _returns(block: list[str]) -> list[str]:
    first, *rest = block[1:]
    return [f":returns: {first.strip()}", *rest]


def _inline(block: list[str]) -> list[str]:
    """Return the lines with code spans as literals or links, and everything else as plain text."""
    parts = _SPAN.split("\n".join(block))
    done = [_code(p) if i % 2 else _MARKUP.sub(r"\\\1", p) for i, p in enumerate(parts)]
    return "".join(done).split("\n")


def _code(span: str) -> str:
    span = re.sub(r"\s*\n\s*", " ", span)
    if _DOTTED.fullmatch(span):
        target = "deltarule." + span.partition(".")[2]
        return f":py:obj:`{span} <{target}>`"
    return f"``{span}``"


_ATTRIBUTES = ("attribute", "data", "property")


def _before_napoleon(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    lines[:] = as_rst(lines)
    if what in _ATTRIBUTES:
        # napoleon would read "What it is: more" as a type and a text
        app._deltadocs_held = list(lines)  # type: ignore[attr-defined]
        lines.clear()


def _after_napoleon(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    if what in _ATTRIBUTES:
        lines[:] = app._deltadocs_held  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, Any]:
    """Run before and after napoleon, whose priority is the default, 500."""
    app.connect("autodoc-process-docstring", _before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", _after_napoleon, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
