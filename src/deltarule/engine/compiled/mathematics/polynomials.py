"""A polynomial's value, with few steps that wait for one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deltarule.engine.compiled.instructions.operations import Ops, element_of


def multiply_add(o: Ops, x: Any, y: Any, z: Any) -> Any:
    """Return x y + z: rounded once where the processor has the instruction, else twice.

    `Ops.fma` always rounds once, which a processor without the instruction does very slowly.
    """
    return o.intrinsic("fmuladd", x, y, z)


def which(kind: Any) -> str:
    """Return the name of the float type of a value's elements."""
    return {"float": "float32", "double": "float64"}[str(element_of(kind))]


def polynomial(o: Ops, x: Any, coefficients: Sequence[float]) -> Any:
    """Return c0 + c1 x + c2 x^2 + ...

    Neighbours are joined in pairs, c0 + c1 x and c2 + c3 x and so on, which makes a polynomial in
    x^2 of half the length (G. Estrin, 1960); three terms that are left go one after the other
    (Horner), for x^2 would come too late to help.
    """
    terms = [o.constant(x.type, c) for c in coefficients]
    while len(terms) > 3:
        pairs = [
            multiply_add(o, terms[i + 1], x, terms[i]) if i + 1 < len(terms) else terms[i]
            for i in range(0, len(terms), 2)
        ]
        terms, x = pairs, o.mul(x, x)
    value = terms[-1]
    for term in terms[-2::-1]:
        value = multiply_add(o, value, x, term)
    return value
