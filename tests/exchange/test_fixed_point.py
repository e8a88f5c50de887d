"""The header in whole numbers: its bound is stated, and holds; no cell is undefined behaviour."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.exchange.c.arithmetic import fixed_of, looked_up
from deltarule.exchange.c.compiled import compiled, compiler
from deltarule.exchange.operations import operations_of
from deltarule.exchange.trial import Trial

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")

CASES = [
    ("iris", {}), ("people", {"target": "rich"}), ("people", {"target": "income"}),
    ("diabetes", {"hidden": (6, 6), "activation": "relu"}),
    ("wine", {"activation": "gelu"}), ("breast_cancer", {"activation": "sigmoid"}),
    ("diabetes", {"hidden": (), "dtype": "float64"}), ("digits", {"hidden": (12,)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CASES, ids=range(len(CASES)))
def test_answers_lie_within_the_bound(
    make: Any, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    options = dict(options)
    model = make(name, options.pop("target", None), **options)
    ops = operations_of(model)
    bound = float(np.max(fixed_of(ops).bound / Trial.of(model, ops).units))
    made = dr.export(model, "c_fixed", tmp_path / "m.h")
    assert made.difference is not None
    assert 0 < made.difference <= bound < 0.02
    assert f"{fixed_of(ops).bound[0]:.3g}" in made.path.read_text()


def test_the_bound_can_fail(make: Any, tmp_path: Path) -> None:
    """It is what is asked for: other weights are not within it."""
    model = make("iris")
    moved = replace(model, theta=model.theta * np.float32(1.01))
    target = dr.exchange.TARGETS["c_fixed"]
    ops = operations_of(model)
    trial = target.tried(ops, Trial.of(model, ops))
    (tmp_path / "m.h").write_text(str(target.write(operations_of(moved), trial, "m")))
    with pytest.raises(dr.NumericError, match=r"answers .* where the model answers"):
        trial.check("m", target.answer(tmp_path / "m.h", trial, "m"))


def test_the_table_is_looked_up_as_the_header_does(make: Any) -> None:
    layer = fixed_of(operations_of(make("iris"))).layers[0]
    assert layer.curve is not None
    net = np.linspace(-4, 4, 1001)
    found = np.ldexp(looked_up(layer.curve, np.rint(np.ldexp(net, layer.net_bits)).astype(int)),
                     -layer.bits)  # fmt: skip
    np.testing.assert_allclose(found, np.tanh(net), atol=1e-4)


@pytest.mark.parametrize(("name", "target"), [("people", "rich"), ("diabetes", None)])
def test_any_cell_is_defined_behaviour(
    make: Any, tmp_path: Path, name: str, target: str | None
) -> None:
    """Whole numbers of every size, under sanitizers, with every warning an error."""
    model = make(name, target)
    dr.export(model, "c_fixed", tmp_path / "m.h")
    (tmp_path / "any.c").write_text(ANY)
    flags = "-Wextra -Wshadow -Wconversion -fsanitize=address,undefined -fno-sanitize-recover=all"
    assert compiled(tmp_path, "any.c", "any", *flags.split())
    said = subprocess.run("./any", cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    taken, highest = map(int, said.stdout.split())
    assert taken > 100
    assert model.targets.quantity or highest <= 2**23 + 2**10


ANY = """
#include <stdio.h>
#include "m.h"
int main(void)
{
    uint32_t state = 1;
    int taken = 0;
    int32_t highest = 0;
    for (int n = 0; n < 20000; n++) {
        int32_t cells[M_CELLS], answers[M_ANSWERS];
        for (int i = 0; i < M_CELLS; i++) {
            state = state * 1664525u + 1013904223u;
            const int32_t any = (int32_t)(state >> 1);
            cells[i] = n % 7 == 0 ? INT32_MAX : n % 7 == 1 ? -INT32_MAX : n % 7 == 2 ? INT32_MIN
                : n % 7 == 3 ? any >> 20 : (state & 1) ? any : -any;
            if (m_categories[i] > 0)
                cells[i] = n % 11 ? any % m_categories[i] : any;
        }
        if (m_predict(cells, answers) == 0) {
            taken++;
            for (int k = 0; k < M_ANSWERS; k++)
                highest = answers[k] > highest ? answers[k] : highest;
        }
    }
    printf("%d %d\\n", taken, (int)highest);
    return 0;
}
"""


def test_what_has_no_bound_is_refused(make: Any, tmp_path: Path) -> None:
    with pytest.raises(dr.UsageError, match="learnt as its log1p"):
        dr.export(make("people", "income", target_transform="log1p"), "c_fixed", tmp_path / "m.h")
    with pytest.raises(dr.UsageError, match="no bound worth stating"):
        dr.export(make("iris", activation="step", rule="hidden=fast_sigmoid"), "c_fixed", "m.h")
