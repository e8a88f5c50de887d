"""Layers, one file each; initialisers beside them."""

from deltarule.layers.dense import Dense
from deltarule.layers.first import Start, starts
from deltarule.layers.initialisers import INITIALISERS, Initialiser
from deltarule.layers.layer import LAYERS, Layer

__all__ = ["INITIALISERS", "LAYERS", "Dense", "Initialiser", "Layer", "Start", "starts"]
