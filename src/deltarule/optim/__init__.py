"""Optimisers, one file each; schedules and clipping beside them."""

from deltarule.optim.clipping import Clipping
from deltarule.optim.custom import Custom
from deltarule.optim.elementwise.adabelief import AdaBelief
from deltarule.optim.elementwise.adadelta import Adadelta
from deltarule.optim.elementwise.adagrad import Adagrad
from deltarule.optim.elementwise.adam import Adam
from deltarule.optim.elementwise.adamax import Adamax
from deltarule.optim.elementwise.adamw import AdamW
from deltarule.optim.elementwise.amsgrad import AMSGrad
from deltarule.optim.elementwise.delta_bar_delta import DeltaBarDelta
from deltarule.optim.elementwise.lion import Lion
from deltarule.optim.elementwise.momentum import Momentum
from deltarule.optim.elementwise.nadam import Nadam
from deltarule.optim.elementwise.nesterov import Nesterov
from deltarule.optim.elementwise.quickprop import Quickprop
from deltarule.optim.elementwise.radam import RAdam
from deltarule.optim.elementwise.rmsprop import RMSprop
from deltarule.optim.elementwise.rprop import IRpropMinus, IRpropPlus, RpropMinus, RpropPlus
from deltarule.optim.elementwise.sgd import SGD
from deltarule.optim.elementwise.supersab import SuperSAB
from deltarule.optim.elementwise.yogi import Yogi
from deltarule.optim.optimiser import OPTIMISERS, Method, Optimiser, elementwise
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
from deltarule.optim.whole_vector.conjugate_gradient import ConjugateGradient
from deltarule.optim.whole_vector.gauss_newton import GaussNewton
from deltarule.optim.whole_vector.lbfgs import LBFGS
from deltarule.optim.whole_vector.levenberg_marquardt import LevenbergMarquardt
from deltarule.optim.whole_vector.minimiser import Minimiser
from deltarule.optim.whole_vector.scaled_conjugate_gradient import ScaledConjugateGradient

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
