"""Name the mistake in a gradient: a backward pass with hooks, and the mistakes that change it.

`mistakes/` holds the mistakes, one small definition each; `search.py` says how they are tried.
"""

from deltarule.check.diagnose.api import diagnose
from deltarule.check.diagnose.diagnosis import Diagnosis, Finding, LayerAgreement
from deltarule.check.diagnose.mistake import MISTAKES, Mistake

__all__ = ["MISTAKES", "Diagnosis", "Finding", "LayerAgreement", "Mistake", "diagnose"]
