"""Programs that were read wrongly, or not at all: each with what it is."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from people import changed, load

import deltarule as dr
from deltarule.check.adapter import Known, ask_script
from deltarule.check.adapter.calls.seen import watch


def written(folder: Path, text: str, *changes: tuple[str, str]) -> ModuleType:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "mynet.py"
    path.write_text(f"import numpy as np\n\n{text}", encoding="utf-8")
    return load(path)


def titles(found: dr.Diagnosis) -> list[str]:
    return [m.title for m in found.candidates or found.mistakes]


def test_a_gradient_of_another_shape_is_not_taken_as_right(tmp_path) -> None:
    right = "db1 = np.sum(dZ1, axis=1, keepdims=True) / m"
    wrong = "db1 = np.sum(dZ1, axis=0, keepdims=True).T / m"
    found = dr.diagnose(changed("parameters_and_cache", tmp_path, (right, wrong)))
    assert found.verdict == "unexplained"
    assert [(p.weights, p.biases) for p in found.localised] == [(True, False), (True, True)]
    assert "db1 has the shape (5, 1), b1 has (4, 1)" in found.notes
    assert "taken as right" not in str(found)


SCRIPT = """
rng = np.random.default_rng(0)
X, y = rng.normal(size=(20, 3)), rng.integers(0, 2, (20, 1)).astype(float)
W1, b1 = rng.normal(size=(3, 4)), np.zeros((1, 4))
W2, b2 = rng.normal(size=(4, 1)), np.zeros((1, 1))
z1 = X @ W1 + b1
a1 = np.tanh(z1)
a2 = 1 / (1 + np.exp(-a1 @ W2 - b2))
loss = -np.mean(y * np.log(a2) + (1 - y) * np.log(1 - a2))
dz2 = (a2 - y) / len(X)
dz1 = dz2 @ W2.T * (1 - a1**2)
dW1, db1, dW2, db2 = X.T @ dz1, dz1.sum(0), a1.T @ dz2, dz2.sum(0)
"""


def test_the_loss_of_a_script_is_the_one_whose_value_it_has(tmp_path) -> None:
    """Beside variables that are no arrays: a list whose rows are unlike each other."""
    more = f"{SCRIPT}layers = [[1.0], [1.0, 2.0]]\n"
    asked = ask_script(written(tmp_path, more, ("(1 - a1**2)", "(1 - z1**2)")), Known())
    assert "loss binary_cross_entropy" in asked.sentence
    assert titles(asked.diagnosis) == [
        "derivative_of_output in layer 1 (argument: net, in the formula for y)"
    ]


SOFTMAX = """
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()  # of all observations


def forward(X, params):
    A1 = np.maximum(0, params["W1"] @ X + params["b1"])
    A2 = softmax(params["W2"] @ A1 + params["b2"])
    return A2, {"A1": A1, "A2": A2}


def cost(A2, Y):
    return -np.sum(Y * np.log(A2)) / Y.shape[1]


def backward(params, cache, X, Y):
    m = X.shape[1]
    d2 = (cache["A2"] - Y) / m
    d1 = params["W2"].T @ d2 * (cache["A1"] > 0)
    return {"dW1": d1 @ X.T, "db1": d1.sum(1, keepdims=True),
            "dW2": d2 @ cache["A1"].T, "db2": d2.sum(1, keepdims=True)}
"""


def test_what_is_right_for_one_observation_alone_is_said_to_be(tmp_path) -> None:
    found = dr.diagnose(written(tmp_path, SOFTMAX))
    assert "loss cross_entropy" in found.notes[0]
    assert "what is said holds for one at a time" in str(found)
    right = dr.diagnose(written(tmp_path, SOFTMAX, ("e.sum()", "e.sum(axis=0)")))
    assert right.verdict == "correct"
    assert "one at a time" not in str(right)


BIAS_ROW = """
W1, W2 = np.ones((3, 4)), np.ones((5, 1))


def ones(A):
    return np.hstack([A, np.ones((len(A), 1))])


def gradient(X, T, W1, W2):
    x = ones(X)
    h = ones(np.tanh(x @ W1))
    y = h @ W2
    d2 = y - T
    d1 = d2 @ W2[:-1].T * (1 - h[:, :-1] ** 2)
    return x.T @ d1, h.T @ d2
