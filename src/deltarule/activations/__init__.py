"""Activations, by family: each f with its f', written once (see `Activation.body`)."""

from deltarule.activations import everyday  # noqa: F401 (registers names)
from deltarule.activations.activation import (
    ACTIVATIONS,
    Activation,
    ElementwiseActivation,
    RowActivation,
)
from deltarule.activations.custom import Custom
from deltarule.activations.hard import HardSigmoid, HardTanh
from deltarule.activations.identity import Identity
from deltarule.activations.rectifiers import ELU, SELU, LeakyReLU, ReLU
from deltarule.activations.sigmoids import ScaledTanh, Sigmoid, Softsign, Tanh
from deltarule.activations.smooth_rectifiers import GELU, Mish, SiLU, Softplus
from deltarule.activations.softmax import Softmax
from deltarule.activations.steps import Sign, Step
from deltarule.activations.waves import Exp, Gaussian, Sin

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "Custom",
    "ElementwiseActivation",
    "Exp",
    "Gaussian",
    "HardSigmoid",
    "HardTanh",
    "Identity",
    "LeakyReLU",
    "Mish",
    "ReLU",
    "RowActivation",
    "ScaledTanh",
    "SiLU",
    "Sigmoid",
    "Sign",
    "Sin",
    "Softmax",
    "Softplus",
    "Softsign",
    "Step",
    "Tanh",
]
