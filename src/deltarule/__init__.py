"""deltarule: a backpropagation workbench.

Train small and middle neural networks by backpropagation from scratch, look at every net, output
and delta on the way, and change the rule. See `help(deltarule.backprop)` and
`help(deltarule.train)`.

Everything is imported when it is first used, so that `import deltarule` costs little.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deltarule import activations, data, losses, optim
    from deltarule.check.function import check_function
    from deltarule.check.network import check_gradient
    from deltarule.check.pytorch import check_torch
    from deltarule.check.result import GradientCheck
    from deltarule.check.scikit import check_sklearn
    from deltarule.core.errors import (
        DataError,
        DeltaruleError,
        FileError,
        LockError,
        NumericError,
        ResourceError,
        UsageError,
    )
    from deltarule.engine import Backprop, backprop
    from deltarule.layers import Dense
    from deltarule.models import Model, load
    from deltarule.network import Network
    from deltarule.rules import DeltaRule
    from deltarule.training import AllWithin, ErrorBelow, MaxSeconds, Patience, Run, train

__version__ = "0.1.0"

_HOME = {
    "activations": "deltarule.activations",
    "data": "deltarule.data",
    "losses": "deltarule.losses",
    "optim": "deltarule.optim",
    "DataError": "deltarule.core.errors",
    "DeltaruleError": "deltarule.core.errors",
    "FileError": "deltarule.core.errors",
    "LockError": "deltarule.core.errors",
    "NumericError": "deltarule.core.errors",
    "ResourceError": "deltarule.core.errors",
    "UsageError": "deltarule.core.errors",
    "Backprop": "deltarule.engine",
    "backprop": "deltarule.engine",
    "Dense": "deltarule.layers",
    "GradientCheck": "deltarule.check.result",
    "Model": "deltarule.models",
    "Network": "deltarule.network",
    "DeltaRule": "deltarule.rules",
    "AllWithin": "deltarule.training",
    "ErrorBelow": "deltarule.training",
    "MaxSeconds": "deltarule.training",
    "Patience": "deltarule.training",
    "Run": "deltarule.training",
    "check_function": "deltarule.check.function",
    "check_gradient": "deltarule.check.network",
    "check_sklearn": "deltarule.check.scikit",
    "check_torch": "deltarule.check.pytorch",
    "load": "deltarule.models",
    "train": "deltarule.training",
}
"""Where every public name lives; a module is its own home."""

__all__ = [
    "AllWithin",
    "Backprop",
    "DataError",
    "DeltaRule",
    "DeltaruleError",
    "Dense",
    "ErrorBelow",
    "FileError",
    "GradientCheck",
    "LockError",
    "MaxSeconds",
    "Model",
    "Network",
    "NumericError",
    "Patience",
    "ResourceError",
    "Run",
    "UsageError",
    "activations",
    "backprop",
    "check_function",
    "check_gradient",
    "check_sklearn",
    "check_torch",
    "data",
    "load",
    "losses",
    "optim",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'deltarule' has no attribute {name!r}")
    home = importlib.import_module(_HOME[name])
    found = home if home.__name__ == f"deltarule.{name}" else getattr(home, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
