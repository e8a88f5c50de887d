"""Engines: how a network, an objective and an optimiser become numbers.

`reference` is backpropagation as the textbook writes it.
"""

from deltarule.engine.objective import Objective
from deltarule.engine.problem import Problem, backprop
from deltarule.engine.reference import Backprop
from deltarule.engine.samples import Samples, as_samples

__all__ = ["Backprop", "Objective", "Problem", "Samples", "as_samples", "backprop"]
