"""`dr.check_function`: any function, any kind of array."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import deltarule as dr
from deltarule.check.numerical.formulas import FORMULAS
from deltarule.core.errors import NumericError, ResourceError, UsageError

Array = np.ndarray

SQUIRE_TRAPP = 4.053427893898621


def squire_trapp(x: np.ndarray) -> np.ndarray:
    return np.exp(x[0]) / np.sqrt(np.sin(x[0]) ** 3 + np.cos(x[0]) ** 3)


@pytest.mark.parametrize(
    ("method", "published"),
    [
        ("forward", (4.732e-4, 9.936e-8, 1.107e-3)),
        ("central", (5.361e-8, 3.39e-8, 2.18e-4)),
        ("complex", (5.361e-8, 8.9e-16, 8.9e-16)),
    ],
)
def test_the_table_of_squire_and_trapp(method: str, published: tuple[float, ...]) -> None:
    """Errors at h = 1e-4, 1e-8, 1e-12; where they are rounding, their size."""
    check = dr.check_function(squire_trapp, np.array([SQUIRE_TRAPP]), [1.5])
    assert check.passed
    found = check.sweep(steps=[1e-4, 1e-8, 1e-12]).errors(method)
    assert found[0] == pytest.approx(published[0], rel=1e-3)
    assert found[1:] == pytest.approx(published[1:], rel=0.01, abs=9e-16)


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_has_its_order(name: str) -> None:
    """Exact for x^order, and halving h divides the error at exp by 2^order."""
    check = dr.check_function(lambda x: np.exp(x[0]), np.array([1.0]), [0.0])
    found = check.sweep(steps=[0.5, 0.25]).errors(name)
    order = FORMULAS[name].order
    assert math.log2(found[0] / found[1]) == pytest.approx(order, abs=0.3)
    assert sum(FORMULAS[name].weights) == pytest.approx(0.0, abs=1e-15)


def test_x_of_any_size_gets_steps_of_its_own() -> None:
    """Coordinates of 1e6, 1 and 1e-6, with slopes to match, by every method."""
    scale = np.array([1e6, 1.0, 1e-6])
    f = lambda x: np.sum(np.sin(x / scale))  # noqa: E731
    for method in ("auto", "central", "five_point", "richardson", "forward"):
        for k in range(3):
            g = lambda x, k=k: np.cos(x / scale[k]) / scale[k]  # noqa: E731
            one = lambda x, k=k: np.sum(np.sin(x / scale[k]))  # noqa: E731
            assert dr.check_function(one, g, scale[k : k + 1], method=method).passed
    assert dr.check_function(f, lambda x: np.cos(x / scale) / scale, scale).passed


def test_what_is_analytic_is_found_out() -> None:
    x = np.array([0.3, -0.7])
    assert dr.check_function(lambda x: np.sum(x**2), lambda x: 2 * x, x).method == "complex"
    for f in (
        lambda x: np.sum(np.abs(x) ** 2),
        lambda x: np.sum(np.real(x) ** 2),
        lambda x: float(np.sum(np.asarray(x, dtype=float) ** 2)),
        lambda x: math.fsum(v * v for v in x),
    ):
        check = dr.check_function(f, lambda x: 2 * x, x)
        assert check.method == "five_point"
        assert check.passed
        assert "complex" in check.notes[-1]
        with pytest.raises(UsageError, match="cannot be checked by complex steps"):
            dr.check_function(f, lambda x: 2 * x, x, method="complex")


def test_kinks_and_their_subgradients() -> None:
    f = lambda x: np.sum(np.maximum(x, 0.0))  # noqa: E731
    x = np.array([0.0, 1.0, -1.0])
    for value, name in ((0.0, "left slope"), (1.0, "right slope"), (0.3, "0.3 of the way")):
        check = dr.check_function(f, np.array([value, 1.0, 0.0]), x)
        assert check.passed
        assert check.kinks[0].subgradient.startswith(name)
    assert not dr.check_function(f, np.array([1.5, 1.0, 0.0]), x).passed
    near = dr.check_function(f, np.array([1.0, 1.0, 0.0]), [1e-9, 1.0, -1.0], method="central")
    assert near.passed


def test_a_kink_hides_nothing_and_noise_is_seen() -> None:
    """|x| on its kink is not analytic, and a rounded function has few digits."""
    magnitude = dr.check_function(lambda x: np.sum(np.abs(x)), np.sign, [1.0, 0.0])
    assert (magnitude.passed, magnitude.method, len(magnitude.kinks)) == (True, "central", 1)
    x = np.array([0.3, 0.7])
    rounded = lambda x: float(np.round(np.sum(x**2), 6))  # noqa: E731
    found = dr.check_function(rounded, lambda x: 2 * x, x)
    assert found.passed
    assert np.all(found.rounding > 1e-7), "it is known that few digits can be told"
    assert not dr.check_function(rounded, lambda x: 2.5 * x, x).passed


def test_float32_is_upcast_or_judged_as_it_is() -> None:
    x = np.linspace(0.5, 2.0, 4, dtype=np.float32)
    wide = dr.check_function(lambda x: np.sum(x**3), lambda x: 3 * x**2, x)
    assert (wide.passed, wide.digits > 14) == (True, True)
    assert "float64" in wide.notes[0]
    narrow = lambda x: np.sum(x.astype(np.float32) ** 3)  # noqa: E731
    slope = lambda x: 3 * x.astype(np.float32) ** 2  # noqa: E731
    assert dr.check_function(narrow, slope, x).passed
    found = dr.check_function(narrow, lambda x: np.float32(1.01) * slope(x), x)
    assert not found.passed
    assert "does not take float64" in found.notes[0]


def test_vectors_in_full_and_by_projections(rng: np.random.Generator) -> None:
    a, x = rng.normal(size=(3, 4)), rng.normal(size=4)
    f = lambda x: np.tanh(a @ x)  # noqa: E731
    jacobian = lambda x: (1 - np.tanh(a @ x) ** 2)[:, None] * a  # noqa: E731
    assert dr.check_function(f, jacobian, x, projection="full").passed
    assert dr.check_function(f, jacobian(x), x, projection="random").passed
    assert dr.check_function(f, jacobian, x, projection=[1.0, 0.0, 2.0]).passed
    assert dr.check_function(f, lambda x, u: jacobian(x).T @ u, x, projection="random").passed
    wrong = jacobian(x)
    wrong[1, 2] += 1e-4
    found = dr.check_function(f, wrong, x, projection="full")
    assert (found.worst.entry, found.wrong.sum()) == ("df[1]/dx[2]", 1)
    assert not dr.check_function(f, wrong, x, projection="random").passed
    with pytest.raises(UsageError, match=r"\(4, 3\).*\(3, 4\) \(it fits if transposed\)"):
        dr.check_function(f, jacobian(x).T, x, projection="full")


def test_lists_and_tables_of_arrays(rng: np.random.Generator) -> None:
    W, b, x = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2)

    def E(p: dict) -> np.ndarray:
        return np.sum(np.tanh(p["W"] @ x + p["b"]))

    def slope(p: dict) -> dict:
        delta = 1 - np.tanh(p["W"] @ x + p["b"]) ** 2
        return {"b": delta, "W": np.outer(delta, x)}

    found = dr.check_function(E, slope, {"W": W, "b": b})
    assert found.passed
    assert [layer.name for layer in found.layers] == ["W", "b"]
    pair = dr.check_function(
        lambda p: E({"W": p[0], "b": p[1]}),
        lambda p: [2 * slope({"W": p[0], "b": p[1]})["W"], slope({"W": p[0], "b": p[1]})["b"]],
        [W, b],
    )
    assert [layer.passed for layer in pair.layers] == [False, True]
    assert pair.worst.entry.startswith("x[0][")


def test_names_numbers_and_directions() -> None:
    named = dr.check_function(lambda x: x @ x, lambda x: 3 * x, [1.0, 2.0], names=["a", "b"])
    assert named.worst.entry == "b"
    assert dr.check_function(lambda x: x * x, lambda x: 2 * x, 3.0).passed
    x = np.linspace(-1.0, 1.0, 5000)
    few = dr.check_function(lambda x: np.sum(np.sin(x)), np.cos, x, directions=2)
    assert few.passed
    assert "missed with probability" in few.verdict
    off = dr.check_function(
        lambda x: np.sum(np.sin(x)), lambda x: 1.01 * np.cos(x), x, directions=2
    )
    assert not off.passed


def test_the_sweep_is_a_picture(tmp_path: Path) -> None:
    check = dr.check_function(squire_trapp, np.array([SQUIRE_TRAPP]), [1.5])
    path = check.sweep("x[0]").plot(tmp_path / "v.png")
    assert path.read_bytes()[:4] == b"\x89PNG"
    for entry in ("x[1]", 1):
        with pytest.raises(UsageError, match="there is no entry"):
            check.sweep(entry)


def test_jax_arrays() -> None:
    jax = pytest.importorskip("jax")
    f = lambda x: jax.numpy.sum(jax.numpy.tanh(x) ** 2)  # noqa: E731
    x = jax.numpy.linspace(0.1, 1.0, 5)
    found = dr.check_function(f, jax.grad(f), x)
    assert found.passed
    assert "enable_x64" in found.notes[0]
    assert not dr.check_function(f, lambda x: 1.01 * jax.grad(f)(x), x).passed


NOISE = np.random.default_rng(0)


def random_number(x: np.ndarray) -> float:
    return float(x.sum() + NOISE.random())


def in_place(x: np.ndarray) -> float:
    x *= 2.0
    return float(x.sum())


X3 = np.ones(3)


@pytest.mark.parametrize(
    ("f", "gradient", "x", "error", "said"),
    [
        (lambda x: x, X3, X3, UsageError, r"returned \(3,\) numbers where one is due"),
        (lambda x: None, X3, X3, UsageError, "returned None"),
        (lambda x: 3, X3, X3, UsageError, "they have no slope"),
        (lambda x: "3", X3, X3, UsageError, "a number is needed"),
        (lambda x: 1j * x.sum(), X3, X3, UsageError, "complex numbers at a real x"),
        (np.sum, lambda x: None, X3, UsageError, "gradient is None"),
        (np.sum, np.ones((3, 1)), np.ones((1, 3)), UsageError, "fits if transposed"),
        (np.sum, np.ones(4), X3, UsageError, r"\(4,\); x has \(3,\)"),
        (np.sum, np.array([1.0, math.nan, math.inf]), X3, NumericError, r"x\[1\] = nan, x\[2\]"),
        (random_number, X3, X3, UsageError, "is random: two calls"),
        (in_place, X3, X3, UsageError, r"changes its input: x\[0\] was 1 .* is 2"),
        (np.sum, X3, np.array([1.0, math.nan, 1.0]), UsageError, r"not finite.*x\[1\]"),
        (np.sum, X3, np.array([]), UsageError, "no entries"),
        (lambda x: math.inf, X3, X3, NumericError, "E is inf"),
        (np.sum, [X3, X3], [X3], UsageError, "2 arrays and x has 1|shape"),
        (np.sum, X3, X3 * 1j, UsageError, "real numbers are needed"),
    ],
)
def test_bad_input(f, gradient, x, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        dr.check_function(f, gradient, x)


def test_too_many_calls_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deltarule.check.numerical.cost.MAX_SECONDS", 1e-3)
    with pytest.raises(ResourceError, match="directions=10"):
        dr.check_function(np.sum, np.ones(100_000), np.ones(100_000))


@pytest.mark.parametrize("at", [8.0, 18.0, 20.0, 300.0])
def test_saturated_slopes_are_not_wrong_but_said(at: float) -> None:
    """1 - y^2 has no digits where y = 1; a gradient that is wrong there by more is still wrong."""
    found = dr.check_function(lambda x: np.tanh(x).sum(), lambda x: 1 - np.tanh(x) ** 2, [at])
    assert found.passed, found
    assert ("saturated: 1 entry is off" in str(found)) == (at > 8.0)
    assert ("as far as rounding lets it be seen" in found.verdict) == (at > 8.0)
    assert not dr.check_function(lambda x: np.tanh(x).sum(), np.array([1e-12]), [at]).passed


@pytest.mark.parametrize("scale", [300, 30_000])
def test_raw_inputs_saturate_a_layer(scale: float) -> None:
    net, wrong = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(1)]), 0

    def by_hand(theta: Array, X: Array, T: Array) -> Array:
        first, second = net.unpack(theta)
        y = np.tanh(X @ first["W"].T + first["b"])
        delta = (y @ second["W"].T + second["b"] - T) / len(X)
        below = delta @ second["W"] * (1 - y**2)
        return net.pack([(below.T @ X, below.sum(axis=0)), (delta.T @ y, delta.sum(axis=0))])

    for seed in range(15):
        rng = np.random.default_rng(seed)
        X, T = rng.uniform(0, scale, size=(30, 3)), rng.normal(size=(30, 1))
        wrong += not dr.check_gradient(net, net.init(seed), X, T, gradient=by_hand).passed
    assert wrong == 0


@pytest.mark.parametrize(
    ("factor", "why"),
    [
        (0.5, "0.5 times what it should be: the gradient has a factor 1/2 that the function has"),
        (2.0, "2 times what it should be: a factor 1/2 of the function is missing"),
        (-1.0, "-1 times what it should be: the sign is the other one"),
        (3.0, "3 times what it should be: one factor is missing"),
    ],
)
def test_a_gradient_that_is_wrong_by_one_factor(factor: float, why: str) -> None:
    x = np.array([0.3, -1.2, 0.7])
    check = dr.check_function(lambda x: np.sum(np.sin(x)), lambda x: factor * np.cos(x), x)
    assert not check.passed
    assert f"every entry is {why}" in str(check)
    other = dr.check_function(lambda x: np.sum(np.sin(x)), lambda x: factor * np.cos(x) + 0.01, x)
    assert "every entry" not in str(other)


@pytest.mark.parametrize(
    ("name", "power"), [("forward", -25), ("central", -17), ("five_point", -10), ("richardson", -7)]
)
def test_steps_balance_truncation_and_rounding(name, power):
    """size * noise^(1 / (order + 1)), to the nearest power of 2: 1e-15^(1/2) = 2^-24.9, ..."""
    steps = FORMULAS[name].steps(np.array([1.0, 4.0]), 1e-15)
    assert steps.tolist() == [2.0**power, 2.0 ** (power + 2)]


@pytest.mark.parametrize(
    ("name", "weights"), [("forward", 2.0), ("central", 1.0), ("five_point", 1.5)]
)
def test_rounding_of_every_value_counts(name, weights):
    """sum |weight| noise / h"""
    found = FORMULAS[name].rounding(1e-15, np.array([0.5, 0.25]))
    assert np.allclose(found, [weights * 2e-15, weights * 4e-15], rtol=1e-12, atol=0.0)
