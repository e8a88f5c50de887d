"""Printed formulas, read back and evaluated: what stands on the page must be the number."""

from __future__ import annotations

import re

__all__ = ["evaluate", "from_full_digits", "from_latex"]


def evaluate(formula: str) -> float:
    """Return the value of a sum of products; anything but numbers and + - * ( ) is refused."""
    rest = re.sub(r"\d+(\.\d*)?([eE][-+]?\d+)?", "", formula)
    assert set(rest) <= set("+-*() \n"), rest
    return float(eval(formula))


def from_latex(latex: str) -> tuple[float, float]:
    """Return (the numeric line evaluated, the value printed under it) of an `aligned` block."""
    body = latex.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
    _, _, numbers, value = body.split("&=")
    return evaluate(_plain(numbers)), evaluate(_plain(value))


def from_full_digits(text: str) -> tuple[float, float]:
    """Return (the formula evaluated, the value) of the last section of a text or a page."""
    lines = [line for line in text.splitlines() if " = " in line and not line.startswith("|")]
    formula, value = (line.split(" = ", 1)[1].removesuffix("```").strip() for line in lines[-2:])
    return evaluate(formula), evaluate(value)


def _plain(latex: str) -> str:
    found = latex.replace(r"\\", "").replace(r"&\quad", "").replace(r"\cdot", "*")
    found = re.sub(r" \\times 10\^\{(-?\d+)\}", r"e\1", found)
    return " ".join(found.split())
