"""exp, expm1 and tanh without branch, table or call; for vectors of any length.

With x = k ln 2 + r and |r| <= ln 2, exp(x) = 2^k (1 + t) where t = exp(r) - 1 = r + r^2 g(r). The
polynomials g are fitted by `tests/engine/compiled/mathematics/make_polynomials.py`; their errors
are stated relative to the function, in units of 2^-23 (float32) and 2^-52 (float64). k is found by
adding a number so large that the sum has no fraction: its lowest bits then are k and, shifted into
the place of the exponent, 2^k.

k ln 2 is taken off in two parts, the first so short that its product with k is exact. The largest
errors that `benchmarks/maths_audit.py` has found, over all float32 numbers (unless it says
`sampled`) and ten million in float64, are stated per function in units in the last place (ulp),
for a processor with fused multiply-add; without it they are somewhat larger.

Source: W. Cody, W. Waite, Software Manual for the Elementary Functions (1980), chapters 6 and 13;
J.-M. Muller, Elementary Functions, 3rd edition (2016), chapters 5 and 11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deltarule.engine.compiled.instructions.operations import Ops, integers_of
from deltarule.engine.compiled.mathematics.polynomials import multiply_add, polynomial, which


@dataclass(frozen=True)
class Format:
    """What the reduction needs to know of a float type."""

    digits: int
    """Bits of the significand after the point: how far an exponent is shifted."""
    bias: int
    """What is added to an exponent where it is stored."""
    ln2_high: float
    """ln 2, short: its products with every possible k are exact."""
    ln2_low: float
    """ln 2 minus `ln2_high`."""
    low: float
    """Below, exp is 0."""
    high: float
    """Above, exp is infinite."""
    minus_one: float
    """Below, exp(x) - 1 is -1."""


LOG2_E = 1.4426950408889634
ALMOST_HALF = 0.49999
"""What turns rounding to the nearest whole number into rounding towards 0."""
FORMATS = {
    "float32": Format(
        23, 127, float.fromhex("0x1.62e4p-1"), float.fromhex("0x1.7f7d1cf79abcap-20"),
        -104.0, 89.0, -20.0,
    ),
    "float64": Format(
        52, 1023, float.fromhex("0x1.62e42fefap-1"), float.fromhex("0x1.cf79abc9e3b3ap-40"),
        -746.0, 710.0, -42.0,
    ),
}  # fmt: skip

EXP = {
    # 6 terms, |r| <= 0.6935, error 0.159
    "float32": (
        0.5000003576278687,
        0.1666661500930786,
        0.04166126623749733,
        0.008336096070706844,
        0.0014104482252150774,
        0.00019612496544141322,
    ),
    # 12 terms, |r| <= 0.6935, error 0.051
    "float64": (
        0.4999999999999993,
        0.16666666666666938,
        0.041666666666702205,
        0.00833333333326976,
        0.001388888888356261,
        0.00019841269892874574,
        2.4801590837251606e-05,
        2.755730062760208e-06,
        2.755615642624095e-07,
        2.5055035236873988e-08,
        2.106246127938212e-09,
        1.5935617953541215e-10,
    ),
}
"""g for exp: the error is relative to exp(r)."""
EXPM1 = {
    # 7 terms, |r| <= 0.6935, error 0.040
    "float32": (
        0.5,
        0.16666671633720398,
        0.04166661947965622,
        0.008332628756761551,
        0.001389042939990759,
        0.00020095772924833,
        2.478084024915006e-05,
    ),
    # 13 terms, |r| <= 0.6935, error 0.027
    "float64": (
        0.5,
        0.1666666666666666,
        0.041666666666666824,
        0.00833333333333643,
        0.0013888888888862545,
        0.0001984126983706922,
        2.4801587319878165e-05,
        2.755732184031456e-06,
        2.7557313436506004e-07,
        2.5051285715895867e-08,
        2.087749836543264e-09,
        1.618609351176862e-10,
        1.146880902451599e-11,
    ),
}
"""g for expm1: the error is relative to exp(r) - 1."""
SHORT = {
    # 5 terms, |r| <= 0.34675, error 0.031
    "float32": (
        0.4999999403953552,
        0.1666652113199234,
        0.04166839271783829,
        0.008368746377527714,
        0.0013814367121085525,
    ),
    # 10 terms, |r| <= 0.34675, error 0.050
    "float64": (
        0.5000000000000011,
        0.1666666666666641,
        0.04166666666652971,
        0.00833333333349486,
        0.001388888894376497,
        0.00019841269506045236,
        2.480149294374785e-05,
        2.7557586552129085e-06,
        2.763030852425498e-07,
        2.5000100523363e-08,
    ),
}
"""g for exp where |r| is half as large, as it is in tanh."""
TANH = {
    # 5 terms, x^2 <= 0.391, error 0.077
    "float32": (
        -0.3333328068256378,
        0.1333143562078476,
        -0.05373911187052727,
        0.02063705399632454,
        -0.005702642258256674,
    ),
    # 11 terms, x^2 <= 0.391, error 0.087
    "float64": (
        -0.3333333333333285,
        0.13333333333261482,
        -0.05396825393098405,
        0.021869487569598733,
        -0.008863220917673102,
        0.0035919884899021154,
        -0.0014549553726871636,
        0.0005863050721715096,
        -0.00022854102784943515,
        7.711798761769066e-05,
        -1.605965142256136e-05,
    ),
}
"""d in tanh x = x + x^3 d(x^2): the error is relative to tanh x."""


def exp(o: Ops, x: Any, high: bool = True) -> Any:
    """Return e^x: at most 1.74 ulp (float32), 1.61 ulp (float64).

    `high=False` says that x is never above 0: the same bits, with a step less.

    k is even, k = 2 j: neither factor of 2^j 2^j overflows or becomes subnormal, though their
    product may, and the last multiplication then rounds as it should.
    """
    name = which(x.type)
    form = FORMATS[name]
    x = between(o, x, form.low, form.high if high else None)
    j, power = rounded(o, x, LOG2_E / 2, 0.0)
    t = less_one(o, remainder(o, x, j, 2.0), EXP[name])
    return o.mul(multiply_add(o, t, power, power), power)


def expm1(o: Ops, x: Any) -> Any:
    """Return e^x - 1: at most 1.61 ulp (float32), 1.61 ulp (float64); -0 stays -0.

    k is rounded towards 0, so r has the sign of x and 2^k t + (2^k - 1) does not cancel. The
    factor is a little short of log2 e: the largest finite results must not get k = 128 (1024),
    where 2^k is infinite.
    """
    name = which(x.type)
    form = FORMATS[name]
    limited = between(o, x, form.minus_one, form.high)
    back = o.intrinsic("copysign", o.constant(x.type, ALMOST_HALF), o.neg(x))
    k, power = rounded(o, limited, LOG2_E * (1 - 2.0**-22), back)
    t = less_one(o, remainder(o, limited, k, 1.0), EXPM1[name])
    value = multiply_add(o, power, t, o.b.fsub(power, o.constant(x.type, 1.0)))
    return o.intrinsic("copysign", value, x)


def tanh(o: Ops, x: Any) -> Any:
    """Return tanh x: at most 1.20 ulp (float32), 1.31 ulp (float64); -0 stays -0.

    It is x + x^3 d(x^2) for |x| < 5/8, beyond 1 - 2 / (exp(2 |x|) + 1) with the sign of x, where
    what is taken off is less than a half and its errors count the less. Both are computed.
    """
    name, kind = which(x.type), x.type
    size = o.intrinsic("fabs", x)
    square = o.mul(size, size)
    bend = o.mul(square, polynomial(o, square, TANH[name]))
    small = multiply_add(o, size, bend, size)
    near = o.compare("<", size, o.constant(kind, 0.625))
    return o.intrinsic("copysign", o.select(near, small, saturating(o, size)), x)


def saturating(o: Ops, x: Any) -> Any:
    """Return tanh x for x >= 5/8: 1 - 2 / (exp(2 x) + 1).

    ln 2 in one part will do: where k is large, the error of k ln 2 no longer shows.
    """
    name, kind = which(x.type), x.type
    form, one = FORMATS[name], o.constant(kind, 1.0)
    y = at_most(o, o.mul(x, o.constant(kind, 2.0)), -form.minus_one)
    k, power = rounded(o, y, LOG2_E, 0.0)
    r = multiply_add(o, k, o.constant(kind, -form.ln2_high - form.ln2_low), y)
    t = less_one(o, r, SHORT[name])
    below = multiply_add(o, power, t, o.b.fadd(power, one))
    return o.b.fsub(one, o.div(o.constant(kind, 2.0), below))


def at_most(o: Ops, x: Any, high: float) -> Any:
    """Return min(x, high); NaN stays NaN."""
    bound = o.constant(x.type, high)
    return o.select(o.compare(">", x, bound), bound, x)


def between(o: Ops, x: Any, low: float, high: float | None) -> Any:
    """Return min(max(x, low), high); NaN stays NaN."""
    bound = o.constant(x.type, low)
    raised = o.select(o.compare("<", x, bound), bound, x)
    return raised if high is None else at_most(o, raised, high)


def rounded(o: Ops, x: Any, factor: float, plus: Any) -> tuple[Any, Any]:
    """Return the whole number k nearest to `factor` x + `plus`, and 2^k, as floats."""
    form = FORMATS[which(x.type)]
    large = o.constant(x.type, 1.5 * 2.0**form.digits + form.bias)
    scale = o.constant(x.type, factor)
    if isinstance(plus, float) and not plus:
        total = multiply_add(o, x, scale, large)
    else:
        plus = o.constant(x.type, plus) if isinstance(plus, float) else plus
        total = o.b.fadd(multiply_add(o, x, scale, plus), large)
    whole = integers_of(x.type)
    bits = o.b.shl(o.b.bitcast(total, whole), o.constant(whole, form.digits))
    return o.b.fsub(total, large), o.b.bitcast(bits, x.type)


def remainder(o: Ops, x: Any, k: Any, times: float) -> Any:
    """Return x - `times` k ln 2."""
    form = FORMATS[which(x.type)]
    x = multiply_add(o, k, o.constant(x.type, -times * form.ln2_high), x)
    return multiply_add(o, k, o.constant(x.type, -times * form.ln2_low), x)


def less_one(o: Ops, r: Any, coefficients: tuple[float, ...]) -> Any:
    """Return exp(r) - 1 = r + r^2 g(r)."""
    return multiply_add(o, polynomial(o, r, coefficients), o.mul(r, r), r)
