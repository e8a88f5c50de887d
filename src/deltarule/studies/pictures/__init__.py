"""The pictures of a study: a map of all cells, learning curves, what is solved when."""

from deltarule.studies.pictures.gallery import KINDS, draw, figures

__all__ = ["KINDS", "draw", "figures"]
