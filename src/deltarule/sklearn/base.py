"""What both estimators share: their arguments, and the way from X and T to a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from deltarule.activations import Activation
from deltarule.core.arguments import number, whole
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError
from deltarule.engine import Objective, as_samples
from deltarule.layers import Dense
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.optim import OPTIMISERS, Clipping, Method, Optimiser
from deltarule.rules import DeltaRule
from deltarule.sklearn.forward import outputs_of
from deltarule.training import Patience, Run, train
from deltarule.training.continued import go_on
from deltarule.training.job import Job

_BATCH = 200
"""Rows of an `"auto"` batch, as in scikit-learn's networks."""


@dataclass(eq=False, repr=False)
class NetworkEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A network behind scikit-learn's methods; see `NetworkClassifier` and `NetworkRegressor`."""

    hidden_layer_sizes: int | Sequence[int] = (100,)
    """Nodes of every hidden layer; () for none."""
    activation: str | Mapping[str, Any] | Activation = "relu"
    """f of the hidden layers: any of ours (`deltarule.activations`), `"logistic"` included."""
    optimizer: str | Mapping[str, Any] | Method = "adam"
    """Any of ours. What scikit-learn's `solver="sgd"` does is `"nesterov"` here."""
    learning_rate_init: float | None = None
    """eta of the updates; None takes the optimizer's own."""
    l2: float = 0.0
    """Adds 1/2 l2 |W|^2 to E; scikit-learn's `alpha` is l2 times the number of rows."""
    penalty: str | Mapping[str, Any] | Penalty | None = None
    """Another term of E over the weights: `"weight_elimination:1e-4,0.5"`."""
    batch_size: int | str | None = "auto"
    """Rows per update; `"auto"`: 200 at most; None: all."""
    max_iter: int = 200
    """Epochs, at most."""
    shuffle: bool = True
    """A new order of the rows in every epoch."""
    random_state: Any = None
    """Decides the first weights, the orders and the rows that are held out."""
    tol: float = 1e-4
    """By how much E has to fall to count as an improvement."""
    n_iter_no_change: int | None = 10
    """Epochs in a row without improvement after which training ends; None: it does not."""
    early_stopping: bool = False
    """Whether to watch E of rows that are held out, in the place of the training error."""
    validation_fraction: float = 0.1
    """The share of the rows that is held out."""
    warm_start: bool = False
    """Whether `fit` goes on from where the last one ended, the optimizer's vectors included."""
    verbose: bool = False
    """Whether to show a progress bar on stderr."""
    loss: str | Mapping[str, Any] | Loss = "auto"
    """e(y, T): any of ours that suits the outputs."""
    rule: str | Mapping[str, Any] | DeltaRule = "exact"
    """How deltas are carried back; see `deltarule.rules`."""
    threads: int | None = None
    """For the compiled engine, at most; None: one per processor. Take 1 beside `n_jobs`."""

    def __sklearn_tags__(self) -> Any:
        """Say what the estimator can do."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        kinds = (np.float64, np.float32)
        found = validate_data(
            self, X, y, accept_sparse="csr", dtype=kinds, multi_output=True, reset=reset
        )
        return found[0], found[1]

    def _train(
        self, X: Any, T: Array, weight: Array | None, output: str, loss: Any, labels: Any
    ) -> None:
        """Train from the seed, or with `warm_start` from the last run; sets `run_`."""
        before = getattr(self, "run_", None) if self.warm_start else None
        X, T, weight = _as_before(before, X, T, weight)
        epochs = whole("max_iter", self.max_iter, 1)
        method, seed = self._method(), self._seed(before)
        objective = self._objective(X, T, output, loss, before)
        held_out = None
        if self.early_stopping:
            X, T, weight, held_out = self._split(X, T, weight, labels, seed)
        stop = self._stop(method)
        if before is None or not isinstance(method, Optimiser):
            self.run_ = train(
                objective.network, X, T, theta=None if before is None else before.theta,
                loss=objective.loss, rule=objective.rule, l2=objective.l2,
                penalty=objective.penalty, optimizer=method, epochs=epochs,
                batch_size=self._batch(len(X), method), shuffle=self.shuffle, seed=seed,
                validation=held_out, stop=stop, sample_weight=weight, threads=self.threads,
                progress=bool(self.verbose),
            )  # fmt: skip
        else:
            job = self._job(objective, method, X, T, weight, seed, before.epochs + epochs)
            if held_out is not None:
                net, e = objective.network, objective.loss
                rows, true, weights = held_out
                held = as_samples(net, e, rows, true, weights, X.dtype, what="validation")
                job = replace(job, validation=held)
            self.run_ = go_on(replace(job, stop=stop), before, self.threads)
        if self.run_.stopped == "epochs" and stop and isinstance(method, Optimiser):
            _warn_of_the_end(epochs)

    def _train_epoch(self, X: Any, T: Array, weight: Array | None, output: str, loss: Any) -> None:
        """Do one epoch over the rows, from where the last training ended; sets `run_`."""
        before, method = getattr(self, "run_", None), self._method()
        X, T, weight = _as_before(before, X, T, weight)
        if not isinstance(method, Optimiser):
            raise UsageError(
                f"partial_fit: the optimizer {method.name} compares E over all rows at many theta, "
                "and these are only some of them; take adam or another that updates by batches"
            )
        objective = self._objective(X, T, output, loss, before)
        epochs = 1 if before is None else before.epochs + 1
        job = self._job(objective, method, X, T, weight, self._seed(before), epochs)
        self.run_ = go_on(job, before, self.threads)

    def _outputs(self, X: Any) -> Array:
        """Return the network's outputs (n, n_L)."""
        check_is_fitted(self, "run_")
        kinds = (np.float64, np.float32)
        X = validate_data(self, X, accept_sparse="csr", dtype=kinds, reset=False)
        return outputs_of(self.network_, self.theta_, X)

    def _objective(
        self, X: Array, T: Array, output: str, loss: Any, before: Run | None
    ) -> Objective:
        sizes = self.hidden_layer_sizes
        several = sizes if isinstance(sizes, Sequence | np.ndarray) else (sizes,)
        hidden = [Dense(whole("hidden_layer_sizes", n, 1), self.activation) for n in several]
        network = Network(X.shape[1], [*hidden, Dense(T.shape[1], output)])
        if before is not None and network != before.objective.network:
            raise UsageError(
                f"the weights are those of a {_shape(before.objective.network)} network, and the "
                f"rows and arguments are for a {_shape(network)} one: fit a new one "
                "(warm_start=False)"
            )
        return Objective.of(network, loss, "mean", self.rule, self.l2, self.penalty)

    def _method(self) -> Method:
        method = OPTIMISERS.get(self.optimizer)
        if self.learning_rate_init is None:
            return method
        if not isinstance(method, Optimiser):
            raise UsageError(
                f"the optimizer {method.name} finds the length of its steps by itself: leave out "
                f"learning_rate_init={self.learning_rate_init!r}"
            )
        rate = number("learning_rate_init", self.learning_rate_init, 0.0)
        return replace(method, lr=rate)  # type: ignore[type-var]  # every one is a dataclass

    def _batch(self, rows: int, method: Method) -> int | None:
        if self.batch_size == "auto":
            return min(rows, _BATCH) if isinstance(method, Optimiser) else None
        return self.batch_size  # type: ignore[return-value]  # train checks it

    def _stop(self, method: Method) -> tuple[Patience, ...]:
        tol = number("tol", self.tol, 0.0)
        own = not isinstance(method, Optimiser) and not self.early_stopping  # it ends by itself
        return (
            () if self.n_iter_no_change is None or own else (Patience(self.n_iter_no_change, tol),)
        )

    def _seed(self, before: Run | None) -> int:
        if before is not None:
            return before.seed
        if isinstance(self.random_state, np.random.Generator):
            raise UsageError(
                "random_state is None, a whole number or a np.random.RandomState, as everywhere in "
                "scikit-learn, and not a Generator: pass int(generator.integers(2**31))"
            )
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _job(
        self, objective: Objective, method: Method, X: Array, T: Array, weight: Array | None,
        seed: int, epochs: int,
    ) -> Job:  # fmt: skip
        samples = as_samples(objective.network, objective.loss, X, T, weight, X.dtype)
        size = self._batch(len(X), method)
        return Job(
            objective=objective, optimiser=method, clipping=Clipping(), samples=samples,
            validation=None, epochs=epochs,
            batch_size=len(X) if size is None else min(len(X), whole("batch_size", size, 1)),
            shuffle=self.shuffle, seed=seed, stop=(),
        )  # fmt: skip

    def _split(
        self, X: Array, T: Array, weight: Array | None, labels: Any, seed: int
    ) -> tuple[Array, Array, Array | None, tuple[Any, ...]]:
        from sklearn.model_selection import train_test_split

        rows, held = train_test_split(
            np.arange(len(X)),
            test_size=self.validation_fraction,
            random_state=seed,
            stratify=labels,
        )
        kept, out = (
            (X[some], T[some], None if weight is None else weight[some]) for some in (rows, held)
        )
        return (*kept, out)

    @property
    def network_(self) -> Network:
        """The network."""
        return self.run_.objective.network

    @property
    def theta_(self) -> Array:
        """Its parameters: `dr.explain(e.network_, e.theta_, ...)` looks inside."""
        return self.run_.theta

    @property
    def n_iter_(self) -> int:
        """Epochs done, those of earlier calls included."""
        return self.run_.epochs

    @property
    def loss_curve_(self) -> list[float]:
        """E of every epoch, measured before its updates."""
        return [float(e) for e in self.run_.history["error"]]

    @property
    def coefs_(self) -> list[Array]:
        """W_l of every layer, (n_{l-1}, n_l) as scikit-learn has them: views of `theta_`."""
        return [p["W"].T for p in self.network_.unpack(self.theta_)]

    @property
    def intercepts_(self) -> list[Array]:
        """b_l of every layer: views of `theta_`."""
        return [p["b"] for p in self.network_.unpack(self.theta_)]


def _as_before(
    before: Run | None, X: Any, T: Array, weight: Array | None
) -> tuple[Array, Array, Array | None]:
    """Return dense samples, in the dtype of the weights that there are."""
    X = X.toarray() if hasattr(X, "toarray") else X
    if before is None:
        return X, T, weight
    dtype = before.theta.dtype
    return X.astype(dtype), T.astype(dtype), None if weight is None else weight.astype(dtype)


def _shape(net: Network) -> str:
    names = {a.activation.name for a in net.affine[:-1]}
    return f"{'-'.join(map(str, net.sizes))} {'/'.join(sorted(names))}".rstrip()


def _warn_of_the_end(epochs: int) -> None:
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    warnings.warn(
        f"max_iter={epochs} epochs are done and E still falls; give more, or n_iter_no_change=None",
        ConvergenceWarning,
        stacklevel=4,
    )
