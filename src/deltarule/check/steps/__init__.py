"""A sequence of updates: which optimiser's equation gives it, with which numbers, what is wrong.

`equations.py` has an optimiser's steps, right and with a change; `search.py` fits its numbers.
"""

from deltarule.check.steps.api import diagnose_step
from deltarule.check.steps.diagnosis import Explained, StepDiagnosis

__all__ = ["Explained", "StepDiagnosis", "diagnose_step"]
