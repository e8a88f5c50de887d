"""Studies: what happens over many seeds, with statistics that claim no more than they show."""

from deltarule.core.views import bind
from deltarule.studies.results import Results
from deltarule.studies.study import Study

__all__ = ["Results", "Study"]

bind(
    __name__,
    {
        "results.Results.told": "choice:told",
        "results.Results.plot": "pictures.gallery:draw",
        "results.Results.report": "report.page:write",
        "study.Study.run": "running:run",
        "tuning.tuned.Tuned.plot": "tuning.plot:draw",
    },
)