"""


def test_arguments_may_have_the_biases_in_a_row_of_W(tmp_path) -> None:
    found = dr.diagnose(written(tmp_path, BIAS_ROW))
    assert found.verdict == "correct"
    assert "biases in the last row of W" in found.notes[0]
    added = dr.diagnose(written(tmp_path, BIAS_ROW, ("y - T", "T - y")))
    assert any(
        note.startswith("it returns -dE/dw: right where it is added") for note in added.notes
    )


SIZED = """
class Net:
    def __init__(self, inputs=6, hidden=5, outputs=4):
        rng = np.random.default_rng(0)
        self.W1, self.W2 = rng.normal(size=(inputs, hidden)), rng.normal(size=(hidden, outputs))
        self.v = [np.zeros_like(self.W1), np.zeros_like(self.W2)]

    def train(self, X, T, N=0.5, M=0.9):
        h = np.tanh(X @ self.W1)
        y = h @ self.W2
        d2 = (y - T) / len(X)
        d1 = d2 @ self.W2.T * (1 - h**2)
        for i, (w, g) in enumerate([(self.W1, X.T @ d1), (self.W2, h.T @ d2)]):
            self.v[i] = M * self.v[i] - N * g
            w += self.v[i]
"""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ((" * (1 - h**2)", ""), "missing_derivative in layer 1"),
        (("self.W2.T", "self.W2"), "untransposed_weights in layer 1"),
    ],
)
def test_a_velocity_is_no_weight_and_a_rate_has_any_name(change, named, tmp_path) -> None:
    found = dr.diagnose(written(tmp_path, SIZED, change))
    assert named in titles(found)
    assert "learning rate 0.5 (argument N)" in found.notes[0]
    one_width = "with layers of one width, since with others its shapes do not fit"
    assert (one_width in found.notes[0]) is ("untransposed" in named)


def test_an_error_names_the_line_of_the_program(tmp_path) -> None:
    text = BIAS_ROW.replace("[A, ", "[A[0, 0], ")
    with pytest.raises(dr.UsageError, match=r"ValueError: .* \(line 8\)"):
        dr.diagnose(written(tmp_path, text))


def test_a_penalty_whose_E_is_not_computed_is_told(tmp_path) -> None:
    decayed = ("return x.T @ d1, h.T @ d2", "return x.T @ d1 + 0.02 * V1, h.T @ d2 + 0.02 * V2")
    plain = BIAS_ROW.replace("ones(X)", "X").replace("ones(np.tanh(x @ W1))", "np.tanh(x @ W1)")
    plain = plain.replace("W2[:-1].T", "W2.T").replace("h[:, :-1]", "h").replace("(5, 1)", "(4, 1)")
    found = dr.diagnose(written(tmp_path, plain.replace(decayed[0], decayed[1].replace("V", "W"))))
    assert found.verdict == "unexplained"
    assert "say so (--loss half_squared_error --reduction sum --l2 0.02)" in str(found)


CLASS = """
class Net:
    def __init__(self):
        r = np.random.default_rng(0)
        self.W1, self.b1 = r.normal(size=(3, 4)), r.normal(size=4)
        self.W2, self.b2 = r.normal(size=(4, 2)), r.normal(size=2)
        self.lr = 0.1

    def train(self, X, T):
        h = np.tanh(X @ self.W1 + self.b1)
        z = h @ self.W2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        y = e / e.sum(axis=1, keepdims=True)
        d2 = y - T
        d1 = d2 @ self.W2.T * (1 - h**2)
        self.W2 -= self.lr * h.T @ d2
        self.b2 -= self.lr * d2.sum(axis=0)
        self.W1 -= self.lr * X.T @ d1
        self.b1 -= self.lr * d1.sum(axis=0)
