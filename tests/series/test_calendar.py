"""Times: found, labelled, and refused with the first offenders named."""

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.series import as_series
from deltarule.series.series import Series


def read(times: list[object], **options: object) -> Series:
    values = list(map(float, range(len(times))))
    return as_series({"time": times, "y": values}, "y", "time", **options)  # type: ignore[arg-type]


def days(*text: str) -> list[object]:
    return list(np.array(text, "datetime64[s]").tolist())


@pytest.mark.parametrize(
    ("times", "labels", "season"),
    [
        ([1700, 1701, 1702], ["1700", "1702", "1703"], 1),
        ([0.5, 1.0, 1.5], ["0.5", "1.5", "2"], 1),
        (days("2020-01-01", "2020-02-01", "2020-03-01"), ["2020-01", "2020-03", "2020-04"], 12),
        (days("2020-01-31", "2020-02-29", "2020-03-31"),
         ["2020-01-31", "2020-03-31", "2020-04-30"], 12),
        (days("2019-01-15", "2019-04-15", "2019-07-15"),
         ["2019-01-15", "2019-07-15", "2019-10-15"], 4),
        (days("2020-02-27", "2020-02-28", "2020-02-29"),
         ["2020-02-27", "2020-02-29", "2020-03-01"], 7),
        (days("2020-01-01T22:00", "2020-01-01T23:00", "2020-01-02T00:00"),
         ["2020-01-01 22:00", "2020-01-02 00:00", "2020-01-02 01:00"], 24),
        (days("2020-01-06", "2020-01-13", "2020-01-20"),
         ["2020-01-06", "2020-01-20", "2020-01-27"], 1),
    ],
)  # fmt: skip
def test_times(times: list[object], labels: list[str], season: int) -> None:
    calendar = read(times).calendar
    assert [calendar.label(i) for i in (0, 2, 3)] == labels
    assert calendar.season == season
    assert [calendar.index(label) for label in labels] == [0, 2, 3]


def test_a_time_between_two_is_the_next() -> None:
    calendar = as_series("airpassengers").calendar
    assert calendar.index("1950") == calendar.index("1950-01") == 12
    assert as_series("sunspots").calendar.index("1920.5") == 221
    with pytest.raises(UsageError, match="'soon' is no time of this series, which runs from 1949"):
        calendar.index("soon")


BAD = [
    ([3, 2, 1], r"not sorted: 2 rows are before the row above, the first at .*row 2.*row 3"),
    ([1, 2, 2, 3], r"1 row is in 'time' at the time of the row above, the first at .*row 3"),
    (
        [1, 2, 4, 5],
        r"irregular: .* once, first at the columns, row 3, column 'time' \(3 is missing",
    ),
    ([1, 2, 3, 9], r"5 missing from 4 on"),
    ([1, 2, 3, 4.5], r"1.5 steps after the row above"),
    ([1, None, 3], r"1 cell is missing, at the columns, row 2"),
    (["a", "b", "c"], r"the time column 'time' is text"),
]


@pytest.mark.parametrize(("times", "message"), BAD)
def test_refused(times: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(times)


def test_times_with_a_zone_are_taken_in_utc() -> None:
    """So hours are regular where clocks are put forward; with and without a zone, none are."""
    hours = [datetime.datetime(2021, 3, 27, 22, tzinfo=datetime.UTC) + datetime.timedelta(hours=h)
             for h in range(6)]  # fmt: skip
    berlin = [t.astimezone(ZoneInfo("Europe/Berlin")) for t in hours]
    assert {t.utcoffset().seconds for t in berlin} == {3600, 7200}
    for times in (berlin, [t.isoformat() for t in berlin]):
        series = read(times)
        assert series.calendar.label(5) == "2021-03-28 03:00"
        assert any("UTC" in note for note in series.notes)
    mixed = [*berlin[:4], berlin[4].replace(tzinfo=None), berlin[5]]
    with pytest.raises(DataError, match=r"with a zone and times without one, .* in row 5\."):
        read(mixed)
    with pytest.raises(DataError, match=r"row's is not written as the columns, row 5, column 'ti"):
        read([t.isoformat() for t in mixed])


def test_a_clock_that_is_put_forward() -> None:
    times = days("2021-03-28T00:00", "2021-03-28T01:00", "2021-03-28T03:00", "2021-03-28T04:00")
    with pytest.raises(DataError, match=r"2021-03-28 02:00 is missing.*are regular in UTC"):
        read(times)
    twice = days("2021-10-31T01:00", "2021-10-31T02:00", "2021-10-31T02:00", "2021-10-31T03:00")
    with pytest.raises(
        DataError, match=r"1 row is in 'time' at the time .*put back, write the times in UTC"
    ):
        read(twice)


@pytest.mark.parametrize(
    ("missing", "values"),
    [("previous", [0, 1, 1, 1, 2, 3]), ("interpolate", [0, 1, 4 / 3, 5 / 3, 2, 3])],
)
def test_gaps_are_filled_on_request(missing: str, values: list[float]) -> None:
    series = read([1, 2, 5, 6], missing=missing)
    assert series.values == pytest.approx(values)
    assert "2 values are missing" in series.notes[-1]
    assert series.calendar.count == 6


def test_what_was_not_counted_is_zero() -> None:
    data = {"day": ["2021-01-01", "2021-01-02", "2021-01-05", "2021-01-05"]}
    data["sold"] = [3.0, 5.0, 1.0, 2.0]
    series = as_series(data, "sold", "day", resample="day:sum", missing="zero")
    assert series.values.tolist() == [3.0, 5.0, 0.0, 0.0, 3.0]
    assert "2 values are missing; they are taken as 0" in series.notes[-1]
    first = as_series({"t": [1, 2], "y": [None, 4.0]}, "y", "t", missing="zero")
    assert first.values.tolist() == [0.0, 4.0]


def test_missing_values() -> None:
    data = {"t": [1, 2, 3, 4], "y": [1.0, np.nan, 3.0, 4.0]}
    with pytest.raises(DataError, match=r"1 cell is missing, at the columns, row 2, column 'y'"):
        as_series(data, "y", "t")
    assert as_series(data, "y", "t", missing="previous").values.tolist() == [1, 1, 3, 4]
    with pytest.raises(DataError, match="no value at the first time"):
        as_series({"t": [1, 2], "y": [np.nan, 1.0]}, "y", "t", missing="previous")
    with pytest.raises(DataError, match=r"1 of 3 values are missing or not finite.*position 2"):
        as_series([1.0, np.nan, 2.0])
    with pytest.raises(UsageError, match="unknown way to fill missing values 'prev'"):
        as_series(data, "y", "t", missing="prev")


def test_which_columns() -> None:
    two = {"t": [1, 2], "y": [1.0, 2.0], "z": [1.0, 2.0]}
    with pytest.raises(UsageError, match="which column holds the times"):
        as_series(two, "y")
    with pytest.raises(UsageError, match="which column is to be forecast"):
        as_series(two, time="t")
    with pytest.raises(DataError, match="there is no column 'yy', did you mean"):
        as_series(two, "yy", "t")
    with pytest.raises(UsageError, match="different columns"):
        as_series(two, "y", "t", known=["y"])
    assert as_series(two, "y", "none").calendar.label(1) == "2"
    with pytest.raises(UsageError, match="a table is a file"):
        as_series(type("Odd", (), {"columns": ()})())


def test_frames() -> None:
    import polars

    frame = polars.DataFrame({"t": [1, 2, 3], "y": [1.0, 2.0, 4.0]})
    assert as_series(frame, "y", "t").values.tolist() == [1, 2, 4]
