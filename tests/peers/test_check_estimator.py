"""All of scikit-learn's own checks of estimators, with an empty list of expected failures."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from sklearn.utils.estimator_checks import check_estimator

from deltarule.sklearn import NetworkClassifier, NetworkRegressor

pytestmark = pytest.mark.peers

SKIPPED = {
    "check_array_api_input",  # for estimators that compute with other arrays
    "check_classifiers_multilabel_output_format_decision_function",  # there is none
}
OF_PANDAS = {
    "check_sample_weights_pandas_series",
    "check_classifier_data_not_an_array",
    "check_regressor_data_not_an_array",
}


@pytest.mark.parametrize("kind", [NetworkClassifier, NetworkRegressor])
def test_all_checks_pass_and_none_is_expected_to_fail(kind: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(kind(), expected_failed_checks=None, on_skip=None, on_fail=None)
    by_status: dict[str, dict[str, Any]] = {}
    for check in found:
        by_status.setdefault(check["status"], {})[check["check_name"]] = check["exception"]
    assert set(by_status) == {"passed", "skipped"}, by_status.get("failed")
    try:
        import pandas  # noqa: F401
    except ImportError:
        assert set(by_status["skipped"]) <= SKIPPED | OF_PANDAS
    else:
        assert set(by_status["skipped"]) <= SKIPPED
    needed = {
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
        "check_methods_subset_invariance",
        "check_estimators_pickle",
        "check_estimator_sparse_array",
    }
    assert needed <= set(by_status["passed"])
    assert len(by_status["passed"]) > 50
