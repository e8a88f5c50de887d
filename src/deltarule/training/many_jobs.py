"""Many jobs that differ in seed, theta and numbers, from the arguments of `dr.train_many`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from deltarule.core.arguments import array, number
from deltarule.core.arrays import Array
from deltarule.core.errors import DataError, UsageError
from deltarule.core.machine import require_parameters
from deltarule.core.random import as_seeds
from deltarule.core.registry import Record
from deltarule.engine import Objective
from deltarule.network import Network
from deltarule.optim import Method, Optimiser
from deltarule.rules import DeltaRule
from deltarule.rules.reading import as_rule
from deltarule.training.job import Job, as_optimiser
from deltarule.training.many_states import Rates

RuleSpec = str | Mapping[str, Any] | DeltaRule

DEFAULT = range(200)
"""The seeds where nothing says how many networks there are."""


@dataclass(frozen=True)
class Jobs:
    """m jobs: what they share in `base`, and in what they differ."""

    base: Job
    """The job of network 0."""
    seeds: tuple[int, ...]
    optimisers: tuple[Method, ...]
    own_rates: Array | None
    """(m,): learning rates in the place of the optimisers' own."""
    rules: tuple[DeltaRule, ...]
    thetas: Array
    """Where each starts, (m, size)."""

    def __len__(self) -> int:
        return len(self.seeds)

    @property
    def updates(self) -> tuple[Optimiser, ...]:
        """The optimisers, where they update weight by weight."""
        return cast(tuple[Optimiser, ...], self.optimisers)

    def __getitem__(self, network: int) -> Job:
        """Return a network's own job."""
        rule = self.rules[network]
        objective = self._objectives.get(id(rule))
        if objective is None:
            objective = replace(self.base.objective, rule=rule)
            self._objectives[id(rule)] = objective
        return replace(
            self.base,
            objective=objective,
            optimiser=with_rate(self.optimisers[network], self.own_rates, network),
            seed=self.seeds[network],
        )

    def identity(self, engine: str) -> dict[str, Any]:
        """Return what decides the bits of these trainings, but for their epochs."""
        rates = None if self.own_rates is None else self.own_rates.tolist()
        several = {"optimizer": self.optimisers, "rule": self.rules}
        return {
            **self.base.identity(engine, self.thetas),
            **{name: _several(records) for name, records in several.items()},
            "lr": rates,
            "seed": list(self.seeds),
        }

    @cached_property
    def _objectives(self) -> dict[int, Objective]:
        """One per rule."""
        return {id(self.rules[0]): self.base.objective}

    @cached_property
    def shared(self) -> bool:
        """Whether all networks see the samples in one order."""
        ordered = not self.base.shuffle or self.base.batches == 1
        return ordered or len(set(self.seeds)) == 1

    @cached_property
    def rates(self) -> Rates:
        """Their learning rates."""
        return Rates(self.updates, self.own_rates, self.base.batches)


def _several(records: Sequence[Record]) -> Any:
    """Return what records are: one where all are the same."""
    distinct = {id(record): record.to_dict() for record in records}
    every = [distinct[id(record)] for record in records]
    return every if any(said != every[0] for said in distinct.values()) else every[0]


def count_networks(
    net: Network, seeds: Any, theta: Any, lr: Any, optimizer: Any, rule: Any
) -> tuple[int, tuple[int, ...]]:
    """Return m and the seeds; raises `UsageError` where the arguments give different numbers."""
    given = {}
    if seeds is not None:
        given["seeds"] = _length("seeds", seeds)
    if theta is not None and np.ndim(theta) == 2:
        given["theta"] = len(theta)
    for name, value in (("lr", lr), ("optimizer", optimizer), ("rule", rule)):
        if isinstance(value, list | tuple | np.ndarray) and np.ndim(value) > 0:
            given[name] = len(value)
    if not given:
        given["seeds"] = len(DEFAULT)
    if len(set(given.values())) > 1:
        counts = ", ".join(f"{name} has {n}" for name, n in given.items())
        raise UsageError(f"every network needs its own: {counts}; give all the same length")
    ((name, m), *_) = given.items()
    if m == 0:
        raise UsageError(f"{name} is empty: there is no network to train")
    vectors = {"theta": 1, "its gradient": 1}  # before the seeds are so much as counted out
    require_parameters(f"train_many: {m:,} networks", m * net.size, vectors, 4)
    return m, as_seeds(range(m) if seeds is None else seeds)


