"""`dr.train_many`: many networks of one shape, trained side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from deltarule.core.arguments import boolean, whole
from deltarule.core.errors import UsageError
from deltarule.core.machine import cores
from deltarule.engine import as_samples
from deltarule.engine.choice import choose_engine
from deltarule.engine.rule_check import warn
from deltarule.engine.samples import ClassWeight
from deltarule.engine.trainer import Trainer
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.optim import Clipping, Optimiser
from deltarule.rules import DeltaRule
from deltarule.training.interrupt import listening
from deltarule.training.job import Job, as_dtype, as_rules, as_validation
from deltarule.training.keeping.checkpoints import EVERY
from deltarule.training.keeping.keeper import Keeper
from deltarule.training.loop import Epoch
from deltarule.training.many_alone import one_by_one
from deltarule.training.many_engine import side_by_side
from deltarule.training.many_jobs import (
    Jobs,
    checked_objective,
    count_networks,
    first_thetas,
    several_optimisers,
    several_rates,
    several_rules,
    with_rate,
)
from deltarule.training.many_lanes import InStep
from deltarule.training.many_result import Histories, Many
from deltarule.training.minimise import check_minimiser
from deltarule.training.progress import Bar
from deltarule.training.stopping import StopRule

OptimiserSpec = str | Mapping[str, Any] | Optimiser
RuleSpec = str | Mapping[str, Any] | DeltaRule


def train_many(
    net: Network,
    X: ArrayLike,
    T: ArrayLike,
    seeds: Sequence[int] | None = None,
    theta: ArrayLike | None = None,
    lr: ArrayLike | None = None,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    rule: RuleSpec | Sequence[RuleSpec] = "exact",
    optimizer: OptimiserSpec | Sequence[OptimiserSpec] = "adam",
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool = True,
    validation: Sequence[ArrayLike] | None = None,
    stop: StopRule | str | Sequence[StopRule | str] | None = (),
    l2: float = 0.0,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    engine: str = "auto",
    dtype: DTypeLike | None = None,
    callbacks: Any = (),
    progress: bool = False,
    threads: int | None = None,
    checkpoint: str | Path | Keeper | None = None,
    checkpoint_every: str | int = EVERY,
    resume: str | Path | bool = False,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> Many:
    """Train m networks of one shape on the same samples, each as `deltarule.train` does.

    The networks differ in their seeds (initial theta, order of the samples), theta, learning
    rates, or in other numbers of their optimizers and rules. In the compiled engine they lie side
    by side in the processor's vectors, and on all its cores; each ends by its own stopping rule.

    Args:
        net: their shape.
        X, T: samples, as in `train`.
        seeds: a seed per network; None is range(m) where theta, lr, optimizer or rule have m
            entries, else range(200). Equal seeds are fine.
        theta: where they start: (m, net.size), or (net.size,) for all the same; None draws each
            from its seed.
        lr: a learning rate for all, or one per network, (m,), in the place of the optimizer's.
        optimizer: one for all, or a list of m of one class, whose numbers may differ.
        rule: one for all, or a list of m of one structure, whose numbers may differ.
        loss, reduction, l2, penalty, sample_weight, class_weight: as in `train`, the same for all.
        epochs, batch_size, shuffle, validation, stop: likewise.
        clip_norm, clip_value, dtype: likewise.
        engine: `"reference"`, `"compiled"`, or `"auto"`, by the work of all networks together. A
            network that no program holds side by side with others is trained on its own, one
            network per thread.
        callbacks: not taken: nothing is called in the middle of many networks.
        progress: show a progress bar on stderr.
        threads: how many threads do the work; None takes one per processor that this process may
            use (its affinity, and its container's quota). No result depends on it.
        checkpoint, checkpoint_every, resume: as in `train`. A network that has ended by a rule
            stays so with more epochs.

    Returns:
        A `Many`: `.theta` (m, net.size), `.epochs` (m,), `.stopped` (m,), `.history["error"]`
        (epochs, m). A network whose numbers stop being finite ends with `.stopped` "non_finite",
        its last finite theta and `.messages`; the others go on. Ctrl-C returns what is done.

    Raises `UsageError` for what does not fit together and `DataError` for values that cannot be
    used.

    >>> import deltarule as dr
    >>> xor = dr.data.load("xor")
    >>> net = dr.Network(2, [dr.Dense(4, "tanh"), dr.Dense(1, "sigmoid")])
    >>> many = dr.train_many(net, xor.X, xor.T, seeds=range(20), loss="binary_cross_entropy",
    ...                      optimizer=dr.optim.Adam(lr=0.1), epochs=200, batch_size=None,
    ...                      stop=dr.AllWithin(0.4))
    >>> many.theta.shape, int((many.stopped == "all_within").sum())
    ((20, 17), 20)
    """
    if not isinstance(net, Network):
        raise UsageError(
            f"train_many takes a Network, such as dr.Network(2, [dr.Dense(1)]), not {net!r}"
        )
    if callable(callbacks) or callbacks:
        raise UsageError(
            "train_many calls no callbacks: its networks are in the middle of different epochs; "
            "give stop= a rule, or train one network with dr.train"
        )
    m, found_seeds = count_networks(net, seeds, theta, lr, optimizer, rule)
    rules, optimisers = several_rules(rule, m), several_optimisers(optimizer, m)
    rates = several_rates(lr, m)
    objective = checked_objective(net, loss, reduction, rules, l2, penalty)
    warn(net, objective.rule, objective.loss.name)
    kind = as_dtype(dtype, theta, X)
    samples = as_samples(net, objective.loss, X, T, sample_weight, kind, class_weight)
    held_out = None
    if validation is not None:
        parts = as_validation(validation)
        held_out = as_samples(net, objective.loss, *parts, kind, class_weight, "validation")
    job = Job(
        objective=objective,
        optimiser=with_rate(optimisers[0], rates, 0),
        clipping=Clipping(clip_norm, clip_value),
        samples=samples,
        validation=held_out,
        epochs=whole("epochs", epochs, 0),
        batch_size=len(samples)
        if batch_size is None
        else min(len(samples), whole("batch_size", batch_size, 1)),
        shuffle=boolean("shuffle", shuffle),
        seed=found_seeds[0],
        stop=as_rules(stop),
    )
    check_minimiser(job)
    job.require_memory(f"train_many: {m:,} networks", kind, m)
    thetas = first_thetas(net, theta, found_seeds, kind)
    jobs = Jobs(job, found_seeds, optimisers, rates, rules, thetas)
    count = None if threads is None else whole("threads", threads, 1)
    work = m * job.epochs
    keeper = Keeper.of(job.optimiser, checkpoint, checkpoint_every, resume)
    if keeper is not None and keeper.found is not None and engine == "auto":
        engine = keeper.found.job["engine"]
    chosen = choose_engine(engine, objective, len(samples), job.batch_size, work).engine
    return _run(jobs, chosen, boolean("progress", progress), count, keeper)


def _run(
    jobs: Jobs, engine: str, progress: bool, threads: int | None, keeper: Keeper | None
) -> Many:
    """Train side by side where the engine can, else one by one."""
    job, began = jobs.base, time.monotonic()
    histories = Histories(jobs.thetas, job.recorded, job.patient, job.objective.learns)
    with ExitStack() as stack:
        interrupt = stack.enter_context(listening())
        bar = None
        if progress:
            bar = stack.enter_context(Bar(job.epochs, job.batches, len(job.samples), len(jobs)))

        def proceed() -> bool:
            return not interrupt.requested

        lanes = side_by_side(jobs, engine, threads) if job.epochs else None
        if keeper is not None:
            keeper.begin(jobs.identity(engine), job.epochs)
        if lanes is not None:
            _in_step(jobs, lanes, histories, proceed, bar, keeper)
        else:
            engine = _alone(jobs, engine, histories, proceed, bar, threads, keeper)
    return histories.result(jobs.seeds, engine, time.monotonic() - began)


def _in_step(
    jobs: Jobs,
    lanes: Any,
    histories: Histories,
    proceed: Callable[[], bool],
    bar: Bar | None,
    keeper: Keeper | None,
) -> None:
    """Advance all networks together until the last has ended, or Ctrl-C.

    Where checkpoints are kept, Ctrl-C ends between two epochs: none is taken in the middle of one.
    """
    job, plan = jobs.base, InStep(jobs, lanes, histories, time.monotonic)
    if keeper is not None and keeper.found is not None:
        plan.restore(keeper.found.arrays, keeper.found.values)
    while plan.epoch < job.epochs and histories.running.any() and proceed():
        epochs = plan.advance(proceed if keeper is None else lambda: True)
        if keeper is not None:
            keeper.look(plan)
        if bar is not None:
            bar.tick(epochs * job.batches * len(jobs))
            bar.epoch(_seen(plan.epoch, job.epochs, histories))
    if keeper is not None:
        keeper.end(plan)
    plan.finish()


def _seen(epoch: int, epochs: int, histories: Histories) -> Epoch:
    """Return what the bar shows: means over the networks that are still in training."""
    last = histories.last
    return Epoch(
        epoch=epoch,
        epochs=epochs,
        error=last["error"],
        validation_error=last.get("validation_error"),
        lr=last.get("lr"),
        seconds=0.0,
        theta=np.empty(0),
    )


def _alone(
    jobs: Jobs,
    engine: str,
    histories: Histories,
    proceed: Callable[[], bool],
    bar: Bar | None,
    threads: int | None,
    keeper: Keeper | None,
) -> str:
    """Train one network after the other, several at a time; return the engine's name."""

    most = threads or cores()
    each = 1 if len(jobs) >= most else None  # threads of one network; else as many as it can use

    def make(network: int) -> tuple[str, Trainer | None]:
        job = jobs[network]
        if job.schedule is None:
            return "reference", None
        return job.trainer(engine, each)

    def go_on(updates: int) -> bool:
        if bar is not None:
            bar.tick(updates)
        return proceed()

    engine, first = make(0)  # says here, once, where the reference engine has to do it
    workers = 1 if first is not None and first.threads > 1 else most
    one_by_one(jobs, lambda i: make(i)[1], histories, go_on, time.monotonic, workers, keeper)
    return engine
