"""A model as a header in C99 that computes in whole numbers: for processors without a unit for
floating point. Its answers differ from the model's by less than the bound that the header states.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core import VERSION
from deltarule.core.errors import NumericError, UsageError
from deltarule.exchange.c.arithmetic import INTERVALS, Curve, Fixed, fixed_of
from deltarule.exchange.c.compiled import array_in_c, coded, compiled
from deltarule.exchange.c.text import cells_and_answers, classes_in_c
from deltarule.exchange.operations import Operations
from deltarule.exchange.python_text import indented, layer_table
from deltarule.exchange.target import Target
from deltarule.exchange.trial import Trial

_WORTH = 0.1
"""Of an answer's range: where it can be further off, the header is refused."""


def fixed_file(ops: Operations, trial: Trial, name: str) -> str:
    """Return the header's text."""
    fixed = fixed_of(ops)
    lines = [
        *_head(ops, fixed, name), "",
        *_tables(ops, fixed, name), "",
        *_look_up(name), "",
        *_predict(ops, fixed, name), "",
        *_conversions(name),
        *classes_in_c(ops, name, "int32_t"), "",
        f"#endif /* {name.upper()}_H */",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _head(ops: Operations, fixed: Fixed, name: str) -> Iterator[str]:
    big = name.upper()
    yield f"/* A {'-'.join(map(str, ops.sizes))} network in whole numbers; deltarule {VERSION}."
    yield ""
    yield from layer_table(ops)
    yield ""
    yield "   A number of F fraction bits stands for itself / 2^F. For cells in the range of"
    yield "   training an answer differs from the model's by at most"
    for k, bound in enumerate(fixed.bound):
        yield f"     [{k}] {bound:.3g}"
    yield "   (worked out layer by layer; on random rows it is far less). A cell is cut off at four"
    yield "   times that range."
    yield ""
    yield f"   int32_t answers[{big}_ANSWERS];"
    yield f"   if ({name}_predict(cells, answers) == 0) ..."
    yield ""
    yield f"   cells, with {name}_cell_bits fraction bits each, not scaled:"
    yield from cells_and_answers(ops, "INT32_MIN", "INT32_MIN")
    yield f"   It returns 0, or i + 1 where cells[i] cannot be used. {big}_NO_FLOAT leaves out what"
    yield "   converts from and to double. */"
    yield f"#ifndef {big}_H"
    yield f"#define {big}_H"
    yield ""
    yield "#include <stdint.h>"
    yield ""
    yield f"#define {big}_CELLS {len(ops.columns)}"
    yield f"#define {big}_ANSWERS {ops.answers}"


def _tables(ops: Operations, fixed: Fixed, name: str) -> Iterator[str]:
    n, cells = len(ops.columns), fixed.cells
    categories = np.array([len(c.categories) for c in ops.columns])
    yield "/* How many categories a cell has; 0: it is a number. */"
    yield from array_in_c(f"static const int32_t {name}_categories[{n}]", categories)
    bits = np.array([0 if c is None else c.bits for c in cells])
    yield from array_in_c(f"static const int {name}_cell_bits[{n}]", bits)
    yield "/* A cell's least and largest value; it becomes (x - offset) multiplier / 2^shift. */"
    for word in ("low", "high", "offset", "multiplier", "shift", "fill"):
        values = np.array([0 if c is None else getattr(c, word) for c in cells])
        if word != "fill" or ops.fills:
            yield from array_in_c(f"static const int32_t {name}_{word}[{n}]", values)
    yield ""
    yield "/* Row j of W is what goes into node j. */"
    for l, layer in enumerate(fixed.layers, 1):
        units, inputs = layer.W.shape
        yield from array_in_c(f"static const int32_t {name}_W{l}[{units}][{inputs}]", layer.W)
        yield from array_in_c(f"static const int64_t {name}_b{l}[{units}]", layer.b)
    for curve, number in _curves(fixed).values():
        yield from array_in_c(
            f"static const int32_t {name}_curve{number}[{INTERVALS + 1}]", curve.values
        )
    yield from array_in_c(
        f"static const int {name}_answer_bits[{ops.answers}]", np.array(fixed.answer_bits)
    )


def _curves(fixed: Fixed) -> dict[bytes, tuple[Curve, int]]:
    """Return every table once, by its bytes, with its number."""
    found: dict[bytes, tuple[Curve, int]] = {}
    for layer in fixed.layers:
        if layer.curve is not None:
            found.setdefault(layer.curve.values.tobytes(), (layer.curve, len(found) + 1))
    return found


def _look_up(name: str) -> Iterator[str]:
    half = INTERVALS // 2
    yield f"/* A value of a table of {INTERVALS + 1} from -{half} to {half} times 2^shift, with"
    yield "   straight lines between and beyond; nets are cut off at the limit. */"
    yield f"static inline int32_t {name}_look_up("
    yield "    const int32_t *table, int64_t net, int shift, int64_t limit)"
    yield "{"
    yield from indented([
        "net = net > limit ? limit : net < -limit ? -limit : net;",
        f"const int64_t start = net + {half} * ((int64_t)1 << shift);",
        "int64_t i = start < 0 ? 0 : start / ((int64_t)1 << shift);",
        f"i = i > {INTERVALS - 1} ? {INTERVALS - 1} : i;",
        "const int64_t part = (start - i * ((int64_t)1 << shift)) / ((int64_t)1 << (shift - 16));",
        "return (int32_t)(table[i] + ((int64_t)table[i + 1] - table[i]) * part / 65536);",
    ])  # fmt: skip
    yield "}"


def _predict(ops: Operations, fixed: Fixed, name: str) -> Iterator[str]:
    big, sizes, L = name.upper(), ops.sizes, len(fixed.layers)
    one = f"INT32_C({1 << fixed.input_bits})"
    missing = "x != INT32_MIN && " if ops.fills else ""
    fill = ["if (x == INT32_MIN) {", f"    y0[k++] = {name}_fill[i];", "    continue;", "}"]
    body = [
        f"int32_t {', '.join(f'y{l}[{n}]' for l, n in enumerate(sizes))};",
        "int k = 0;",
        f"for (int i = 0; i < {big}_CELLS; i++) {{",
        "    int64_t x = cells[i];",
        f"    const int32_t count = {name}_categories[i];",
        "    if (count > 0) {",
        f"        if ({missing}(x < 0 || x >= count))",
        "            return i + 1;",
        "        for (int32_t c = 0; c < count; c++)",
        f"            y0[k++] = c == x ? {one} : 0;",
        "        continue;",
        "    }",
        *(indented(fill) if ops.fills else ["    if (x == INT32_MIN)", "        return i + 1;"]),
        f"    x = x < {name}_low[i] ? {name}_low[i] : x > {name}_high[i] ? {name}_high[i] : x;",
        f"    x = (x - {name}_offset[i]) * {name}_multiplier[i];",
        f"    y0[k++] = (int32_t)({_divided('x', f'{name}_shift[i]')});",
        "}",
    ]
    for l, layer in enumerate(fixed.layers, 1):
        body += _layer(l, layer, sizes, name, _curves(fixed))
    if not ops.classes:
        for i, (multiplier, shift, offset) in enumerate(fixed.factors):
            y = f"(int64_t)y{L}[{i}] * {multiplier}"
            body.append(f"answers[{i}] = (int32_t)({_divided(y, str(shift))} + {offset});")
    elif sizes[-1] == 1:
        whole = f"INT32_C({1 << fixed.layers[-1].bits})"
        body += [f"answers[0] = {whole} - y{L}[0];", f"answers[1] = y{L}[0];"]
    else:
        body += [f"for (k = 0; k < {sizes[-1]}; k++)", f"    answers[k] = y{L}[k];"]
    yield f"static inline int {name}_predict("
    yield f"    const int32_t cells[{big}_CELLS], int32_t answers[{big}_ANSWERS])"
    yield "{"
    yield from indented([*body, "return 0;"])
    yield "}"


def _divided(text: str, shift: str) -> str:
    """Return a number by a power of two, towards 0; negative shifts multiply."""
    if shift.lstrip("-").isdigit():
        by = int(shift)
        return f"({text}) / INT64_C({1 << by})" if by >= 0 else f"({text}) * INT64_C({1 << -by})"
    return f"{text} / ((int64_t)1 << {shift})"


def _layer(l: int, layer: Any, sizes: Any, name: str, curves: Any) -> Iterator[str]:
    n, below = sizes[l], sizes[l - 1]
    if layer.row:
        yield f"int64_t net{l}[{n}], largest{l} = INT64_MIN, sum{l} = 0;"
    yield f"for (int j = 0; j < {n}; j++) {{"
    yield f"    int64_t net = {name}_b{l}[j];"
    yield f"    for (k = 0; k < {below}; k++)"
    yield f"        net += (int64_t){name}_W{l}[j][k] * y{l - 1}[k];"
    if layer.curve is None:
        yield f"    y{l}[j] = (int32_t)({_divided('net', str(layer.net_bits - layer.bits))});"
        yield "}"
        return
    curve, number = curves[layer.curve.values.tobytes()]
    how = f"{layer.curve.shift}, INT64_C({layer.curve.limit})"
    if not layer.row:
        yield f"    y{l}[j] = {name}_look_up({name}_curve{number}, net, {how});"
        yield "}"
        return
    yield f"    net{l}[j] = net;"
    yield f"    largest{l} = net > largest{l} ? net : largest{l};"
    yield "}"
    yield f"for (int j = 0; j < {n}; j++) {{"
    yield f"    const int64_t away = net{l}[j] - largest{l} + INT64_C({curve.limit});"
    yield f"    y{l}[j] = away < -INT64_C({curve.limit}) ? 0"
    yield f"        : {name}_look_up({name}_curve{number}, away, {how});"
    yield f"    sum{l} += y{l}[j];"
    yield "}"
    yield f"for (int j = 0; j < {n}; j++)"
    yield f"    y{l}[j] = (int32_t)(y{l}[j] * INT64_C({1 << layer.bits}) / sum{l});"


def _conversions(name: str) -> Iterator[str]:
    big = name.upper()
    yield f"#ifndef {big}_NO_FLOAT"
    yield "/* A cell from its value, cut off where it ends; an answer's value. */"
    yield f"static inline int32_t {name}_cell(int i, double value)"
    yield "{"
    yield from indented([
        f"const double one = (double)((int64_t)1 << ({name}_cell_bits[i] + 31)) / 2147483648.0;",
        "const double x = value * one;",
        "return x >= 2147483647.0 ? INT32_MAX : x <= -2147483647.0 ? -INT32_MAX",
        "    : (int32_t)(x < 0 ? x - 0.5 : x + 0.5);",
    ])  # fmt: skip
    yield "}"
    yield ""
    yield f"static inline double {name}_value(int k, int32_t answer)"
    yield "{"
    yield "    const int bits = " + f"{name}_answer_bits[k];"
    yield "    return answer * 2147483648.0 / (double)((int64_t)1 << (bits + 31));"
    yield "}"
    yield "#endif"


def _tried(ops: Operations, trial: Trial) -> Trial:
    """Return the trial with the stated bound as its tolerance, in its units."""
    bound = float(np.max(fixed_of(ops).bound / trial.units))
    if not bound < _WORTH:
        raise UsageError(
            f"in whole numbers the answers could be off by {bound:.2g} of their range, which is no "
            "bound worth stating: use --to c"
        )
    return replace(trial, tolerance=bound + trial.tolerance)


def _answer(path: Path, trial: Trial, name: str) -> Any:
    """Compile the header, and ask it for all rows."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / f"{name}.h").write_bytes(path.read_bytes())
        (folder / "rows").write_bytes(coded(trial).tobytes())
        (folder / "ask.c").write_text(_ASK.format(name=name, big=name.upper()))
        if not compiled(folder, "ask.c", "ask"):
            return None
        done = subprocess.run("./ask", cwd=folder, capture_output=True, check=False)
        if done.returncode:
            raise NumericError(f"the header refuses row {done.returncode}")
        return np.frombuffer((folder / "answers").read_bytes())


_ASK = """#include <stdio.h>
#include "{name}.h"
int main(void)
{{
    double row[{big}_CELLS], said[{big}_ANSWERS];
    int32_t cells[{big}_CELLS], answers[{big}_ANSWERS];
    FILE *in = fopen("rows", "rb"), *out = fopen("answers", "wb");
    while (fread(row, sizeof row, 1, in) == 1) {{
        for (int i = 0; i < {big}_CELLS; i++) {{
            const int category = {name}_categories[i] > 0;
            const int missing = row[i] != row[i] || (category && row[i] < 0);
            cells[i] = missing ? INT32_MIN : {name}_cell(i, row[i]);
        }}
        if ({name}_predict(cells, answers))
            return 1;
        for (int k = 0; k < {big}_ANSWERS; k++)
            said[k] = {name}_value(k, answers[k]);
        if (fwrite(said, sizeof said, 1, out) != 1)
            return 1;
    }}
    return fclose(out);
}}
"""

TARGET = Target(
    "one header in C99 in whole numbers, with its error's bound", "_fixed.h", fixed_file, _answer,
    "there is no C compiler", _tried,
)  # fmt: skip
