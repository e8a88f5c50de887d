"""Time series: a series in, its future with intervals out, judged beside what needs no network.

`forecast` (also `deltarule.forecast`) does it all.
"""

from deltarule.series.forecast import Forecast, forecast
from deltarule.series.series import Series, as_series

__all__ = ["Forecast", "Series", "as_series", "forecast"]
