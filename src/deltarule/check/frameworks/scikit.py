"""`dr.check_sklearn`: scikit-learn's networks, their gradient against their own loss.

The estimator is used as it is: nothing here imports scikit-learn, and nothing is computed again.
"""

from __future__ import annotations

import copy
import inspect
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deltarule.check.compare import Setting, compare
from deltarule.check.numerical.calls import FunctionAround
from deltarule.check.numerical.cost import check_function_cost
from deltarule.check.numerical.formulas import check_method
from deltarule.check.numerical.groups import layer_groups
from deltarule.check.numerical.point import point_of
from deltarule.check.ours import Ours
from deltarule.check.result import GradientCheck
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError, first_few
from deltarule.engine import backprop
from deltarule.layers import Dense
from deltarule.network import Network

_LOSSES = {
    ("squared_error", "identity"): "half_squared_error",
    ("poisson", "exp"): "poisson",
    ("log_loss", "softmax"): "cross_entropy",
    ("log_loss", "logistic"): "binary_cross_entropy",
}
_NEEDED = ("_validate_input", "_loss_grad_lbfgs", "_backprop", "_unpack")


def check_sklearn(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    method: str = "auto",
    tolerance: float | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Check the gradient of scikit-learn's `MLPRegressor` or `MLPClassifier` against its own loss.

    Its own methods give the loss and the gradient (those that its L-BFGS solver uses); the loss
    is differentiated numerically. The estimator itself is not changed.

    With k > 1 outputs the regressor fails: its loss is averaged over the outputs, 1/(2 n k) sum
    (y - T)^2, and the gradient of that term is not, so it is k times too large (scikit-learn
    issue 8349; still so in 1.9.1).

    Args:
        estimator: fitted, or not: then a copy makes one pass over the data first.
        X, y: as for its `fit`.
        sample_weight: as for its `fit`, where it takes one.
        method, tolerance, seed: as in `dr.check_function`.

    Returns:
        A `GradientCheck` with entries in our order and notation. Its `.ours` is the same
        network, weights and objective as arguments for `dr.backprop`, its `.diagnosis` the name
        of the mistake. Where a factor k could be another factor, a copy of the regressor with
        one more output is asked.

    Raises `UsageError` for another estimator, or a version of scikit-learn without the methods
    that are needed.

    >>> from sklearn.neural_network import MLPRegressor
    >>> X = [[0.0, 1.0], [1.0, 0.5], [0.5, -1.0]]
    >>> mlp = MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", random_state=0)
    >>> one = check_sklearn(mlp, X, [1.0, 2.0, 3.0])
    >>> two = check_sklearn(mlp, X, [[1.0, 0.0], [2.0, 1.0], [3.0, 1.0]])
    >>> one.passed, two.passed
    (True, False)
    >>> [m.title for m in two.diagnosis.mistakes]
    ['outputs_mean in layers 1, 2 (outputs: multiplied)']
    """
    method = check_method(method)
    mlp = _ready(estimator, X, y)
    theirs = _Theirs.of(mlp, X, y, sample_weight)
    theta = theirs.theta
    theirs.loss_and_gradient(theta)
    began = time.perf_counter()
    value, gradient = theirs.loss_and_gradient(theta)
    seconds = time.perf_counter() - began
    point = point_of(theta, "theta")
    ours, clipped = theirs.ours(), theirs.clipped_rows()
    notes = () if hasattr(estimator, "coefs_") else (_UNFITTED,)

    def E(t: Array) -> float:
        """Return E(theta), without a clip that the loss has, and its gradient has not."""
        if not len(clipped) or ours is None:
            return theirs.loss_and_gradient(t)[0]
        return float(backprop(ours.net, t, ours.X, ours.T, **ours.options).error)

    if len(clipped) and ours is not None:
        notes = (*notes, _clip_note(clipped))
    around = FunctionAround(E, point, theta, np.ones(1), _EPS)
    check_function_cost(theta.size, method, seconds, 1)
    method = "five_point" if method == "auto" else method  # it casts complex numbers to real
    setting = Setting(method, tolerance, _EPS, seed, notes, ours=ours)
    found = compare(around, theta, gradient, layer_groups(theirs.net), setting)
    return replace(found, notes=(*found.notes, f"its loss is {value:.8g}"))


def network_of(mlp: Any) -> Network:
    """Return the network of a fitted estimator."""
    sizes = [W.shape for W in mlp.coefs_]
    names = [mlp.activation] * (len(sizes) - 1) + [mlp.out_activation_]
    layers = [Dense(shape[1], name) for shape, name in zip(sizes, names, strict=True)]
    return Network(sizes[0][0], layers)


_EPS = float(np.finfo(np.float64).eps)
_UNFITTED = "the estimator is not fitted: a copy made one pass over the data"


def _clip_note(rows: Array) -> str:
    first = first_few([str(row + 1) for row in rows[:6]], 5)
    return (
        f"its loss clips p to [{_EPS:.2g}, 1 - {_EPS:.2g}], and its gradient does not, in "
        f"{len(rows):,} rows ({first}): E is taken without the "
        "clip here"
    )


def _ready(estimator: Any, X: ArrayLike, y: ArrayLike) -> Any:
    """Return a copy of the estimator that has weights."""
    lacking = [name for name in _NEEDED if not callable(getattr(estimator, name, None))]
    if lacking:
        raise UsageError(
            f"check_sklearn needs an MLPRegressor or MLPClassifier of scikit-learn 1.6 or newer; "
            f"{type(estimator).__name__} has no {lacking[0]}"
        )
    mlp = copy.deepcopy(estimator)
    if not hasattr(mlp, "coefs_"):
        mlp.set_params(max_iter=1, early_stopping=False, verbose=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it has not converged: that is not asked for
            mlp.fit(np.asarray(X), np.asarray(y))
    return mlp


@dataclass(frozen=True, eq=False)
class _Theirs:
    """An estimator's loss and gradient over theta in our order."""

    mlp: Any
    net: Network
    X: Array
    T: Array
    weight: Array | None
    call: Callable[..., Any]

    @classmethod
    def of(cls, mlp: Any, X: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> _Theirs:
        inputs, targets = np.asarray(X, dtype=np.float64), np.asarray(y)
        T = _targets(mlp, inputs, targets)
        sizes = [W.shape for W in mlp.coefs_]
        s = None if weight is None else np.asarray(weight, dtype=np.float64)
        takes = inspect.signature(mlp._loss_grad_lbfgs).parameters
        if s is not None and "sample_weight" not in takes:
            raise UsageError("this version of scikit-learn takes no sample_weight; leave it out")
        more = {"sample_weight": s} if "sample_weight" in takes else {}

        def call(packed: Array) -> Any:
            shapes = [inputs.shape[1], *(shape[1] for shape in sizes)]
            return mlp._loss_grad_lbfgs(
                packed, inputs, T, activations=[inputs] + [None] * len(sizes),
                deltas=[None] * len(sizes), coef_grads=[np.empty(s) for s in sizes],
                intercept_grads=[np.empty(n) for n in shapes[1:]], **more,
            )  # fmt: skip

        _index(mlp, sizes)
        return cls(mlp, network_of(mlp), inputs, T.astype(float), s, call)

    @property
    def theta(self) -> Array:
        """The weights in our order."""
        pairs = zip(self.mlp.coefs_, self.mlp.intercepts_, strict=True)
        return self.net.pack([(np.asarray(W, float).T, b) for W, b in pairs])

    def loss_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """Return the loss and the gradient that the estimator's own methods give."""
        p = self.net.unpack(theta)
        packed = np.concatenate([*(q["W"].T.ravel() for q in p), *(q["b"] for q in p)])
        kept = self.mlp.coefs_, self.mlp.intercepts_
        self.mlp.coefs_, self.mlp.intercepts_ = list(kept[0]), list(kept[1])
        try:
            loss, gradient = self.call(packed)
        except (TypeError, AttributeError) as error:
            raise UsageError(
                f"this version of scikit-learn works differently inside ({error}); its loss and "
                "gradient can be checked by check_function"
            ) from error
        finally:
            self.mlp.coefs_, self.mlp.intercepts_ = kept
        return float(loss), self._in_our_order(gradient)

    def _in_our_order(self, packed: Array) -> Array:
        """Return a vector of all W, as (in, out), and then all b."""
        shapes = [W.shape for W in self.mlp.coefs_]
        sizes = [*(m * n for m, n in shapes), *(n for _, n in shapes)]
        parts = np.split(packed, np.cumsum(sizes)[:-1])
        pairs = zip(parts, shapes, parts[len(shapes) :], strict=False)
        return self.net.pack([(W.reshape(shape).T, b) for W, shape, b in pairs])

    def clipped_rows(self) -> Array:
        """Return the rows whose p the classifier's loss clips, from 0."""
        if self.net.affine[-1].activation.name not in ("sigmoid", "softmax"):
            return np.empty(0, np.intp)
        p = self.net(self.theta, self.X)
        return np.flatnonzero(((p < _EPS) | (p > 1.0 - _EPS)).any(axis=1))

    def ours(self) -> Ours | None:
        """Return the network with the estimator's objective, exactly, where ours can say it.

        1/(2 n k) sum (y - T)^2 is our half squared error, summed, with the sample weights
        1/(n k), for k = 1 its mean; alpha/(2 n) |W|^2 is l2 = alpha/n.
        """
        loss = _LOSSES.get((getattr(self.mlp, "loss", ""), self.mlp.out_activation_))
        if loss is None:
            return None
        n, k = self.T.shape
        weight = np.ones(n) if self.weight is None else self.weight
        total = float(weight.sum())
        by_outputs = k > 1 and loss == "half_squared_error"
        reduction = "sum" if by_outputs else "mean"
        kept = weight / (total * k) if by_outputs else self.weight
        return Ours(
            self.net, self.theta, self.X, self.T, loss, reduction, kept,
            float(self.mlp.alpha) / total, self.loss_and_gradient(self.theta)[1],
            one_more_output=self._one_more_output if by_outputs else None,
        )  # fmt: skip

    def _one_more_output(self) -> Ours:
        """Return a copy of the regressor that has its first output twice, as ours."""
        mlp = copy.deepcopy(self.mlp)
        mlp.coefs_[-1] = np.column_stack([mlp.coefs_[-1], mlp.coefs_[-1][:, 0]])
        mlp.intercepts_[-1] = np.append(mlp.intercepts_[-1], mlp.intercepts_[-1][0])
        mlp.n_outputs_ += 1
        T = np.column_stack([self.T, self.T[:, 0]])
        found = _Theirs.of(mlp, self.X, T, self.weight).ours()
        assert found is not None, "the loss is the same"
        return found


def _targets(mlp: Any, X: Array, y: Array) -> Array:
    """Return T as the estimator itself encodes y."""
    kept = getattr(mlp, "classes_", None)
    _, T = mlp._validate_input(X, y, False, reset=False)
    if kept is not None and not np.array_equal(kept, mlp.classes_):
        raise UsageError(
            f"y has the classes {mlp.classes_.tolist()}; the estimator was fitted on "
            f"{np.asarray(kept).tolist()}"
        )
    return np.asarray(T[:, None] if T.ndim == 1 else T)


def _index(mlp: Any, sizes: list[tuple[int, int]]) -> None:
    """Write down where every array lies in the packed vector, as its L-BFGS solver does."""
    counts = [*(m * n for m, n in sizes), *(n for _, n in sizes)]
    ends = list(pairwise(accumulate(counts, initial=0)))
    mlp._coef_indptr = [(*end, shape) for end, shape in zip(ends, sizes, strict=False)]
    mlp._intercept_indptr = ends[len(sizes) :]
