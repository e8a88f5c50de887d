"""Names, categories and classes in C: in comments, and as strings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from deltarule.exchange.operations import Operations


def cells_and_answers(ops: Operations, category: str, number: str) -> Iterator[str]:
    """Yield what the cells and the answers are; the words are for what is missing."""
    for i, column in enumerate(ops.columns):
        what = f"{column.name}"
        if column.categories:
            codes = ", ".join(f"{n} = {_word(c)}" for n, c in enumerate(column.categories))
            what += f": {codes}" + (f"; {category} = missing" if ops.fills else "")
        yield f"     [{i}] {_comment(what)}"
    if ops.fills:
        yield f"   A number that is missing is {number}."
    meaning = "the probabilities of the classes" if ops.classes else "values"
    yield f"   answers, {meaning}:"
    for i, answer in enumerate(ops.classes or ops.targets):
        yield f"     [{i}] {_comment(_word(answer))}"


def classes_in_c(ops: Operations, name: str, number: str) -> Iterator[str]:
    """Yield the most probable class and its name, of answers of a type of `number`."""
    if not ops.classes:
        return
    big = name.upper()
    yield ""
    yield "/* The most probable class, by its number and by its name. */"
    yield f"static inline int {name}_class(const {number} answers[{big}_ANSWERS])"
    yield "{"
    yield "    int best = 0;"
    yield f"    for (int k = 1; k < {big}_ANSWERS; k++)"
    yield "        best = answers[k] > answers[best] ? k : best;"
    yield "    return best;"
    yield "}"
    yield ""
    yield f"static inline const char *{name}_name(int k)"
    yield "{"
    words = ", ".join(_string(_word(c)) for c in ops.classes)
    yield f"    static const char *const names[{big}_ANSWERS] = {{{words}}};"
    yield "    return names[k];"
    yield "}"


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _comment(text: str) -> str:
    """Return a text without what ends a comment, begins another or is a trigraph."""
    for sign in ("*/", "/*", "??"):
        text = text.replace(sign, f"{sign[0]} {sign[1]}")
    return text.replace("\n", " ")


def _string(text: str) -> str:
    """Return a string of C: JSON's escapes are C's, but for \\u, which bytes replace."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    data = b"".join(
        c.encode() if 32 <= ord(c) < 127 else b"".join(b"\\%03o" % b for b in c.encode())
        for c in plain
    )
    return f'"{data.decode().replace("?", chr(92) + "?")}"'
