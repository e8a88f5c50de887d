"""Explanations: what one gradient is made of, why it is small, how far a step can be trusted."""

from deltarule.core.views import bind
from deltarule.explanation.causes import Cause
from deltarule.explanation.columns import Cell, Columns
from deltarule.explanation.explanation import Explanation
from deltarule.explanation.flat_nodes import LayerSaturation, Saturation, saturation
from deltarule.explanation.promise import StepValidity, step_validity
from deltarule.explanation.reach import Reach, StepReach
from deltarule.explanation.records import Contribution, Factor, Path, Step, Update
from deltarule.explanation.small import WhySmall, why_small
from deltarule.explanation.weight import explain, explain_node
from deltarule.explanation.whole import WholePass, explain_network

__all__ = [
    "Cause",
    "Cell",
    "Columns",
    "Contribution",
    "Explanation",
    "Factor",
    "LayerSaturation",
    "Path",
    "Reach",
    "Saturation",
    "Step",
    "StepReach",
    "StepValidity",
    "Update",
    "WholePass",
    "WhySmall",
    "explain",
    "explain_network",
    "explain_node",
    "saturation",
    "step_validity",
    "why_small",
]

bind(
    __name__,
    {
        "explanation.Explanation.latex": "writing.latex:to_latex",
        "explanation.Explanation.text": "writing.text:to_text",
        "explanation.Explanation.markdown": "writing.markdown:to_markdown",
        "explanation.Explanation.html": "writing.markup:to_html",
        "flat_nodes.Saturation.plot": "plots:draw_saturation",
        "promise.StepValidity.plot": "plots:draw_steps",
        "reach.Reach.plot": "plots:draw_reach",
        "whole.WholePass.text": "writing.whole:to_text",
    },
)
