"""A step of training in C: the weights of a header that go on learning where it runs.

delta_L from e and f, delta_l = (delta_{l+1} W_{l+1}) f_l'(net_l), w <- w - rate dE/dw: plain
gradient descent on one row, every delta from the weights before the step.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import NumericError
from deltarule.engine import reference
from deltarule.engine.compiled.expressions.tracing import Node
from deltarule.exchange.c.compiled import answer_of_header, coded, compiled
from deltarule.exchange.c.header import c_file, c_words, forward_in_c, row_loops
from deltarule.exchange.numbers_text import number_text
from deltarule.exchange.operations import Operations
from deltarule.exchange.python_text import indented
from deltarule.exchange.target import Target
from deltarule.exchange.trial import Trial
from deltarule.exchange.words import Dialect, Writer, row_graph, traced, unrolled

_STEPS, _RATE = 20, 0.001
_CLOSE = {"float32": 2e-4, "float64": 1e-10}
"""Of the largest change of a weight in the steps of the trial; their rounding comes on top."""

_LOG = {"log": "log", "log1p": "log1p"}


def training_file(ops: Operations, trial: Trial, name: str) -> str:
    """Return the text of a header that can learn."""
    what = "the number of the class" if ops.classes else "in the target's own units"
    said = (
        f"\n{name}_train(cells, target, rate) does one step of gradient descent on a row, the\n"
        f"loss being {ops.objective.loss.name}; target is {what}. The weights lie in writable\n"
        "memory. It returns -1 where the target cannot be used."
    )
    return c_file(ops, trial, name, ["", *_training(ops, name)], said)


def _training(ops: Operations, name: str) -> Iterator[str]:
    words = c_words(name, ops.dtype == np.float32)
    if ops.objective.penalty is not None:
        graph = row_graph()
        pull = traced("the penalty", ops.objective.penalty.body(graph)[1], graph, ["w"], False)
        yield from _scalar(f"{name}_penalty_slope", ("w",), pull, name, words)
    needed = ops.steps if ops.objective.fused is None else ops.steps[:-1]
    for activation in ops.activations():
        if not activation.rowwise and any(s.activation == activation for s in needed):
            slope = unrolled(activation)[1]
            yield from _scalar(f"{name}_{activation.name}_slope", ("net", "y"), slope, name, words)
    yield "/* One step of gradient descent on a row; it returns what predict does, or -1. */"
    yield f"static inline int {name}_train("
    count = 1 if ops.classes else len(ops.targets)
    yield f"    const double cells[{name.upper()}_CELLS], const double target[{count}],"
    yield f"    {name}_real rate)"
    yield "{"
    rowwise = ops.steps[-1].activation.rowwise
    last = len(ops.steps) if ops.objective.fused is None and not rowwise else len(ops.steps) - 1
    yield from indented([*forward_in_c(ops, name, range(1, last + 1)), *_step(ops, name, words)])
    yield "}"


def _scalar(
    function: str, arguments: tuple[str, ...], node: Node, name: str, words: Dialect
) -> Iterator[str]:
    """Yield a function of numbers; some do not need all of them."""
    given = ", ".join(f"{name}_real {a}" for a in arguments)
    yield f"static inline {name}_real {function}({given})"
    yield "{"
    yield from (f"    (void){a};" for a in arguments)
    yield from indented(Writer(words).statements(node, lambda text: f"return {text}"))
    yield "}"
    yield ""


def _step(ops: Operations, name: str, words: Dialect) -> Iterator[str]:
    sizes, L = ops.sizes, len(ops.steps)
    n = sizes[-1]
    yield f"{name}_real T[{n}];"
    yield from _targets(ops, name)
    for l in range(1, L + 1):
        yield f"{name}_real delta{l}[{sizes[l]}];"
    yield from _output_delta(ops, name, words)
    for l in range(L, 0, -1):
        if l > 1:
            yield from _below(ops, name, l)
        decay = (
            f" + {number_text(ops.objective.l2)} * {name}_W{l}[j][k]" if ops.objective.l2 else ""
        )
        if ops.objective.penalty is not None:
            decay += f" + {name}_penalty_slope({name}_W{l}[j][k])"
        cast = f"({name}_real)"
        yield f"for (int j = 0; j < {sizes[l]}; j++) {{"
        yield f"    for (int k = 0; k < {sizes[l - 1]}; k++)"
        change = f"delta{l}[j] * y{l - 1}[k]{decay}"
        yield f"        {name}_W{l}[j][k] -= rate * {cast}({change});"
        if ops.steps[l - 1].b is not None:
            yield f"    {name}_b{l}[j] -= rate * delta{l}[j];"
        yield "}"
    yield "return 0;"


def _targets(ops: Operations, name: str) -> Iterator[str]:
    """Yield T; a target that is no class, or not finite, is refused."""
    cast, k = f"({name}_real)", len(ops.classes) or len(ops.targets)
    if ops.classes:
        yield f"if (!(target[0] >= 0 && target[0] < {k}) || target[0] != floor(target[0]))"
    else:
        yield f"for (int k = 0; k < {k}; k++)"
        yield "    if (!isfinite(target[k]))"
    yield "        return -1;"
    if ops.classes and ops.sizes[-1] == 1:
        yield f"T[0] = {cast}target[0];"
    elif ops.classes:
        yield f"for (int k = 0; k < {ops.sizes[-1]}; k++)"
        yield "    T[k] = k == (int)target[0];"
    else:
        for i, (offset, scale) in enumerate(zip(ops.offset, ops.scale, strict=True)):
            value = f"{_LOG[ops.how]}(target[{i}])" if ops.how in _LOG else f"target[{i}]"
            yield f"T[{i}] = {cast}(({value} - {number_text(offset)}) / {number_text(scale)});"


def _output_delta(ops: Operations, name: str, words: Dialect) -> Iterator[str]:
    """Yield delta_L: fused where loss and activation are a pair, in which f' has cancelled."""
    L, objective, graph = len(ops.steps), ops.objective, row_graph()
    last, n, what = ops.steps[-1].activation, ops.sizes[-1], f"the loss {ops.objective.loss.name}"
    symbols = {"y": f"y{L}[k]", "T": "T[k]", "net": f"net{L}[k]", "dE_dy": f"dE_dy{L}[k]"}
    opening = [f"const int n = {n};"]
    if objective.fused is not None:
        node = traced(what, objective.fused(graph)[1], graph, ["y", "T"], last.rowwise)
        loops = [*opening, *row_loops(node, name, words, f"delta{L}[k]", symbols)]
    else:
        slope = traced(what, objective.loss.body(graph)[1], graph, ["y", "T"], False)
        loops = [
            f"{name}_real dE_dy{L}[{n}];", *opening,
            *row_loops(slope, name, words, f"dE_dy{L}[k]", symbols),
        ]  # fmt: skip
        if last.rowwise:
            loops += row_loops(unrolled(last)[1], name, words, f"delta{L}[k]", symbols)
        else:
            f = f"{name}_{last.name}_slope"
            loops += ["for (int k = 0; k < n; k++)",
                      f"    delta{L}[k] = dE_dy{L}[k] * {f}(net{L}[k], y{L}[k]);"]  # fmt: skip
    yield "{"
    yield from indented(loops)
    yield "}"


