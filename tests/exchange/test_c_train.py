"""The header that goes on learning: its steps are ours, and it is clean under sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

import deltarule as dr
from deltarule.exchange.c import training
from deltarule.exchange.c.compiled import compiled, compiler

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")

CASES = [
    ("iris", {}), ("people", {"target": "rich"}), ("people", {"target": "income", "l2": 0.01}),
    ("diabetes", {"hidden": (6, 6), "activation": "relu"}),
    ("wine", {"activation": "gelu", "loss": "half_squared_error"}),
    ("breast_cancer", {"activation": "sigmoid", "dtype": "float64"}),
    ("people", {"target": "income", "target_transform": "log1p"}),
    ("wine", {"penalty": "weight_elimination:0.3,0.5", "dtype": "float64"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CASES, ids=range(len(CASES)))
def test_its_steps_are_ours(make: Any, tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    options = dict(options)
    model = make(name, options.pop("target", None), **options)
    made = dr.export(model, "c", tmp_path / "m.h", train=True)
    assert made.difference is not None
    assert made.difference < 1e-6
    assert "m_train(cells, target, rate)" in made.path.read_text()


def test_a_wrong_step_is_not_kept(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = training._below

    def wrong(*arguments: Any) -> Any:
        return (line.replace("dE_dy * ", "2 * dE_dy * ") for line in right(*arguments))

    monkeypatch.setattr(training, "_below", wrong)
    with pytest.raises(dr.NumericError, match="after 20 steps a weight differs"):
        dr.export(make("iris"), "c", tmp_path / "m.h", train=True)
    assert not (tmp_path / "m.h").exists()


def test_it_learns_and_refuses_under_sanitizers(make: Any, tmp_path: Path) -> None:
    dr.export(make("iris"), "c", tmp_path / "m.h", train=True)
    (tmp_path / "learn.c").write_text(LEARN)
    flags = "-Wextra -Wshadow -Wconversion -fsanitize=address,undefined -fno-sanitize-recover=all"
    assert compiled(tmp_path, "learn.c", "learn", *flags.split())
    said = subprocess.run("./learn", cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    before, after, *refused = said.stdout.split()
    assert float(before) < 0.9 < float(after)
    assert refused == ["-1", "-1", "-1", "2"]


LEARN = """
#include <stdio.h>
#include "m.h"
int main(void)
{
    const double row[M_CELLS] = {5.9, 3.0, 4.2, 1.5};
    double cells[M_CELLS] = {5.9, NAN, 4.2, 1.5}, answers[M_ANSWERS], target[1] = {0};
    cells[1] = INFINITY;
    m_predict(row, answers);
    printf("%g ", answers[0]);
    for (int n = 0; n < 500; n++)
        m_train(row, target, (m_real)0.1);
    m_predict(row, answers);
    printf("%g", answers[0]);
    const double bad[3] = {3, NAN, 0.5};
    for (int i = 0; i < 3; i++) {
        target[0] = bad[i];
        printf(" %d", m_train(row, target, (m_real)0.1));
    }
    target[0] = 1;
    printf(" %d\\n", m_train(cells, target, (m_real)0.1));
    return 0;
}
"""


def test_other_targets_have_no_step(make: Any, tmp_path: Path) -> None:
    with pytest.raises(dr.UsageError, match="is written in c, not in onnx"):
        dr.export(make("iris"), "onnx", tmp_path / "m.onnx", train=True)
