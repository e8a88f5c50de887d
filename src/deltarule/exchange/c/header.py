"""A model as a header in C99, for microcontrollers and anything else: no malloc, nothing to link
but the mathematical functions.

Weights lie in constant memory, outputs of layers on the stack. A `main` holds ten rows with the
model's own answers, and checks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from deltarule.activations import Activation
from deltarule.core import VERSION
from deltarule.engine.compiled.expressions.tracing import Node
from deltarule.exchange.c.compiled import answer_of_header, array_in_c, main_in_c
from deltarule.exchange.c.text import cells_and_answers, classes_in_c
from deltarule.exchange.numbers_text import number_text
from deltarule.exchange.operations import Operations
from deltarule.exchange.python_text import indented, layer_table
from deltarule.exchange.target import Target
from deltarule.exchange.trial import Trial
from deltarule.exchange.words import ACROSS, Dialect, Writer, unrolled

_FUNCTIONS = ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "erfc")


def c_words(name: str, single: bool) -> Dialect:
    """Return how terms are spelled, in float or double."""
    f = "f" if single else ""
    words = {op: f"{op}{f}({{}})" for op in _FUNCTIONS}
    words |= {"abs": f"fabs{f}({{}})", "pow": f"pow{f}({{}}, {{}})", "not": "!({})"}
    words |= {"where": "({} ? {} : {})", "maximum": f"{name}_max({{}}, {{}})"}
    real = f"const {name}_real "
    return Dialect(words, lambda v: f"{v!r}{f}", "{}", real, "const int ", ";")


def c_file(
    ops: Operations, trial: Trial, name: str, training: Sequence[str] = (), said: str = ""
) -> str:
    """Return the header's text; with lines of `training`, its weights can change."""
    words = c_words(name, ops.dtype == np.float32)
    formulas = [line for a in ops.activations() for line in ["", *_activation(a, name, words)]]
    larger = any(f"{name}_max(" in line for line in formulas)
    lines = [
        *_head(ops, name, said),
        "",
        *_tables(ops, name, "" if training else "const "),
        *(_larger(name) if larger else []),
        *formulas,
        "",
        *_encode(ops, name),
        "",
        *_predict(ops, name),
        *training,
        *classes_in_c(ops, name, "double"),
        "",
        *main_in_c(trial, name),
        "",
        f"#endif /* {name.upper()}_H */",
    ]
    return "\n".join(lines) + "\n"


def _larger(name: str) -> list[str]:
    """Return the function that `maximum` is; NaN where either is."""
    return [
        "",
        f"static inline {name}_real {name}_max({name}_real a, {name}_real b)",
        "{",
        "    return a > b || a != a ? a : b;",
        "}",
    ]


def _head(ops: Operations, name: str, said: str) -> Iterator[str]:
    big, k = name.upper(), ops.answers
    sizes = "-".join(map(str, ops.sizes))
    yield f"/* A {sizes} network; written by deltarule {VERSION}."
    yield ""
    yield from layer_table(ops)
    yield ""
    yield f"   double answers[{big}_ANSWERS];"
    yield f"   if ({name}_predict(cells, answers) == 0) ..."
    yield ""
    yield "   cells, each as it is in the table, none of them scaled:"
    yield from cells_and_answers(ops, "-1", "NAN")
    yield "   It returns 0, or i + 1 where cells[i] cannot be used."
    yield from ([f"   {line}" for line in said.splitlines()])
    yield ""
    yield f"   Self-test: cc -std=c99 -O2 -D{big}_MAIN -x c {name}.h -lm -o {name} && ./{name} */"
    yield f"#ifndef {big}_H"
    yield f"#define {big}_H"
    yield ""
    yield "#include <math.h>"
    yield ""
    yield f"#define {big}_CELLS {len(ops.columns)}"
    yield f"#define {big}_ANSWERS {k}"
    yield ""
    yield f"typedef {'float' if ops.dtype == np.float32 else 'double'} {name}_real;"


def _tables(ops: Operations, name: str, const: str) -> Iterator[str]:
    columns = ops.columns
    yield "/* How many categories a cell has; 0: it is a number, and becomes (x - offset) / scale"
    yield "   (scale 0: it never varied in training, and becomes 0). */"
    counts = np.array([len(c.categories) for c in columns])
    yield from array_in_c(f"static const int {name}_categories[{len(columns)}]", counts)
    offsets = np.array([c.offset for c in columns])
    yield from array_in_c(f"static const double {name}_offset[{len(columns)}]", offsets)
    scales = np.array([0.0 if c.constant else c.scale for c in columns])
    yield from array_in_c(f"static const double {name}_scale[{len(columns)}]", scales)
    if ops.fills:
        fills = np.array([c.fill or 0.0 for c in columns])
        yield from array_in_c(f"static const double {name}_fill[{len(columns)}]", fills)
    yield ""
    yield "/* Row j of W is what goes into node j. */"
    for l, step in enumerate(ops.steps, 1):
        units, inputs = step.W.shape
        yield from array_in_c(f"static {const}{name}_real {name}_W{l}[{units}][{inputs}]", step.W)
        if step.b is not None:
            yield from array_in_c(f"static {const}{name}_real {name}_b{l}[{units}]", step.b)


