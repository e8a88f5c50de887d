"""Optimisers that move every number by its own gradient: one file each."""
