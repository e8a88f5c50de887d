"""`dr.tune`: which settings suit a table, by training many and keeping the better ones."""

from deltarule.studies.tuning.api import tune
from deltarule.studies.tuning.tuned import Tuned

__all__ = ["Tuned", "tune"]
