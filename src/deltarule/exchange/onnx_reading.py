"""`dr.from_onnx`: a multilayer network in an ONNX file as `(net, theta)`.

The graph is cut at its products with constant matrices (MatMul, Gemm), which are the layers. What
stands between two of them is run on probe values: it is a bias, or a scaling, and one of our
activations. So formulas count by what they compute, however many nodes they are written with.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.check.frameworks.by_values import activation_of
from deltarule.core.arrays import Array
from deltarule.core.errors import UsageError, first_few
from deltarule.exchange.onnx_graph import Graph
from deltarule.layers import Dense
from deltarule.network import Network

_ROWS = 64
_CLOSE = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-10}


def from_onnx(file: str | Path, output: str | None = None) -> tuple[Network, Array]:
    """Return a multilayer network in ONNX as `(net, theta)`, for `dr.explain` and the other verbs.

    It has one input (rows, n_0), and products with constant matrices follow one another with
    activations between them; scalings before the first and after the last are put into the weights.
    `output` names the graph's output that is meant; None: the only one, or `probabilities`. The
    outputs of both are held against one another on random rows.

    Raises `UsageError` naming what is no such network (an operator, a branch), and `FileError` for
    what is no ONNX file, or has weights in a file outside its folder.
    """
    path = Path(file)
    graph = Graph.read(path, output)
    net, theta = _network(graph, path)
    X = np.random.default_rng(0).normal(size=(_ROWS, net.inputs)).astype(theta.dtype)
    with np.errstate(all="ignore"):
        theirs = graph.run(graph.input, graph.output, X)
    ours = net(theta, X)
    off = float(np.max(np.abs(theirs - ours)))
    if not off <= _CLOSE[theta.dtype] * max(1.0, float(np.max(np.abs(ours)))):
        raise UsageError(
            f"{path}: the graph's outputs are not those of its layers one after the other (they "
            f"differ by {off:.2g}): something else happens in it"
        )
    return net, theta


def _layers(graph: Graph) -> Iterator[tuple[Any, str, str, list[Any]]]:
    """Yield the products from the last to the first: (product, its value, where to, between)."""
    end = graph.output
    while True:
        product, between = graph.product_before(end)
        start = graph.input if product is None else product.output[0]
        yield product, start, end, between
        if product is None:
            return
        end = product.input[0]


def _network(graph: Graph, path: Path) -> tuple[Network, Array]:
    found = list(_layers(graph))[::-1]
    if len(found) < 2:
        ops = sorted({node.op_type for node in graph.nodes})
        raise UsageError(
            f"{path}: there is no product with a constant matrix, which a layer is; the graph has "
            f"{first_few(ops, 8)}"
        )
    pairs = [graph.parameters(product) for product, *_ in found[1:]]
    dtype = pairs[0][0].dtype
    if dtype not in _CLOSE or any(W.dtype != dtype for W, _ in pairs):
        raise UsageError(f"{path}: the weights are {pairs[0][0].dtype}; float32 or float64 is read")
    weights: list[list[Array]] = []
    activations: list[Activation] = []
    scale, shift = _scaling(graph, found[0], pairs[0][0].shape[1], dtype, path)
    for (_, start, end, between), (W, b) in zip(found[1:], pairs, strict=True):
        bias = np.zeros(len(W), dtype) if b is None else b
        bias, into = bias + W @ shift, W * scale  # what came before is put into this layer
        scale, shift = np.ones(len(W), dtype), np.zeros(len(W), dtype)
        activation, more, factor = _between(graph, start, end, between, len(W), dtype, path)
        weights.append([into * factor[:, None], bias * factor + more])
        activations.append(activation)
    layers = [Dense(len(b), a) for (_, b), a in zip(weights, activations, strict=True)]
    net = Network(weights[0][0].shape[1], layers)
    return net, net.pack([(W, b) for W, b in weights], dtype)


def _scaling(graph: Graph, part: Any, width: int, dtype: Any, path: Path) -> tuple[Array, Array]:
    """Return scale and shift of what happens to the inputs, x scale + shift."""
    _, start, end, between = part
    if not between:
        return np.ones(width, dtype), np.zeros(width, dtype)
    ramp = _affine(graph, start, end, between, width, dtype, path)
    if ramp is None:
        raise _unknown(path, "before the first layer", between)
    return ramp


def _affine(
    graph: Graph, start: str, end: str, between: list[Any], width: int, dtype: Any, path: Path
) -> tuple[Array, Array] | None:
    """Return scale and shift where every value becomes its own a x + c; None where not."""
    probes = np.random.default_rng(2).normal(size=(6, width))
    probes[0], probes[1] = 0.0, 1.0
    found = _run(graph, start, end, between, probes.astype(dtype), path)
    if found.shape != probes.shape:
        return None
    shift, scale = found[0], found[1] - found[0]
    expected = probes * scale + shift
    close = _CLOSE[dtype] * max(1.0, float(np.max(np.abs(expected))))
    return (scale, shift) if np.max(np.abs(found - expected)) <= close else None


def _between(
    graph: Graph, start: str, end: str, between: list[Any], width: int, dtype: Any, path: Path
) -> tuple[Activation, Array, Array]:
    """Return the activation after a product, with the bias and the factor of its net."""
    identity = ACTIVATIONS.get("identity")
    zeros, ones = np.zeros(width, dtype), np.ones(width, dtype)
    if not between:
        return identity, zeros, ones
    bias = zeros
    first = between[0]
    if first.op_type == "Add" and start in first.input:
        other = graph.constants.get(first.input[1 - list(first.input).index(start)])
        if other is not None and other.size in (1, width):
            bias = np.broadcast_to(other.reshape(-1), (width,)).astype(dtype)
            start, between = first.output[0], between[1:]
            if not between:
                return identity, bias, ones
    scaled = _affine(graph, start, end, between, width, dtype, path)
    if scaled is not None:
        return identity, (scaled[1] + bias * scaled[0]).astype(dtype), scaled[0].astype(dtype)

    def f(net: Array) -> Array:
        rows = np.resize(net, (-(-net.size // width), width))  # the last ones are the first again
        given = _run(graph, start, end, between, rows.astype(dtype), path)
        return given.ravel()[: net.size].reshape(net.shape)

    found = activation_of(f, dtype) or _rowwise(graph, start, end, between, width, dtype, path)
    if found is None:
        raise _unknown(path, f"after {first.input[0]}", between)
    return found, bias, ones


def _rowwise(
    graph: Graph, start: str, end: str, between: list[Any], width: int, dtype: Any, path: Path
) -> Activation | None:
    """Return the activation of a row, such as softmax, that has these values."""
    probe = np.random.default_rng(1).normal(size=(9, width)).astype(dtype)
    given = _run(graph, start, end, between, probe, path)
    for activation in (a() for a in ACTIVATIONS if a.rowwise):
        if given.shape == probe.shape and np.allclose(activation(probe), given, atol=1e-5):
            return activation
    return None


def _run(
    graph: Graph, start: str, end: str, between: list[Any], values: Array, path: Path
) -> Array:
    """Return what the nodes between make of values, in words where they cannot."""
    try:
        with np.errstate(all="ignore"):
            return graph.run(start, end, values)
    except Exception as error:  # whatever an operator that is not known raises
        raise _unknown(path, f"after {start}", between) from error


def _unknown(path: Path, place: str, between: list[Any]) -> UsageError:
    ops = dict.fromkeys(f"{n.domain}.{n.op_type}".lstrip(".") for n in between)
    return UsageError(
        f"{path}: {place} the graph has {first_few(list(ops), 8)}: no activation that is known "
        "here. Dense layers and activations, one after the other, are read"
    )
