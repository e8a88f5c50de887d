"""Name the mistake in a gradient: a backward pass as a program over slots, and what is put there.

`grammar/` holds the slots and their quantities; `search.py` says how they are tried,
`investigation.py` what of it is believed.
"""

from deltarule.check.diagnose.api import diagnose
from deltarule.check.diagnose.diagnosis import Diagnosis, Finding, LayerAgreement
from deltarule.check.diagnose.grammar import MISTAKES, Mistake

__all__ = ["MISTAKES", "Diagnosis", "Finding", "LayerAgreement", "Mistake", "diagnose"]
