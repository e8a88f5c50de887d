"""Models: a network with the transforms of its data, trained on a table, kept in a folder.

`fit` trains one, `save` writes its folder, `load` (also `deltarule.load`) reads it back.
"""

from deltarule.core.views import bind
from deltarule.models.claim import claimed
from deltarule.models.comparing import Comparison, compare
from deltarule.models.fit import Fitted, fit, fit_plan
from deltarule.models.folder import check_destination, save
from deltarule.models.metrics import METRICS
from deltarule.models.model import Model
from deltarule.models.plan import Plan, plan
from deltarule.models.read import load, read_history
from deltarule.models.recipe import Recipe
from deltarule.models.rows import observations, observed
from deltarule.models.runs import runs

__all__ = [
    "METRICS",
    "Comparison",
    "Fitted",
    "Model",
    "Plan",
    "Recipe",
    "check_destination",
    "claimed",
    "compare",
    "fit",
    "fit_plan",
    "load",
    "observations",
    "observed",
    "plan",
    "read_history",
    "runs",
    "save",
]

bind(__name__, {"fit._judged": "judgement.judged:judged"})