def _length(name: str, values: Any) -> int:
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        raise UsageError(f"{name} is a sequence with a number per network, not {values!r}")
    # np.ndim would lay a range out
    if not isinstance(values, range) and np.ndim(values) != 1:
        raise UsageError(f"{name} has the shape {np.shape(values)}; a number per network is needed")
    try:
        return len(values)
    except OverflowError:  # a range of more than 2^63
        raise UsageError(f"{name} has more networks than can be counted") from None


def several_optimisers(given: Any, m: int) -> tuple[Method, ...]:
    """Return an optimiser per network, of one class."""
    specs = given if isinstance(given, list | tuple) else [given]
    found = _alike("optimizer", [as_optimiser(spec) for spec in specs])
    return found * m if len(found) < m else found


def several_rates(lr: Any, m: int) -> Array | None:
    """Return a learning rate per network, where there are any in the place of the optimisers'."""
    if lr is None:
        return None
    if np.ndim(lr) > 1:
        raise UsageError(f"lr has the shape {np.shape(lr)}; it is a number, or one per network")
    values = np.asarray(lr).reshape(-1).tolist() if np.ndim(lr) else [lr]
    found = np.array([number("lr", value, low=0.0) for value in values])
    return np.broadcast_to(found, m)


def with_rate(optimiser: Method, rates: Array | None, network: int) -> Method:
    """Return a network's optimiser with the learning rate that it has been given, if any."""
    if rates is None:
        return optimiser
    if not isinstance(optimiser, Optimiser):
        raise UsageError(f"the optimizer {optimiser.name} has no lr: leave it out")
    own: Optimiser = replace(cast(Any, optimiser), lr=float(rates[network]))
    return own


def several_rules(given: Any, m: int) -> tuple[DeltaRule, ...]:
    """Return a rule per network: of one structure, which differ in numbers alone."""
    specs = given if isinstance(given, list | tuple) else [given]
    found = _alike("rule", [as_rule(spec) for spec in specs])
    return found * m if len(found) < m else found


def _alike(what: str, records: list[Any]) -> tuple[Any, ...]:
    """Refuse records that differ in more than numbers."""
    shape, seen = structure(records[0]), {id(records[0])}
    for k, record in enumerate(records):
        if id(record) in seen:  # most are one and the same
            continue
        seen.add(id(record))
        if structure(record) != shape:
            raise UsageError(
                f"{what}: networks that are trained together differ in numbers alone, but number 0 "
                f"is {records[0]!r} and number {k} is {record!r}; train them in separate calls"
            )
    return tuple(records)


def structure(record: Record) -> Any:
    """Return what two records share that differ in numbers alone."""
    parts: list[Any] = [type(record)]
    for f in fields(record):  # type: ignore[arg-type]
        value = getattr(record, f.name)
        if f.name == "lr":
            continue  # a number here, a schedule there: each has its own
        parts.append(structure(value) if isinstance(value, Record) else _kind(value))
    return parts


def _kind(value: Any) -> Any:
    return type(value) if isinstance(value, int | float) else value


def first_thetas(
    net: Network, theta: ArrayLike | None, seeds: Sequence[int], dtype: np.dtype[Any]
) -> Array:
    """Return where every network starts, (m, size): as given, or drawn from its seed."""
    m = len(seeds)
    if theta is None:
        return net.init_many(seeds, dtype)
    found = array("theta", theta, dtype)
    if found.shape not in ((m, net.size), (net.size,)):
        raise UsageError(
            f"theta has the shape {found.shape}; {m} networks of {net.size} parameters need "
            f"({m}, {net.size}), or ({net.size},) for all the same"
        )
    thetas = np.broadcast_to(found, (m, net.size)).copy()
    bad = np.argwhere(~np.isfinite(thetas))
    if len(bad):
        network, entry = bad[0]
        raise DataError(
            f"theta has {len(bad)} entries that are not finite; the first is "
            f"{net.layout.where(entry)} = {thetas[network, entry]}, network {network}"
        )
    return thetas


def checked_objective(
    net: Network, loss: Any, reduction: str, rules: Sequence[DeltaRule], l2: float, penalty: Any
) -> Objective:
    """Return the first network's objective; every rule is checked against the network."""
    made = dict(zip(map(id, rules), rules, strict=True))
    first, *_ = [Objective.of(net, loss, reduction, rule, l2, penalty) for rule in made.values()]
    return first
