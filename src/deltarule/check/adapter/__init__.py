"""Anybody's program, as it is: how it can be asked for a gradient, found by trying.

`reading.py` is where a way of asking is proved, by the numbers of the forward pass; `api.py` has
`dr.diagnose`.
"""

from deltarule.check.adapter.api import Asked, ask, diagnose, documented, programs_in
from deltarule.check.adapter.program import Program
from deltarule.check.adapter.reading import Known

__all__ = ["Asked", "Known", "Program", "ask", "diagnose", "documented", "programs_in"]
