"""A graph of ONNX: read with its weights, cut at its products, run from one value to another."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.core.arrays import Array
from deltarule.core.errors import FileError, UsageError

_PRODUCTS = ("MatMul", "Gemm")


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph of one input and the output that is meant."""

    model: Any
    input: str
    output: str
    constants: dict[str, Array]

    @classmethod
    def read(cls, path: Path, output: str | None) -> Graph:
        """Read a file; `output` is the one that is meant."""
        if importlib.util.find_spec("onnx") is None:
            raise UsageError("onnx is not installed: `pip install deltarule[onnx]` brings it")
        import onnx
        from onnx import numpy_helper

        model = _loaded(onnx, path)
        graph = model.graph
        constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        inputs = [i.name for i in graph.input if i.name not in constants]
        if len(inputs) != 1:
            raise UsageError(f"{path}: the graph has {len(inputs)} inputs; one matrix is needed")
        names = [o.name for o in graph.output]
        chosen = output or (names[0] if len(names) == 1 else "probabilities")
        if chosen not in names:
            raise UsageError(f"{path}: say which output is meant: output= one of {names}")
        return cls(model, inputs[0], chosen, constants)

    @property
    def nodes(self) -> list[Any]:
        """The nodes, in the order of computation."""
        return list(self.model.graph.node)

    def product_before(self, name: str) -> tuple[Any, list[Any]]:
        """Return the product that a value comes from, and the nodes in between; None: the input."""
        makers = {out: node for node in self.nodes for out in node.output}
        needed, between, product = [name], [], None
        seen: set[str] = set()
        while needed:
            name = needed.pop()
            node = makers.get(name)
            if name in seen or name in self.constants or node is None:
                continue
            seen.add(name)
            if node.op_type in _PRODUCTS and self._matrix(node) is not None:
                if product is not None and product is not node:
                    raise UsageError(
                        f"{node.name or node.op_type} and {product.name or product.op_type} come "
                        "together: layers have to follow one another, without a branch"
                    )
                product = node
                continue
            between.append(node)
            needed += node.input
        return product, [n for n in self.nodes if any(n is b for b in between)]

    def _matrix(self, node: Any) -> Array | None:
        """Return the constant matrix of a product as (out, in), without Gemm's factors."""
        W = self.constants.get(node.input[1])
        if W is None or W.ndim != 2 or W.dtype.kind != "f":
            return None
        return W if _attributes(node).get("transB") else W.T

    def parameters(self, node: Any) -> tuple[Array, Array | None]:
        """Return W (out, in) and b of a product."""
        said, W = _attributes(node), self._matrix(node)
        assert W is not None
        if said.get("transA"):
            raise UsageError(f"{node.name or 'Gemm'} takes its input transposed")
        b = self.constants.get(node.input[2]) if len(node.input) > 2 else None
        dtype = W.dtype
        if b is not None:
            b = np.broadcast_to((said.get("beta", 1.0) * b).astype(dtype), (1, len(W)))[0]
        return (said.get("alpha", 1.0) * W).astype(dtype), b

    def run(self, start: str, end: str, values: Array) -> Array:
        """Return what comes to `end` where `values` are put in at `start`."""
        from onnx import TensorProto, helper
        from onnx.reference import ReferenceEvaluator

        graph = self.model.graph
        kind = TensorProto.FLOAT
        for given in graph.input:
            if given.name == start:
                kind = given.type.tensor_type.elem_type
        kind = helper.np_dtype_to_tensor_dtype(values.dtype) if start != self.input else kind
        part = helper.make_graph(
            _needed(self.nodes, start, end), "part",
            [helper.make_tensor_value_info(start, kind, None)],
            [helper.make_tensor_value_info(end, TensorProto.UNDEFINED, None)],
            list(graph.initializer),
        )  # fmt: skip
        opsets = list(self.model.opset_import)
        made = helper.make_model(part, opset_imports=opsets, ir_version=self.model.ir_version)
        fed = values.astype(helper.tensor_dtype_to_np_dtype(kind))
        found = ReferenceEvaluator(made).run(None, {start: fed})[0]
        return np.asarray(found)


def _needed(nodes: list[Any], start: str, end: str) -> list[Any]:
    """Return the nodes on the way from one value to another, in order."""
    wanted, found = {end}, []
    for node in reversed(nodes):
        if wanted & set(node.output) and start not in node.output:
            found.append(node)
            wanted |= set(node.input)
    return found[::-1]


def _loaded(onnx: Any, path: Path) -> Any:
    """Return the model with the weights that lie beside it; those elsewhere are refused."""
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError:
        raise FileError(f"{path}: this is no ONNX file, or a damaged one") from None
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from None
    folder = path.resolve().parent
    outside = onnx.TensorProto.EXTERNAL
    for tensor in model.graph.initializer:
        if tensor.data_location != outside:
            continue
        where = next((e.value for e in tensor.external_data if e.key == "location"), "")
        file = (folder / where).resolve()
        if not where or not file.is_relative_to(folder):
            raise FileError(
                f"{path}: the numbers of {tensor.name!r} are in {where!r}, which is outside the "
                "file's own folder: they are not read"
            )
        if not file.is_file():
            raise FileError(
                f"{path}: {where}, which has the numbers of {tensor.name!r}, is missing"
            )
    try:
        onnx.external_data_helper.load_external_data_for_model(model, str(folder))
        onnx.checker.check_model(model)
    except (ValueError, OSError, onnx.checker.ValidationError) as error:
        raise FileError(f"{path}: {str(error).splitlines()[0]}") from None
    return model


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {a.name: helper.get_attribute_value(a) for a in node.attribute}
