"""Anybody's program, as it is: how it can be asked for a gradient, found by trying.

`reading.py` is where a way of asking is proved, by the numbers of the forward pass; `api.py` has
`dr.diagnose`.
"""

from deltarule.check.adapter.api import diagnose, documented, programs_in
from deltarule.check.adapter.calls.trial import calling
from deltarule.check.adapter.judge import Asked, ask
from deltarule.check.adapter.program import Program
from deltarule.check.adapter.reading import Known
from deltarule.check.adapter.script import ask_script

__all__ = [
    "Asked",
    "Known",
    "Program",
    "ask",
    "ask_script",
    "calling",
    "diagnose",
    "documented",
    "programs_in",
]
