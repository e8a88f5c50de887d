"""`NetworkForecaster`: a forecast as an estimator of scikit-learn (extra `sklearn`).

from deltarule.series.estimators.scikit import NetworkForecaster
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

try:
    from sklearn.base import BaseEstimator, RegressorMixin
except ImportError as error:
    raise ImportError("this needs scikit-learn: pip install 'deltarule[sklearn]'") from error

from deltarule.series.estimators.options import Options, continued, fitted


class NetworkForecaster(RegressorMixin, Options, BaseEstimator):  # type: ignore[misc]
    """Networks on windows of a series, with the methods that scikit-learn's tools call.

    `fit(X, y)` learns the series y (n,); X (n, k) are covariates that will be known in the future,
    with k = 0 or None for none. `predict(X)` forecasts as many steps after the end of y as X has
    rows, or as it says if it is a number. So `GridSearchCV(NetworkForecaster(), ...,
    cv=TimeSeriesSplit())` learns the beginning of a series and is scored on what comes next.

    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    >>> y = np.sin(np.arange(60.0))
    >>> model = NetworkForecaster(lags=2, networks=2, epochs=200).fit(None, y)
    >>> bool(np.abs(model.predict(3) - np.sin([60, 61, 62])).max() < 0.2)
    True
    >>> search = GridSearchCV(model, {"lags": [1, 2]}, cv=TimeSeriesSplit(3, test_size=3))
    >>> search.fit(np.empty((60, 0)), y).best_params_
    {'lags': 2}
    """

    def fit(self, X: ArrayLike | None, y: ArrayLike) -> Self:
        """Learn a series. Raises what `dr.forecast` raises."""
        self.series_, self.forecaster_ = fitted(self.get_params(deep=False), y, X)
        self.n_features_in_ = len(self.series_.known)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return forecasts of the steps after the series: a row of X for each, or a number."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        alone = isinstance(X, int | np.integer)
        steps = int(X) if alone else len(X)
        return continued(self.series_, self.forecaster_, steps, None if alone else X)
