"""Optimisers, one file each; schedules and clipping beside them."""

from deltarule.optim.adadelta import Adadelta
from deltarule.optim.adagrad import Adagrad
from deltarule.optim.adam import Adam
from deltarule.optim.adamw import AdamW
from deltarule.optim.clipping import Clipping
from deltarule.optim.momentum import Momentum
from deltarule.optim.nesterov import Nesterov
from deltarule.optim.optimiser import OPTIMISERS, Optimiser
from deltarule.optim.rmsprop import RMSprop
from deltarule.optim.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    Plateau,
    Schedule,
    Step,
)
from deltarule.optim.sgd import SGD

__all__ = [
    "OPTIMISERS",
    "SCHEDULES",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Clipping",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseScaling",
    "Momentum",
    "Nesterov",
    "Optimiser",
    "Plateau",
    "RMSprop",
    "Schedule",
    "Step",
]
