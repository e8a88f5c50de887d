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

_ROOMS = ("activations", "data", "losses", "optim", "rules", "sklearn")
_NAMES = {
    "check.adapter": "diagnose",
    "check.diagnose": "Diagnosis",
    "check.frameworks.keras_check": "check_keras",
    "check.frameworks.pytorch": "check_torch",
    "check.frameworks.scikit": "check_sklearn",
    "check.function": "check_function",
    "check.network": "check_gradient",
    "check.outputs": "OutputsCheck compare_outputs",
    "check.result": "GradientCheck",
    "check.steps": "StepDiagnosis diagnose_step",
    "core.errors": (
        "DataError DeltaruleError FileError LockError NumericError ResourceError SweepError "
        "UsageError"
    ),
    "core.sequences": "Sequences",
    "engine": "Backprop backprop",
    "engine.alignment": "Alignment AlignmentWatch alignment",
    "engine.real_time": "RealTime eligibility_gradient real_time_gradient",
    "engine.second_order": "gauss_newton_vector hessian hessian_vector jacobian",
    "exchange": "Exported export from_keras from_onnx from_sklearn from_torch to_torch",
    "explanation": (
        "Explanation Saturation StepValidity WhySmall explain explain_node saturation "
        "step_validity why_small"
    ),
    "layers": "Conv1d Dense EachStep Elman Flatten GRU Jordan LSTM Last Steps",
    "models": "Model load",
    "models.network_folder": "save",
    "network": "Network",
    "rules": "DeltaRule",
    "series": "Forecast Panel WhyForecast forecast forecast_panel load_forecast why_forecast",
    "studies": "Results Study",
    "studies.tuning": "Tuned tune",
    "training": "AllWithin ErrorBelow Many MaxSeconds Patience Run train train_many",
    "training.keeping.checkpoints": "checkpoints",
    "web.notebook": "LabPage lab",
}
_HOME = {name: name for name in _ROOMS} | {
    name: home for home, names in _NAMES.items() for name in names.split()
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
    home = importlib.import_module(f"deltarule.{_HOME[name]}")
    found = home if name in _ROOMS else getattr(home, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
