"""Explanations: what one gradient is made of, why it is small, how far a step can be trusted."""

from deltarule.explain.explanation import Explanation
from deltarule.explain.records import Contribution, Factor, Path, Step, Update
from deltarule.explain.weight import explain, explain_node

__all__ = [
    "Contribution",
    "Explanation",
    "Factor",
    "Path",
    "Step",
    "Update",
    "explain",
    "explain_node",
]
