"""What books, courses and other libraries call our losses.

An alias is the same formula. Where a name usually has another factor, its use is remarked on; and
a name that none of ours is says what to take.
"""

from __future__ import annotations

from deltarule.losses.loss import LOSSES

__all__: list[str] = []

for _name, _of in {
    "bce": "binary_cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "log_loss": "binary_cross_entropy",
    "logistic_loss": "binary_cross_entropy",
    "crossentropy": "cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "categorical_cross_entropy": "cross_entropy",
    "cce": "cross_entropy",
    "nll": "cross_entropy",
    "negative_log_likelihood": "cross_entropy",
    "sse": "squared_error",
    "sum_of_squares": "squared_error",
    "half_sse": "half_squared_error",
    "quadratic": "half_squared_error",
    "pinball": "quantile",
    "logcosh": "log_cosh",
}.items():
    LOSSES.alias(_name, _of)

_SUMMED = "summed over the outputs; a mean over k outputs has 1/k of its gradient"

for _name in ("mse", "mean_squared_error"):
    LOSSES.alias(_name, "squared_error", f"taken as squared_error, (T - y)^2 {_SUMMED}")
for _name in ("mae", "l1", "mean_absolute_error"):
    LOSSES.alias(_name, "absolute_error", f"taken as absolute_error, |T - y| {_SUMMED}")

for _name in ("rmse", "root_mean_squared_error"):
    LOSSES.stranger(
        _name,
        "the root of a mean is no sum over observations. squared_error has its minimum at the "
        "same weights; the gradient of the root is that of the mean, divided by twice the root",
    )
LOSSES.stranger("hinge", "there is none; for classes take binary_cross_entropy or cross_entropy")
