"""Time series: a series in, its future with intervals out, judged beside what needs no network.

`forecast` does it all, `forecast_panel` for many series at once; `load_forecast` goes on from a
folder, and `why_forecast` takes a forecast apart (all also in `deltarule`).
"""

from deltarule.series.fitted import Fitted
from deltarule.series.folder import load_forecast
from deltarule.series.forecasting import forecast
from deltarule.series.panel import Panel, forecast_panel
from deltarule.series.recipe import Recipe
from deltarule.series.result import Forecast
from deltarule.series.series import Series, as_series
from deltarule.series.several import is_panel
from deltarule.series.why.shares import WhyForecast, why_forecast

__all__ = [
    "Fitted",
    "Forecast",
    "Panel",
    "Recipe",
    "Series",
    "WhyForecast",
    "as_series",
    "forecast",
    "forecast_panel",
    "is_panel",
    "load_forecast",
    "why_forecast",
]