"""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("self.b2 -= self.lr *", "self.b2 -="), ["rate_missing in layer 2 (of: biases)"]),
        (("d1 = d2", "d1 = self.lr * d2"), ["rate_twice in layer 1 (of: both)"]),
        (("(1 - h**2)", "self.lr**2"),
         ["rate_thrice in layer 1 (of: both)", "missing_derivative in layer 1"]),
        (("self.W2.T * (1 - h**2)", "self.W2.T"), ["missing_derivative in layer 1"]),
    ],
)  # fmt: skip
def test_what_the_learning_rate_multiplies_is_asked_with_twice_the_rate(
    change: tuple[str, str], named: list[str], tmp_path: Path
) -> None:
    assert titles(dr.diagnose(written(tmp_path, CLASS))) == []
    found = dr.diagnose(written(tmp_path / "..", CLASS, change))
    assert (found.verdict, titles(found), found.right) == ("explained", named, False)


def test_a_softmax_over_the_whole_batch_is_said(tmp_path: Path) -> None:
    found = dr.diagnose(
        written(tmp_path, CLASS, ("z.max(axis=1, keepdims=True)", "z.max()"),
                ("e.sum(axis=1, keepdims=True)", "e.sum()"))
    )  # fmt: skip
    assert found.verdict != "correct"
    assert any("softmax over all observations together" in note for note in found.notes)


GLOBALS = """
rng = np.random.default_rng(0)
X, y = rng.normal(size=(6, 2)), rng.random((6, 1))
W1, W2 = rng.normal(size=(2, 3)), rng.normal(size=(3, 1))
for epoch in range(3):
    for x, t in zip(X, y):
        h = np.tanh(x @ W1)
        out = h @ W2
        d = out - t
        W1 -= 0.1 * np.outer(x, d * W2[:, 0] * (1 - h**2))
        W2 -= 0.1 * np.outer(h, d)
"""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("", ""), []),
        (("d = out - t", "d = t - out"), ["sign in layers 1, 2 (of: both)"]),
        (("(1 - h**2)", "(1 - h)**2"), None),
    ],
)
def test_a_loop_over_observations_in_a_script(change, named, tmp_path: Path) -> None:
    module = written(tmp_path, GLOBALS, *([change] if change[0] else []))
    before = {k: v for k, v in vars(module).items() if k in ("X", "y", "W1", "W2", "h")}
    found = dr.diagnose(module)
    assert "the loop at line 7 read as 2-3-1 tanh/identity" in found.notes[0]
    if named is None:
        assert found.verdict == "unexplained"
    else:
        assert (titles(found), found.verdict) == (named, "explained" if named else "correct")
    assert all(vars(module)[k] is v or (vars(module)[k] == v).all() for k, v in before.items())


PENALISED = """
def loss_and_gradient(theta, X, T, lam=0.1):
    W1, b1, W2, b2 = theta
    n = len(X)
    h = np.tanh(X @ W1 + b1)
    y = h @ W2 + b2
    E = ((y - T) ** 2).sum() / (2 * n) + lam / 2 * ((W1**2).sum() + (W2**2).sum())
    d2 = (y - T) / n
    d1 = d2 @ W2.T * (1 - h**2)
    return E, (X.T @ d1 + lam * W1, d1.sum(0), h.T @ d2 + lam * W2, d2.sum(0))
"""


def test_where_the_mean_stands_beside_a_penalty_the_value_of_E_tells_which_is_wrong(
    tmp_path: Path,
) -> None:
    assert dr.diagnose(written(tmp_path, PENALISED)).verdict == "correct"
    (tmp_path / "sum").mkdir()
    summed = dr.diagnose(written(tmp_path / "sum", PENALISED, ("(y - T) / n", "y - T")))
    assert titles(summed) == ["sum_for_mean in layers 1, 2 (of: both)"]
    (tmp_path / "scaled").mkdir()
    change = ("h.T @ d2 + lam", "h.T @ d2 + lam / n")
    scaled = dr.diagnose(written(tmp_path / "scaled", PENALISED, change))
    assert titles(scaled) == ["l2_scaled in layer 2 (l2: 0.02, on: weights)"]


def test_lists_that_count_from_one(tmp_path) -> None:
    change = "                s += delta", "                s = delta"
    found = dr.diagnose(changed("counted_from_one", tmp_path, change))
    assert titles(found) == ["single_path in layer 1 (node: last)"]


LOOP = """
rng = np.random.default_rng(0)
patterns_a, tgt = rng.normal(size=(20, 3)), rng.uniform(size=(20, 1))
va, vb = rng.normal(size=(3, 4)), rng.normal(size=(4, 1))
for _ in range(3):
    h = np.tanh(patterns_a @ va)
    out = h @ vb
    d = out - tgt
    g = d @ vb.T * (1 - h**2)
    vb = vb - 0.1 * h.T @ d
    va = va - 0.1 * patterns_a.T @ g
