"""Forecasts behind the interfaces of other libraries: scikit-learn's and sktime's."""
