"""Formulas of somebody's own: described in a folder, which holds no code, and found again."""
