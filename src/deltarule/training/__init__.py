"""The training loop: stopping rules, history, progress."""

from deltarule.training.loop import Epoch
from deltarule.training.many import train_many
from deltarule.training.many_result import Many
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
    "Many",
    "MaxSeconds",
    "Patience",
    "Run",
    "StopRule",
    "train",
    "train_many",
]
