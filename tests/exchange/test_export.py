"""What is written answers as the model does, everywhere where it is run."""

from __future__ import annotations

import importlib.util
import runpy
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_layers import Scale
from typer.testing import CliRunner

import deltarule as dr
from deltarule.activations import ACTIVATIONS
from deltarule.cli.main import app
from deltarule.data import read_table
from deltarule.exchange import TARGETS
from deltarule.exchange.c.compiled import compiler
from deltarule.exchange.operations import operations_of
from deltarule.exchange.trial import Trial
from deltarule.models import Model, Recipe, fit, save
from deltarule.models.tables import columns_table

HERE = [
    to
    for to in TARGETS
    if to != "c_fixed" and (to not in ("onnx", "torch") or importlib.util.find_spec(to))
]
"""The others are in the extras `onnx` and `peers`."""
HIDDEN = [a.name for a in ACTIVATIONS if not a.rowwise]


def numpy_answers(path: Path, rows: Any) -> Any:
    made = runpy.run_path(str(path))
    return np.asarray((made.get("probabilities") or made["predict"])(rows))


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation_is_written(activation: str, make: Any, tmp_path: Path) -> None:
    rule = "hidden=fast_sigmoid:25" if ACTIVATIONS[activation].flat else "exact"
    model = make("iris", activation=activation, dtype="float64", hidden=(4, 3), rule=rule)
    for to in HERE:
        if to == "onnx" and activation == "gelu":
            with pytest.raises(dr.UsageError, match="Erf in single precision"):
                dr.export(model, to, tmp_path / "m")
            continue
        made = dr.export(model, to, tmp_path / f"m-{to}")
        assert made.difference is not None
        assert made.difference < 1e-12


@pytest.mark.parametrize("to", HERE)
@pytest.mark.parametrize("scale", ["standard", "none"])
@pytest.mark.parametrize(
    ("name", "target"),
    [("iris", None), ("diabetes", None), ("people", "rich"), ("people", "income")],
)
def test_every_task_is_written(
    name: str, target: str | None, scale: str, to: str, make: Any, tmp_path: Path
) -> None:
    model = make(name, target, scale=scale, l2=0.01)
    assert dr.export(model, to, tmp_path / "m").difference < 1e-6


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("diabetes", "half_squared_error"),
        ("diabetes", "huber"),
        ("diabetes", "log_cosh"),
        ("iris", "cross_entropy"),
        ("iris", "half_squared_error"),
    ],
)
def test_the_gradient_is_the_exact_rules(name: str, loss: str, make: Any, tmp_path: Path) -> None:
    model = make(name, loss=loss, rule="hidden=constant", l2=0.1)
    text = dr.export(model, "numpy", tmp_path / "m").path.read_text()  # which holds it to ours
    assert "this is the exact one" in text
    total = replace(model, objective=replace(model.objective, reduction="sum"))
    text = dr.export(total, "numpy", tmp_path / "n").path.read_text()
    assert "    E = sum over rows" in text


def test_a_gradient_that_is_not_ours_is_not_kept(make: Any, tmp_path: Path) -> None:
    model = make("iris")
    text = TARGETS["numpy"].write(operations_of(model), Trial.of(model, operations_of(model)), "m")
    (tmp_path / "m.py").write_text(str(text).replace("delta1.T @ y0", "delta1.T @ y0 * 1.000001"))
    with pytest.raises(dr.NumericError, match="E or gradient is not the model's"):
        TARGETS["numpy"].answer(tmp_path / "m.py", Trial.of(model, operations_of(model)), "m")


def test_cells_that_are_missing_or_strange(make: Any, tmp_path: Path) -> None:
    model = make("people", "rich")
    path = dr.export(model, "numpy", tmp_path / "m.py").path
    row = {
        "age": 30.0,
        "city": "Rome",
        "married": True,
        "height": 1.7,
        "shoes": 43.0,
        "income": 1e6,
    }
    gone = {**row, "age": None, "city": None, "married": None}
    rows = [tuple(r[n] for n in model.inputs.names) for r in (row, gone)]
    data = {n: [row[n], gone[n]] for n in row}
    np.testing.assert_allclose(numpy_answers(path, rows), model.predict_proba(data), atol=1e-6)
    made = runpy.run_path(str(path))
    with pytest.raises(ValueError, match=r"column 'city'.*Paris.*not in training"):
        made["predict"]([tuple({**row, "city": "Paris"}[n] for n in model.inputs.names)])
    assert made["predict"](rows) == model.predict(data).tolist()
    strict = dr.export(make("diabetes", missing="error"), "numpy", tmp_path / "n.py").path
    with pytest.raises(ValueError, match="missing or not finite"):
        numpy_answers(strict, [[float("nan")] * 10])


