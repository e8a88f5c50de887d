"""A network: layers in order, the layout of theta, initialisation, the forward pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from deltarule.core.arguments import array, float_type
from deltarule.core.errors import UsageError
from deltarule.core.layout import Layout
from deltarule.core.machine import DRAWN, require_parameters
from deltarule.core.namespace import NUMPY
from deltarule.core.random import as_seeds
from deltarule.core.sequences import Sequences
from deltarule.core.texts import few_lines
from deltarule.layers import (
    INITIALISERS,
    LAYERS,
    Affine,
    Initialiser,
    Layer,
    Start,
    State,
    Steps,
    Teacher,
    all_of,
    as_inputs,
    as_layers,
    as_shape,
    check_rows,
    shapes,
    starts,
)
from deltarule.network_stream import Stream
from deltarule.network_table import as_html, as_text, rows
from deltarule.network_views import Views


class Network(Views):
    """Layers in order, over one flat vector theta of all parameters.

    A network is a description and holds no weights: theta comes from `init` or `pack`, and goes
    into every call. In theta, for l = 1..L, W_l stands row by row, then b_l.

    Args:
        inputs: n_0, the number of input nodes; or the shape of an input, such as (time, features).
        layers: the layers l = 1..L.
        init: an initialiser for every layer that has none of its own.

    Raises `UsageError` for no layers, a layer that cannot take what the layer before it gives, or
    softmax before the last layer.

    >>> from deltarule.layers import Dense
    >>> net = Network(3, [Dense(3, "sigmoid"), Dense(1, "sigmoid")])
    >>> net.size, net.sizes
    (16, (3, 3, 1))
    >>> net(net.init(seed=0), [[0.1, 0.2, 0.3]]).shape
    (1, 1)
    >>> net
    Network, 3 inputs, 16 parameters
      layer  type   units  activation  parameters
          1  dense      3  sigmoid             12
          2  dense      1  sigmoid              4
    """

    def __init__(
        self,
        inputs: int | Sequence[int],
        layers: Sequence[Layer],
        init: str | Mapping[str, Any] | Initialiser | None = None,
    ) -> None:
        self.layers = as_layers(layers)
        check_rows(self.layers)
        self.initialiser = None if init is None else INITIALISERS.get(init)
        self.shapes = shapes(as_shape(inputs), self.layers)
        """The shape of a sample after every layer, the input first: (n_l,) for vectors."""
        self.layout = Layout(
            layer.parameters(shape) for layer, shape in zip(self.layers, self.shapes, strict=False)
        )
        """Where every parameter lies in theta."""

    @property
    def inputs(self) -> int:
        """n_0, the number of input nodes."""
        return self.sizes[0]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """n_0, n_1, .., n_L: the number of nodes of every layer, the input first."""
        return tuple(map(math.prod, self.shapes))

    @cached_property
    def affine(self) -> tuple[Affine, ...]:
        """The layers, all affine; raises `UsageError` naming the first that is not."""
        return all_of(self.layers, Affine)

    @property
    def size(self) -> int:
        """The number of parameters."""
        return self.layout.size

    @property
    def output(self) -> Layer:
        """The last layer."""
        return self.layers[-1]

    def init(self, seed: int = 0, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return a fresh theta, drawn in float64 and rounded to `dtype`.

        Every parameter has a random stream of its own, so changing one layer leaves the numbers
        of the others as they are. Raises `ResourceError` where it does not fit into memory.
        """
        kind = float_type("init: dtype", dtype)
        require_parameters("init", self.size, DRAWN, 8)
        return np.asarray(self.layout.flat([s.drawn(seed) for s in self.starts], np), dtype=kind)

    def init_many(self, seeds: Sequence[int], dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return `init` of every seed, (seeds, size): the same numbers, drawn side by side."""
        kind, seeds = float_type("init_many: dtype", dtype), as_seeds(seeds)
        require_parameters("init_many", self.size * len(seeds), DRAWN, 8)
        return self.layout.rows([s.side_by_side(seeds) for s in self.starts], len(seeds), kind)

    @cached_property
    def starts(self) -> tuple[Start, ...]:
        """How every layer draws its first parameters."""
        return starts(self.layers, self.shapes, self.initialiser)

    def pack(self, parameters: Sequence[Any], dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return theta from every layer's parameters, in the order of `unpack`.

        Each layer's are a sequence such as `(W, b)`, a dictionary such as `{"W": W, "b": b}`, or
        W alone where there is no bias. Raises `UsageError` where the number of layers or a
        shape does not fit.
        """
        count = len(parameters) if isinstance(parameters, Sequence) else repr(parameters)
        if count != len(self.layers):
            raise UsageError(
                f"pack: the network has {len(self.layers)} layers, given: {count}; a layer's "
                f"parameters are such as (W, b)"
            )
        theta = np.empty(self.size, dtype=float_type("pack: dtype", dtype))
        for number, given in enumerate(parameters, 1):
            self.layout.fill(theta, given, number)
        return theta

    def unpack(self, theta: Any) -> list[dict[str, Any]]:
        """Return every layer's parameters by name, as views into theta.

        `net.unpack(theta)[0]["W"]` is W of layer 1: writing to it writes to theta.
        """
        if isinstance(theta, list | tuple):
            theta = array("theta", theta)
        if theta.shape != (self.size,):
            raise UsageError(
                f"theta has the shape {theta.shape}; this network has {self.size} parameters, so "
                f"it needs ({self.size},)"
            )
        return self.layout.views(theta)

    def passed(self, theta: Any, X: Any, xp: Any = NUMPY) -> tuple[list[Any], list[Any]]:
        """Return what every layer saved, None at index 0, and every output; outputs[0] is X."""
        ends = (X.lengths,) if isinstance(X, Sequences) else ()
        saved, outputs = [None], [X.values if isinstance(X, Sequences) else X]
        for layer, p in zip(self.layers, self.unpack(theta), strict=True):
            forward: Any = layer.forward
            y, kept = forward(p, outputs[-1], xp, *(ends if layer.by_length else ()))
            if isinstance(y, Sequences):  # a layer that has found their ends in its inputs
                ends, y = (y.lengths,), y.values
            saved.append(kept)
            outputs.append(y)
        return saved, outputs

    def resume(
        self,
        theta: Any,
        X: Any,
        states: Sequence[State | None] | None = None,
        xp: Any = NUMPY,
        teacher: Teacher | None = None,
    ) -> tuple[list[Any], list[Any], list[State]]:
        """Return what `passed` does, of steps that follow on others, and the states behind them.

        `states` has what every layer's steps before have left; None where there are none. A
        `teacher` is fed back into the last layer that feeds back its outputs.
        """
        saved, outputs, behind = [None], [X], []
        before = [None] * len(self.layers) if states is None else states
        taught = None if teacher is None else [one for one in self.layers if one.fed_back][-1]
        for layer, p, state in zip(self.layers, self.unpack(theta), before, strict=True):
            further: Any = layer.resume
            more = (teacher,) if layer is taught else ()
            y, kept, after = further(p, outputs[-1], state, xp, *more)
            saved.append(kept)
            outputs.append(y)
            behind.append(after)
        return saved, outputs, behind

    def stream(
        self, theta: ArrayLike, samples: int = 1, states: Sequence[Any] | None = None
    ) -> Stream:
        """Return the network as what takes one step of its sequences after the other.

        See `deltarule.network_stream.Stream`. `states` are those of another stream, to go on from.

        >>> import deltarule as dr
        >>> net = dr.Network((5, 2), [dr.GRU(3), dr.Last(), dr.Dense(1)])
        >>> theta, x = net.init(seed=0), np.arange(10.0).reshape(5, 2)
        >>> stream = net.stream(theta)
        >>> steps = [stream(step) for step in x]
        >>> bool(abs(steps[-1] - net(theta, x)[0]).max() < 1e-15)
        True
        """
        theta = self.check_theta(theta)
        own = (self.layers, self.shapes, self.unpack(theta), theta.dtype)
        return Stream(*own, samples, states)

    def ends(self, X: Any) -> NDArray[np.intp] | None:
        """Return the sequences' lengths, if they differ: `Sequences`', or found in X by `Steps`."""
        if not isinstance(X, Sequences) and isinstance(self.layers[0], Steps):
            X = self.layers[0].forward({}, X, NUMPY)[0]
        return X.lengths if isinstance(X, Sequences) else None

    def forward(self, theta: Any, X: Any, xp: Any = NUMPY) -> tuple[list[Any], list[Any]]:
        """Return every net (None of a layer that is not affine) and every output, l = 0..L.

        net_l = y_{l-1} W_l^T + b_l, y_l = f_l(net_l), over the namespace `xp`.
        """
        saved, outputs = self.passed(theta, X, xp)
        return [getattr(kept, "net", None) for kept in saved], outputs

    def __call__(self, theta: ArrayLike, X: ArrayLike) -> NDArray[Any]:
        """Return Y (n, n_L) for X (n, n_0), computed in the dtype of theta."""
        theta = self.check_theta(theta)
        X = self.check_inputs(X, theta.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(self.forward(theta, X)[1][-1])

    def check_theta(self, theta: ArrayLike, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return theta as a vector of floating-point numbers, in `dtype` if one is given.

        Raises `UsageError` for anything else, and for another length.
        """
        found = array("theta", theta, dtype)
        if found.dtype.kind not in "fc":
            wanted = "floating-point numbers are needed"
            raise UsageError(f"theta has the dtype {found.dtype}; {wanted}")
        self.unpack(found)
        return found

    def check_inputs(self, X: ArrayLike | Sequences, dtype: DTypeLike) -> Any:
        """Return X as an (n, n_0) array of `dtype`, or `Sequences` with all the network's steps.

        Raises `UsageError` for another shape.
        """
        return as_inputs(X, dtype, self.shapes[0], self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Return the network as plain values, ready for JSON; `from_dict` reads it."""
        return {
            "inputs": list(self.shapes[0]) if len(self.shapes[0]) > 1 else self.inputs,
            "layers": [layer.to_dict() for layer in self.layers],
            "init": None if self.initialiser is None else self.initialiser.to_dict(),
        }

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Network:
        """Return the network that `to_dict` described."""
        return cls(d["inputs"], [LAYERS.get(layer) for layer in d["layers"]], d.get("init"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.shapes[0], self.layers, self.initialiser))

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table of layers: number, type, units, activation, parameters."""
        return rows(self.layers, self.shapes, self.layout)

    def __repr__(self) -> str:
        return few_lines(str(self))

    def __str__(self) -> str:
        return as_text(self.layers, self.shapes, self.layout)

    def _repr_html_(self) -> str:
        return as_html(self.layers, self.shapes, self.layout)
