"""A network as a regressor of scikit-learn's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_sample_weight

from deltarule.core.arrays import Array
from deltarule.losses import LOSSES
from deltarule.sklearn.base import NetworkEstimator


@dataclass(eq=False, repr=False)
class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that says a number for a row, or several.

    The outputs are linear, and the loss is half_squared_error; `loss="poisson"` takes outputs
    exp(net). E is the sum over the outputs and the weighted mean over the rows; scikit-learn's
    `MLPRegressor` divides by the number of outputs, too. See `NetworkClassifier` for the arguments,
    and for what a weight is.

    After `fit`: `n_features_in_`, `n_outputs_`, `run_` (history and all), `network_`, `theta_`,
    `n_iter_`, `loss_curve_`, `coefs_`, `intercepts_`.

    >>> from deltarule.sklearn import NetworkRegressor
    >>> X, y = [[-1.0], [0.0], [1.0]], [1.0, 0.0, 1.0]
    >>> NetworkRegressor(3, "tanh", optimizer="lbfgs", random_state=0).fit(X, y).score(X, y) > 0.99
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkRegressor:
        """Train on rows X (n, features) with the values y (n,) or (n, outputs)."""
        X, T, weight = self._samples(X, y, sample_weight, reset=True)
        self._train(X, T, weight, *self._outputs_and_loss(), None)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkRegressor:
        """Train for one epoch over some rows; the optimizer's vectors go on."""
        X, T, weight = self._samples(X, y, sample_weight, reset=not hasattr(self, "run_"))
        self._train_epoch(X, T, weight, *self._outputs_and_loss())
        return self

    def predict(self, X: Any) -> Array:
        """Return the values (n,), or (n, outputs) where y had columns."""
        y = self._outputs(X)
        return y if self._columns else y[:, 0]

    def _samples(
        self, X: Any, y: Any, sample_weight: Any, reset: bool
    ) -> tuple[Any, Array, Array | None]:
        X, y = self._validated(X, y, reset=reset)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, X, dtype=X.dtype, ensure_non_negative=True
            )
        T = (y.toarray() if hasattr(y, "toarray") else y).astype(X.dtype)
        self._columns = T.ndim == 2
        T = T.reshape(len(T), -1)
        self.n_outputs_ = T.shape[1]
        return X, T, sample_weight

    def _outputs_and_loss(self) -> tuple[str, Any]:
        auto = isinstance(self.loss, str) and self.loss == "auto"
        loss = LOSSES.get("half_squared_error" if auto else self.loss)
        return "exp" if loss.name == "poisson" else "identity", loss
