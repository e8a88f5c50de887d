"""Somebody's forward pass beside ours: the first layer whose outputs differ, and how."""

from deltarule.check.outputs.compare import LayerOutputs, OutputsCheck, compare_outputs

__all__ = ["LayerOutputs", "OutputsCheck", "compare_outputs"]
