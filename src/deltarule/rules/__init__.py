"""The delta rule and its variants: stand-ins for f' and W^T, and the order of updates."""

from deltarule.rules.delta_rule import RULES, DeltaRule, LayerRule, as_rule
from deltarule.rules.derivatives import DERIVATIVES, DerivativeRule, ExactDerivative
from deltarule.rules.feedback import FEEDBACKS, ExactFeedback, FeedbackRule

__all__ = [
    "DERIVATIVES",
    "FEEDBACKS",
    "RULES",
    "DeltaRule",
    "DerivativeRule",
    "ExactDerivative",
    "ExactFeedback",
    "FeedbackRule",
    "LayerRule",
    "as_rule",
]
