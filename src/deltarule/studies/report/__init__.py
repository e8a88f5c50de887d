"""The report of a study: one HTML page that needs nothing else."""

from deltarule.studies.report.page import write

__all__ = ["write"]
