"""A plain PyTorch module and its loss as a network and an objective of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.activations import ACTIVATIONS, Activation
from deltarule.check.frameworks.by_values import activation_of
from deltarule.check.ours import Ours
from deltarule.core.errors import UsageError
from deltarule.layers import Dense
from deltarule.losses import LOSSES
from deltarule.network import Network

_ACTIVATIONS = {
    "Identity": "identity", "Sigmoid": "sigmoid", "Tanh": "tanh", "ReLU": "relu",
    "LeakyReLU": "leaky_relu", "ELU": "elu", "SELU": "selu", "SiLU": "silu", "Mish": "mish",
    "GELU": "gelu", "Softsign": "softsign", "Hardtanh": "hard_tanh", "Softmax": "softmax",
}  # fmt: skip
"""PyTorch's class -> our activation."""

_NUMBERS = {"LeakyReLU": ("negative_slope", "slope"), "ELU": ("alpha", "alpha")}
"""What the number in it is called there, and here."""

_ONLY: dict[str, Callable[[Any], bool]] = {
    "GELU": lambda m: bool(m.approximate == "none"),
    "Hardtanh": lambda m: (m.min_val, m.max_val) == (-1.0, 1.0),
    "Softmax": lambda m: m.dim in (1, -1),
}
"""Which of a class have a counterpart."""

_LOSSES: dict[str, tuple[Callable[[Any], Any], str | None, bool]] = {
    "MSELoss": (lambda m: "squared_error", None, True),
    "L1Loss": (lambda m: "absolute_error", None, True),
    "HuberLoss": (lambda m: {"name": "huber", "threshold": m.delta}, None, True),
    "BCELoss": (lambda m: "binary_cross_entropy", None, True),
    "BCEWithLogitsLoss": (lambda m: "binary_cross_entropy", "sigmoid", True),
    "CrossEntropyLoss": (lambda m: "cross_entropy", "softmax", False),
}
"""PyTorch's class -> our loss, the output activation inside it, whether its mean runs over
outputs too."""


def plain_network(module: Any) -> tuple[Network, NDArray[Any]]:
    """Return the network of a plain module, and its theta.

    Raises `UsageError` naming what is not plain.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        raise UsageError(f"a module of PyTorch's is needed, not {type(module).__name__}")
    return _network(torch, _chain(torch, module), None)


def module_of(net: Network, theta: NDArray[Any]) -> Any:
    """Return a network with its weights as a `Sequential`; raises `UsageError` where it cannot."""
    import torch

    parts: list[Any] = []
    for number, (layer, p) in enumerate(zip(net.layers, net.unpack(theta), strict=True), 1):
        if type(layer) is not Dense:
            raise UsageError(f"layer {number} is of the type {layer.name}; Linear is a dense one")
        dtype = getattr(torch, str(theta.dtype))
        linear = torch.nn.Linear(p["W"].shape[1], layer.units, layer.bias, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(p["W"].copy()))
            if layer.bias:
                linear.bias.copy_(torch.from_numpy(p["b"].copy()))
        parts.append(linear)
        if layer.activation.name != "identity":
            parts.append(_class_of(torch, layer.activation, number))
    return torch.nn.Sequential(*parts)


def _class_of(torch: Any, activation: Activation, number: int) -> Any:
    """Return an activation as an instance of one of PyTorch's classes."""
    name = next((c for c, ours in _ACTIVATIONS.items() if ours == activation.name), None)
    numbers: dict[str, Any] = {"dim": -1} if name == "Softmax" else {}
    if name in _NUMBERS:
        numbers = {_NUMBERS[name][0]: getattr(activation, _NUMBERS[name][1])}
    made = None if name is None else getattr(torch.nn, name)(**numbers)
    if made is None or _activation(torch, made) != activation:
        raise UsageError(
            f"layer {number}: PyTorch has no class for {activation!r}; dr.export(model, 'torch') "
            "writes any formula"
        )
    return made


def _chain(torch: Any, module: Any) -> list[Any]:
    """Return the modules and functions that a module applies one after the other.

    Raises `UsageError` where it does not, naming the place.
    """
    if isinstance(module, torch.nn.Sequential):
        return [part for inner in module for part in _chain(torch, inner)]
    if _is_known(torch, module):
        return [module]
    try:
        graph = torch.fx.symbolic_trace(module).graph
    except Exception as error:  # whatever a forward raises that looks at numbers
        raise UsageError(
            f"the forward of {type(module).__name__} cannot be traced, as one that looks at its "
            f"numbers cannot: {error}"
        ) from None
    parts = dict(module.named_modules())
    return [part for node in graph.nodes for part in _step(torch, node, parts)]


