"""Generated problems: against their definitions, written another way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.data import GENERATED, load, prepare, read_table
from deltarule.data.generators import usages


@pytest.mark.parametrize("name", usages())
def test_arrays_and_table_agree(name):
    data, table = load(name), read_table(name)
    assert data.X.shape == (table.rows, len(data.columns))
    assert (table.task, table.ordered) == (data.task, data.ordered)
    found = prepare(table, scale="none", validation=0.0, test=0.0, dtype=np.float64)
    np.testing.assert_array_equal(found["train"].X, data.X)
    np.testing.assert_array_equal(found["train"].T, data.T)
    assert data.name.startswith(name.partition(":")[0])
    assert "(" in data.description or "as scikit-learn" in data.description  # its source


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_the_same_numbers_every_time(name):
    one, other = load(f"{name}:" if name == "encoder" else name), GENERATED[name]()
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(one.T, other.T)


def test_parity():
    data = load("parity:5")
    assert data.X.tolist() == [list(bits) for bits in itertools.product((0.0, 1.0), repeat=5)]
    assert data.T[:, 0].tolist() == [float(int(sum(bits)) % 2) for bits in data.X]
    xor = load("xor")
    np.testing.assert_array_equal(load("parity:2").T, xor.T)


def test_encoder_and_complement_add_up_to_ones():
    np.testing.assert_array_equal(load("encoder:7,3").X + load("complement:7").X, np.ones((7, 7)))
    np.testing.assert_array_equal(load("encoder:10,5").T, load("encoder").T)


def test_the_spirals_are_the_benchmark_s():
    """Lang and Witbrock's first and last points, in the order of the CMU collection."""
    data = load("two_spirals")
    assert len(data.X) == 194
    np.testing.assert_allclose(
        data.X[2], [6.4375 * np.sin(np.pi / 16), 6.4375 * np.cos(np.pi / 16)]
    )
    radii = np.hypot(*data.X.T).reshape(-1, 2)
    np.testing.assert_allclose(radii[:, 0], radii[:, 1])
    np.testing.assert_allclose(radii[[0, 96], 0], [6.5, 0.5])
    np.testing.assert_array_equal(data.X[1::2], -data.X[::2])


def test_moons_and_circles_without_noise_lie_on_their_curves():
    X, t = load("moons:101,0").X, load("moons:101,0").T[:, 0]
    assert (len(t), t.sum()) == (101, 50)
    np.testing.assert_allclose(np.hypot(*X[t == 0].T), 1.0)
    np.testing.assert_allclose(np.hypot(X[t == 1, 0] - 1, X[t == 1, 1] - 0.5), 1.0)
    X, t = load("circles:40,0,0.3").X, load("circles:40,0,0.3").T[:, 0]
    np.testing.assert_allclose(np.hypot(*X.T), np.where(t == 1, 0.3, 1.0))


def test_noise_has_its_deviation():
    noise = load("moons:20000,0.2").X - load("moons:20000,0").X
    assert noise.std() == pytest.approx(0.2, rel=0.02)


def test_a_teacher_of_one_node_is_erf():
    from math import erf, sqrt

    data = load("teacher:1,1,50")
    sign = np.sign(data.T[0, 0] * data.X[0, 0])  # w has length 1: it is 1 or -1
    np.testing.assert_allclose(data.T[:, 0], [erf(sign * x / sqrt(2)) for x in data.X[:, 0]])


def test_mackey_glass_solves_its_equation():
    """Euler's method with a step a hundredth as long; the series is chaotic, so not for long."""
    data = load("mackey_glass:17,5")
    h, tau = 0.001, 17_000
    x = np.full(tau + 1, 1.2).tolist()
    for _ in range(int(124 / h)):
        delayed = x[-1 - tau]
        x.append(x[-1] + h * (0.2 * delayed / (1 + delayed**10) - 0.1 * x[-1]))
    at = [x[tau + round(t / h)] for t in (118, 112, 106, 100)]
    np.testing.assert_allclose(data.X[0], at, atol=2e-3)
    assert data.T[0, 0] == pytest.approx(x[tau + 124_000], abs=2e-3)
    assert data.ordered


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("parity:1", "bits is a whole number of at least 2, not 1"),
        ("parity:40", "at most 16"),
        ("parity:2.5", "whole number"),
        ("parity:four", "the parameter 'four' is no number"),
        ("parity:4,4", "takes bits, and no more"),
        ("two_spirals:3", "no more"),
        ("moons:2", "at least 4"),
        ("moons:100,-1", "noise"),
        ("circles:100,0,2", "ratio"),
        ("teacher:0", "inputs"),
        ("encoder:1", "patterns"),
    ],
)
def test_parameters_that_cannot_be(name, message):
    with pytest.raises(UsageError, match=message):
        load(name)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(DataError, match=r"did you mean 'parity'\? .* Generated: parity:4"):
        read_table("party:4")
    with pytest.raises(UsageError, match="did you mean 'moons'"):
        load("mons")


def test_adding_has_a_mark_in_each_half_and_their_sum():
    data = load("adding:9,400")
    numbers, marks = data.X[:, :9], data.X[:, 9:]
    assert (marks[:, :4].sum(axis=1) == 1).all()
    assert (marks[:, 4:].sum(axis=1) == 1).all()
    for x, m, t in zip(numbers, marks, data.T[:, 0], strict=True):
        assert t == x[np.argmax(m[:4])] + x[4 + np.argmax(m[4:])]
    assert np.var(data.T) == pytest.approx(1 / 6, abs=0.03)
    assert read_table("adding:9,400").steps.features == 2
