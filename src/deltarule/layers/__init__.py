"""Layers, one file each; initialisers beside them."""

from deltarule.layers.affine import Affine, AffineSaved, check_rows
from deltarule.layers.conv1d import Conv1d
from deltarule.layers.dense import Dense
from deltarule.layers.each_step import EachStep
from deltarule.layers.first import Start, starts
from deltarule.layers.flatten import Flatten
from deltarule.layers.initialisers import INITIALISERS, Initialiser
from deltarule.layers.inputs import as_inputs, as_shape
from deltarule.layers.last import Last
from deltarule.layers.layer import (
    LAYERS,
    Layer,
    Parameters,
    Shape,
    State,
    all_of,
    as_layers,
    check_ends,
    shapes,
)
from deltarule.layers.recurrent import GRU, LSTM, Elman, Jordan, Recurrent, Teacher
from deltarule.layers.steps import Steps
from deltarule.layers.unweighted import Unweighted
from deltarule.layers.written import joined, written_layers

__all__ = [
    "GRU",
    "INITIALISERS",
    "LAYERS",
    "LSTM",
    "Affine",
    "AffineSaved",
    "Conv1d",
    "Dense",
    "EachStep",
    "Elman",
    "Flatten",
    "Initialiser",
    "Jordan",
    "Last",
    "Layer",
    "Parameters",
    "Recurrent",
    "Shape",
    "Start",
    "State",
    "Steps",
    "Teacher",
    "Unweighted",
    "all_of",
    "as_inputs",
    "as_layers",
    "as_shape",
    "check_ends",
    "check_rows",
    "joined",
    "shapes",
    "starts",
    "written_layers",
]
