"""Layers, one file each; initialisers beside them."""

from deltarule.layers.affine import Affine, AffineSaved, check_rows
from deltarule.layers.dense import Dense
from deltarule.layers.first import Start, starts
from deltarule.layers.initialisers import INITIALISERS, Initialiser
from deltarule.layers.layer import (
    LAYERS,
    Layer,
    Parameters,
    Shape,
    all_of,
    as_shape,
    inputs_text,
    shapes,
)

__all__ = [
    "INITIALISERS",
    "LAYERS",
    "Affine",
    "AffineSaved",
    "Dense",
    "Initialiser",
    "Layer",
    "Parameters",
    "Shape",
    "Start",
    "all_of",
    "as_shape",
    "check_rows",
    "inputs_text",
    "shapes",
    "starts",
]