"""


def test_data_under_any_name_are_those_with_as_many_rows(tmp_path) -> None:
    right = dr.diagnose(written(tmp_path, LOOP))
    assert right.verdict == "correct"
    assert "3-4-1 tanh/identity" in right.notes[0]
    order = ("    g = d @ vb.T * (1 - h**2)\n    vb = vb - 0.1 * h.T @ d\n",
             "    vb = vb - 0.1 * h.T @ d\n    g = d @ vb.T * (1 - h**2)\n")  # fmt: skip
    assert titles(dr.diagnose(written(tmp_path, LOOP, order))) == [
        "sequential_update in layer 1 (lr: 0.1)"
    ]


OF_WEIGHTS = """
X, T = np.linspace(-1, 1, 15).reshape(5, 3), np.full((5, 1), 0.3)

def parts(w):
    return w[:12].reshape(4, 3), w[12:16], w[16:20].reshape(1, 4), w[20:]

def E(w):
    W1, b1, W2, b2 = parts(w)
    return ((T - np.tanh(X @ W1.T + b1) @ W2.T - b2) ** 2).sum()

def E_gradient(w):
    W1, b1, W2, b2 = parts(w)
    h = np.tanh(X @ W1.T + b1)
    y = h @ W2.T + b2
    d = y - T
    g = d @ W2 * (1 - h**2)
    return np.concatenate([(g.T @ X).ravel(), g.sum(0), (d.T @ h).ravel(), d.sum(0)])

def numerical_gradient(w, h=1e-6):
    return np.array([(E(w + h * e) - E(w - h * e)) / (2 * h) for e in np.eye(len(w))])
"""


def test_a_function_of_the_weights_alone_and_its_error(tmp_path) -> None:
    """Data are the module's. E has no 1/2, which is why differences of it are twice as large."""
    net = dr.Network(3, [dr.Dense(4, "tanh"), dr.Dense(1)])
    module = written(tmp_path, OF_WEIGHTS)
    found = dr.diagnose(module, net)
    assert found.verdict == "correct"
    assert "loss half_squared_error" in found.notes[0]
    assert "as E has it" not in found.notes[0]
    assert "E as it is computed by E has no factor 1/2" in found.notes[1]
    assert "numerical derivatives of that E are twice as large" in found.notes[1]
    assert module.T[0, 0] == 0.3  # the module's data are its own again
    assert "read as 3-4-1 tanh/identity" in dr.diagnose(module).notes[0]  # by the shapes of data
    half = written(tmp_path, OF_WEIGHTS, ("return ((T", "return 0.5 * ((T"))
    assert "as E has it" in dr.diagnose(half, net).notes[0]
    wrong = written(tmp_path, OF_WEIGHTS, (" * (1 - h**2)", ""))
    assert "missing_derivative in layer 1" in titles(dr.diagnose(wrong, net))


def test_an_object_that_cannot_be_asked_is_an_error_of_ours() -> None:
    class Net:
        def __init__(self) -> None:
            self.W = [[1.0, 2.0]]

        def teach(self, thing: object) -> None: ...

    with pytest.raises(dr.UsageError, match="no way was found to ask it"):
        dr.diagnose(Net())


GREEDY = """
class Net:
    def __init__(self, sizes=(3, 3, 1), eta=0.5):
        self.eta = eta
        self.W = [np.ones((b, a)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    def learn(self, x, t):
        h = 1 / (1 + np.exp(-(self.W[0] @ x + self.b[0])))
        y = 1 / (1 + np.exp(-(self.W[1] @ h + self.b[1])))
        d2 = (y - t) * y * (1 - y)
        d1 = self.W[1].T @ d2 * h * (1 - h)
        dW = [np.outer(d1, x), np.outer(d2, h)]
        l = max((0, 1), key=lambda l: abs(dW[l]).max())
        k = np.unravel_index(abs(dW[l]).argmax(), dW[l].shape)
        self.W[l][k] -= self.eta * dW[l][k]
"""


