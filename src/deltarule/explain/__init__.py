"""Explanations: what one gradient is made of, why it is small, how far a step can be trusted."""

from deltarule.explain.causes import Cause
from deltarule.explain.explanation import Explanation
from deltarule.explain.records import Contribution, Factor, Path, Step, Update
from deltarule.explain.saturation import LayerSaturation, Saturation, saturation
from deltarule.explain.step_validity import StepValidity, step_validity
from deltarule.explain.weight import explain, explain_node
from deltarule.explain.why_small import WhySmall, why_small

__all__ = [
    "Cause",
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
