"""Time series: a series in, its future with intervals out, judged beside what needs no network.

`forecast` does it all, `forecast_panel` for many series at once; `load_forecast` goes on from a
folder, and `why_forecast` takes a forecast apart (all also in `deltarule`).
"""

from deltarule.core.views import bind
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

bind(
    __name__,
    {
        "panel.Panel.plot": "pictures.panel:draw_panel",
        "panel.Panel.save": "folder:save_panel",
        "result.Forecast.plot": "pictures.forecast:draw_forecast",
        "result.Forecast.save": "folder:save",
        "studies.design.ForecastStudy.run": "studies.measuring:measured",
        "studies.outcome.Outcome.plot": "studies.picture:draw_outcome",
        "why.shares.WhyForecast.plot": "why.plot:draw_why",
    },
)