def test_a_step_of_the_largest_slope_alone_is_named(tmp_path) -> None:
    found = dr.diagnose(written(tmp_path, GREEDY).Net)
    assert titles(found) == ["few_weights in layers 1, 2 (moved: 1)"]
    assert "of 16 numbers 1 weight alone moves, of the largest |dE/dw|" in str(found)
    chance = ("abs(dW[l]).argmax()", "np.random.default_rng(int(1e6 * abs(x[0]))).integers(3)")
    at_random = dr.diagnose(written(tmp_path, GREEDY, chance).Net)
    assert "1 weight alone moves, other ones at every point" in str(at_random)
    fixed = ("k = np.unravel_index(abs(dW[l]).argmax(), dW[l].shape)", "l, k = 1, slice(None)")
    assert "few_weights" not in str(dr.diagnose(written(tmp_path, GREEDY, fixed).Net))
    relu = [  # of nodes that are off nothing moves, whatever is trained
        ("h = 1 / (1 + np.exp(-(self.W[0] @ x + self.b[0])))",
         "h = np.maximum(0, self.W[0] @ x + self.b[0])"),
        ("* h * (1 - h)", "* (h > 0)"), fixed,
    ]  # fmt: skip
    assert "few_weights" not in str(dr.diagnose(written(tmp_path, GREEDY, *relu).Net))


TAPE = """
import math
import random

random.seed(7)


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._prev = data, 0.0, set(children)
        self._backward = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.data))
        out = Value(s, (self,))

        def _backward():
            self.grad += out.grad * s * (1 - s)
        out._backward = _backward
        return out

    def __pow__(self, k):
        out = Value(self.data**k, (self,))

        def _backward():
            self.grad += k * self.data ** (k - 1) * out.grad
        out._backward = _backward
        return out

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for c in v._prev:
                    visit(c)
                order.append(v)
        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            v._backward()


class Neuron:
    def __init__(self, n):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(n)]
        self.b = Value(0.0)

    def __call__(self, x):
        return (sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)).sigmoid()


class MLP:
    def __init__(self, nin, nouts):
        sz = [nin] + nouts
        self.layers = [[Neuron(sz[i]) for _ in range(sz[i + 1])] for i in range(len(nouts))]

    def __call__(self, x):
        for layer in self.layers:
            x = [n(x) for n in layer]
        return x

    def parameters(self):
        return [p for layer in self.layers for n in layer for p in n.w + [n.b]]

    def train_step(self, x, t, lr=0.1):
        out = self(x)
        loss = sum(((o - ti) ** 2 * 0.5 for o, ti in zip(out, t, strict=True)), Value(0.0))
        for p in self.parameters():
            p.grad = 0.0
        loss.backward()
        for p in self.parameters():
            p.data -= lr * p.grad
        return loss.data
"""


def test_a_tape_of_scalar_operations(tmp_path) -> None:
    module = written(tmp_path, TAPE, ("out.grad * s * (1 - s)", "out.grad * s"))
    found = dr.diagnose(module.MLP)
    assert "read as 3-4-2 sigmoid, W as (out, in), biases as vectors" in found.notes[0]
    assert [m.does for m in found.mistakes] == [
        "delta_l is dE/dy_l times y = f(net), in the place of f'"
    ]


FOLDED = """
from functools import reduce

sigma = lambda v: 1.0 / (1.0 + np.exp(-v))

def make(seed, *ns):
    r = np.random.default_rng(seed)
    return [{"A": r.normal(size=(m, n)), "c": r.normal(size=m)} for n, m in zip(ns, ns[1:])]

def run(net, x):
    return reduce(lambda acc, lay: acc + [sigma(lay["A"] @ acc[-1] + lay["c"])], net, [x])

def descend(net, x, goal, rho=0.3):
    acts = run(net, x)
    err = acts[-1] - goal
    new = []
    for lay, y, below in zip(net[::-1], acts[::-1], acts[-2::-1]):
        g = err * y * (1 - y)
        err = lay["A"].T @ g
        new.insert(0, {"A": lay["A"] - rho * np.outer(g, below), "c": lay["c"] - rho * g})
    return new
"""


def test_layers_that_a_function_of_seed_and_sizes_makes(tmp_path) -> None:
    assert dr.diagnose(written(tmp_path, FOLDED)).verdict == "correct"
    carried = dr.diagnose(written(tmp_path, FOLDED, ("T @ g", "T @ err")))
    assert titles(carried) == ["missing_derivative in layer 2 (in: the delta carried down alone)"]


