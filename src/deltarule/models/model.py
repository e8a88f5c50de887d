"""A trained model: a network with its weights, and the transforms of the data around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.core.errors import UsageError
from deltarule.core.texts import few_lines
from deltarule.data.preparation.encode import InputEncoder
from deltarule.data.preparation.target import TargetEncoder
from deltarule.data.table import Table, listed
from deltarule.data.text.format import TextFormat
from deltarule.engine import Objective
from deltarule.layers import Flatten
from deltarule.models.metrics import Metrics, class_numbers, mean_outputs, measure
from deltarule.models.stream import ModelStream
from deltarule.models.tables import as_table
from deltarule.network import Network

_BLOCK_CELLS = 1 << 22
"""Cells of encoded inputs, and of any layer's outputs, that exist at a time."""


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained model; `deltarule.load(folder)` and `deltarule.models.fit` give one.

    `data` in its methods is a table, an (n, columns) array with the columns in the order of
    training (numeric inputs only), a polars or pandas DataFrame, a dictionary of columns, or the
    name of a file or a bundled data set. Columns go by name and may stand in any order; others
    may be there. `unknown="ignore"` encodes categories unseen in training as zeros; "error"
    refuses them.
    """

    objective: Objective
    theta: NDArray[Any]
    inputs: InputEncoder
    targets: TargetEncoder
    description: Mapping[str, Any] = field(default_factory=dict)
    """What `run.json` says: where the data came from, how it was trained, how good it is."""
    feedback: Mapping[int, NDArray[Any]] = field(default_factory=dict)
    """B_l of the layers that were trained with backward weights of their own, by l."""
    members: NDArray[Any] | None = None
    """theta of every network of an ensemble, (m, size); `theta` is the first one's."""

    @property
    def learned(self) -> NDArray[Any] | None:
        """B as the rule has learned it beside theta, laid out as theta is (`Run.learned`)."""
        if not self.objective.learns:
            return None
        found = np.zeros_like(self.theta)
        views = self.network.unpack(found)
        for l, rule in self.objective.feedbacks.items():
            if rule.learns:
                views[l - 1]["W"][...] = self.feedback[l]
        return found

    @property
    def source(self) -> str:
        """The file or the bundled name that it was trained on; `UsageError` where none is known."""
        found = str(self.description.get("data", {}).get("source", ""))
        if not found:
            raise UsageError(
                "the folder holds a network alone, and not which data it was trained on: name them "
                "with `--data`"
            )
        return found

    @property
    def network(self) -> Network:
        """The network."""
        return self.objective.network

    @property
    def task(self) -> str:
        """regression, count, binary, multiclass or multilabel."""
        return self.targets.task

    @property
    def classes(self) -> NDArray[Any]:
        """The classes in the order of `predict_proba`'s columns; empty for quantities.

        They are what the training data held: numbers, truth values or texts; (labels, 2) for
        several labels.
        """
        names = self.targets.classes
        shape = (-1, 2) if self.task == "multilabel" else (-1,)
        if self.targets.kind == "boolean":
            return np.array([name == "true" for name in names], dtype=np.bool_).reshape(shape)
        if self.targets.kind == "numeric":
            numbers = np.array([float(name) for name in names])
            whole = bool(np.all(numbers == np.round(numbers)) and np.all(np.abs(numbers) < 2**53))
            return (numbers.astype(np.int64) if whole else numbers).reshape(shape)
        return np.array(names, dtype=np.str_).reshape(shape)

    def predict(self, data: Any, *, unknown: str = "error") -> NDArray[Any]:
        """Return the most probable class (n,), or the value in the target's own units.

        Of two classes it is the second one where its probability is above `targets.threshold`,
        which is 1/2 unless training chose another. Several targets give (n, targets).

        Raises `DataError` for missing columns or cells and unseen categories.
        """
        return self.decide(self.outputs(data, unknown=unknown))

    def predict_proba(self, data: Any, *, unknown: str = "error") -> NDArray[Any]:
        """Return the probability of every class (n, classes), in the order of `classes`.

        Of several labels it is that of each one's second class, (n, labels).

        Raises `UsageError` for a quantity, and what `predict` raises.
        """
        return self.probabilities(self.outputs(data, unknown=unknown))

    def score(self, data: Any, *, unknown: str = "error") -> Metrics:
        """Return the metrics on data that hold the target: see `deltarule.models.METRICS`."""
        table = self.table(data, targets=True)
        dtype = self.theta.dtype
        return measure(
            self.objective,
            self.weights,
            self.targets,
            (
                (
                    self.inputs.transform(table, rows, dtype, unknown=unknown),
                    self.targets.transform(table, rows, dtype),
                )
                for rows in self._blocks(table.rows)
            ),
        )

    def table(self, data: Any, *, targets: bool = False, form: TextFormat | None = None) -> Table:
        """Return `data` as a table, its inputs (and targets) of the kinds that training had.

        `form` says how a text file is written; what it does not say is as in training.
        """
        kinds = self.kinds(targets=targets)
        return as_table(data, self.inputs, kinds, self.format, form or TextFormat())

    @cached_property
    def format(self) -> TextFormat:
        """How the text file was written that the model was trained on."""
        return TextFormat.from_dict(self.description.get("data", {}).get("format", {}))

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that are carried into predictions, and are no inputs."""
        return tuple(self.description.get("data", {}).get("ids", ()))

    @property
    def weights(self) -> NDArray[Any]:
        """theta, (size,), or that of every member of an ensemble, (m, size)."""
        return self.theta if self.members is None else self.members

    def kinds(self, *, targets: bool = False) -> dict[str, str]:
        """Return the kinds of the inputs' (and the targets') columns, for `read_table`."""
        more = self.targets.column_kinds if targets else {}
        return {**dict.fromkeys(self.ids, "text"), **self.inputs.column_kinds, **more}

    def outputs(self, data: Any, *, unknown: str = "error") -> NDArray[Any]:
        """Return the network's outputs (n, n_L), a block of rows at a time.

        Of an ensemble they are the mean of its members' outputs.
        """
        return self._outputs(data, unknown, lambda X: mean_outputs(self.network, self.weights, X))

    def spread(self, data: Any, *, unknown: str = "error") -> NDArray[np.float64]:
        """Return how far an ensemble's members lie apart, (n, n_L), as a standard deviation.

        Of a quantity it is in the target's own units. It says what more training data would settle,
        and nothing of the noise in the target itself.

        Raises `UsageError` where there is one network alone.
        """
        if self.members is None:
            raise UsageError("the model is one network; train several with `--ensemble 10`")
        members = self.members

        def apart(X: NDArray[Any]) -> NDArray[np.float64]:
            several = [self.targets.inverse(self.network(theta, X)) for theta in members]
            return np.asarray(np.std(several, axis=0, ddof=1))

        return self._outputs(data, unknown, apart)

    def _outputs(
        self, data: Any, unknown: str, of: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> NDArray[Any]:
        table = self.table(data)
        found = np.empty((table.rows, self.network.sizes[-1]), self.theta.dtype)
        for rows in self._blocks(table.rows):
            X = np.empty((len(rows), self.inputs.width), self.theta.dtype)
            self.inputs.transform(table, rows, self.theta.dtype, unknown=unknown, out=X)
            found[rows] = of(X)
        return found

    def decide(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return what outputs (n, n_L) mean: classes (n,), or values in the target's own units."""
        if self.task == "multilabel":
            return np.where(outputs > 0.5, self.classes[:, 1], self.classes[:, 0])
        if not self.targets.quantity:
            return np.asarray(self.classes[class_numbers(outputs, self.targets.threshold)])
        values = self.targets.inverse(outputs)
        return values[:, 0] if values.shape[1] == 1 else values

    def stream(self, samples: int = 1) -> ModelStream:
        """Return the model as what takes one step of its sequences after the other.

        Raises `UsageError` for a model whose rows have no steps, and for an ensemble.

        >>> import tempfile
        >>> import deltarule as dr
        >>> net = dr.Network((4, 1), [dr.GRU(2), dr.Last(), dr.Dense(1)])
        >>> model = dr.save(tempfile.mkdtemp() + "/kept", net, net.init(seed=0))
        >>> stream, x = model.stream(), np.array([[0.5], [1.0], [-1.0], [0.2]])
        >>> said = [stream(step) for step in x]
        >>> bool(abs(said[-1] - model.predict(x[None])[0]) < 1e-15)
        True
        """
        if self.members is not None:
            raise UsageError(
                f"stream: the model is an ensemble of {len(self.members)} networks; train one"
            )
        net = self.network
        one = self._of_one_step() if isinstance(net.layers[-1], Flatten) else self
        return ModelStream(net, self.theta, self.inputs.scaler, one.decide, samples)

    def _of_one_step(self) -> Model:
        """Return what says what one step's outputs mean, of a model with a target for each."""
        outputs, scaler = self.network.shapes[-2][-1], self.targets.scaler
        one = {k: getattr(scaler, k)[:outputs] for k in ("offset", "scale", "constant")}
        names, powers = (getattr(self.targets, name)[:outputs] for name in ("names", "powers"))
        scaler = replace(scaler, **one)  # all steps are scaled alike
        targets = replace(self.targets, names=names, scaler=scaler, powers=powers)
        return replace(self, targets=targets)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Return the probability of every class from outputs (n, n_L)."""
        if self.targets.quantity:
            raise UsageError(
                f"a {self.task} has no classes and no probabilities: {listed(self.targets.names)} "
                "is a quantity; use predict"
            )
        return np.hstack([1.0 - outputs, outputs]) if self.task == "binary" else outputs

    def _blocks(self, count: int) -> Iterator[NDArray[np.intp]]:
        """Yield row numbers 0 .. count - 1, a block at a time: memory stays that of one block."""
        step = max(1, _BLOCK_CELLS // max(self.network.sizes))
        for start in range(0, count, step):
            yield np.arange(start, min(start + step, count))

    def __repr__(self) -> str:
        return few_lines(str(self))

    def __str__(self) -> str:
        source = self.description.get("data", {}).get("source", "")
        origin = f", trained on {source}" if source else ""
        what = listed(self.targets.names)
        if not self.targets.quantity:
            what += f": {len(self.targets.classes)} classes ({listed(self.targets.classes)})"
        return (
            f"Model, {self.task} of {what}{origin}\n"
            f"from {len(self.inputs.names)} columns: {listed(self.inputs.names)}\n{self.network}"
            + ("" if self.members is None else f"\nan ensemble of {len(self.members)} of them")
        )
