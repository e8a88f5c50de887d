"""Networks of scikit-learn, and what is none."""

import pytest
from sklearn.neural_network import MLPClassifier

import deltarule as dr
from deltarule.sklearn import NetworkClassifier


@pytest.mark.parametrize(
    ("theirs", "said"),
    [(MLPClassifier(), "not MLPClassifier: fit it first$"), (NetworkClassifier(), "Classifier$")],
)
def test_what_cannot_be_read_is_told_to_be_fitted_where_that_helps(theirs, said) -> None:
    with pytest.raises(dr.UsageError, match=said):
        dr.from_sklearn(theirs)
