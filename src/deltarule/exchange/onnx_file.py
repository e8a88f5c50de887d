"""A model in ONNX: raw columns in, labels and a matrix of probabilities (or values) out.

A network over sequences is the graph of one step: the features of a step and the states go in, the
answer and the states after it come out, called as they go in with `_after` behind.

The graph is of opset 18 and IR 8, which onnxruntime reads from 1.14 on; categories are encoded by
`OneHotEncoder` of the domain ai.onnx.ml. Formulas are traced and written node by node.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core import VERSION
from deltarule.core.errors import UsageError
from deltarule.exchange.onnx_nodes import Graph
from deltarule.exchange.operations import Column, Operations, Step
from deltarule.exchange.step_program import Affine, Concat, Slice, StepProgram
from deltarule.exchange.target import Target
from deltarule.exchange.trial import Trial
from deltarule.exchange.words import unrolled

_OPSET, _IR, _ML = 18, 8, 3


def onnx_file(ops: Operations, trial: Trial, name: str) -> bytes:
    """Return the bytes of the model. Raises `UsageError` without the library onnx."""
    if importlib.util.find_spec("onnx") is None:
        raise UsageError("onnx is not installed: `pip install deltarule[onnx]` brings it")
    import onnx
    from onnx import helper, numpy_helper

    graph = Graph(ops.dtype)
    if ops.program is not None:
        ops = _of_one_step(ops, ops.program)
    inputs, y = _inputs(graph, ops)
    for l, step in enumerate(ops.steps, 1):
        y = _layer(graph, step, l, y)
    states: list[Any] = []
    if ops.program is not None:
        y, before, states = _step(graph, ops.program, y)
        inputs += before
    outputs = [*_answers(graph, ops, y), *states]
    made = helper.make_graph(
        graph.nodes, name, inputs, outputs,
        [numpy_helper.from_array(a, n) for n, a in graph.constants.items()],
    )  # fmt: skip
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML)],
        ir_version=_IR,
        producer_name="deltarule",
        producer_version=VERSION,
        doc_string=_said(ops),
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _of_one_step(ops: Operations, made: StepProgram) -> Operations:
    """Return the operations whose columns and answers are those of one step."""
    columns = ops.columns[:: made.steps]  # all steps of a feature are scaled alike
    if not made.per_step:
        return replace(ops, columns=columns)
    k = len(ops.targets) // made.steps
    return replace(
        ops, columns=columns, targets=ops.targets[:k], offset=ops.offset[:k], scale=ops.scale[:k]
    )


def _step(graph: Graph, made: StepProgram, x: str) -> tuple[str, list[Any], list[Any]]:
    """Return y of one step, and what is said of the states before it and after it."""
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(made.dtype)
    names = {"x": x, **{state: state for state in made.states}}
    for name, w in made.weights.items():
        flipped = w.T.copy() if w.ndim == 2 else w
        names[name] = graph.constant(flipped, f"deltarule/{name}")
    for one in made.instructions:
        if isinstance(one, Affine):
            found = graph.add("MatMul", names[one.of], names[one.W])
            found = found if one.b is None else graph.add("Add", found, names[one.b])
        elif isinstance(one, Slice):
            ends = (graph.constant(np.array([n])) for n in (one.first, one.stop, 1))
            found = graph.add("Slice", names[one.of], *ends)
        elif isinstance(one, Concat):
            found = graph.add("Concat", *(names[part] for part in one.parts), axis=1)
        else:
            found = graph.formula(one.node, "", {n: names[v] for n, v in one.known.items()})
        names[one.out] = found
    before = [helper.make_tensor_value_info(n, kind, ["rows", k]) for n, k in made.states.items()]
    after = []
    for name, width in made.states.items():
        graph.add("Identity", names[made.after[name]], name=f"{name}_after")
        after.append(helper.make_tensor_value_info(f"{name}_after", kind, ["rows", width]))
    return names[made.out], before, after


def _said(ops: Operations) -> str:
    unseen = "; one unseen in training is all zeros" if ops.fills else "; an unseen one is an error"
    texts = any(c.categories for c in ops.columns)
    network = "-".join(map(str, ops.sizes)) + " network"
    if ops.program is not None:
        network = "One step of a network over sequences; states of 0 go in first"
    return (
        f"{network}, {', '.join(ops.targets)}. Inputs are raw cells"
        + (f": numbers as double, categories as text{unseen}" if texts else "")
        + (", a missing number is NaN" if ops.fills else "")
    )


def _inputs(graph: Graph, ops: Operations) -> tuple[list[Any], str]:
    """Return the inputs, and the name of X: one input for numbers alone, else one per column."""
    from onnx import TensorProto, helper

    kinds = {True: TensorProto.STRING, False: TensorProto.DOUBLE}
    if not any(c.categories for c in ops.columns):
        shape = ["rows", len(ops.columns)]
        given = helper.make_tensor_value_info("X", TensorProto.DOUBLE, shape)
        given.doc_string = ", ".join(c.name for c in ops.columns)
        return [given], graph.add("Cast", _scaled(graph, "X", ops.columns), to=_kind(ops))
    found, parts = [], []
    for column in ops.columns:
        text = bool(column.categories)
        found.append(helper.make_tensor_value_info(column.name, kinds[text], ["rows", 1]))
        if text:
            words = [_word(c) for c in column.categories]
            hot = graph.add(
                "OneHotEncoder", column.name, domain="ai.onnx.ml", cats_strings=words,
                zeros=int(ops.fills),
            )  # fmt: skip
            hot = graph.add("Squeeze", hot, graph.constant(np.array([1])))
        else:
            hot = _scaled(graph, column.name, (column,))
        parts.append(graph.add("Cast", hot, to=_kind(ops)))
    return found, graph.add("Concat", *parts, axis=1)


def _scaled(graph: Graph, x: str, columns: tuple[Column, ...]) -> str:
    if columns[0].fill is not None:
        fill = graph.constant(np.array([[c.fill for c in columns]], np.float64))
        x = graph.add("Where", graph.add("IsNaN", x), fill, x)
    offset = graph.constant(np.array([[c.offset for c in columns]]))
    scale = graph.constant(np.array([[c.scale for c in columns]]))
    x = graph.add("Div", graph.add("Sub", x, offset), scale)
    if not any(c.constant for c in columns):
        return x
    kept = graph.constant(np.array([[float(not c.constant) for c in columns]]))
    return graph.add("Mul", x, kept)


def _layer(graph: Graph, step: Step, l: int, y: str) -> str:
    net = graph.add("MatMul", y, graph.constant(step.W.T.copy(), f"deltarule/W{l}_transposed"))
    if step.b is not None:
        net = graph.add("Add", net, graph.constant(step.b, f"deltarule/b{l}"))
    return graph.formula(unrolled(step.activation)[0], net)


def _answers(graph: Graph, ops: Operations, y: str) -> list[Any]:
    """Return the outputs; one that is called as a column gets a line under its name."""
    from onnx import TensorProto, helper

    columns = {c.name for c in ops.columns}
    values, label, shares = (
        f"{name}_" if name in columns else name for name in ("values", "label", "probabilities")
    )
    if not ops.classes:
        y = graph.add("Cast", y, to=TensorProto.DOUBLE)
        y = graph.add("Mul", y, graph.constant(ops.scale[None]))
        y = graph.add("Add", y, graph.constant(ops.offset[None]))
        y = graph.add("Exp", y) if ops.inverse else y
        if ops.inverse == "expm1":
            y = graph.add("Sub", y, graph.constant(np.array(1.0)))
        graph.add("Identity", y, name=values)
        shape = ["rows", len(ops.targets)]
        return [helper.make_tensor_value_info(values, TensorProto.DOUBLE, shape)]
    if ops.sizes[-1] == 1:
        one = graph.constant(np.array(1.0, ops.dtype))
        graph.add("Concat", graph.add("Sub", one, y), y, axis=1, name=shares)
    else:
        graph.add("Identity", y, name=shares)
    best = graph.add("ArgMax", shares, axis=1, keepdims=0)
    numbers = all(isinstance(c, int) and not isinstance(c, bool) for c in ops.classes)
    words = np.array(
        ops.classes if numbers else [_word(c) for c in ops.classes], None if numbers else object
    )
    graph.add("Gather", graph.constant(words), best, name=label)
    kind = TensorProto.INT64 if numbers else TensorProto.STRING
    return [
        helper.make_tensor_value_info(label, kind, ["rows"]),
        helper.make_tensor_value_info(shares, _kind(ops), ["rows", len(ops.classes)]),
    ]


def _kind(ops: Operations) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(ops.dtype))


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answer(path: Path, trial: Trial, name: str) -> Any:
    """Return what onnx's own evaluator of graphs makes of the file."""
    from onnx.reference import ReferenceEvaluator

    graph = ReferenceEvaluator(str(path))
    with np.errstate(over="ignore"):
        if trial.ops.program is not None:
            return over_steps(graph.run, trial)
        return graph.run(None, feeds(trial))[-1]


