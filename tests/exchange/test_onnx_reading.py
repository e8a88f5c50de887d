"""`dr.from_onnx`: plain networks come in, by what their nodes compute; the others are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.activations import ACTIVATIONS

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")

RNG = np.random.default_rng(5)
W1, B1 = RNG.normal(size=(4, 3)), RNG.normal(size=4)
W2, B2 = RNG.normal(size=(2, 4)), RNG.normal(size=2)


def written(path: Path, nodes: list[Any], weights: dict[str, Any], inputs: Any = ("x",)) -> Path:
    """Write a graph from x (rows, 3) to y."""
    helper, kind = onnx.helper, onnx.TensorProto.DOUBLE
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info(n, kind, ["rows", 3]) for n in inputs],
        [helper.make_tensor_value_info("y", kind, ["rows", "k"])],
        [onnx.numpy_helper.from_array(np.asarray(a), n) for n, a in weights.items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("mine", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def node(op: str, inputs: str, output: str, **more: Any) -> Any:
    return onnx.helper.make_node(op, inputs.split(), [output], **more)


def two_layers(*between: Any) -> list[Any]:
    """Return Gemm, what stands between h and a, and MatMul with its Add."""
    return [
        node("Gemm", "x W1 b1", "h", transB=1), *between,
        node("MatMul", "a W2", "m"), node("Add", "b2 m", "y"),
    ]  # fmt: skip


WEIGHTS = {"W1": W1, "b1": B1, "W2": W2.T.copy(), "b2": B2}


@pytest.mark.parametrize(
    ("between", "name", "more"),
    [
        ([("Tanh", "h", {})], "tanh", {}),
        ([("LeakyRelu", "h", {"alpha": 0.25})], "leaky_relu", {"slope": 0.25}),
        ([("Elu", "h", {"alpha": 0.5})], "elu", {"alpha": 0.5}),
        ([("Sigmoid", "h", {}), ("Mul", "h t0", {})], "silu", {}),
        ([("Identity", "h", {})], "identity", {}),
    ],
)
def test_an_activation_is_what_its_nodes_compute(
    tmp_path: Path, between: Any, name: str, more: dict[str, float]
) -> None:
    outs = [f"t{k}" for k in range(len(between) - 1)] + ["a"]
    nodes = [node(op, i, o, **kw) for (op, i, kw), o in zip(between, outs, strict=True)]
    net, theta = dr.from_onnx(written(tmp_path / "n.onnx", two_layers(*nodes), WEIGHTS))
    activation = ACTIVATIONS.get({"name": name, **more})
    assert [layer.activation.name for layer in net.affine] == [name, "identity"]
    X = RNG.normal(size=(5, 3))
    assert net(theta, X) == pytest.approx(activation(X @ W1.T + B1) @ W2.T + B2, rel=1e-12)


@pytest.mark.parametrize(("name", "target"), [("iris", None), ("diabetes", None)])
def test_a_model_that_was_exported_comes_back_with_its_scaling(
    make: Any, tmp_path: Path, name: str, target: Any
) -> None:
    model = make(name, target, hidden=(5, 4), activation="tanh")
    dr.export(model, "onnx", tmp_path / "m.onnx")
    net, theta = dr.from_onnx(tmp_path / "m.onnx")
    raw = np.stack([model.table(name)[n].values for n in model.inputs.names], axis=1)
    theirs = model.predict_proba(raw) if model.targets.classes else model.predict(raw)[:, None]
    assert net(theta, raw) == pytest.approx(theirs, rel=1e-4, abs=1e-5)
    loss = "cross_entropy" if model.targets.classes else "half_squared_error"
    T = np.eye(3)[np.arange(5) % 3] if model.targets.classes else theirs[:5]
    assert dr.check_gradient(net, theta.astype(float), raw[:5], T, loss=loss).passed


def test_what_is_no_plain_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    cases: list[tuple[list[Any], dict[str, Any], str]] = [
        (two_layers(node("Clip", "h low high", "a")), {"low": 0.0, "high": 6.5}, "has Clip"),
        (two_layers(node("Warp", "h", "a", domain="mine")), {}, "has mine.Warp"),
        ([*two_layers(node("Gemm", "x W1 b1", "g", transB=1), node("Add", "h g", "a"))], {},
         "without a branch"),
        ([node("Relu", "x", "y")], {}, "no product with a constant matrix"),
        (two_layers(node("ReduceSum", "h", "s"), node("Mul", "h s", "a")), {}, "something else"),
    ]  # fmt: skip
    for nodes, more, says in cases:
        with pytest.raises(dr.UsageError, match=says):
            dr.from_onnx(written(path, nodes, {**WEIGHTS, **more}))
    with pytest.raises(dr.UsageError, match="2 inputs"):
        dr.from_onnx(written(path, two_layers(node("Add", "h z", "a")), WEIGHTS, ("x", "z")))
    with pytest.raises(dr.UsageError, match="say which output"):
        dr.from_onnx(written(path, two_layers(node("Relu", "h", "a")), WEIGHTS), output="q")


def test_files_that_are_none(tmp_path: Path) -> None:
    for name, data in (("a", b"\x80\x04cos\nsystem\n."), ("b", b""), ("c", b"\xff" * 300)):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(dr.FileError, match=str(tmp_path / name)):
            dr.from_onnx(tmp_path / name)
    with pytest.raises(dr.FileError, match="No such file"):
        dr.from_onnx(tmp_path / "d")


@pytest.mark.parametrize("where", ["../secret.bin", "/etc/hostname", "link.bin", "gone.bin", ""])
def test_weights_outside_the_folder_are_not_read(tmp_path: Path, where: str) -> None:
    place = tmp_path / "models"
    place.mkdir()
    (tmp_path / "secret.bin").write_bytes(W1.tobytes())
    (place / "link.bin").symlink_to(tmp_path / "secret.bin")
    path = written(place / "n.onnx", two_layers(node("Tanh", "h", "a")), WEIGHTS)
    model = onnx.load(path)
    tensor = next(t for t in model.graph.initializer if t.name == "W1")
    onnx.external_data_helper.set_external_data(tensor, where)
    tensor.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(dr.FileError, match="missing" if where == "gone.bin" else "outside"):
        dr.from_onnx(path)


def test_weights_beside_the_file_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "n.onnx", two_layers(node("Tanh", "h", "a")), WEIGHTS)
    before = dr.from_onnx(path)[1]
    onnx.save(onnx.load(path), path, save_as_external_data=True, size_threshold=0, location="w")
    assert (tmp_path / "w").stat().st_size > 0
    assert (dr.from_onnx(path)[1] == before).all()
