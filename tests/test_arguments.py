"""Arguments that are no numbers: a sentence instead of a traceback from the depths."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr

NET = dr.Network(3, [dr.Dense(2, "tanh"), dr.Dense(2, "sigmoid")])
THETA, X, T = NET.init(0), np.ones((4, 3)), np.full((4, 2), 0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dr.DeltaRule(order=None), "unknown order of updates None"),
        (lambda: dr.backprop(NET, THETA, X, T, reduction=None), "unknown reduction None"),
        (lambda: dr.backprop(NET, THETA, X, T, l2="x"), "l2 has to be a finite number, not 'x'"),
        (lambda: dr.backprop(NET, THETA, [[1, 2, 3], [1, 2]], T), "X is ragged"),
        (lambda: dr.backprop(NET, THETA, X * 1j, T), "X is complex, but the computation is in fl"),
        (lambda: dr.backprop(NET, list("abc"), X, T), "theta has the dtype <U1; numbers"),
        (lambda: dr.backprop(NET, THETA, X, T, sample_weight=["a"] * 4), "sample_weight has the"),
        (lambda: dr.backprop(NET, THETA, X, T, rule="sequential", lr=-1), "lr has to be .* >= 0"),
        (lambda: dr.backprop(NET, THETA, X, T, rule="sequential", lr="x"), "lr has to be a fin"),
        (lambda: dr.train(NET, X, T, clip_norm="x"), "clip_norm has to be a finite number"),
        (lambda: dr.train(NET, X, T, epochs=True), "epochs is a whole number of at least 0"),
        (lambda: NET.init(None), "a seed is a whole number from 0"),
        (lambda: NET.init(1.5), "a seed is a whole number from 0"),
        (lambda: NET.init(0, dtype=int), "init: dtype has to be a floating-point type, not int64"),
        (lambda: NET.pack(None), "the network has 2 layers, given: None"),
        (lambda: NET.pack([1, 2]), "layer 1 has the parameters W, b, given: 1"),
        (lambda: NET.pack([("a", [0, 0]), (1, 2)]), "pack: W of layer 1 has the dtype <U1"),
        (lambda: NET.unpack([0.0] * 13), "this network has 14 parameters"),
        (lambda: dr.Network("3", [dr.Dense(1)]), "inputs is a whole number of at least 1"),
        (lambda: dr.optim.Plateau(0.1, factor=2.0), "plateau: factor has to be below 1"),
        (
            lambda: dr.backprop(
                dr.Network(3, [dr.Dense(1, "softmax")]), np.zeros(4), X, T[:, :1],
                loss="binary_cross_entropy",
            ),
            "softmax over one node is always 1",
        ),
    ],
)  # fmt: skip
def test_what_is_no_number_is_named(call, words):
    with pytest.raises(dr.UsageError, match=words):
        call()


def test_a_number_too_large_for_the_dtype_is_found():
    with pytest.raises(dr.DataError, match=r"inf in row 1, column 1.*finite float32 numbers"):
        dr.backprop(NET, THETA.astype(np.float32), X * 1e300, T)


MASKED = np.ma.array(X, mask=np.arange(12).reshape(4, 3) == 7)
DOORS = {
    "train": lambda X: dr.train(NET, X, T, epochs=1),
    "validation": lambda X: dr.train(NET, np.ones((4, 3)), T, epochs=1, validation=(X, T)),
    "train_many": lambda X: dr.train_many(NET, X, T, seeds=range(2), epochs=1),
    "backprop": lambda X: dr.backprop(NET, THETA, X, T),
    "forward": lambda X: NET(THETA, X),
    "check": lambda X: dr.check_gradient(NET, THETA, X, T),
    "diagnose": lambda X: dr.diagnose(THETA, NET, THETA, X, T),
    "explain": lambda X: dr.explain(NET, THETA, X, T, weight=(1, 1, 1)),
    "saturation": lambda X: dr.saturation(NET, THETA, X),
    "step_validity": lambda X: dr.step_validity(NET, THETA, X, T),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_mask_is_never_dropped(door):
    with pytest.raises(dr.UsageError, match=r"X is a masked array, and 1 of its .* at \[2, 1\]"):
        DOORS[door](MASKED)
    DOORS[door](np.ma.array(X))


@pytest.mark.parametrize("door", DOORS)
def test_ragged_rows_are_said(door):
    with pytest.raises(dr.UsageError, match="X is ragged"):
        DOORS[door]([[1.0, 2.0, 3.0], [1.0, 2.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])


@pytest.mark.parametrize("door", DOORS)
def test_what_an_object_raises_is_said(door):
    class Closed:
        def __array__(self, *_, **__):
            raise RuntimeError("Can't call numpy() on it")

    with pytest.raises(dr.UsageError, match=r"X cannot be read as numbers \(Can't call"):
        DOORS[door](Closed())


def test_a_masked_gradient_is_refused():
    g = np.ma.array(THETA, mask=np.arange(14) == 3)
    with pytest.raises(dr.UsageError, match=r"gradient.* is a masked array"):
        dr.diagnose(g, NET, THETA, X, T)
    with pytest.raises(dr.UsageError, match="is a masked array"):
        dr.check_gradient(NET, THETA, X, T, gradient=g)
    with pytest.raises(dr.UsageError, match="x is a masked array"):
        dr.check_function(lambda x: (x**2).sum(), lambda x: 2 * x, g)


def test_class_weights_go_by_value():
    T = np.array([[0.0], [1.0], [1.0], [0.0]])
    net = dr.Network(3, [dr.Dense(1, "sigmoid")])
    runs = [
        dr.train(net, X, T, epochs=2, class_weight=weight)
        for weight in ({0: 2.0}, {0.0: 2.0}, {False: 2.0}, {np.int64(0): 2.0})
    ]
    assert len({run.theta.tobytes() for run in runs}) == 1
    with pytest.raises(dr.UsageError, match=r"names the class 0\.5; there are 2, 0 to 1"):
        dr.train(net, X, T, epochs=2, class_weight={0.5: 1.0})


@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize(
    ("weight", "words"),
    [([1e308] * 4, "their sum is beyond 1.8e"), ([1, 1, 1e-310, 1], "1 are below 2.23e-308")],
)
def test_weights_that_lose_their_digits_are_refused(engine, weight, words):
    with pytest.raises(dr.DataError, match=words):
        dr.train(NET, X, T, epochs=1, sample_weight=weight, engine=engine)


@pytest.mark.parametrize("form", ["csr_array", "csc_matrix", "coo_matrix"])
def test_sparse_matrices_are_the_numbers_in_them(form):
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.where(np.arange(12).reshape(4, 3) % 3 == 0, 0.5, 0.0)
    given = getattr(sparse, form)(dense)
    options = {"epochs": 2, "engine": "reference"}
    assert (
        dr.train(NET, given, T, **options).theta == dr.train(NET, dense, T, **options).theta
    ).all()
    assert (NET(THETA, given) == NET(THETA, dense)).all()
    huge = sparse.csr_array((10**7, 10**7))
    with pytest.raises(
        dr.ResourceError, match="X: a sparse matrix laid out in full needs about 800"
    ):
        dr.train(dr.Network(10**7, [dr.Dense(1)]), huge, np.ones(10**7))
