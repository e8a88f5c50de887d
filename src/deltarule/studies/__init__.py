"""Studies: what happens over many seeds, with statistics that claim no more than they show."""

from deltarule.studies.results import Results
from deltarule.studies.study import Study

__all__ = ["Results", "Study"]