def over_steps(run: Any, trial: Trial) -> NDArray[Any]:
    """Return a graph's answers to sequences, `run` being called for every step."""
    made = trial.ops.program
    assert made is not None
    X = np.array(trial.rows, np.float64).reshape(len(trial.rows), made.features, made.steps)
    states = {n: np.zeros((len(X), k), made.dtype) for n, k in made.states.items()}
    said = []
    for t in reversed(range(made.steps)) if made.latest_first else range(made.steps):
        found = run(None, {"X": np.ascontiguousarray(X[:, :, t]), **states})
        answer = found[: len(found) - len(states)]
        states = dict(zip(made.states, found[len(answer) :], strict=True))
        said.append(answer[-1])
    return np.hstack(said) if made.per_step else np.asarray(said[-1])


def feeds(trial: Trial) -> dict[str, NDArray[Any]]:
    """Return the trial's rows as the graph's inputs."""
    columns = trial.ops.columns
    cells = list(zip(*trial.rows, strict=True))
    if not any(c.categories for c in columns):
        return {"X": np.array([[np.nan if v is None else v for v in row] for row in trial.rows])}
    found = {}
    for column, some in zip(columns, cells, strict=True):
        if column.categories:
            values = np.array(["" if v is None else _word(v) for v in some], object)
        else:
            values = np.array([np.nan if v is None else v for v in some], float)
        found[column.name] = values[:, None]
    return found


TARGET = Target(
    "a graph in ONNX: raw columns in, labels and probabilities out", ".onnx", onnx_file, _answer,
    over_time=True,
)  # fmt: skip
