"""deltarule: a backpropagation workbench.

Train small and middle neural networks by backpropagation from scratch, look at every net, output
and delta on the way, and change the rule. See `help(deltarule.backprop)` and
`help(deltarule.train)`.

Everything is imported when it is first used, so that `import deltarule` costs little.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from deltarule.core import VERSION
from deltarule.core.blas import take_wide_kernels
from deltarule.core.views import bind

take_wide_kernels()
bind(
    __name__,
    {
        "network_views.Views.compiled_source": "engine.compiled.listing.listing:compiled_source",
        "network_views.Views.plot": "explanation.writing.picture:draw_network",
        "rules.delta_rule.DeltaRule.is_gradient": "engine.integrable:is_gradient",
        "rules.derivatives.DerivativeRule.consistent_activation": "activations.consistent:of",
    },
)

if TYPE_CHECKING:  # `as` says that a name is handed on
    from deltarule import activations as activations
    from deltarule import data as data
    from deltarule import losses as losses
    from deltarule import optim as optim
    from deltarule import rules as rules
    from deltarule.check.adapter import diagnose as diagnose
    from deltarule.check.diagnose import Diagnosis as Diagnosis
    from deltarule.check.frameworks.keras_check import check_keras as check_keras
    from deltarule.check.frameworks.pytorch import check_torch as check_torch
    from deltarule.check.frameworks.scikit import check_sklearn as check_sklearn
    from deltarule.check.function import check_function as check_function
    from deltarule.check.network import check_gradient as check_gradient
    from deltarule.check.outputs import OutputsCheck as OutputsCheck
    from deltarule.check.outputs import compare_outputs as compare_outputs
    from deltarule.check.result import GradientCheck as GradientCheck
    from deltarule.check.steps import StepDiagnosis as StepDiagnosis
    from deltarule.check.steps import diagnose_step as diagnose_step
    from deltarule.core.errors import DataError as DataError
    from deltarule.core.errors import DeltaruleError as DeltaruleError
    from deltarule.core.errors import FileError as FileError
    from deltarule.core.errors import LockError as LockError
    from deltarule.core.errors import NumericError as NumericError
    from deltarule.core.errors import ResourceError as ResourceError
    from deltarule.core.errors import SweepError as SweepError
    from deltarule.core.errors import UsageError as UsageError
    from deltarule.core.sequences import Sequences as Sequences
    from deltarule.engine import Backprop as Backprop
    from deltarule.engine import backprop as backprop
    from deltarule.engine.alignment import Alignment as Alignment
    from deltarule.engine.alignment import AlignmentWatch as AlignmentWatch
    from deltarule.engine.alignment import alignment as alignment
    from deltarule.engine.real_time import RealTime as RealTime
    from deltarule.engine.real_time import eligibility_gradient as eligibility_gradient
    from deltarule.engine.real_time import real_time_gradient as real_time_gradient
    from deltarule.engine.second_order import gauss_newton_vector as gauss_newton_vector
    from deltarule.engine.second_order import hessian as hessian
    from deltarule.engine.second_order import hessian_vector as hessian_vector
    from deltarule.engine.second_order import jacobian as jacobian
    from deltarule.exchange import Exported as Exported
    from deltarule.exchange import export as export
    from deltarule.exchange import from_keras as from_keras
    from deltarule.exchange import from_onnx as from_onnx
    from deltarule.exchange import from_sklearn as from_sklearn
    from deltarule.exchange import from_torch as from_torch
    from deltarule.exchange import to_torch as to_torch
    from deltarule.explanation import Explanation as Explanation
    from deltarule.explanation import Saturation as Saturation
    from deltarule.explanation import StepValidity as StepValidity
    from deltarule.explanation import WholePass as WholePass
    from deltarule.explanation import WhySmall as WhySmall
    from deltarule.explanation import explain as explain
    from deltarule.explanation import explain_network as explain_network
    from deltarule.explanation import explain_node as explain_node
    from deltarule.explanation import saturation as saturation
    from deltarule.explanation import step_validity as step_validity
    from deltarule.explanation import why_small as why_small
    from deltarule.layers import GRU as GRU
    from deltarule.layers import LSTM as LSTM
    from deltarule.layers import Conv1d as Conv1d
    from deltarule.layers import Dense as Dense
    from deltarule.layers import EachStep as EachStep
    from deltarule.layers import Elman as Elman
    from deltarule.layers import Flatten as Flatten
    from deltarule.layers import Jordan as Jordan
    from deltarule.layers import Last as Last
    from deltarule.layers import Steps as Steps
    from deltarule.models import Model as Model
    from deltarule.models import load as load
    from deltarule.models.network_folder import save as save
    from deltarule.network import Network as Network
    from deltarule.rules import DeltaRule as DeltaRule
    from deltarule.series import Forecast as Forecast
    from deltarule.series import Panel as Panel
    from deltarule.series import WhyForecast as WhyForecast
    from deltarule.series import forecast as forecast
    from deltarule.series import forecast_panel as forecast_panel
    from deltarule.series import load_forecast as load_forecast
    from deltarule.series import why_forecast as why_forecast
    from deltarule.studies import Results as Results
    from deltarule.studies import Study as Study
    from deltarule.studies.tuning import Tuned as Tuned
    from deltarule.studies.tuning import tune as tune
    from deltarule.training import AllWithin as AllWithin
    from deltarule.training import ErrorBelow as ErrorBelow
    from deltarule.training import Many as Many
    from deltarule.training import MaxSeconds as MaxSeconds
    from deltarule.training import Patience as Patience
    from deltarule.training import Run as Run
    from deltarule.training import train as train
    from deltarule.training import train_many as train_many
    from deltarule.training.keeping.checkpoints import checkpoints as checkpoints
    from deltarule.web.notebook import LabPage as LabPage
    from deltarule.web.notebook import lab as lab

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
        "Explanation Saturation StepValidity WholePass WhySmall explain explain_network "
        "explain_node saturation step_validity why_small"
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
_HOMES = [(name, home) for home, names in _NAMES.items() for name in names.split()]
_HOME = dict(sorted([*zip(_ROOMS, _ROOMS, strict=True), *_HOMES]))
"""Where every public name lives; a module is its own home."""

__all__ = [name for name in _HOME if name != "sklearn"]  # which needs an extra


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
