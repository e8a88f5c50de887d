"""Losses, by family: each e with its de/dy, written once (see `Loss.body`); and penalties."""

from deltarule.losses import everyday  # noqa: F401 (registers names)
from deltarule.losses.arctanh import ArctanhError
from deltarule.losses.custom import Custom
from deltarule.losses.entropy import BinaryCrossEntropy, CrossEntropy, Poisson
from deltarule.losses.fused import FUSED
from deltarule.losses.loss import LOSSES, Loss
from deltarule.losses.penalties import L2, PENALTIES, Penalty, WeightElimination
from deltarule.losses.robust import AbsoluteError, Huber, LogCosh, Quantile
from deltarule.losses.squared import HalfSquaredError, SquaredError

__all__ = [
    "FUSED",
    "L2",
    "LOSSES",
    "PENALTIES",
    "AbsoluteError",
    "ArctanhError",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Custom",
    "HalfSquaredError",
    "Huber",
    "LogCosh",
    "Loss",
    "Penalty",
    "Poisson",
    "Quantile",
    "SquaredError",
    "WeightElimination",
]
