"""The bundled data sets, against their sources and published figures."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

import deltarule.data.bundled
from deltarule.core.errors import UsageError
from deltarule.data import BUNDLED, load, prepare, read_table
from deltarule.data.bundled import sunspots
from deltarule.data.bundled_series import series_table

SINGLE = ("sunspots", "sunspots_monthly", "lynx", "airpassengers")
SKLEARN = ("digits", "iris", "wine", "breast_cancer", "diabetes")
FILES = Path(deltarule.data.bundled.__file__).with_name("files")


@pytest.mark.parametrize("name", BUNDLED)
def test_arrays_and_table_agree(name):
    data, table = load(name), read_table(name)
    assert data["X"] is data.X
    assert data["T"] is data.T
    assert data.X.dtype == data.T.dtype == np.float64
    assert data.X.shape == (table.rows, len(data.columns))
    assert table.names == (*data.columns, data.target)
    assert table.targets == (data.target,)
    assert (table.task, table.ordered) == (data.task, data.ordered)
    for i, column in enumerate(data.columns):
        np.testing.assert_array_equal(table[column].values, data.X[:, i])
    prepared = prepare(table, scale="none", dtype=np.float64)
    assert prepared.task == data.task
    assert prepared.targets.classes == data.classes
    for part in prepared.parts.values():
        np.testing.assert_array_equal(part.X, data.X[part.rows])
        np.testing.assert_array_equal(part.T, data.T[part.rows])


@pytest.mark.parametrize("name", SKLEARN)
def test_scikit_learns_sets(name):
    data = load(name)
    source = getattr(sklearn.datasets, f"load_{name}")()
    np.testing.assert_allclose(data.X, source.data, rtol=0, atol=1e-16)
    assert data.columns == tuple(source.feature_names)
    assert data.classes == tuple(str(c) for c in source.get("target_names", ()))
    codes = {"multiclass": data.T.argmax(1)}.get(data.task, data.T[:, 0])
    np.testing.assert_array_equal(codes, source.target)
    assert "scikit-learn" in data.description


@pytest.mark.parametrize(
    "file",
    sorted(
        path
        for path in FILES.glob("*.csv.gz")
        if path.name not in ("m1_yearly.csv.gz", "sunspots_monthly.csv.gz")
    ),
    ids=lambda path: path.name,
)
def test_the_files_are_scikit_learns_byte_for_byte(file):
    name = {"wine.csv.gz": "wine_data.csv.gz"}.get(file.name, file.name)
    theirs = Path(sklearn.datasets.__file__).with_name("data") / name
    if theirs.exists():
        expected = gzip.decompress(theirs.read_bytes())
    else:
        expected = theirs.with_suffix("").read_bytes()
    assert gzip.decompress(file.read_bytes()) == expected


def test_every_file_has_its_source():
    stated = "".join(path.read_text() for path in FILES.glob("*.txt"))
    assert len([*FILES.glob("*.csv*")]) == 11
    assert all(path.name in stated for path in FILES.glob("*.csv*"))


def test_tasks():
    tasks = {name: load(name).task for name in BUNDLED}
    assert [n for n, task in tasks.items() if task == "regression"] == [
        "diabetes",
        *SINGLE,
    ]
    assert [n for n, task in tasks.items() if task == "binary"] == ["breast_cancer", "xor"]


def test_xor():
    data = load("xor")
    assert data.X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.T.tolist() == [[0], [1], [1], [0]]
    assert not data.splittable


def test_encoder():
    data = load("encoder")
    np.testing.assert_array_equal(data.X, np.eye(10))
    np.testing.assert_array_equal(data.T, np.eye(10))
    assert not data.splittable


def test_unknown_names():
    with pytest.raises(UsageError, match="unknown bundled data set 'irs', did you mean 'iris'"):
        load("irs")
    with pytest.raises(UsageError, match="unknown array 'Y'"):
        load("xor")["Y"]


def test_sunspots_series():
    years, numbers = sunspots()
    assert years.tolist() == list(range(1700, 2009))
    early = numbers[years <= 1979]
    assert float(np.mean((early - early.mean()) ** 2)) == pytest.approx(1495.59, abs=0.005)


def test_sunspots_name_their_source():
    notes = Path(deltarule.data.bundled.__file__).with_name("files") / "sunspots.txt"
    assert "NOAA" in notes.read_text(encoding="utf-8")
    assert "NOAA" in read_table("sunspots").notes[0]


def test_sunspots_windows():
    years, numbers = sunspots()
    data = load("sunspots")
    assert data.X.shape == (297, 12)
    assert data.columns[0] == "lag_1"
    row = 1979 - 1712
    assert data.T[row, 0] == numbers[years == 1979][0]
    assert data.X[row].tolist() == [numbers[years == 1979 - k][0] for k in range(1, 13)]


# Weigend, Huberman and Rumelhart 1990; Svarer, Hansen and Larsen 1993: train on 1712-1920.
PERIODS = {"train": (1712, 1920), "test 1": (1921, 1955), "test 2": (1956, 1979)}


def normalised(errors):
    years = np.arange(1712, 2009)
    spans = [(years >= first) & (years <= last) for first, last in PERIODS.values()]
    return [float(np.mean(errors[span] ** 2)) / 1495.59 for span in spans]


def test_sunspots_autoregression():
    data = load("sunspots")
    design = np.hstack([data.X, np.ones((297, 1))])
    weights = np.linalg.lstsq(design[:209], data.T[:209, 0], rcond=None)[0]
    errors = design @ weights - data.T[:, 0]
    assert normalised(errors) == pytest.approx([0.1319, 0.1296, 0.3679], abs=5e-5)


def test_sunspots_persistence():
    data = load("sunspots")
    errors = data.X[:, 0] - data.T[:, 0]
    assert normalised(errors) == pytest.approx([0.2998, 0.4268, 0.9647], abs=5e-5)


def test_lynx_and_airpassengers_are_the_published_ones():
    """Sums and ends: Elton and Nicholson's and Box and Jenkins' tables."""
    lynx, air = series_table("lynx"), series_table("airpassengers")
    caught = lynx["trappings"].values
    assert (len(caught), caught[0], caught[-1], caught.max()) == (114, 269, 3396, 6991)
    assert caught.mean() == pytest.approx(1538.018, abs=5e-4)
    passengers = air["passengers"].values
    assert (len(passengers), passengers[0], passengers[-1]) == (144, 112, 432)
    assert passengers.mean() == pytest.approx(280.2986, abs=5e-5)
    assert np.allclose(
        np.diff(air["month"].values)[:12], [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    )


def test_months_of_sunspots_are_the_years():
    years, yearly = sunspots()
    months = series_table("sunspots_monthly")["sunspots"].values.reshape(-1, 12).mean(axis=1)
    assert np.abs(months - yearly[(years >= 1749) & (years <= 1983)]).max() < 1.8


def test_m1_has_its_181_series():
    m1 = series_table("m1_yearly")
    counts = np.bincount(m1["series"].values)
    assert (len(counts), counts.min(), counts.max()) == (181, 15, 58)
    with pytest.raises(UsageError, match="unknown bundled series 'm1', did you mean 'm1_yearly'"):
        series_table("m1")
