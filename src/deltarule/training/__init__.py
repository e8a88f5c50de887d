"""The training loop: stopping rules, history, progress."""

from deltarule.training.loop import Epoch
from deltarule.training.run import Run
from deltarule.training.stopping import (
    STOPPING,
    AllWithin,
    ErrorBelow,
    MaxSeconds,
    Patience,
    StopRule,
)
from deltarule.training.train import train

__all__ = [
    "STOPPING",
    "AllWithin",
    "Epoch",
    "ErrorBelow",
    "MaxSeconds",
    "Patience",
    "Run",
    "StopRule",
    "train",
]
