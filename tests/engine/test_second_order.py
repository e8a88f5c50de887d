"""Products with the second derivatives, against complex steps of the gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from own_layers import EXAMPLES, enrolled
from together import together

import deltarule as dr
from deltarule.activations import ACTIVATIONS
from deltarule.activations.activation import ElementwiseActivation
from deltarule.losses import LOSSES

STEP = 1e-30


def suitable_output(loss):
    if loss.distribution:
        return "softmax"
    return {(0.0, 1.0): "sigmoid", (-1.0, 1.0): "tanh"}.get(
        loss.output_range, "identity" if loss.output_range[0] < 0 else "softplus"
    )


def example(activation, loss):
    rng = np.random.default_rng(3)
    net = dr.Network(3, [dr.Dense(4, activation), dr.Dense(2, suitable_output(loss))])
    T = np.clip(rng.uniform(0.1, 0.9, (5, 2)), *loss.target_range)
    T = T / T.sum(axis=1, keepdims=True) if loss.distribution else T
    options = {
        "loss": loss, "sample_weight": rng.uniform(0.0, 2.0, 5), "l2": 0.1, "reduction": "mean",
    }  # fmt: skip
    return net, net.init(1), rng.normal(size=(5, 3)), T, rng.normal(size=net.size), options


def complex_step(net, theta, X, T, v, **options):
    """d/de of the gradient at theta + e v."""
    return dr.backprop(net, theta + 1j * STEP * v, X, T, **options).gradient.imag / STEP


@together("loss", [cls() for cls in LOSSES])
@pytest.mark.parametrize(
    "activation", [cls() for cls in ACTIVATIONS if not cls.rowwise], ids=lambda a: a.name
)
def test_hessian_vector(activation, loss):
    net, theta, X, T, v, options = example(activation, loss)
    found = dr.hessian_vector(net, theta, X, T, v, **options)
    expected = complex_step(net, theta, X, T, v, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


def test_the_hessian_is_symmetric_and_made_of_the_products():
    net, theta, X, T, v, options = example("tanh", LOSSES.get("half_squared_error"))
    H = dr.hessian(net, theta, X, T, **options)
    np.testing.assert_allclose(H, H.T, atol=1e-14)
    np.testing.assert_allclose(H @ v, dr.hessian_vector(net, theta, X, T, v, **options), atol=1e-14)


OUTPUTS = [
    ("identity", "half_squared_error"), ("tanh", "squared_error"),
    ("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy"),
]  # fmt: skip


@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_gauss_newton_is_the_curvature_of_the_loss_between_jacobians(output, loss):
    """G = J^T D J, J by complex steps of z and D by complex steps of dE/dz, sample by sample."""
    net = dr.Network(3, [dr.Dense(3, "tanh"), dr.Dense(2, output)])
    _, theta, X, _, v, options = example("tanh", LOSSES.get(loss))
    net, rng = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, output)]), np.random.default_rng(1)
    T = rng.uniform(size=(5, 2))
    T /= T.sum(axis=1, keepdims=True)
    found = dr.gauss_newton_vector(net, theta, X, T, v, **options)
    fused = loss in ("binary_cross_entropy", "cross_entropy")
    s = options["sample_weight"] / options["sample_weight"].sum()

    def z(theta):
        nets, outputs = net.forward(theta, X)
        return nets[-1] if fused else outputs[-1]

    def slope(z):
        if not fused:
            return (z - T) * (2.0 if loss == "squared_error" else 1.0)
        e = np.exp(z)
        return (e / (1 + e) if output == "sigmoid" else e / e.sum(axis=1, keepdims=True)) - T

    J = np.stack([z(theta + 1j * STEP * e).imag / STEP for e in np.eye(net.size)], axis=-1)
    J_v = J @ v
    dz = slope(z(theta) + 1j * STEP * J_v).imag / STEP
    expected = np.einsum("nks,nk,n->s", J, dz, s) + 0.1 * net.layout.mask("penalised") * v
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
def test_jacobian(output):
    net = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(2, output, bias=False)])
    theta, X = net.init(2), np.random.default_rng(0).normal(size=(6, 3))
    found = dr.jacobian(net, theta, X)
    columns = [net.forward(theta + 1j * STEP * e, X)[1][-1].imag / STEP for e in np.eye(net.size)]
    np.testing.assert_allclose(found, np.stack(columns, axis=-1), rtol=1e-13, atol=1e-16)
    assert dr.jacobian(net, theta.astype(np.float32), X).dtype == np.float32


def test_a_penalty_is_in_both_products_for_weights_alone():
    net, theta, X, T, v, _ = example(ACTIVATIONS.get("tanh"), LOSSES.get("half_squared_error"))
    expected = np.where(net.layout.mask("penalised"), 0.5 * v, 0.0)
    for product in (dr.hessian_vector, dr.gauss_newton_vector):
        found = product(net, theta, X, T, v, l2=0.5) - product(net, theta, X, T, v)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_jacobian_of_convolutions():
    net = dr.Network((5, 2), [dr.Conv1d(3, 2, activation="tanh"), dr.Conv1d(1, 2)])
    theta, X = net.init(2), np.random.default_rng(0).normal(size=(4, 5, 2))
    columns = [net.passed(theta + 1j * STEP * e, X)[1][-1].imag / STEP for e in np.eye(net.size)]
    expected = np.stack(columns, axis=-1).reshape(4, 5, net.size)
    np.testing.assert_allclose(dr.jacobian(net, theta, X), expected, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize(
    ("shape", "layer"), [case for cases in EXAMPLES.values() for case in cases], ids=str
)
def test_layers_of_ones_own(shape, layer):
    """Whatever is written over `xp` has second derivatives."""
    with enrolled():
        net = dr.Network(shape, [layer])
        rng = np.random.default_rng(0)
        theta, X = net.init(0), rng.normal(size=(4, *shape))
        T, v = rng.normal(size=(4, *net.shapes[-1])), rng.normal(size=net.size)
        found = dr.hessian_vector(net, theta, X, T, v)
        expected = complex_step(net, theta, X, T, v)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
        J = dr.jacobian(net, theta, X)
        steps = [net.forward(theta + 1j * STEP * e, X)[1][-1].imag / STEP for e in np.eye(net.size)]
        flat = [step.reshape(4, -1) for step in steps]
        np.testing.assert_allclose(J, np.stack(flat, axis=-1), rtol=1e-12, atol=1e-14)


@dataclass(frozen=True)
class Arctan(ElementwiseActivation):
    """With NumPy's functions in the place of `xp`'s."""

    name = "arctan_s"
    equation = derivative_equation = reference = "the user's"
    probes = (-1.0, 1.0)

    def body(self, xp):
        return np.arctan, lambda net, y: 1.0 / (1.0 + np.square(net))


def test_bad_input():
    own = dr.Network(2, [dr.Dense(1, Arctan(), init="uniform:1")])
    with pytest.raises(dr.UsageError, match="written with the functions of `xp`"):
        dr.hessian_vector(own, own.init(0), np.ones((3, 2)), np.ones((3, 1)), own.init(1))
    net = dr.Network(2, [dr.Dense(1)])
    theta, X, T = net.init(0), np.zeros((3, 2)), np.zeros((3, 1))
    with pytest.raises(dr.UsageError, match=r"v has the shape \(2,\).*3 parameters: \(3,\)"):
        dr.hessian_vector(net, theta, X, T, [1.0, 2.0])
    with pytest.raises(dr.UsageError, match="T has the shape"):
        dr.gauss_newton_vector(net, theta, X, T[:2], theta)
    with pytest.raises(dr.UsageError, match="X has the shape"):
        dr.jacobian(net, theta, X[:, :1])
    wide = dr.Network(2000, [dr.Dense(2000)])
    with pytest.raises(dr.ResourceError, match=r"hessian: .*hessian_vector"):
        dr.hessian(wide, np.zeros(wide.size), np.zeros((1, 2000)), np.zeros((1, 2000)))
