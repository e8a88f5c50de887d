"""Numbers and products as text and as LaTeX, rounded or with all their digits."""

from __future__ import annotations

from collections.abc import Sequence

from deltarule.core.texts import some
from deltarule.explanation.records import Factor, Step


def number(value: float, digits: int | None = None) -> str:
    """Return a number with so many digits; None: with all that it has.

    >>> number(1 / 3, 4), number(0.1)
    ('0.3333', '0.1')
    """
    return repr(float(value)) if digits is None else f"{value:.{digits}g}"


def symbolic(factors: Sequence[Factor]) -> str:
    """Return a product of symbols."""
    return " * ".join(factor.name for factor in factors)


def numeric(factors: Sequence[Factor], digits: int | None = None) -> str:
    """Return a product of numbers; negative ones stand in brackets."""
    return " * ".join(_bracketed(number(factor.number, digits)) for factor in factors)


def step_sides(step: Step, digits: int | None = None) -> tuple[str, str]:
    """Return the right-hand side of a step of the recursion in symbols and in numbers."""
    bracket = bool(step.common) and len(step.terms) + bool(step.left_out) > 1
    symbols = [symbolic(term) for term in step.terms]
    numbers = [numeric(term, digits) for term in step.terms]
    if step.left_out:
        symbols.append(f"({some(step.left_out, 'smaller term')})")
        numbers.append(_bracketed(number(step.rest, digits)))
    sides = []
    for sums, common in ((symbols, symbolic(step.common)), (numbers, numeric(step.common, digits))):
        joined = " + ".join(sums)
        joined = f"({joined})" if bracket else joined
        sides.append(f"{joined} * {common}" if common else joined)
    return sides[0], sides[1]


def latex_number(value: float, digits: int | None = None, *, alone: bool = False) -> str:
    r"""Return a number in LaTeX; in brackets where it needs them, unless it stands alone.

    >>> latex_number(-1.5e-7)
    '(-1.5 \\times 10^{-7})'
    """
    mantissa, _, exponent = number(value, digits).partition("e")
    found = mantissa + (rf" \times 10^{{{int(exponent)}}}" if exponent else "")
    return f"({found})" if (value < 0 or exponent) and not alone else found


def latex_product(
    factors: Sequence[Factor], digits: int | None = None, *, numbers: bool = False
) -> str:
    """Return a product in LaTeX, of symbols or of numbers."""
    if numbers:
        return r" \cdot ".join(latex_number(factor.number, digits) for factor in factors)
    return r" \, ".join(factor.latex for factor in factors)


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
