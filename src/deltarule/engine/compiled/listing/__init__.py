"""Programs as texts in Python's notation."""
