"""A step's program in Python's words, and the files for NumPy and PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from deltarule.exchange.operations import Operations
from deltarule.exchange.python_text import head, indented, numpy_frame, torch_frame
from deltarule.exchange.step_program import Affine, Concat, Formula, Slice, StepProgram
from deltarule.exchange.words import Dialect, Writer

_FORWARD = "Return the outputs for X (n, inputs): all steps of a feature stand together."


def step_lines(
    made: StepProgram, dialect: Dialect, concat: str, weight: Callable[[str], str]
) -> list[str]:
    """Return the statements of one step, from x and the states to `made.out` and `made.after`.

    `concat` is the call that lays a list of vectors side by side; `weight` says how a weight is
    reached.
    """
    names = {name: weight(name) for name in made.weights}
    lines = []
    for one in made.instructions:
        if isinstance(one, Affine):
            bias = "" if one.b is None else f" + {names[one.b]}"
            lines.append(f"{one.out} = {one.of} @ {names[one.W]}.T{bias}")
        elif isinstance(one, Slice):
            lines.append(f"{one.out} = {one.of}[:, {one.first}:{one.stop}]")
        elif isinstance(one, Concat):
            lines.append(f"{one.out} = {concat.format(', '.join(one.parts))}")
        else:
            lines += formula_lines(one, dialect, names)
    return lines


def formula_lines(one: Formula, dialect: Dialect, names: dict[str, str]) -> list[str]:
    """Return the statements of a formula."""
    writer = Writer(dialect)
    for node, name in one.known.items():
        writer.name(node, names.get(name, name))
    return writer.statements(one.node, lambda text: f"{one.out} = {text}")


def formula_text(one: Formula, dialect: Dialect) -> str:
    """Return a formula in one line."""
    writer = Writer(dialect)
    for node, name in one.known.items():
        writer.name(node, name)
    return writer.text(one.node)


def numpy_text(ops: Operations, words: Dialect) -> str:
    """Return the file for NumPy alone."""
    made = program_of(ops)
    body = step_lines(made, words, "np.concatenate([{}], axis=1)", str)
    start = [
        "def start(n):",
        '    """Return the states before the first step, of n sequences."""',
        f"    return {{name: np.zeros((n, k), np.{made.dtype}) for name, k in STATES.items()}}",
    ]
    forward = [
        "def forward(X):",
        f'    """{_FORWARD}"""',
        "    said, states = [], start(len(X))",
        f"    for x in X.reshape(len(X), FEATURES, STEPS).transpose(2, 0, 1){_order(made)}:",
        "        y, states = step(x, states)",
        "        said.append(y)",
        f"    return {'np.hstack(said)' if made.per_step else 'y'}",
    ]
    step = ["def step(x, states):", *indented(_step(made, body))]
    first = _head("one file for NumPy", ops, made)
    blocks = [_counts(made), start, step, forward]
    return numpy_frame(first, ops, blocks, "forward(encode(rows))", made.weights)


def torch_text(ops: Operations, words: Dialect) -> str:
    """Return the file with a `torch.nn.Module`."""
    made = program_of(ops)
    own = replace(words, constants="{}.to(x.dtype)")
    body = step_lines(made, own, "torch.cat([{}], dim=1)", lambda name: f"self.{name}")
    blocks = [_counts(made), list(_module(made, body))]
    return torch_frame(_head("a module of PyTorch", ops, made), ops, blocks, made.weights)


def _module(made: StepProgram, body: list[str]) -> Iterator[str]:
    yield "class Network(torch.nn.Module):"
    yield '    """A network over sequences, step by step; it can be differentiated."""'
    yield ""
    yield "    def __init__(self):"
    yield "        super().__init__()"
    for name, values in made.weights.items():
        empty = f"torch.empty({values.shape}, dtype=torch.{made.dtype})"
        yield f"        self.{name} = torch.nn.Parameter({empty})"
    yield ""
    yield "    def start(self, n):"
    yield '        """Return the states before the first step, of n sequences."""'
    zeros = f"torch.zeros(n, k, dtype=torch.{made.dtype})"
    yield f"        return {{name: {zeros} for name, k in STATES.items()}}"
    yield ""
    yield "    def step(self, x, states):"
    yield from indented(indented(_step(made, body)))
    yield ""
    yield "    def forward(self, X):"
    yield f'        """{_FORWARD}"""'
    yield "        said, states = [], self.start(len(X))"
    order = ".flip(0)" if made.latest_first else ""
    yield f"        for x in X.reshape(len(X), FEATURES, STEPS).permute(2, 0, 1){order}:"
    yield "            y, states = self.step(x, states)"
    yield "            said.append(y)"
    yield f"        return {'torch.cat(said, dim=1)' if made.per_step else 'y'}"


def program_of(ops: Operations) -> StepProgram:
    """Return the program of a model over sequences."""
    assert ops.program is not None
    return ops.program


def _head(what: str, ops: Operations, made: StepProgram) -> list[str]:
    more = (
        "`predict(rows)` says what the model predicts. `step(x, states)` is one step, from states\n"
        f"that `start(n)` makes: x holds the {made.features} features of n sequences, scaled as "
        "`encode` does,\nand what comes out are the network's outputs and the states to go on from."
    )
    return head(what, ops, more)


def _counts(made: StepProgram) -> list[str]:
    return [
        f"STEPS, FEATURES = {made.steps}, {made.features}",
        f"STATES = {made.states!r}  # the width of every state",
    ]


def _step(made: StepProgram, body: list[str]) -> list[str]:
    after = ", ".join(f"{name!r}: {vector}" for name, vector in made.after.items())
    return [
        '"""Return the outputs after one more step x (n, FEATURES), and the states behind it."""',
        *(f"{name} = states[{name!r}]" for name in made.states),
        *body,
        f"return {made.out}, {{{after}}}",
    ]


def _order(made: StepProgram) -> str:
    return "[::-1]" if made.latest_first else ""