ON_PAPER = """
from math import exp

x1, x2, x3, T = 0.1, 0.2, 0.3, 1.0
w111, w112, w113 = 0.2, -0.4, 0.5
w121, w122, w123 = 0.7, 0.1, -0.3
w131, w132, w133 = -0.6, 0.3, 0.8
w211, w212, w213 = 0.5, -0.7, 0.3
w221, w222, w223 = -0.2, 0.6, 0.9
w231, w232, w233 = 0.8, 0.4, -0.5
w311, w312, w313 = 1.0, -1.2, 0.6


def f(n):
    return 1 / (1 + exp(-n))


y11 = f(w111 * x1 + w112 * x2 + w113 * x3)
y12 = f(w121 * x1 + w122 * x2 + w123 * x3)
y13 = f(w131 * x1 + w132 * x2 + w133 * x3)
y21 = f(w211 * y11 + w212 * y12 + w213 * y13)
y22 = f(w221 * y11 + w222 * y12 + w223 * y13)
y23 = f(w231 * y11 + w232 * y12 + w233 * y13)
y31 = f(w311 * y21 + w312 * y22 + w313 * y23)
E = 0.5 * (T - y31) ** 2
d31 = (y31 - T) * y31 * (1 - y31)
d21 = d31 * w311 * y21 * (1 - y21)
d22 = d31 * w312 * y22 * (1 - y22)
d23 = d31 * w313 * y23 * (1 - y23)
d11 = (d21 * w211 + d22 * w221 + d23 * w231) * y11 * (1 - y11)
d12 = (d21 * w212 + d22 * w222 + d23 * w232) * y12 * (1 - y12)
d13 = (d21 * w213 + d22 * w223 + d23 * w233) * y13 * (1 - y13)
dw111, dw112, dw113 = d11 * x1, d11 * x2, d11 * x3
dw121, dw122, dw123 = d12 * x1, d12 * x2, d12 * x3
dw131, dw132, dw133 = d13 * x1, d13 * x2, d13 * x3
dw211, dw212, dw213 = d21 * y11, d21 * y12, d21 * y13
dw221, dw222, dw223 = d22 * y11, d22 * y12, d22 * y13
dw231, dw232, dw233 = d23 * y11, d23 * y12, d23 * y13
dw311, dw312, dw313 = d31 * y21, d31 * y22, d31 * y23
"""


def test_a_derivation_on_paper_with_a_name_for_every_number(tmp_path) -> None:
    right = ask_script(written(tmp_path, ON_PAPER), Known())
    assert right is not None
    assert "3-3-3-1 sigmoid, W as (out, in), no biases" in right.sentence
    assert right.diagnosis.verdict == "correct"
    one_path = [
        (f"d1{k} = (d21 * w21{k} + d22 * w22{k} + d23 * w23{k}) *", f"d1{k} = d2{k} * w2{k}{k} *")
        for k in (1, 2, 3)
    ]
    one = ask_script(written(tmp_path, ON_PAPER, *one_path), Known())
    assert one is not None
    assert titles(one.diagnosis) == ["single_path in layer 1 (node: same-numbered)"]


def test_a_function_of_no_arguments_that_returns_a_slope_for_every_name(tmp_path) -> None:
    data, _, work = ON_PAPER.partition("y11 = f")
    body = [f"    {line}" for line in f"y11 = f{work}".strip().splitlines()]
    names = [
        f"w{l}{j}{k}" for l in (1, 2, 3) for j in (1, 2, 3) for k in (1, 2, 3) if l < 3 or j < 2
    ]
    slopes = ", ".join(f'"{name}": d{name}' for name in names)
    text = "\n".join([data, "def slopes():", *body, f"    return {{{slopes}}}", ""])
    right = ask_script(written(tmp_path, text), Known())
    assert right is not None
    assert right.diagnosis.verdict == "correct"
    wrong = ask_script(
        written(tmp_path, text, ("d31 * w312 * y22 * (1 - y22)", "d31 * w312")), Known()
    )
    assert wrong is not None
    assert wrong.diagnosis.localised[1].weights is False


class _Neuron:
    w = 0.0


def test_a_list_that_lies_where_one_lay_before_is_looked_through() -> None:
    """Lists of more objects than are looked through twice: another one in every call."""

    def layer(k: int) -> None:
        neurons = [_Neuron() for _ in range(40)]
        for i, neuron in enumerate(neurons):
            neuron.w = 100.0 * k + i
        del i, neuron

    def forward() -> None:
        for k in range(30):
            layer(k)

    _, seen = watch(forward)
    numbers = {float(value) for a in seen.arrays for value in np.ravel(a)}
    assert numbers >= {100.0 * k + i for k in range(30) for i in range(40)}
