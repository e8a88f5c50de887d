"""log and log1p as straight-line code: no branch, no table, no call; for vectors of any length.

With x = 2^k (1 + f) and sqrt(1/2) <= 1 + f < sqrt 2, log x = k ln 2 + f + f^2 h(f). The polynomial
h is fitted by `tests/engine/compiled/mathematics/make_polynomials.py`; its error is stated relative
to log(1 + f), in units of 2^-23 (float32) and 2^-52 (float64). Errors are stated per function in
units in the last place (ulp), as sampled by `benchmarks/maths_audit.py`.

Source: W. Cody, W. Waite, Software Manual for the Elementary Functions (1980), chapter 5; for the
correction in log1p: T. Dekker, Numerische Mathematik 18 (1971) 224-242, and D. Knuth, The Art of
Computer Programming, volume 2, section 4.2.2.
"""

from __future__ import annotations

import math
from typing import Any

from deltarule.engine.compiled.instructions.operations import Ops, integers_of
from deltarule.engine.compiled.mathematics.exponentials import FORMATS
from deltarule.engine.compiled.mathematics.polynomials import multiply_add, polynomial, which

LOG = {
    # 9 terms, -0.2929 <= f <= 0.4143, error 0.040
    "float32": (
        -0.49999988079071045,
        0.33333325386047363,
        -0.25001585483551025,
        0.20001965761184692,
        -0.16609032452106476,
        0.1418197602033615,
        -0.1324358731508255,
        0.12903641164302826,
        -0.07619226723909378,
    ),
    # 20 terms, -0.2929 <= f <= 0.4143, error 0.153
    "float64": (
        -0.5000000000000003,
        0.33333333333333026,
        -0.249999999999749,
        0.2000000000008587,
        -0.16666666671359637,
        0.14285714279541978,
        -0.12499999604123474,
        0.11111111103360545,
        -0.10000017957853106,
        0.09090927311314866,
        -0.08332863514345994,
        0.07691435399659463,
        -0.07149947959975694,
        0.06685914062105452,
        -0.06194251661457154,
        0.0565904022646804,
        -0.05678782860640996,
        0.06529756430412945,
        -0.06004437284361466,
        0.026157337192567697,
    ),
}
"""h: the error is relative to log(1 + f)."""

ROOT = {"float32": 0x3F3504F3, "float64": 0x3FE6A09E667F3BCD}
"""The bits of sqrt(1/2)."""
TINIEST = {"float32": 2.0**-126, "float64": 2.0**-1022}
"""Below, numbers are subnormal: their exponent is not in its place."""


def log(o: Ops, x: Any) -> Any:
    """Return log x: at most 0.99 ulp (float32), 1.15 ulp (float64); -inf at 0, NaN below.

    A subnormal x is first multiplied by 2^23 (2^52), which k then gives back.
    """
    name, kind = which(x.type), x.type
    digits = FORMATS[name].digits
    subnormal = o.compare("<", x, o.constant(kind, TINIEST[name]))
    lifted = o.select(subnormal, o.mul(x, o.constant(kind, 2.0**digits)), x)
    down = o.select(subnormal, o.constant(kind, -float(digits)), o.constant(kind, 0.0))
    k, one_f = split(o, lifted)
    f = o.b.fsub(one_f, o.constant(kind, 1.0))
    return special(o, x, x, joined(o, o.b.fadd(whole(o, k, kind), down), f))


def log1p(o: Ops, x: Any) -> Any:
    """Return log(1 + x): at most 1.62 ulp (float32), 1.6 ulp (float64); -0 stays -0.

    u = 1 + x is rounded; what that loses, c = (1 + x) - u exactly, goes into f with its weight:
    1 + x = 2^k (1 + f + 2^-k c). Where x is so large that 2^-k is subnormal it is taken for 0.
    """
    name, kind = which(x.type), x.type
    form, integers = FORMATS[name], integers_of(kind)
    one = o.constant(kind, 1.0)
    u = o.b.fadd(x, one)
    most = o.b.fsub(u, one)  # of x, as u has it
    c = o.b.fadd(o.b.fsub(one, o.b.fsub(u, most)), o.b.fsub(x, most))
    k, one_f = split(o, u)
    stored, none = o.b.sub(o.constant(integers, form.bias), k), o.constant(integers, 0)
    stored = o.select(o.b.icmp_signed(">", stored, none), stored, none)
    weight = o.b.bitcast(o.b.shl(stored, o.constant(integers, form.digits)), kind)
    f = multiply_add(o, c, weight, o.b.fsub(one_f, one))
    value = joined(o, whole(o, k, kind), f)
    return special(o, x, u, o.intrinsic("copysign", value, x))


def split(o: Ops, x: Any) -> tuple[Any, Any]:
    """Return k (a whole number) and 1 + f with x = 2^k (1 + f), for a positive normal x."""
    name, integers = which(x.type), integers_of(x.type)
    digits = o.constant(integers, FORMATS[name].digits)
    bits = o.b.bitcast(x, integers)
    k = o.b.ashr(o.b.sub(bits, o.constant(integers, ROOT[name])), digits)
    return k, o.b.bitcast(o.b.sub(bits, o.b.shl(k, digits)), x.type)


def whole(o: Ops, k: Any, kind: Any) -> Any:
    """Return the whole number k as a float."""
    return o.b.sitofp(k, kind)


def joined(o: Ops, k: Any, f: Any) -> Any:
    """Return k ln 2 + log(1 + f): the small parts are added first."""
    name, kind = which(f.type), f.type
    form = FORMATS[name]
    bend = o.mul(o.mul(f, f), polynomial(o, f, LOG[name]))
    small = multiply_add(o, k, o.constant(kind, form.ln2_low), bend)
    return multiply_add(o, k, o.constant(kind, form.ln2_high), o.b.fadd(f, small))


def special(o: Ops, x: Any, u: Any, value: Any) -> Any:
    """Return `value` where 0 < u < inf, else what the logarithm of u is: x is inf or NaN."""
    kind = x.type
    zero, infinite = o.constant(kind, 0.0), o.constant(kind, math.inf)
    value = o.select(o.compare("<", u, infinite), value, x)
    value = o.select(o.compare("==", u, zero), o.constant(kind, -math.inf), value)
    return o.select(o.compare("<", u, zero), o.constant(kind, math.nan), value)
