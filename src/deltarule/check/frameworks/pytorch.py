"""`dr.check_torch`: PyTorch's modules and functions, their backward against their forward.

Nothing here imports PyTorch: whoever has one of its modules has imported it.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from deltarule.check.frameworks.torch_network import ours_of
from deltarule.check.function import check_function
from deltarule.check.numerical.groups import layer_groups
from deltarule.check.ours import Ours
from deltarule.check.result import GradientCheck
from deltarule.core.errors import UsageError
from deltarule.engine import backprop


def check_torch(
    module_or_function: Any,
    inputs: Any,
    loss: Callable[..., Any] | None = None,
    targets: Any = None,
    method: str = "auto",
    directions: int | None = None,
    tolerance: float | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Check the gradient that PyTorch's `backward` gives against its forward, in float64.

    Args:
        module_or_function: an `nn.Module`: the gradient of its parameters is checked, on a copy
            in float64; or a subclass of `torch.autograd.Function`, or any function of tensors:
            the gradient of its floating-point inputs is checked.
        inputs: a tensor, or a tuple of them.
        loss: a function of the output, or of (output, targets), that returns one number; None
            takes the output itself, weighted by random numbers where it is no single number.
        targets: what `loss` gets as its second argument.
        method, directions, tolerance, seed: as in `dr.check_function`.

    Returns:
        A `GradientCheck`. For a plain module (Linear and activations that are known here, one
        after the other) with a loss that is known, entries are in our order and notation,
        `.ours` is the same network and objective as arguments for `dr.backprop`, and
        `.diagnosis` names the mistake. A module of your own without parameters counts as the
        activation that has its values.

    Raises `UsageError` for what is no module or function, or lacks parameters, and what
    `dr.check_function` raises.

    See the page "Check your own backpropagation" for examples.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        raise UsageError("check_torch checks PyTorch's modules and functions; import torch first")
    given = inputs if isinstance(inputs, list | tuple) else (inputs,)
    wrong = [a for a in given if not isinstance(a, torch.Tensor)]
    if wrong:
        raise UsageError(f"inputs are tensors, not {type(wrong[0]).__name__}")
    inputs = tuple(a.detach().double() if a.is_floating_point() else a for a in given)
    if isinstance(targets, torch.Tensor) and targets.is_floating_point():
        targets = targets.detach().double()
    options = {"method": method, "directions": directions, "tolerance": tolerance, "seed": seed}
    if isinstance(module_or_function, torch.nn.Module):
        module = copy.deepcopy(module_or_function).double()
        total = _Total(torch, copy.deepcopy(loss), targets, seed)
        return _check_module(torch, module, inputs, total, options)
    total = _Total(torch, loss, targets, seed)
    return _check_callable(torch, module_or_function, inputs, total, options)


class _Total:
    """From an output to one number."""

    def __init__(self, torch: Any, loss: Any, targets: Any, seed: int) -> None:
        self._torch, self.loss, self.targets, self._seed = torch, loss, targets, seed
        if isinstance(loss, torch.nn.Module):
            loss.double()

    def __call__(self, output: Any) -> Any:
        if self.loss is not None:
            more = () if self.targets is None else (self.targets,)
            return self.loss(output, *more)
        outputs = output if isinstance(output, list | tuple) else (output,)
        if len(outputs) == 1 and outputs[0].numel() == 1:
            return outputs[0].reshape(())
        draw = self._torch.Generator().manual_seed(self._seed)
        return sum(
            (o * self._torch.randn(o.shape, generator=draw, dtype=o.dtype).to(o.device)).sum()
            for o in outputs
        )


def _check_module(
    torch: Any, module: Any, inputs: tuple[Any, ...], total: _Total, options: dict[str, Any]
) -> GradientCheck:
    named = {name: p for name, p in module.named_parameters() if p.requires_grad}
    if not named:
        raise UsageError("the module has no parameters with a gradient; give a function instead")

    def put(values: dict[str, Any]) -> None:
        if any(v.is_complex() for v in values.values()):
            raise UsageError("a module's parameters are real, so no complex step can be made")
        with torch.no_grad():
            for name, p in named.items():
                p.copy_(values[name])

    def f(values: dict[str, Any]) -> Any:
        put(values)
        with torch.no_grad():
            return total(module(*inputs))

    def gradient(values: dict[str, Any]) -> dict[str, Any]:
        put(values)
        module.zero_grad(set_to_none=True)
        with torch.enable_grad():
            total(module(*inputs)).backward()
        zero = torch.zeros_like
        return {n: zero(p) if p.grad is None else p.grad.clone() for n, p in named.items()}

    here = {name: p.detach().clone() for name, p in named.items()}
    options["method"] = "five_point" if options["method"] == "auto" else options["method"]
    found = check_function(f, gradient, here, **options)
    claimed = gradient(here)
    ours = ours_of(torch, module, inputs, total.loss, total.targets)
    if ours is None or not _is_ours(ours, claimed, float(f(here))):
        return found
    parts = [g.detach().cpu().numpy().ravel() for g in claimed.values()]
    found = replace(found, ours=replace(ours, gradient=np.concatenate(parts)))
    if options["directions"] is not None:
        return found
    return replace(found, groups=layer_groups(ours.net))


def _is_ours(ours: Ours, claimed: dict[str, Any], error: float) -> bool:
    """Whether W and b stand in theta's order, and E is the same number.

    A hook, or a class that is only called like one of PyTorch's, may compute something else.
    """
    shapes = [e.parameter.shape for e in ours.net.layout.entries]
    if shapes != [tuple(g.shape) for g in claimed.values()]:
        return False
    own = backprop(ours.net, ours.theta, ours.X, ours.T, **ours.options).error
    return bool(abs(own - error) <= 1e-10 * max(abs(own), abs(error)))


def _check_callable(
    torch: Any, function: Any, inputs: tuple[Any, ...], total: _Total, options: dict[str, Any]
) -> GradientCheck:
    if isinstance(function, type) and issubclass(function, torch.autograd.Function):
        function = function.apply  # type: ignore[attr-defined]
    if not callable(function):
        raise UsageError(
            "check_torch takes an nn.Module, a subclass of torch.autograd.Function or a function "
            f"of tensors, not {type(function).__name__}"
        )
    moving = {f"input {n + 1}": a for n, a in enumerate(inputs) if a.is_floating_point()}
    if not moving:
        raise UsageError("no input is a tensor of floating-point numbers, so none has a gradient")

    def filled(values: dict[str, Any]) -> list[Any]:
        return [values.get(f"input {n + 1}", a) for n, a in enumerate(inputs)]

    def f(values: dict[str, Any]) -> Any:
        with torch.no_grad():
            return total(function(*filled(values)))

    def gradient(values: dict[str, Any]) -> dict[str, Any]:
        leaves = {k: v.detach().clone().requires_grad_() for k, v in values.items()}
        with torch.enable_grad():
            total(function(*filled(leaves))).backward()
        zero = torch.zeros_like
        return {k: zero(v) if v.grad is None else v.grad for k, v in leaves.items()}

    return check_function(f, gradient, moving, **options)
