"""Networks as scikit-learn's estimators: in its pipelines, searches and cross-validations.

>>> from deltarule.sklearn import NetworkClassifier
>>> from sklearn.datasets import load_iris
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> X, y = load_iris(return_X_y=True)
>>> network = NetworkClassifier(8, "tanh", optimizer="lbfgs", l2=1e-3, random_state=0)
>>> make_pipeline(StandardScaler(), network).fit(X, y).score(X, y) > 0.95
True
"""

try:
    import sklearn as _sklearn  # noqa: F401
except ImportError as error:
    raise ImportError(
        "deltarule.sklearn needs scikit-learn; install it with `pip install deltarule[sklearn]`"
    ) from error

from deltarule.sklearn.classifier import NetworkClassifier
from deltarule.sklearn.regressor import NetworkRegressor

__all__ = ["NetworkClassifier", "NetworkRegressor"]
