"""The pictures of a study: a map of all cells, learning curves, what is solved when."""

from deltarule.studies.pictures.gallery import KINDS, draw, figures
from deltarule.studies.pictures.heat import RANKED

__all__ = ["KINDS", "RANKED", "draw", "figures"]
