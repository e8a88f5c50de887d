"""A network as a classifier of scikit-learn's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError, nearest
from deltarule.sklearn.base import NetworkEstimator


@dataclass(eq=False, repr=False)
class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that says which class a row belongs to, or (multi-label) which of several.

        several classes    softmax outputs with cross_entropy
        two, or labels     sigmoid outputs with binary_cross_entropy

    Arguments are those of scikit-learn's `MLPClassifier` where they mean the same; `optimizer`,
    `l2`, `loss`, `rule` and `class_weight` are ours. E is the weighted mean over the rows: with
    the whole batch (`batch_size=None`, or up to 200 rows) a weight of 2 is the row given twice; in
    smaller batches so on the average. Predictions of some rows are to the bit those rows of the
    predictions of all. Sparse X is made dense, a block of rows at a time where it is predicted.

    After `fit`: `classes_`, `n_features_in_`, `run_` (history and all), `network_`, `theta_`,
    `n_iter_`, `loss_curve_`, `coefs_`, `intercepts_`.

    >>> from deltarule.sklearn import NetworkClassifier
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["even", "odd", "odd", "even"]
    >>> xor = NetworkClassifier(4, "tanh", learning_rate_init=0.1, random_state=0).fit(X, y)
    >>> xor.predict(X)
    array(['even', 'odd', 'odd', 'even'], dtype='<U4')
    """

    class_weight: Mapping[Any, float] | str | None = None
    """A weight for classes by their names (1 for the others), or `"balanced"`."""

    def __sklearn_tags__(self) -> Any:
        """Say what the estimator can do."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkClassifier:
        """Train on rows X (n, features) of the classes y (n,), or the labels y (n, labels)."""
        X, y = self._validated(X, y, reset=True)
        y = self._as_labels(y)
        if not (self.warm_start and hasattr(self, "classes_")):
            self._learn_classes(y)
        T, weight = self._encoded(X, y, sample_weight)
        labels = None if self._multilabel else y
        self._train(X, T, weight, *self._outputs_and_loss(T), labels)
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> NetworkClassifier:
        """Train for one epoch over some rows; the optimizer's vectors go on.

        The first call needs `classes`, all that there will be.
        """
        first = not hasattr(self, "run_")
        if first and classes is None and not hasattr(self, "classes_"):
            raise UsageError("classes must be passed on the first call to partial_fit.")
        X, y = self._validated(X, y, reset=first)
        y = self._as_labels(y)
        if first:
            several = type_of_target(y).startswith("multilabel")
            self._learn_classes(y if several else np.asarray(classes))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise UsageError(
                f"classes={np.unique(classes).tolist()} is not the same as on the first call to "
                f"partial_fit, when it was {self.classes_.tolist()}"
            )
        T, weight = self._encoded(X, y, sample_weight)
        self._train_epoch(X, T, weight, *self._outputs_and_loss(T))
        return self

    def predict(self, X: Any) -> Array:
        """Return the most probable class (n,); for labels, which are more likely than not."""
        p = self.predict_proba(X)
        if self._multilabel:
            return np.asarray(p > 0.5, int)
        return np.asarray(self.classes_[np.argmax(p, axis=1)])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of every class in the order of `classes_`, or of every label."""
        y = self._outputs(X)
        if self._multilabel or len(self.classes_) > 2:
            return y
        return np.hstack([1.0 - y, y]) if len(self.classes_) == 2 else np.ones_like(y)

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`; -inf where a probability has rounded to 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _as_labels(self, y: Any) -> Any:
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError(
                "y has several columns with more than two classes each: put this classifier into "
                "sklearn.multioutput.MultiOutputClassifier, which fits one for every column"
            )
        return y if kind.startswith("multilabel") else column_or_1d(y, warn=True)

    def _learn_classes(self, y: Any) -> None:
        self._binarizer = LabelBinarizer().fit(y)
        self.classes_ = self._binarizer.classes_
        self._multilabel = self._binarizer.y_type_.startswith("multilabel")

    def _encoded(self, X: Any, y: Any, sample_weight: Any) -> tuple[Array, Array | None]:
        """Return T, and the weights of rows and classes multiplied."""
        if not self._multilabel:
            strange = np.setdiff1d(y, self.classes_)
            if len(strange):
                raise UsageError(
                    f"y has the class {strange.tolist()[0]!r}, and the network was made for the "
                    f"classes {self.classes_.tolist()}"
                )
        T: Any = self._binarizer.transform(y)
        T = np.asarray(T.toarray() if hasattr(T, "toarray") else T, X.dtype)
        weight: Array | None = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        if self.class_weight is None:
            return T, weight
        by_class = self._class_weights(y, weight).astype(X.dtype)
        return T, by_class if weight is None else weight * by_class

    def _class_weights(self, y: Any, weight: Array | None) -> Array:
        """Return a weight for every row; `"balanced"`: n / (k n_c), counts being weighted."""
        if self._multilabel:
            raise UsageError("class_weight needs one class per row, and y has several labels")
        numbers = np.searchsorted(self.classes_, y)
        given, k = self.class_weight, len(self.classes_)
        if isinstance(given, str):
            if given != "balanced":
                raise UsageError(f"class_weight is 'balanced' or a dictionary, not {given!r}")
            counts = np.bincount(numbers, weight, k)
            present = counts > 0
            share = counts.sum() / (present.sum() * np.where(present, counts, 1.0))
            return np.asarray(share[numbers])
        assert given is not None
        known = self.classes_.tolist()
        for name in given:
            if name not in known:
                raise UsageError(
                    f"class_weight names the class {name!r}, which y does not have"
                    f"{nearest(name, map(str, known)) or '.'} Known: {known}"
                )
        by_class = np.array([float(given.get(c, 1.0)) for c in known])
        return np.asarray(by_class[numbers])

    def _outputs_and_loss(self, T: Array) -> tuple[str, Any]:
        several = T.shape[1] > 1 and not self._multilabel
        output, loss = "softmax" if several else "sigmoid", self.loss
        if isinstance(loss, str) and loss == "auto":
            loss = "cross_entropy" if several else "binary_cross_entropy"
        return output, loss
