"""How good forecasts are: baselines, measures, intervals, walks through the past."""