def _below(ops: Operations, name: str, l: int) -> Iterator[str]:
    """Yield delta_{l-1} from delta_l and W_l as it is before the step."""
    f = f"{name}_{ops.steps[l - 2].activation.name}_slope"
    yield f"for (int k = 0; k < {ops.sizes[l - 1]}; k++) {{"
    yield f"    {name}_real dE_dy = 0;"
    yield f"    for (int j = 0; j < {ops.sizes[l]}; j++)"
    yield f"        dE_dy += delta{l}[j] * {name}_W{l}[j][k];"
    yield f"    delta{l - 1}[k] = dE_dy * {f}(net{l - 1}[k], y{l - 1}[k]);"
    yield "}"


def _answer(path: Path, trial: Trial, name: str) -> Any:
    """Return the header's answers, having held its steps against ours."""
    found = answer_of_header(path, trial, name)
    if found is None:
        return None
    ops, rows = trial.ops, trial.rows[:_STEPS]
    targets, T = _some_targets(trial)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / f"{name}.h").write_bytes(path.read_bytes())
        (folder / "rows").write_bytes(coded(trial)[:_STEPS].tobytes())
        (folder / "targets").write_bytes(targets.tobytes())
        (folder / "learn.c").write_text(_program(ops, name, targets.shape[1]))
        compiled(folder, "learn.c", "learn")
        done = subprocess.run("./learn", cwd=folder, capture_output=True, check=False)
        theirs = np.frombuffer((folder / "theta").read_bytes(), ops.dtype).astype(np.float64)
    parts = [a.ravel() for s in ops.steps for a in (s.W, s.b) if a is not None]
    before = theta = np.concatenate(parts).astype(np.float64)
    X = ops.encoded(rows).astype(np.float64)
    for i in range(len(rows)):
        theta = theta - _RATE * reference.backprop(ops.objective, theta, X[[i]], T[[i]]).gradient
    off, moved = np.max(np.abs(theirs - theta)), np.max(np.abs(theta - before))
    rounding = _STEPS * float(np.finfo(ops.dtype).eps * np.max(np.abs(theta)))
    if done.returncode or not off <= _CLOSE[str(ops.dtype)] * moved + rounding:
        raise NumericError(
            f"after {_STEPS} steps a weight differs by {off:.2g} from ours: it is not written"
        )
    return found


def _some_targets(trial: Trial) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return targets as the header takes them, and T: every class in turn, or others' answers."""
    ops = trial.ops
    if ops.classes:
        k = np.arange(_STEPS) % len(ops.classes)
        T = np.eye(len(ops.classes))[k] if ops.sizes[-1] > 1 else k[:, None]
        return k[:, None].astype(np.float64), T.astype(np.float64)
    values = trial.answers[_STEPS : 2 * _STEPS]
    learnt = {"log": np.log, "log1p": np.log1p}.get(ops.how, np.asarray)(values)
    return values.copy(), (learnt - ops.offset) / ops.scale


def _program(ops: Operations, name: str, count: int) -> str:
    arrays = [f"{name}_{w}{l}" for l, s in enumerate(ops.steps, 1)
              for w, a in (("W", s.W), ("b", s.b)) if a is not None]  # fmt: skip
    writes = "\n    ".join(f"fwrite({a}, sizeof {a}, 1, out);" for a in arrays)
    return _LEARN.format(
        name=name, big=name.upper(), count=count, rate=number_text(_RATE), writes=writes
    )


_LEARN = """#include <stdio.h>
#include "{name}.h"
int main(void)
{{
    double cells[{big}_CELLS], target[{count}];
    FILE *in = fopen("rows", "rb"), *more = fopen("targets", "rb"), *out = fopen("theta", "wb");
    while (fread(cells, sizeof cells, 1, in) == 1 && fread(target, sizeof target, 1, more) == 1)
        if ({name}_train(cells, target, ({name}_real){rate}))
            return 1;
    {writes}
    return fclose(out);
}}
"""

TARGET = Target(
    "one header in C99 that goes on learning", ".h", training_file, _answer,
    "there is no C compiler",
)  # fmt: skip
