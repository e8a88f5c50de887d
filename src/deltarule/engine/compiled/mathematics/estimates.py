r"""Reciprocals and square roots from a processor's estimates, made exact by Newton's method.

A division of 16 numbers keeps the unit for divisions busy for ten cycles and more, a square root
for twenty. Processors with AVX-512 also give 1/d and 1/\sqrt{x} to 14 bits at once, and a step
doubles the bits:

    r' = r + r (1 - d r)                             1/d
    s' = s + s (1/2 - s h), h' = h + h (1/2 - s h)   \sqrt{x}, from s = x r, h = r/2, r = 1/\sqrt{x}

One step serves float32, two float64. The largest errors that `benchmarks/maths_audit.py` has found
over all float32 numbers: 0.53 ulp for the reciprocal, 0.80 ulp for the square root; in samples of
float64: 0.54 and 1.45 ulp.

Source: P. Markstein, IA-64 and Elementary Functions (2000), chapters 8 and 9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from deltarule.engine.compiled.instructions.operations import Ops, element_of, lanes_of, vector_of

_WIDTH = 512  # bits of a register that has estimates
_CODES = {"float": ("ps", 32, 1), "double": ("pd", 64, 2)}  # suffix, bits, Newton's steps


def quotient(o: Ops, x: Any, d: Any) -> Any:
    """Return x / d for a d between 2^-100 and 2^100."""
    found = reciprocal(o, d)
    return o.div(x, d) if found is None else o.mul(x, found)


def reciprocal(o: Ops, d: Any) -> Any:
    """Return 1 / d for a d between 2^-100 and 2^100 or infinite; None where estimates do not serve.

    Where d is infinite 1 - d r is no number, and the estimate, 0, is kept.
    """
    r = _estimate(o, "rcp14", d)
    if r is None:
        return None
    one, steps = o.constant(d.type, 1.0), _CODES[str(element_of(d.type))][2]
    for _ in range(steps):
        e = o.fma(o.neg(d), r, one)
        r = o.select(o.b.fcmp_unordered("uno", e, e), r, o.fma(r, e, r))
    return r


def sqrt(o: Ops, x: Any) -> Any:
    """Return the square root of x, whatever x is.

    Where Newton's step meets infinity times zero (x = 0, x infinite) the root is x itself.
    """
    r = _estimate(o, "rsqrt14", x)
    if r is None:
        return o.sqrt(x)
    half, steps = o.constant(x.type, 0.5), _CODES[str(element_of(x.type))][2]
    s, h = o.mul(x, r), o.mul(r, half)
    for _ in range(steps):
        e = o.fma(o.neg(s), h, half)
        s, h = o.fma(s, e, s), o.fma(h, e, h)
    lost = o.b.fcmp_unordered("uno", s, s)
    positive = o.compare(">=", x, o.constant(x.type, 0.0))
    return o.select(o.b.and_(lost, positive), x, s)


def _estimate(o: Ops, name: str, x: Any) -> Any:
    """Return the processor's estimate, register by register; None where it has none.

    There are as many registers as halving and doubling reach: 1, 2, 4, ...
    """
    code, bits, _ = _CODES[str(element_of(x.type))]
    lanes = _WIDTH // bits
    registers, rest = divmod(lanes_of(x.type), lanes)
    if o.b.module.machine.bits < _WIDTH or rest or registers & (registers - 1):
        return None
    kind = vector_of(element_of(x.type), lanes)
    every = ir.Constant(ir.IntType(lanes), -1)

    def of_register(part: Any) -> Any:
        target = f"llvm.x86.avx512.{name}.{code}.512"
        return o.call(target, kind, part, o.constant(kind, 0.0), every)

    return _by_registers(o, of_register, x, lanes)


def _by_registers(o: Ops, function: Callable[[Any], Any], x: Any, lanes: int) -> Any:
    """Return function(x), called for `lanes` lanes at a time."""
    starts = range(0, lanes_of(x.type), lanes)
    parts = [function(o.lanes(x, x, range(k, k + lanes))) for k in starts]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [o.lanes(a, b, range(2 * lanes_of(a.type))) for a, b in pairs]
    return parts[0]