CITY = 'O\'Brien, "x" \\ é'
NAMES = ["label", 'a "b"', "*/ x", "probabilities", "c\\", "deltarule"]


@pytest.mark.parametrize("to", HERE)
def test_names_and_classes_of_any_kind(to: str, make: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=40) for name in NAMES}
    columns["b?/"] = np.array(['say "hi"', "\\n", "*/", "é??/"] * 10)
    end = 'x """\nraise SystemExit(7)\n"""\\'
    columns[end] = np.array(['"quoted"', "back\\slash", "??=\n", "ñ\t"])[rng.integers(0, 4, 40)]
    table = columns_table(columns)
    found = fit(table, Recipe(hidden=(3,), epochs=2), target=end)
    made = dr.export(found.model, to, tmp_path / "m")
    assert made.difference is not None
    assert made.difference < 1e-6


@pytest.mark.skipif(compiler() is None, reason="there is no C compiler")
def test_the_header_is_clean_and_names_what_it_cannot_use(make: Any, tmp_path: Path) -> None:
    model = make("people", "rich")
    dr.export(model, "c", tmp_path / "people.h")
    (tmp_path / "main.c").write_text(CALLS)
    flags = "-std=c99 -O1 -g -Wall -Wextra -Wshadow -Wconversion -Werror"
    flags += " -fsanitize=address,undefined -fno-sanitize-recover=all"
    run = [str(compiler()), *flags.split(), "main.c", "-lm", "-o", "main"]
    built = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert built.stderr == ""
    said = subprocess.run("./main", cwd=tmp_path, capture_output=True, text=True, check=True)
    gone = {n: [None] for n in model.inputs.names}
    lines = said.stdout.split()
    assert lines[:4] == ["2", "2", "3", "1"]
    np.testing.assert_allclose(float(lines[4]), model.predict_proba(gone)[0, 1], atol=1e-6)
    assert lines[5] == model.predict(gone)[0]


