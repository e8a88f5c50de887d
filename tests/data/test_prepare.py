"""From a table to arrays: parts, statistics, policies, notes and refusals."""

import tracemalloc

import numpy as np
import pytest

from deltarule.core.errors import DataError, UsageError
from deltarule.data import Column, Table, prepare, read_table


def people(rows=40, hole=None):
    """Return a CSV of people; `hole` is the (row, column) of a cell to leave empty."""
    lines = [["age", "city", "const", "y"]]
    for i in range(rows):
        lines.append([str(20 + i), ("Rome", "Bonn")[i % 2], "7", ("no", "yes")[i // 2 % 2]])
    if hole is not None:
        lines[hole[0] + 1][hole[1]] = ""
    return "\n".join(",".join(line) for line in lines)


def refused(table, kind=DataError, **options):
    with pytest.raises(kind) as caught:
        prepare(table, **options)
    return str(caught.value)


def test_parts_are_views_of_one_array_in_order(write):
    result = prepare(read_table(write(people())), target="y", seed=3)
    train, validation, test = (result[name] for name in ("train", "validation", "test"))
    assert [len(part) for part in (train, validation, test)] == [28, 4, 8]
    for key in ("X", "T"):
        base = getattr(train, key).base
        assert base.shape[0] == 40
        assert base.dtype == np.float32
        assert base.flags.c_contiguous
        joined = np.concatenate([getattr(part, key) for part in (train, validation, test)])
        np.testing.assert_array_equal(base, joined)
        for part in (train, validation, test):
            assert getattr(part, key).base is base
    assert sorted(np.concatenate([p.rows for p in result.parts.values()])) == list(range(40))


def test_rows_and_statistics_of_the_training_part(write):
    table = read_table(write(people()))
    result = prepare(table, target="y", dtype=np.float64)
    rows = result["train"].rows
    ages = table["age"].values
    expected = (ages - ages[rows].mean()) / ages[rows].std()
    for part in result.parts.values():
        np.testing.assert_allclose(part.X[:, 0], expected[part.rows], atol=1e-12)
        np.testing.assert_array_equal(part.X[:, 1], part.rows % 2 == 1)
        np.testing.assert_array_equal(part.X[:, 2], part.rows % 2 == 0)
        np.testing.assert_array_equal(part.X[:, 3], 0)
        np.testing.assert_array_equal(part.T[:, 0], part.rows // 2 % 2)
    assert result.inputs.feature_names == ("age", "city=Bonn", "city=Rome", "const")
    assert result.task == "binary"


def test_notes_say_what_was_done(write):
    notes = prepare(read_table(write(people())), target="y").notes
    assert notes == (
        "target 'y': binary, 2 classes (no, yes)",
        "scaled (standard, from the training rows): 2 numeric input columns",
        "constant in the training rows, kept as zero: 'const'",
        "column 'city' (text) is one-hot encoded: Bonn, Rome",
        "column 'age' numbers the rows. If that tells nothing, carry it along with `--id age`, or "
        "leave it out with `--drop age`",
        "rows: 28 train, 4 validation, 8 test; chosen at random with the same shares of classes",
    )


def test_regression_notes_and_inverse(write):
    table = read_table(write(people()))
    result = prepare(table, target="age", dtype=np.float64)
    assert result.task == "regression"
    assert "target 'age': regression" in result.notes
    assert any("1 numeric input column, the target" in note for note in result.notes)
    assert result.notes[-1] == "rows: 28 train, 4 validation, 8 test; chosen at random"
    part = result["test"]
    np.testing.assert_allclose(result.targets.inverse(part.T)[:, 0], 20 + part.rows)


def test_the_split_is_stratified_and_repeatable(write):
    table = read_table(write(people(60)))
    one, two = prepare(table, target="y", seed=1), prepare(table, target="y", seed=1)
    for name, part in one.parts.items():
        np.testing.assert_array_equal(part.rows, two[name].rows)
        assert part.T.mean() == 0.5
    assert prepare(table, target="y", seed=2)["test"].rows.tolist() != one["test"].rows.tolist()


def test_no_target(write):
    message = refused(read_table(write(people())), UsageError)
    assert message.startswith("people.csv: which column is the target? Name it with `--target`.")
    assert "age, city, const, y" in message


def test_missing_target_column(write):
    message = refused(read_table(write(people())), target="agee")
    assert message.startswith("people.csv: there is no target column 'agee', did you mean 'age'?")
    assert "Its columns: age, city, const, y." in message


def test_no_inputs(write):
    assert "there is no input column beside the target y" in refused(
        read_table(write("y\na\nb\na\nb\n")), target="y"
    )


def test_one_class(write):
    message = refused(read_table(write("x,y\n1,a\n2,a\n3,a\n")), target="y")
    assert "target 'y' has one class only, 'a', in all its 3 rows" in message


def test_a_class_with_one_row(write):
    message = refused(read_table(write("x,y\n1,a\n\n2,b\n3,a\n")), target="y")
    assert message.startswith("people.csv:4:2: class 'b' of target 'y' has a single row")


def test_a_class_with_one_row_left_after_dropping(write):
    table = read_table(write("x,y\n1,a\n,b\n3,a\n4,b\n"))
    message = refused(table, target="y", missing="drop")
    assert message.startswith("people.csv:5:2: class 'b'")


@pytest.mark.parametrize("missing", ["error", "mean"])
def test_missing_target_cells_are_errors(write, missing):
    table = read_table(write(people(hole=(5, 3))))
    message = refused(table, target="y", missing=missing)
    assert message.startswith("people.csv: 1 cell is missing, at people.csv:7:4 ('y').")
    assert "`--missing drop`" in message


def test_missing_input_cells_are_errors_by_default(write):
    rows = "".join(
        f"{'NaN' if i % 2 else i},,{i / 7}\n" if i < 8 else f"{i},x,{i / 7}\n" for i in range(30)
    )
    message = refused(read_table(write("a,b,y\n" + rows)), target="y")
    assert message.startswith("people.csv: 12 cells are missing, the first at people.csv:2:2 ('b')")
    assert (
        "people.csv:3:1 ('a'); people.csv:3:2 ('b'); people.csv:4:2 ('b'); people.csv:5:1 ('a')."
        in message
    )
    assert "people.csv:5:2" not in message
    assert "`--missing mean` or `--missing drop`" in message


def test_five_missing_cells_are_all_cited(write):
    text = "a,b\n" + "".join(f",{i / 7}\n" for i in range(5)) + "1,0.5\n"
    message = refused(read_table(write(text)), target="b")
    assert message.startswith("people.csv: 5 cells are missing, at people.csv:2:1 ('a')")
    assert "people.csv:6:1 ('a')." in message


def test_missing_mean(write):
    table = read_table(write(people(hole=(5, 0))))
    result = prepare(table, target="y", missing="mean", dtype=np.float64)
    assert any(
        n.startswith("column 'age': 1 cell missing, replaced by the m") for n in result.notes
    )
    part = next(p for p in result.parts.values() if 5 in p.rows)
    assert part.X[part.rows == 5, 0] == pytest.approx(0, abs=1e-12)
    assert sum(map(len, result.parts.values())) == 40


def test_missing_drop(write):
    table = read_table(write(people(hole=(5, 1))))
    result = prepare(table, target="y", missing="drop")
    assert "dropped 1 of 40 rows for their missing cells" in result.notes
    rows = sorted(np.concatenate([p.rows for p in result.parts.values()]).tolist())
    assert rows == [i for i in range(40) if i != 5]


def test_rows_dropped_for_their_target_are_counted(write):
    rows = ["a,y", *(f"{i},{i / 2}" for i in range(37)), "38,", "39,", ",1.5"]
    table = read_table(write("\n".join(rows) + "\n"))
    notes = prepare(table, target="y", missing="drop").notes
    said = "dropped 3 of 40 rows for their missing cells, 2 of them because the target is missing"
    assert said in notes


def test_missing_drop_of_everything(write):
    table = read_table(write("a,b,y\n,1,2\n3,,4\n"))
    assert "every row has a missing cell" in refused(table, target="y", missing="drop")


@pytest.mark.parametrize("missing", ["error", "mean", "drop"])
def test_an_empty_column(write, missing):
    table = read_table(write("a,b,y\n1,,2\n3,,4\n"), text=["b"])
    message = refused(table, target="y", missing=missing)
    assert "column 'b' has no value in any row" in message
    assert "`--drop b`" in message


def test_unknown_policy(write):
    message = refused(read_table(write(people())), UsageError, target="y", missing="omit")
    assert message.startswith("unknown policy for missing cells 'omit'")


def test_categories_outside_the_training_rows_are_zeroed_and_said():
    codes = np.zeros(10, np.int32)
    codes[8] = 1
    columns = (
        Column("c", "text", codes, ("often", "once")),
        Column("n", "numeric", np.arange(10.0)),
        Column("y", "numeric", np.arange(10.0) / 3),
    )
    result = prepare(Table("demo", columns, ("y",), ordered=True), validation=0.1, test=0.2)
    assert result.inputs.feature_names == ("c=often", "n")
    assert result["test"].X[:, 0].tolist() == [0, 1]
    assert any(
        "1 cell of a category that does not occur" in n and "once" in n for n in result.notes
    )
    assert any("one category in the training rows, 'often'" in note for note in result.notes)


def test_time_series_are_split_in_order():
    result = prepare(read_table("sunspots"), validation=0.1, test=0.2)
    assert [part.rows[0] for part in result.parts.values()] == [0, 208, 238]
    expected = "rows: 208 train, 30 validation, 59 test; chosen in order, as sunspots is a series"
    assert result.notes[-1] == expected


@pytest.mark.parametrize("name", ["xor", "encoder"])
def test_sets_that_are_not_split(name):
    result = prepare(read_table(name), validation=0.1, test=0.2)
    rows = {"xor": 4, "encoder": 10}[name]
    assert {n: len(part) for n, part in result.parts.items()} == {
        "train": rows,
        "validation": 0,
        "test": 0,
    }
    assert result["test"].X.shape == (0, result.inputs.width)
    assert result.notes[-1] == f"all {rows} rows of {name} are training rows"


def test_another_target_than_the_default_one():
    result = prepare(read_table("iris"), target="petal length (cm)")
    assert result.task == "regression"
    assert result.inputs.names == ("sepal length (cm)", "sepal width (cm)", "petal width (cm)")
    assert "not used as input, being targets of iris: species" in result.notes


def test_override_of_the_task():
    assert prepare(read_table("digits"), task="regression").targets.width == 1
    assert prepare(read_table("breast_cancer"), task="multiclass").targets.width == 2
    assert "classes (setosa" in refused(read_table("iris"), task="binary")


def test_several_targets(write, tmp_path):
    write("", "empty")
    x, t = np.arange(20.0).reshape(10, 2), np.arange(30.0).reshape(10, 3) ** 2
    np.savez(tmp_path / "d.npz", X=x, T=t)
    result = prepare(read_table("d.npz"), dtype=np.float64)
    assert result.targets.width == 3
    part = result["train"]
    np.testing.assert_allclose(part.T.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(part.T.std(0), 1)
    np.testing.assert_allclose(result.targets.inverse(part.T), t[part.rows])


def test_fractions_too_small_for_the_data(write):
    table = read_table(write("x,y\n1,a\n2,b\n3,a\n4,b\n"))
    message = refused(table, UsageError, target="y")
    assert "`--validation` 0.1 of 4 rows is no row at all. Use `--validation 0`" in message
    assert len(prepare(table, target="y", validation=0, test=0.25)["train"]) == 3


def test_preparing_copies_no_more_than_the_scaled_array():
    x = np.random.default_rng(0).normal(size=(40_000, 100))
    columns = [Column(f"x{i}", "numeric", x[:, i]) for i in range(100)]
    table = Table("demo", (*columns, Column("y", "numeric", x[:, 0] ** 2)), ("y",))
    prepare(table)
    tracemalloc.start()
    result = prepare(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    scaled = sum(part.X.nbytes for part in result.parts.values())
    assert scaled == 40_000 * 100 * 4
    assert peak < scaled + 0.25 * x.nbytes


def test_unknown_part():
    with pytest.raises(UsageError, match="unknown part 'tset', did you mean 'test'"):
        prepare(read_table("xor"))["tset"]


@pytest.mark.parametrize(("yes", "said"), [(8, True), (12, False), (50, False)])
def test_a_rare_class_is_said(yes, said):
    codes = (np.arange(100) < yes).astype(np.int32)
    x = np.random.default_rng(0).normal(size=100)
    table = Table("t", (Column("x", "numeric", x), Column("y", "text", codes, ("no", "yes"))))
    notes = "\n".join(prepare(table, target="y").notes)
    assert ("class 'yes' has 8.0% of the rows: `--class-weight balanced`" in notes) == said
