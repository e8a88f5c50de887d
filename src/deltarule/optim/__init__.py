"""Optimisers, one file each; schedules and clipping beside them."""

from deltarule.optim.adabelief import AdaBelief
from deltarule.optim.adadelta import Adadelta
from deltarule.optim.adagrad import Adagrad
from deltarule.optim.adam import Adam
from deltarule.optim.adamax import Adamax
from deltarule.optim.adamw import AdamW
from deltarule.optim.amsgrad import AMSGrad
from deltarule.optim.clipping import Clipping
from deltarule.optim.conjugate_gradient import ConjugateGradient
from deltarule.optim.custom import Custom
from deltarule.optim.delta_bar_delta import DeltaBarDelta
from deltarule.optim.gauss_newton import GaussNewton
from deltarule.optim.irprop_minus import IRpropMinus
from deltarule.optim.irprop_plus import IRpropPlus
from deltarule.optim.lbfgs import LBFGS
from deltarule.optim.levenberg_marquardt import LevenbergMarquardt
from deltarule.optim.lion import Lion
from deltarule.optim.minimiser import Minimiser
from deltarule.optim.momentum import Momentum
from deltarule.optim.nadam import Nadam
from deltarule.optim.nesterov import Nesterov
from deltarule.optim.optimiser import OPTIMISERS, Method, Optimiser, elementwise
from deltarule.optim.quickprop import Quickprop
from deltarule.optim.radam import RAdam
from deltarule.optim.rmsprop import RMSprop
from deltarule.optim.rprop_minus import RpropMinus
from deltarule.optim.rprop_plus import RpropPlus
from deltarule.optim.scaled_conjugate_gradient import ScaledConjugateGradient
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
from deltarule.optim.supersab import SuperSAB
from deltarule.optim.yogi import Yogi

OPTIMISERS.alias("rprop", "irprop_minus")
OPTIMISERS.alias("lm", "levenberg_marquardt")
OPTIMISERS.alias("scg", "scaled_conjugate_gradient")
OPTIMISERS.alias("cg", "conjugate_gradient")

__all__ = [
    "LBFGS",
    "OPTIMISERS",
    "SCHEDULES",
    "SGD",
    "AMSGrad",
    "AdaBelief",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Clipping",
    "ConjugateGradient",
    "Constant",
    "Cosine",
    "Custom",
    "DeltaBarDelta",
    "Exponential",
    "GaussNewton",
    "IRpropMinus",
    "IRpropPlus",
    "InverseScaling",
    "LevenbergMarquardt",
    "Lion",
    "Method",
    "Minimiser",
    "Momentum",
    "Nadam",
    "Nesterov",
    "Optimiser",
    "Plateau",
    "Quickprop",
    "RAdam",
    "RMSprop",
    "RpropMinus",
    "RpropPlus",
    "ScaledConjugateGradient",
    "Schedule",
    "Step",
    "SuperSAB",
    "Yogi",
    "elementwise",
]
