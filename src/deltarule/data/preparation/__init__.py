"""From a table to arrays: what is chosen, split, scaled and encoded."""
