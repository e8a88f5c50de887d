"""Reciprocals and square roots by Newton's method; where processors have no estimates, exact ones.

Only a processor with AVX-512 runs the steps; elsewhere the same tests hold for what stands in.
"""

from __future__ import annotations

import numpy as np
import pytest
from llvmlite import ir
from machine_code import execute, kind_of

from deltarule.engine.compiled.instructions.machine import Machine, host
from deltarule.engine.compiled.instructions.operations import Module, Ops
from deltarule.engine.compiled.mathematics import estimates

DTYPES = [np.float32, np.float64]
LANES = [1, 4, 8, 16, 24, 32, 48, 64]
HOST, NARROW = host(), Machine("", "", "", 256, 16)


def applied(function, x, lanes):
    """Return function(x) for an array whose length the lanes divide."""
    kind, out = kind_of(x.dtype, lanes), np.empty_like(x)

    def write(o, source, target):
        with o.loop(0, len(x), lanes) as i:
            o.store(function(o, o.load(source, kind, i)), target, i)

    execute(write, x, out)
    return out


def in_ulps(found, true, dtype):
    """Return the largest error in units in the last place of the true value."""
    true = np.asarray(true, np.longdouble)
    unit = np.ldexp(1.0, np.frexp(true)[1] - 1 - np.finfo(dtype).nmant)
    return float(np.max(np.abs(found - true) / unit))


def every_size(dtype, low, high, seed):
    """Return positive numbers of all sizes from 2^low to 2^high, with 2^k and its neighbours."""
    powers = 2.0 ** np.arange(low, high)
    around = [powers, np.nextafter(powers, np.inf, dtype=float), np.nextafter(powers, 0.0)]
    drawn = 2.0 ** np.random.default_rng(seed).uniform(low, high, 20_000)
    x = np.concatenate([*around, drawn]).astype(dtype)
    return np.concatenate([x, np.ones(-len(x) % 192, dtype)])


def quotient(o, d):
    """Return 3 / d."""
    return estimates.quotient(o, o.constant(d.type, 3.0), d)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_square_roots(dtype, lanes):
    low, high = (-148, 127) if dtype == np.float32 else (-1073, 1023)  # subnormal ones, too
    x, most = every_size(dtype, low, high, lanes), 0.85 if dtype == np.float32 else 1.5
    assert in_ulps(applied(estimates.sqrt, x, lanes), np.sqrt(x, dtype=np.longdouble), dtype) < most


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_quotients(dtype, lanes):
    far = 100 if dtype == np.float32 else 900
    d = every_size(dtype, -far, far, lanes)
    d[::2] *= -1
    assert in_ulps(applied(quotient, d, lanes), 3.0 / d.astype(np.longdouble), dtype) < 1.5


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_roots_where_the_numbers_end(dtype, lanes):
    info = np.finfo(dtype)
    known = [0.0, -0.0, np.inf, np.nan, -1.0, -np.inf, info.max, info.tiny, info.tiny / 8]
    x = np.array(known * 64, dtype)
    with np.errstate(invalid="ignore"):
        true = np.sqrt(x)
    found = applied(estimates.sqrt, x, lanes)
    np.testing.assert_allclose(found, true, rtol=2 * float(info.eps))
    assert (np.signbit(found) == np.signbit(true))[~np.isnan(true)].all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_infinite_divides_to_nothing(dtype):
    d = np.array([np.inf, -np.inf, np.nan, 2.0] * 16, dtype)
    np.testing.assert_array_equal(applied(quotient, d, 16)[:4], np.array([0, -0.0, np.nan, 1.5]))


def calls(machine, function, lanes=16):
    """Return the text of a function of one vector, for a machine."""
    module, kind = Module(machine), kind_of(np.float32, lanes)
    f = ir.Function(module, ir.FunctionType(kind, [kind]), "f")
    b = ir.IRBuilder(f.append_basic_block())
    b.ret(function(Ops(b), f.args[0]))
    return str(module)


def test_a_processor_without_estimates_divides():
    assert "fdiv" in calls(NARROW, quotient)
    assert "llvm.sqrt" in calls(NARROW, estimates.sqrt)
    assert "rcp14" not in calls(NARROW, quotient)


@pytest.mark.skipif(HOST.bits < 512, reason="this processor has no estimates")
def test_whole_registers_alone_are_estimated():
    assert "rcp14" in calls(HOST, quotient)
    assert "fdiv" not in calls(HOST, quotient)
    assert "fdiv" in calls(HOST, quotient, lanes=8)
