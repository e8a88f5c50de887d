"""Formulas as graphs: the registry's own bodies, traced, and what is known of their terms."""