def _step(torch: Any, node: Any, parts: dict[str, Any]) -> Iterator[Any]:
    """Yield what a node of a traced forward does; nothing for its beginning and end."""
    if node.op == "placeholder":
        if len([n for n in node.graph.nodes if n.op == "placeholder"]) > 1:
            raise UsageError("the module takes several inputs; one is needed")
        return
    before = node.all_input_nodes
    if len(before) != 1 or before[0] is not node.prev:
        came = " and ".join(n.name for n in before) or "nothing"
        raise UsageError(
            f"{node.name} is computed from {came}: layers have to follow one another, without a "
            "branch"
        )
    if node.op == "call_module":
        yield from _chain(torch, parts[node.target])
    elif node.op in ("call_function", "call_method"):
        rest, more = node.args[1:], node.kwargs
        if node.op == "call_method":
            yield lambda x: getattr(x, node.target)(*rest, **more)
        else:
            yield lambda x: node.target(x, *rest, **more)


def _is_known(torch: Any, module: Any) -> bool:
    """Whether it is one layer or one activation."""
    linear = isinstance(module, torch.nn.Linear | torch.nn.Dropout)
    return linear or type(module).__name__ in _ACTIVATIONS or not any(module.children())


def ours_of(
    torch: Any, module: Any, inputs: tuple[Any, ...], loss: Any, targets: Any
) -> Ours | None:
    """Return the module and its loss as ours, or None where they are not plain enough."""
    known = _LOSSES.get(type(loss).__name__)
    if known is None or len(inputs) != 1 or targets is None or inputs[0].ndim != 2:
        return None
    if getattr(loss, "weight", None) is not None or getattr(loss, "label_smoothing", None):
        return None
    body, inside, over_outputs = known
    if loss.reduction not in ("sum", "mean"):
        return None
    try:
        parts = list(module) if isinstance(module, torch.nn.Sequential) else [module]
        net, theta = _network(torch, parts, inside)
    except UsageError:
        return None
    n, k = len(inputs[0]), net.sizes[-1]
    T = targets.detach().cpu().numpy()
    if inside == "softmax" and T.ndim == 1:
        T = np.eye(k)[T]
    if T.shape != (n, k):
        return None
    by_outputs = over_outputs and k > 1 and loss.reduction == "mean"
    reduction, weight = ("sum", np.full(n, 1.0 / (n * k))) if by_outputs else (loss.reduction, None)
    return Ours(
        net, theta.astype(float), inputs[0].cpu().numpy(), T.astype(float),
        LOSSES.get(body(loss)), reduction, weight, 0.0, np.empty(0),
    )  # fmt: skip


def _activation(torch: Any, part: Any) -> Activation | None:
    """Return one of PyTorch's activations as ours, or what has the values of one of ours."""
    name = type(part).__name__
    if type(part).__module__.startswith("torch.nn.") and name in _ACTIVATIONS:
        if name in _ONLY and not _ONLY[name](part):
            return None
        theirs, ours = _NUMBERS.get(name, ("", ""))
        number = {ours: getattr(part, theirs)} if ours else {}
        return ACTIVATIONS.get({"name": _ACTIVATIONS[name], **number})
    return None if any(True for _ in part.parameters()) else _by_values(torch, part)


def _by_values(torch: Any, part: Any) -> Activation | None:
    def f(net: NDArray[Any]) -> Any:
        with torch.no_grad():
            return part(torch.from_numpy(net)).numpy()

    return activation_of(f)


def _network(torch: Any, parts: Sequence[Any], inside: str | None) -> tuple[Network, NDArray[Any]]:
    """Return our network and theta: each Linear with the activation that follows it.

    `inside` is the output activation that a loss holds. Raises `UsageError` naming what does not
    fit.
    """
    linear: list[Any] = []
    activations: list[Activation] = []
    for number, part in enumerate(parts, 1):
        if isinstance(part, torch.nn.Dropout):
            continue
        if isinstance(part, torch.nn.Linear):
            linear.append(part)
            activations.append(ACTIVATIONS.get("identity"))
            continue
        what = f"part {number} of the module ({type(part).__name__})"
        is_module = isinstance(part, torch.nn.Module)
        found = _activation(torch, part) if is_module else _by_values(torch, part)
        if found is None:
            raise UsageError(f"{what} is neither Linear nor an activation that is known here")
        if not linear or activations[-1].name != "identity":
            raise UsageError(f"{what} does not follow a Linear layer")
        activations[-1] = found
    if not linear:
        raise UsageError("the module has no Linear layer")
    if inside is not None:
        if activations[-1].name != "identity":
            raise UsageError("the loss holds an output activation, and the module another")
        activations[-1] = ACTIVATIONS.get(inside)
    pairs = zip(linear, activations, strict=True)
    net = Network(
        linear[0].in_features, [Dense(p.out_features, a, p.bias is not None) for p, a in pairs]
    )
    parameters = [[w for w in (p.weight, p.bias) if w is not None] for p in linear]
    arrays = [[w.detach().cpu().numpy() for w in pair] for pair in parameters]
    return net, net.pack(arrays, arrays[0][0].dtype)
