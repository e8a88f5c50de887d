"""Three people in every kind of file, and what a refused one says."""

from __future__ import annotations

import pytest

from deltarule.core.errors import DataError
from deltarule.data import Table, read_table

CSV = "age,city,day\n31,Rome,2024-01-01\n45,Bonn,2024-01-02\n28,,2024-02-03\n"


def refused(source, kind=DataError, **options) -> str:
    with pytest.raises(kind) as caught:
        read_table(source, **options)
    return str(caught.value)


def check_people(table: Table) -> None:
    """Check the three rows of `CSV`."""
    assert table.names == ("age", "city", "day")
    assert table["age"].values.tolist() == [31, 45, 28]
    assert table["city"].categories == ("Bonn", "Rome")
    assert table["city"].values.tolist() == [1, 0, -1]
    assert table["day"].values.tolist() == [19723, 19724, 19756]
    assert table["day"].written == "date"


RECORDS = [
    {"age": 31, "city": "Rome", "day": "2024-01-01"},
    {"age": 45.0, "city": "Bonn", "day": "2024-01-02"},
    {"age": 28, "city": None, "day": "2024-02-03"},
]
