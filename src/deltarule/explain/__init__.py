"""Explanations: what one gradient is made of, why it is small, how far a step can be trusted."""

from deltarule.explain.causes import Cause
from deltarule.explain.columns import Cell, Columns
from deltarule.explain.explanation import Explanation
from deltarule.explain.flat_nodes import LayerSaturation, Saturation, saturation
from deltarule.explain.promise import StepValidity, step_validity
from deltarule.explain.records import Contribution, Factor, Path, Step, Update
from deltarule.explain.small import WhySmall, why_small
from deltarule.explain.weight import explain, explain_node

__all__ = [
    "Cause",
    "Cell",
    "Columns",
    "Contribution",
    "Explanation",
    "Factor",
    "LayerSaturation",
    "Path",
    "Saturation",
    "Step",
    "StepValidity",
    "Update",
    "WhySmall",
    "explain",
    "explain_node",
    "saturation",
    "step_validity",
    "why_small",
]
