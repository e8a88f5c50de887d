"""Numerical derivatives: where E is taken, how long the step is, and how much of it is rounding."""
