"""Optimisers of the whole vector theta, on the whole batch."""
