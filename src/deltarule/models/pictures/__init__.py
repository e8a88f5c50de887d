"""The pictures of a model folder: curves, predictions, confusion, and what else was asked."""
