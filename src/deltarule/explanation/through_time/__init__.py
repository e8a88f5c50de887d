"""A gradient as a sum over time: each step's term, and how far back the steps still reach."""

from deltarule.explanation.through_time.explain import explain_through_time

__all__ = ["explain_through_time"]
