"""`NetworkForecaster`: a forecast as a forecaster of sktime (extra `sktime`).

from deltarule.series.estimators.sktime import NetworkForecaster
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

try:
    import pandas as pd
    from sktime.forecasting.base import BaseForecaster
except ImportError as error:
    raise ImportError("this needs sktime: pip install 'deltarule[sktime]'") from error

from deltarule.series.estimators.options import Options, continued, fitted, quantiles_ahead


class NetworkForecaster(Options, BaseForecaster):  # type: ignore[misc]
    """Networks on windows of a series, with sktime's `fit(y, X, fh)` and `predict(fh, X)`.

    X are covariates that are known in the future. Times before the end of the series are not
    forecast. For `predict_quantiles` and `predict_interval` futures are simulated, with the errors
    of other networks on the last quarter of the series, which are trained with every call.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from deltarule.series.estimators.sktime import NetworkForecaster
    >>> y = pd.Series(np.sin(np.arange(60.0)), pd.period_range("2020-01", periods=60, freq="M"))
    >>> model = NetworkForecaster(lags=2, networks=2, epochs=200).fit(y)
    >>> model.predict(fh=[1, 3]).index.astype(str).tolist()
    ['2025-01', '2025-03']
    """

    _tags: ClassVar[dict[str, Any]] = {
        "python_dependencies": "deltarule",
        "authors": "the deltarule founders",
        "y_inner_mtype": "pd.Series",
        "X_inner_mtype": "pd.DataFrame",
        "capability:exogenous": True,
        "capability:insample": False,
        "capability:non_contiguous_X": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:missing_values": False,
        "capability:categorical_in_X": False,
        "capability:random_state": True,
        "property:randomness": "derandomized",
        "requires-fh-in-fit": False,
    }

    def _fit(self, y: Any, X: Any, fh: Any) -> NetworkForecaster:
        self._name = y.name
        self._series, self._forecaster = fitted(self.get_params(deep=False), y, X)
        return self

    def _predict(self, fh: Any, X: Any) -> Any:
        ahead = np.asarray(fh.to_relative(self.cutoff).to_numpy(), int)
        every = continued(self._series, self._forecaster, int(ahead.max()), X)
        index = fh.to_absolute_index(self.cutoff)
        return pd.Series(every[ahead - 1], index=index, name=self._name)

    def _predict_quantiles(self, fh: Any, X: Any, alpha: Any) -> Any:
        ahead = np.asarray(fh.to_relative(self.cutoff).to_numpy(), int)
        every = quantiles_ahead(self._series, self._forecaster, int(ahead.max()), X, alpha)
        columns = pd.MultiIndex.from_product([self._get_varnames(), alpha])
        return pd.DataFrame(every[ahead - 1], fh.to_absolute_index(self.cutoff), columns)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters that sktime's checks run with: small and quick."""
        quick = {"networks": 2, "epochs": 5, "lags": 2, "engine": "reference"}
        return [quick, {**quick, "strategy": "direct", "horizon": 2, "activation": "identity"}]
