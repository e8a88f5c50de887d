"""Studies of forecasts: many seeds of each setting, beside forecasts without a network."""

from deltarule.series.studies.design import SHIPPED, ForecastStudy, is_study, read_study, shipped
from deltarule.series.studies.outcome import Outcome

__all__ = ["SHIPPED", "ForecastStudy", "Outcome", "is_study", "read_study", "shipped"]