def _activation(activation: Activation, name: str, words: Dialect) -> Iterator[str]:
    f, _ = unrolled(activation)
    if activation.rowwise:
        yield f"static inline void {name}_{activation.name}({name}_real *net, int n)"
        yield "{"
        yield from indented(list(row_loops(f, name, words, "net[k]", {"net": "net[k]"})))
    else:
        yield f"static inline {name}_real {name}_{activation.name}({name}_real net)"
        yield "{"
        yield from indented(Writer(words).statements(f, lambda text: f"return {text}"))
    yield "}"


def row_loops(
    node: Node, name: str, words: Dialect, result: str, symbols: dict[str, str]
) -> Iterator[str]:
    """Yield the loops of a function of a row of n, which goes into `result`."""
    writer, found = Writer(words, symbols), dict[Node, None]()

    def visit(term: Node) -> None:
        for part in term.args:
            visit(part)
        if term.op in ACROSS:
            found[term] = None

    visit(node)
    loop = "for (int k = 0; k < n; k++)"
    for number, term in enumerate(found, 1):
        text, total = writer.text(term.args[0]), f"r{number}"
        largest = term.op == "across maximum"
        yield f"{name}_real {total} = {'-INFINITY' if largest else '0'};"
        yield loop
        yield f"    {total} = {f'{name}_max({total}, {text})' if largest else f'{total} + {text}'};"
        writer.name(term, total)
    yield loop
    yield f"    {result} = {writer.text(node)};"


def _encode(ops: Operations, name: str) -> Iterator[str]:
    big = name.upper()
    yield "/* The inputs of the network. */"
    yield f"static inline int {name}_encode("
    yield f"    const double cells[{big}_CELLS], {name}_real y0[{ops.sizes[0]}])"
    yield "{"
    body = ["int k = 0;"]
    fill = [f"        x = {name}_fill[i];"] if ops.fills else []
    body += [
        f"for (int i = 0; i < {big}_CELLS; i++) {{",
        "    double x = cells[i];",
        f"    const int count = {name}_categories[i];",
        "    if (count > 0) {",
        f"        if (!(x >= {-1 if ops.fills else 0} && x < count) || x != floor(x))",
        "            return i + 1;",
        "        for (int c = 0; c < count; c++)",
        "            y0[k++] = c == (int)x;",
        "        continue;",
        "    }",
        *(["    if (isnan(x))"] if fill else []),
        *fill,
        "    if (!isfinite(x))",
        "        return i + 1;",
        f"    const double scale = {name}_scale[i];",
        f"    y0[k++] = ({name}_real)(scale > 0 ? (x - {name}_offset[i]) / scale : 0);",
        "}",
        "return 0;",
    ]
    yield from indented(body)
    yield "}"


def forward_in_c(ops: Operations, name: str, nets: Sequence[int] = ()) -> Iterator[str]:
    """Yield what leads from the cells to every layer's y, and to the net of those in `nets`."""
    sizes = ops.sizes
    yield f"{name}_real {', '.join(f'y{l}[{n}]' for l, n in enumerate(sizes))};"
    if nets:
        yield f"{name}_real {', '.join(f'net{l}[{sizes[l]}]' for l in nets)};"
    yield f"const int bad = {name}_encode(cells, y0);"
    yield "if (bad)"
    yield "    return bad;"
    for l, step in enumerate(ops.steps, 1):
        f, row = f"{name}_{step.activation.name}", step.activation.rowwise
        yield f"for (int j = 0; j < {sizes[l]}; j++) {{"
        yield f"    {name}_real net = {f'{name}_b{l}[j]' if step.b is not None else '0'};"
        yield f"    for (int k = 0; k < {sizes[l - 1]}; k++)"
        yield f"        net += {name}_W{l}[j][k] * y{l - 1}[k];"
        yield from ([f"    net{l}[j] = net;"] if l in nets else [])
        yield f"    y{l}[j] = {'net' if row else f'{f}(net)'};"
        yield "}"
        yield from ([f"{f}(y{l}, {sizes[l]});"] if row else [])


def _predict(ops: Operations, name: str) -> Iterator[str]:
    big, L, sizes = name.upper(), len(ops.steps), ops.sizes
    yield f"static inline int {name}_predict("
    yield f"    const double cells[{big}_CELLS], double answers[{big}_ANSWERS])"
    yield "{"
    body = list(forward_in_c(ops, name))
    if not ops.classes:
        for i, (offset, scale) in enumerate(zip(ops.offset, ops.scale, strict=True)):
            terms = f"y{L}[{i}] * {number_text(scale)} + {number_text(offset)}"
            body.append(f"answers[{i}] = {f'{ops.inverse}({terms})' if ops.inverse else terms};")
    elif sizes[-1] == 1:
        body += [f"answers[0] = 1 - y{L}[0];", f"answers[1] = y{L}[0];"]
    else:
        body += [f"for (int k = 0; k < {sizes[-1]}; k++)", f"    answers[k] = y{L}[k];"]
    yield from indented([*body, "return 0;"])
    yield "}"


TARGET = Target(
    "one header in C99, without malloc", ".h", c_file, answer_of_header, "there is no C compiler"
)