def test_without_a_compiler_the_header_is_written_and_that_is_said(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    made = dr.export(make("iris"), "c", tmp_path / "m.h")
    assert (made.difference, made.lacking) == (None, "there is no C compiler")
    assert made.path.read_text().endswith("#endif /* M_H */\n")


CALLS = """
#include <stdio.h>
#include "people.h"
static int with(int i, double x)
{
    double cells[PEOPLE_CELLS] = {30, 1, 0, 1.7, 43, 1e6}, answers[PEOPLE_ANSWERS];
    cells[i] = x;
    return people_predict(cells, answers);
}
int main(void)
{
    const double gone[PEOPLE_CELLS] = {NAN, -1, -1, NAN, NAN, NAN};
    double answers[PEOPLE_ANSWERS];
    printf("%d %d %d %d\\n", with(1, 3), with(1, 0.5), with(2, NAN), with(0, INFINITY));
    people_predict(gone, answers);
    printf("%.9g %s\\n", answers[1], people_name(people_class(answers)));
    return 0;
}
"""


def test_what_answers_otherwise_is_not_kept(make: Any, tmp_path: Path) -> None:
    model = make("iris")
    ops = operations_of(model)
    trial = Trial.of(model, ops)
    wrong = trial.answers.copy()
    wrong[3, 1] += 1e-5
    with pytest.raises(dr.NumericError, match=r"answers .* where the model answers"):
        trial.check("m", wrong)
    wrong[5, 0] = np.nan
    with pytest.raises(dr.NumericError, match="answers nan"):
        trial.check("m", wrong)
    ops.steps[0].W[...] += 0.1  # a view of theta: the model moves, the file must not be kept
    moved = Model(model.objective, model.theta * 1.01, model.inputs, model.targets)
    text = TARGETS["numpy"].write(operations_of(moved), trial, "m")
    (tmp_path / "m.py").write_text(text)
    with pytest.raises(dr.NumericError):
        trial.check("m", TARGETS["numpy"].answer(tmp_path / "m.py", trial, "m"))


def test_a_formula_of_ones_own_is_written_where_it_can_be_traced(make: Any, tmp_path: Path) -> None:
    bent = dr.activations.Custom(
        lambda x: x / (1 + x * x), lambda x: (1 - x * x) / (1 + x * x) ** 2, name="bent"
    )
    made = dr.export(make("iris", activation=bent), "numpy", tmp_path / "m.py")
    assert "def bent(net)" in made.path.read_text()
    looked_up = dr.activations.Custom(
        lambda x: np.interp(x, [-1.0, 1.0], [0.0, 1.0]),
        lambda x: np.where(np.abs(x) < 1, 0.5, 0.0),
        name="looked_up", kinks=[-1.0, 1.0],
    )  # fmt: skip
    with pytest.raises(dr.UsageError, match="looked_up cannot be written in another language"):
        dr.export(make("iris", activation=looked_up), "numpy", tmp_path / "n.py")
    assert not (tmp_path / "n.py").exists()


def test_what_has_no_place_in_a_target_is_refused(make: Any, tmp_path: Path) -> None:
    model = make("iris")
    net = dr.Network(4, [Scale(), dr.Dense(3, "softmax")])
    layered = replace(model, objective=replace(model.objective, network=net), theta=net.init())
    with pytest.raises(dr.UsageError, match=r"layer 1 is of the type .*; networks of dense layers"):
        dr.export(layered, "c", tmp_path / "m.h")
    sizes = {"city": ("Bonn", "Rome", CITY)}
    for options, words in (
        ({"ensemble": 3}, "it is an ensemble of 3 networks"),
        ({"min_count": 31}, "rare categories are pooled"),
        ({"ordinal": sizes}, "columns are made of others"),
    ):
        with pytest.raises(dr.UsageError, match=f"cannot be exported yet: {words}"):
            dr.export(make("people", "rich", **options), "c", tmp_path / "m.h")
    table = columns_table(
        {"x": [0.1, 0.2, 0.3, 0.4] * 5, "a": ["u", "v"] * 10, "b": ["v", "w"] * 10}
    )
    several = fit(table, Recipe(hidden=(2,), epochs=1), target=["a", "b"]).model
    with pytest.raises(dr.UsageError, match="its target has several labels"):
        dr.export(several, "c", tmp_path / "m.h")
    assert not (tmp_path / "m.h").exists()


@pytest.mark.parametrize("to", HERE)
@pytest.mark.parametrize("how", ["log", "log1p"])
def test_logarithms_and_counts(to: str, how: str, make: Any, tmp_path: Path) -> None:
    model = make("people", "income", target_transform=how)
    assert dr.export(model, to, tmp_path / "m").difference < 1e-6
    table = columns_table({"x": np.arange(40.0), "siblings": np.arange(40.0) ** 2 % 5})
    counts = fit(table, Recipe(hidden=(3,), epochs=2, task="count"), target="siblings").model
    assert dr.export(counts, to, tmp_path / "n").difference < 1e-6


def test_a_model_that_answers_otherwise_than_its_network_is_found_out(make: Any) -> None:
    model = make("iris")
    wrong = replace(model, members=np.stack([model.theta, model.theta * 1.1]))
    ops = operations_of(model)
    assert Trial.of(wrong, ops).tolerance < 2e-6
    with pytest.raises(dr.NumericError):
        Trial.of(wrong, ops).check("m", Trial.of(model, ops).answers)


def test_the_command(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(fit(read_table("iris"), Recipe(hidden=(3,), epochs=2)), "iris-model")

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["export", *words])

    assert run("iris-model", "--to", "numpy").exit_code == 0
    assert Path("iris_model.py").exists()
    again = run("iris-model", "--to", "numpy")
    assert (again.exit_code, "the file exists" in again.output) == (2, True)
    said = run("iris-model", "--to", "numpy", "--force").output
    assert "run on 1,000 rows" in said
    assert "did you mean 'numpy'" in run("iris-model", "--to", "numpi").output
    assert run("nowhere", "--to", "numpy").exit_code == 5
