"""What a prompt shows of something long: under ten lines; `print` shows all of it."""

from __future__ import annotations

_MOST, _END = 9, 3


def few_lines(text: str) -> str:
    """Return a text of at most nine lines: of a longer one its beginning and its end.

    >>> print(few_lines("\\n".join("abcdefghijkl")))
    a
    b
    c
    d
    e
    ... 4 more lines; print() shows them
    j
    k
    l
    """
    lines = text.splitlines()
    if len(lines) <= _MOST:
        return text
    start = _MOST - _END - 1
    left = len(lines) - start - _END
    return "\n".join([*lines[:start], f"... {left} more lines; print() shows them", *lines[-_END:]])
