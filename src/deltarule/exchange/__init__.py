"""Networks out and in: models as files for other places, other libraries' networks as ours."""

from deltarule.exchange.frameworks import from_keras, from_sklearn, from_torch, to_torch
from deltarule.exchange.onnx_reading import from_onnx
from deltarule.exchange.writing import TARGETS, Exported, export

__all__ = [
    "TARGETS",
    "Exported",
    "export",
    "from_keras",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "to_torch",
]
