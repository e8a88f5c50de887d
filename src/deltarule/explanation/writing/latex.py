"""An explanation in LaTeX: the derivative in symbols, in numbers, and its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deltarule.core.texts import some
from deltarule.explanation.records import Path
from deltarule.explanation.wording import latex_number, latex_product

if TYPE_CHECKING:
    from deltarule.explanation.explanation import Explanation


def to_latex(explanation: Explanation, digits: int | None) -> str:
    r"""Return an `aligned` environment of three parts: = symbols, = numbers, = value.

    Every path stands in a line of its own; of several observations, it says which one it
    belongs to. Rounded numbers are joined by \approx.
    """
    e, equals = explanation, "=" if digits is None else r"\approx"
    symbols = [_symbols(e, path) for path in e.paths]
    numbers = [latex_product(path.factors, digits, numbers=True) for path in e.paths]
    if not e.complete:
        others = some(e.path_count - e.listed, "smaller path")
        symbols.append(rf"(\text{{{others}}})")
        numbers.append(latex_number(e.remainder, digits))
    cells = dict.fromkeys(cell for path in e.paths for f in path.factors for cell in f.cells)
    joint = r" \\" + "\n  &\\quad + "
    lines = [
        rf"{e.latex_name} &= {joint.join(symbols or ['0'])}",
        rf"  &{equals} {joint.join(numbers or ['0'])}",
        rf"  &{equals} {latex_number(e.value, digits, alone=True)}",
        *(rf"  &\quad {symbol}\text{{: {_text(cell.said)}}}" for symbol, cell in cells),
    ]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _text(plain: str) -> str:
    r"""Return a text with the characters escaped that LaTeX has a use for.

    >>> print(_text("a_b & 5 %"))
    a\_b \& 5 \%
    """
    words = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(words.get(c, rf"\{c}" if c in "{}$&#_%" else c) for c in plain)


def _symbols(explanation: Explanation, path: Path) -> str:
    found = latex_product(path.factors)
    if explanation.setting["observations"] == 1 or not path.observation:
        return found
    return rf"\left[{found}\right]_{{({path.observation})}}"
