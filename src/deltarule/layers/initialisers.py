"""Initial weights: each initialiser draws W of a layer, n_out x n_in, in float64."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.core.registry import Record, Registry

Shape = tuple[int, int]
Array = NDArray[np.float64]


class Initialiser(Record):
    """How the first weights are drawn. Biases start at 0 unless `biases` says otherwise."""

    equation: ClassVar[str]
    """The distribution as a LaTeX formula; n_in and n_out are the nodes before and after."""
    reference: ClassVar[str]
    """Where it comes from."""
    biases: ClassVar[bool] = False
    """Whether biases are drawn like weights (else they start at 0)."""
    side_by_side: ClassVar[bool] = False
    """Whether `draw` takes `deltarule.core.random.Streams` too, and returns (seeds, *shape), or
    `shape` where all are the same."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""


INITIALISERS: Registry[Initialiser] = Registry("initialiser", Initialiser)
"""Every initialiser by name."""


def _uniform(rng: np.random.Generator, shape: Shape, variance: float) -> Array:
    limit = math.sqrt(3.0 * variance)
    return rng.uniform(-limit, limit, shape)


def _normal(rng: np.random.Generator, shape: Shape, variance: float) -> Array:
    return rng.normal(0.0, math.sqrt(variance), shape)


@INITIALISERS.register
@dataclass(frozen=True)
class GlorotUniform(Initialiser):
    """Uniform with variance 2 / (n_in + n_out): suits sigmoid, tanh and linear nodes."""

    name = "glorot_uniform"
    side_by_side = True
    equation = r"U(-r, r),\; r = \sqrt{6 / (n_{in} + n_{out})}"
    reference = "Glorot and Bengio (2010), Understanding the difficulty of training deep "
    reference += "feedforward neural networks"

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return _uniform(rng, shape, 2.0 / sum(shape))


@INITIALISERS.register
@dataclass(frozen=True)
class GlorotNormal(Initialiser):
    """Normal with variance 2 / (n_in + n_out)."""

    name = "glorot_normal"
    side_by_side = True
    equation = r"N(0, 2 / (n_{in} + n_{out}))"
    reference = GlorotUniform.reference

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return _normal(rng, shape, 2.0 / sum(shape))


@INITIALISERS.register
@dataclass(frozen=True)
class HeUniform(Initialiser):
    """Uniform with variance 2 / n_in: suits relu and its kin."""

    name = "he_uniform"
    side_by_side = True
    equation = r"U(-r, r),\; r = \sqrt{6 / n_{in}}"
    reference = "He, Zhang, Ren and Sun (2015), Delving deep into rectifiers"

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return _uniform(rng, shape, 2.0 / shape[1])


@INITIALISERS.register
@dataclass(frozen=True)
class HeNormal(Initialiser):
    """Normal with variance 2 / n_in."""

    name = "he_normal"
    side_by_side = True
    equation = r"N(0, 2 / n_{in})"
    reference = HeUniform.reference

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return _normal(rng, shape, 2.0 / shape[1])


@INITIALISERS.register
@dataclass(frozen=True)
class LecunUniform(Initialiser):
    """Uniform with variance 1 / n_in."""

    name = "lecun_uniform"
    side_by_side = True
    equation = r"U(-r, r),\; r = \sqrt{3 / n_{in}}"
    reference = "LeCun, Bottou, Orr and Mueller (1998), Efficient BackProp, section 4.6"

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return _uniform(rng, shape, 1.0 / shape[1])


@INITIALISERS.register
@dataclass(frozen=True)
class LecunNormal(Initialiser):
    """Normal with variance 1 / n_in: what selu needs."""

    name = "lecun_normal"
    side_by_side = True
    equation = r"N(0, 1 / n_{in})"
    reference = LecunUniform.reference

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return _normal(rng, shape, 1.0 / shape[1])


@INITIALISERS.register
@dataclass(frozen=True)
class Uniform(Initialiser):
    """Uniform in (-r, r), biases too: `"uniform:1"` is uniform(-1, 1), as Fahlman started."""

    r: float = 1.0
    """The largest magnitude."""

    name = "uniform"
    side_by_side = True
    equation = r"U(-r, r) \text{, biases too}"
    reference = "Fahlman (1988), CMU-CS-88-162"
    biases = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("uniform", "r", self.r)

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return rng.uniform(-self.r, self.r, shape)


@INITIALISERS.register
@dataclass(frozen=True)
class Normal(Initialiser):
    """Normal with standard deviation s."""

    s: float = 0.1
    """The standard deviation."""

    name = "normal"
    side_by_side = True
    equation = r"N(0, s^2)"
    reference = "Krizhevsky, Sutskever and Hinton (2012), with s = 0.01"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("normal", "s", self.s)

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return rng.normal(0.0, self.s, shape)


@INITIALISERS.register
@dataclass(frozen=True)
class Orthogonal(Initialiser):
    """Orthonormal rows or columns, whichever are fewer: lengths are kept.

    The Q of a Gaussian matrix's QR, each column times the sign of R's diagonal, so that Q is
    uniformly distributed (Mezzadri 2007).
    """

    name = "orthogonal"
    side_by_side = True
    equation = r"W W^T = I \text{ or } W^T W = I"
    reference = "Saxe, McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics "
    reference += "of learning in deep linear neural networks"

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        tall = (max(shape), min(shape))
        q, r = np.linalg.qr(rng.normal(size=tall))
        signs = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
        q = q * signs[..., None, :]
        return q if shape == tall else np.swapaxes(q, -1, -2)


@INITIALISERS.register
@dataclass(frozen=True)
class Zeros(Initialiser):
    """All zero: every node of a layer stays equal to every other; a demonstration, not a start."""

    name = "zeros"
    side_by_side = True
    equation = r"0"
    reference = "theory: equal nodes have equal deltas"

    def draw(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Return weights of `shape` (n_out, n_in)."""
        return np.zeros(shape)


def _check(name: str, field: str, value: float) -> None:
    if value < 0.0:
        raise UsageError(f"{name}: {field} has to be >= 0, not {value}")
