"""Whatever is written as CSV is read back (Hypothesis)."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deltarule.data import read_table
from deltarule.data.text.cells import is_missing

TEXT = st.text(
    st.one_of(
        st.sampled_from('",;\n\r\t é漢😀'),
        st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"),
    ),
    max_size=8,
)
ROWS = st.lists(st.tuples(TEXT, st.floats(allow_infinity=False)), min_size=1, max_size=30)


@given(
    rows=ROWS,
    separator=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_written_tables_are_read_back(rows, separator, end, encoding, quoting):
    if any("\r" in word for word, _ in rows):  # Python's writer leaves it bare: a line's end
        quoting = csv.QUOTE_ALL
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=separator, lineterminator=end, quoting=quoting)
            writer.writerow(["word", "number"])
            writer.writerows((word, repr(number)) for word, number in rows)
        table = read_table(path, text=["word"], separator=separator, encoding=encoding)
        lines = [int(table.place(row, "word").split(":")[-2]) for row in range(table.rows)]
    numbers = np.array([number for _, number in rows])
    np.testing.assert_array_equal(table["number"].values, numbers)
    column = table["word"]
    words = [column.categories[c] if c >= 0 else None for c in column.values]
    assert words == [None if is_missing(word) else word.strip() for word, _ in rows]
    assert list(column.categories) == sorted({word for word in words if word is not None})
    breaks = [len(word.replace("\r\n", "\n").replace("\r", "\n").split("\n")) for word, _ in rows]
    assert lines == [2 + sum(breaks[:i]) for i in range(len(rows))]
