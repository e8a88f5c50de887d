"""How weights, outputs and deltas are written for people; and names as people write them, read."""

from deltarule.core.notation.symbols import NOTATIONS, Notation, Symbol, as_notation, entry_name

__all__ = ["NOTATIONS", "Notation", "Symbol", "as_notation", "entry_name"]
