"""Tables in: files and bundled data sets, encoding, scaling, splitting.

`read_table` turns a file or a bundled name into a `Table`, `prepare` turns a table into scaled
arrays in three parts with the transforms that made them, and `load` gives a bundled data set as
plain arrays. Nothing is chosen silently: see the notes of a table and of what was prepared.
"""

from deltarule.data.bundle import Bundled
from deltarule.data.bundled import BUNDLED, load
from deltarule.data.generators import GENERATED
from deltarule.data.preparation.prepare import Part, Prepared, prepare
from deltarule.data.read import read_table
from deltarule.data.table import Column, Table

__all__ = [
    "BUNDLED",
    "GENERATED",
    "Bundled",
    "Column",
    "Part",
    "Prepared",
    "Table",
    "load",
    "prepare",
    "read_table",
]
