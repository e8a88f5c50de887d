"""Programs for networks that walk through time: observations side by side, step by step."""
