"""deltarule: a backpropagation workbench.

Train small and middle neural networks by backpropagation from scratch, look at every net, output
and delta on the way, and change the rule. See `help(deltarule.backprop)` and
`help(deltarule.train)`.

Everything is imported when it is first used, so that `import deltarule` costs little.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from deltarule.core.blas import take_wide_kernels
from deltarule.core.version import VERSION

take_wide_kernels()

if TYPE_CHECKING:
    from deltarule import activations, data, losses, optim, rules
    from deltarule.check.adapter import diagnose
    from deltarule.check.diagnose import Diagnosis
    from deltarule.check.frameworks.keras_check import check_keras
    from deltarule.check.frameworks.pytorch import check_torch
    from deltarule.check.frameworks.scikit import check_sklearn
    from deltarule.check.function import check_function
    from deltarule.check.network import check_gradient
    from deltarule.check.outputs import OutputsCheck, compare_outputs
    from deltarule.check.result import GradientCheck
    from deltarule.check.steps import StepDiagnosis, diagnose_step
    from deltarule.core.errors import (
        DataError,
        DeltaruleError,
        FileError,
        LockError,
        NumericError,
        ResourceError,
        SweepError,
        UsageError,
    )
    from deltarule.core.sequences import Sequences
    from deltarule.engine import Backprop, backprop
    from deltarule.engine.alignment import Alignment, AlignmentWatch, alignment
    from deltarule.engine.real_time import RealTime, eligibility_gradient, real_time_gradient
    from deltarule.engine.second_order import (
        gauss_newton_vector,
        hessian,
        hessian_vector,
        jacobian,
    )
    from deltarule.exchange import (
        Exported,
        export,
        from_keras,
        from_onnx,
        from_sklearn,
        from_torch,
        to_torch,
    )
    from deltarule.explanation import (
        Explanation,
        Saturation,
        StepValidity,
        WhySmall,
        explain,
        explain_node,
        saturation,
        step_validity,
        why_small,
    )
    from deltarule.layers import (
        GRU,
        LSTM,
        Conv1d,
        Dense,
        EachStep,
        Elman,
        Flatten,
        Jordan,
        Last,
        Steps,
    )
    from deltarule.models import Model, load
    from deltarule.models.network_folder import save
    from deltarule.network import Network
    from deltarule.rules import DeltaRule
    from deltarule.series import (
        Forecast,
        Panel,
        WhyForecast,
        forecast,
        forecast_panel,
        load_forecast,
        why_forecast,
    )
    from deltarule.studies import Results, Study
    from deltarule.studies.tuning import Tuned, tune
    from deltarule.training import (
        AllWithin,
        ErrorBelow,
        Many,
        MaxSeconds,
        Patience,
        Run,
        train,
        train_many,
    )
    from deltarule.training.keeping.checkpoints import checkpoints
    from deltarule.web.notebook import LabPage, lab

__version__ = VERSION

_HOME = {
    "activations": "deltarule.activations",
    "data": "deltarule.data",
    "losses": "deltarule.losses",
    "optim": "deltarule.optim",
    "rules": "deltarule.rules",
    "sklearn": "deltarule.sklearn",
    "Alignment": "deltarule.engine.alignment",
    "AlignmentWatch": "deltarule.engine.alignment",
    "alignment": "deltarule.engine.alignment",
    "RealTime": "deltarule.engine.real_time",
    "eligibility_gradient": "deltarule.engine.real_time",
    "real_time_gradient": "deltarule.engine.real_time",
    "gauss_newton_vector": "deltarule.engine.second_order",
    "hessian": "deltarule.engine.second_order",
    "hessian_vector": "deltarule.engine.second_order",
    "jacobian": "deltarule.engine.second_order",
    "DataError": "deltarule.core.errors",
    "DeltaruleError": "deltarule.core.errors",
    "FileError": "deltarule.core.errors",
    "LockError": "deltarule.core.errors",
    "NumericError": "deltarule.core.errors",
    "ResourceError": "deltarule.core.errors",
    "SweepError": "deltarule.core.errors",
    "UsageError": "deltarule.core.errors",
    "Sequences": "deltarule.core.sequences",
    "Diagnosis": "deltarule.check.diagnose",
    "diagnose": "deltarule.check.adapter",
    "Backprop": "deltarule.engine",
    "backprop": "deltarule.engine",
    "Exported": "deltarule.exchange",
    "export": "deltarule.exchange",
    "from_keras": "deltarule.exchange",
    "from_onnx": "deltarule.exchange",
    "from_sklearn": "deltarule.exchange",
    "from_torch": "deltarule.exchange",
    "to_torch": "deltarule.exchange",
    "Explanation": "deltarule.explanation",
    "Saturation": "deltarule.explanation",
    "StepValidity": "deltarule.explanation",
    "WhySmall": "deltarule.explanation",
    "explain": "deltarule.explanation",
    "explain_node": "deltarule.explanation",
    "saturation": "deltarule.explanation",
    "step_validity": "deltarule.explanation",
    "why_small": "deltarule.explanation",
    "Dense": "deltarule.layers",
    "GRU": "deltarule.layers",
    "LSTM": "deltarule.layers",
    "Conv1d": "deltarule.layers",
    "EachStep": "deltarule.layers",
    "Elman": "deltarule.layers",
    "Flatten": "deltarule.layers",
    "Jordan": "deltarule.layers",
    "Last": "deltarule.layers",
    "Steps": "deltarule.layers",
    "GradientCheck": "deltarule.check.result",
    "Model": "deltarule.models",
    "Network": "deltarule.network",
    "DeltaRule": "deltarule.rules",
    "Forecast": "deltarule.series",
    "Panel": "deltarule.series",
    "WhyForecast": "deltarule.series",
    "forecast": "deltarule.series",
    "forecast_panel": "deltarule.series",
    "load_forecast": "deltarule.series",
    "why_forecast": "deltarule.series",
    "Results": "deltarule.studies",
    "Study": "deltarule.studies",
    "Tuned": "deltarule.studies.tuning",
    "tune": "deltarule.studies.tuning",
    "AllWithin": "deltarule.training",
    "ErrorBelow": "deltarule.training",
    "Many": "deltarule.training",
    "MaxSeconds": "deltarule.training",
    "Patience": "deltarule.training",
    "Run": "deltarule.training",
    "check_function": "deltarule.check.function",
    "check_gradient": "deltarule.check.network",
    "check_keras": "deltarule.check.frameworks.keras_check",
    "check_sklearn": "deltarule.check.frameworks.scikit",
    "check_torch": "deltarule.check.frameworks.pytorch",
    "StepDiagnosis": "deltarule.check.steps",
    "diagnose_step": "deltarule.check.steps",
    "OutputsCheck": "deltarule.check.outputs",
    "compare_outputs": "deltarule.check.outputs",
    "load": "deltarule.models",
    "save": "deltarule.models.network_folder",
    "LabPage": "deltarule.web.notebook",
    "lab": "deltarule.web.notebook",
    "checkpoints": "deltarule.training.keeping.checkpoints",
    "train": "deltarule.training",
    "train_many": "deltarule.training",
}
"""Where every public name lives; a module is its own home."""

__all__ = [
    "GRU",
    "LSTM",
    "Alignment",
    "AlignmentWatch",
    "AllWithin",
    "Backprop",
    "Conv1d",
    "DataError",
    "DeltaRule",
    "DeltaruleError",
    "Dense",
    "Diagnosis",
    "EachStep",
    "Elman",
    "ErrorBelow",
    "Explanation",
    "Exported",
    "FileError",
    "Flatten",
    "Forecast",
    "GradientCheck",
    "Jordan",
    "LabPage",
    "Last",
    "LockError",
    "Many",
    "MaxSeconds",
    "Model",
    "Network",
    "NumericError",
    "OutputsCheck",
    "Panel",
    "Patience",
    "RealTime",
    "ResourceError",
    "Results",
    "Run",
    "Saturation",
    "Sequences",
    "StepDiagnosis",
    "StepValidity",
    "Steps",
    "Study",
    "SweepError",
    "Tuned",
    "UsageError",
    "WhyForecast",
    "WhySmall",
    "activations",
    "alignment",
    "backprop",
    "check_function",
    "check_gradient",
    "check_keras",
    "check_sklearn",
    "check_torch",
    "checkpoints",
    "compare_outputs",
    "data",
    "diagnose",
    "diagnose_step",
    "eligibility_gradient",
    "explain",
    "explain_node",
    "export",
    "forecast",
    "forecast_panel",
    "from_keras",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "gauss_newton_vector",
    "hessian",
    "hessian_vector",
    "jacobian",
    "lab",
    "load",
    "load_forecast",
    "losses",
    "optim",
    "real_time_gradient",
    "rules",
    "saturation",
    "save",
    "step_validity",
    "to_torch",
    "train",
    "train_many",
    "tune",
    "why_forecast",
    "why_small",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'deltarule' has no attribute {name!r}")
    home = importlib.import_module(_HOME[name])
    is_room = home.__name__ == f"deltarule.{name}"
    found = home if is_room else getattr(home, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
