"""A network of one's own and E for it, as options say them: declared once, for every command.

`@grouped(of=own_network())` has a command take the fields of `OwnNetwork` as its own options.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

from deltarule.cli import complete, options
from deltarule.cli.code.own import own_or_name
from deltarule.cli.parse import sizes
from deltarule.core.errors import UsageError

if TYPE_CHECKING:
    from deltarule.network import Network


@dataclass(frozen=True)
class OwnNetwork:
    """What is said of a network and of E; None for what is not, or is to be found out."""

    network: Annotated[str | None, options.SIZES] = None
    activation: Annotated[str | None, options.ACTIVATION] = None
    output: Annotated[str | None, options.OUTPUT] = None
    bias: Annotated[
        bool | None,
        options.of_network(help="Whether the layers have biases.", show_default="they have"),
    ] = None
    loss: Annotated[str | None, options.loss("half_squared_error")] = None
    reduction: Annotated[str | None, options.shown(options.REDUCTION, "mean")] = None
    l2: Annotated[float | None, options.l2("0")] = None
    penalty: Annotated[str | None, options.PENALTY] = None
    notation: Annotated[
        str | None,
        options.of_objective(
            help="theory, in_out (W is (in, out), in theta too), target_minus_output (the vector "
            "is added), negative_delta or nielsen.",
            show_default="theory",
            autocompletion=complete.notations,
        ),
    ] = None

    @property
    def said(self) -> str:
        """The first option that is given, as it is written; '' for none."""
        given = [f.name for f in fields(self) if getattr(self, f.name) != f.default]
        return f"--{given[0]}" if given else ""

    @property
    def objective(self) -> dict[str, Any]:
        """The options of E for one known network."""
        from deltarule.losses import LOSSES

        loss, reduction = LOSSES.get(self.loss or "half_squared_error"), self.reduction or "mean"
        weights = {"l2": self.l2 or 0.0, "penalty": self.penalty}
        return {"loss": loss, "reduction": reduction, **weights}

    @property
    def in_layers(self) -> bool:
        """Whether the network is written layer by layer: `gru:8,dense:1`, `12x2,gru:8,dense:1`."""
        return re.search("[a-z]{3}", self.network or "") is not None

    def net(self, arrays: Mapping[str, Any] | None = None) -> Network:
        """Return the network, with what is not said as usual.

        `arrays` has X and T, whose shapes layers are for where the network does not begin with one.
        """
        if self.in_layers:
            return self._of_layers(arrays)
        from deltarule.activations import Activation
        from deltarule.layers import Dense
        from deltarule.network import Network

        inputs, *nodes = sizes("--network", self.network or "")
        f = own_or_name("--activation", self.activation or "sigmoid", Activation)
        last = f if self.output is None else own_or_name("--output", self.output, Activation)
        kinds = [*[f] * (len(nodes) - 1), last]
        bias = self.bias is not False
        return Network(inputs, [Dense(n, k, bias=bias) for n, k in zip(nodes, kinds, strict=True)])

    def _of_layers(self, arrays: Mapping[str, Any] | None) -> Network:
        from deltarule.layers import joined, written_layers
        from deltarule.network import Network

        for option, given in (("--activation", self.activation), ("--output", self.output),
                              ("--bias", self.bias)):  # fmt: skip
            if given is not None:
                raise UsageError(
                    f"{option} is for a network of sizes; of layers, each is written with its own: "
                    "gru:8,dense:1:sigmoid"
                )
        first, *rest = (self.network or "").split(",")
        shape, per_step = _written_shape(first), False
        if shape is None and arrays is not None and "X" in arrays:
            shape, rest = arrays["X"].shape[1:], [first, *rest]
            per_step = arrays["T"].ndim == 3 if "T" in arrays else False
        if shape is None:
            raise UsageError(
                f"--network {self.network}: the shape of a sample is not known; give X in an NPZ "
                f"file, or begin with it, such as 12x2,{self.network} for 12 steps of 2 features"
            )
        return Network(shape, joined(shape, written_layers(",".join(rest)), per_step)[0])

    def at(
        self, data: str | Path | None, seed: int, rows: int
    ) -> tuple[Network, tuple[Any, Any, Any]]:
        """Return the network, and theta, X and T: those of an NPZ file, else random ones."""
        from deltarule.cli.code.gradient_file import point_of
        from deltarule.core.arguments import whole
        from deltarule.core.arrays.files import ArrayFile

        if data is None:
            net = self.net()
            return net, self.random_point(net, seed, whole("--rows", rows, 1))
        path = Path(data)
        arrays = ArrayFile(path)
        net = self.net(arrays)
        return net, point_of(path, arrays, net, self.notation or "theory")

    def random_point(self, net: Network, seed: int, rows: int) -> tuple[Any, Any, Any]:
        """Return weights with biases, inputs, and targets that the loss accepts.

        Raises `ResourceError` where they, or what is computed of them, do not fit into memory.
        """
        import numpy as np

        self.require_memory(net, rows)
        rng = np.random.default_rng(seed)
        X, shape = rng.normal(size=(rows, *net.shapes[0])), net.shapes[-1]
        if self.objective["loss"].distribution:
            T = np.eye(shape[-1])[rng.integers(shape[-1], size=(rows, *shape[:-1]))]
        else:
            T = rng.uniform(size=(rows, *shape))
        return net.init(seed=seed) + rng.uniform(-0.5, 0.5, net.size), X, T

    @staticmethod
    def require_memory(net: Network, rows: int) -> None:
        """Raise `ResourceError` where a search among mistakes does not fit into memory."""
        from deltarule.core.machine import require_large, require_parameters

        vectors = {"theta and its gradient": 2, "the gradients of mistakes beside it": _MISTAKES}
        require_parameters("--network", net.size, vectors, 8)
        numbers = rows * (net.inputs + sum(net.sizes[1:]))
        what = f"{rows:,} random rows through {len(net.layers)} layers"
        require_large("--rows", 8.0 * numbers, what, "Use fewer rows (5 are usual)")


def _written_shape(word: str) -> tuple[int, ...] | None:
    """Return the shape of a sample that is written as `12x2`, or None."""
    parts = word.strip().split("x")
    return tuple(map(int, parts)) if all(p.isdecimal() and len(p) < 10 for p in parts) else None


_MISTAKES = 20
"""How many gradients a search has in memory at once, measured with ten million parameters."""


def own_network(**shown: str) -> Callable[..., OwnNetwork]:
    """Return `OwnNetwork` as a group for `grouped`.

    `shown` has the defaults that its help gives, where they are others.
    """

    def made(**given: Any) -> OwnNetwork:
        return OwnNetwork(**given)

    own = dict(inspect.signature(OwnNetwork, eval_str=True).parameters)
    for name, default in shown.items():
        kind, option = get_args(own[name].annotation)
        other = Annotated[kind, options.shown(option, default)]  # type: ignore[valid-type]
        own[name] = own[name].replace(annotation=other)
    made.__signature__ = inspect.Signature([*own.values()])  # type: ignore[attr-defined]
    return made
