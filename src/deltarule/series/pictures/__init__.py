"""Pictures of forecasts: of one series, and of many."""
