"""`dr.train`: a network, data and an optimiser become a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from deltarule.core.arguments import whole
from deltarule.core.errors import NumericError, UsageError
from deltarule.engine import Objective, as_samples
from deltarule.engine.choice import (
    by_reference,
    choose_engine,
    whole_vector,
)
from deltarule.engine.over_time import OverTime
from deltarule.engine.rule_check import warn
from deltarule.engine.samples import ClassWeight
from deltarule.engine.trainer import Trainer
from deltarule.losses import Loss, Penalty
from deltarule.network import Network
from deltarule.optim import Clipping, Method, Optimiser, Schedule
from deltarule.rules import DeltaRule
from deltarule.training.chunk import chunk
from deltarule.training.interrupt import Interrupt, listening
from deltarule.training.job import (
    Job,
    as_dtype,
    as_optimiser,
    as_rules,
    as_shuffle,
    as_validation,
    first_theta,
)
from deltarule.training.keeping.checkpoints import EVERY
from deltarule.training.keeping.keeper import Keeper
from deltarule.training.loop import Epoch, NonFiniteError, advance
from deltarule.training.lower_rate import try_lower_rates
from deltarule.training.minimise import check_minimiser, minimise, one_thread
from deltarule.training.progress import Bar
from deltarule.training.run import Run
from deltarule.training.state import State
from deltarule.training.stopping import StopRule

Callback = Callable[[Epoch], Any]


def train(
    net: Network,
    X: ArrayLike,
    T: ArrayLike,
    theta: ArrayLike | None = None,
    loss: str | Mapping[str, Any] | Loss = "half_squared_error",
    reduction: str = "mean",
    rule: str | Mapping[str, Any] | DeltaRule = "exact",
    optimizer: str | Mapping[str, Any] | Method = "adam",
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool | str = True,
    seed: int = 0,
    validation: Sequence[ArrayLike] | None = None,
    stop: StopRule | str | Sequence[StopRule | str] | None = (),
    l2: float = 0.0,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    window: int | None = None,
    teacher: float | str | Mapping[str, Any] | Schedule | None = None,
    engine: str = "auto",
    dtype: DTypeLike | None = None,
    callbacks: Callback | Sequence[Callback] | None = (),
    progress: bool = False,
    threads: int | None = None,
    checkpoint: str | Path | Keeper | None = None,
    checkpoint_every: str | int = EVERY,
    resume: str | Path | bool = False,
    penalty: str | Mapping[str, Any] | Penalty | None = None,
) -> Run:
    """Train a network by backpropagation.

    For every batch: backpropagation (see `deltarule.backprop`), clipping, the optimizer's
    update; all weights at once, after all deltas are known.

    Args:
        net: the network.
        X: inputs (n, n_0).
        T: targets (n, n_L), or (n,) for one output; one-hot rows for classes.
        theta: where to start; None draws it from `seed`.
        loss, reduction, rule, l2, penalty, sample_weight: the objective, as in
            `deltarule.backprop`.
        optimizer: a name (`"adam"`) or an object (`dr.optim.Adam(lr=1e-3)`), whose `lr` is a
            number or a schedule. One of the whole vector (`"lbfgs"`, `"levenberg_marquardt"`)
            needs `batch_size=None`, and may end by itself: see its `ends`.
        epochs: passes over the samples, at most.
        batch_size: samples per update; None = all, 1 = online. A last, smaller batch is used as
            it is.
        shuffle: a new order every epoch, from `seed` and the epoch's number; False takes the
            rows in the given order. `"by_length"` makes batches of sequences of like lengths:
            nothing is computed behind the longest one of a batch.
        seed: determines theta and every batch, in every engine.
        validation: `(X, T)` or `(X, T, sample_weight)`, on which E is measured after every epoch.
        stop: a stopping rule or several: `dr.Patience(20)`, `dr.ErrorBelow(e)`,
            `dr.AllWithin(0.4)`, `dr.MaxSeconds(s)`.
        class_weight: a weight per class (dictionary or array) or `"balanced"`; multiplied into
            the sample weights, of validation samples too.
        clip_norm, clip_value: bounds for the gradient's length and entries; that of a recurrent
            weight is its sum over time.
        window: of sequences with a target at every step, make an update after every so many
            steps, and carry the states on to the next ones: a long series is learnt in windows.
        teacher: of a network that ends in a `Jordan` layer, the share of the steps at which the
            target of the step before is fed back in the place of its output: a number from 0 to
            1, or a schedule such as `"exponential:1,0.95"`, which lets it go.
        engine: `"reference"`, `"compiled"`, or `"auto"`: the compiled engine where the job is long
            enough for a program to pay (`deltarule.engine.choice.reference_seconds`).
        dtype: float32 or float64; None takes theta's, else float32 where X is float32.
        callbacks: called with an `Epoch` after every epoch; returning True ends the training.
        progress: show a progress bar on stderr.
        threads: how many threads the compiled engine may use; None takes one per processor that
            this process may use (its affinity, and its container's quota). Small networks take
            one, whatever is given.
        checkpoint: a folder in which the state is kept, `checkpoint_every` so often and at the
            end: a time (`"30s"`, `"10m"`) or a number of epochs. A kill at any moment leaves the
            last one whole.
        resume: the folder of a checkpoint to go on from, to the bits of the run that was not
            disturbed; or True for that in `checkpoint`, where there is one. The other arguments
            have to be those of the run; `epochs` may be more, also of a run that has ended.
            Checkpoints go on being kept, in `checkpoint` or there.

    Returns:
        A `Run`: `.theta`, `.history["error"]`, `.epochs`, `.stopped`. Ctrl-C ends after the
        current step and returns the run so far, `.stopped` being "interrupted".

    Raises `UsageError` for what does not fit together, `DataError` for values that cannot be
    used, `ResourceError` for what does not fit into memory, and `NumericError` where a number
    stops being finite: it names the epoch, the step and the place, and its `.run` is the run so
    far with the last finite theta.

    >>> import deltarule as dr
    >>> xor = dr.data.load("xor")
    >>> net = dr.Network(2, [dr.Dense(4, "tanh"), dr.Dense(1, "sigmoid")])
    >>> run = dr.train(net, xor.X, xor.T, loss="binary_cross_entropy",
    ...                optimizer=dr.optim.Adam(lr=0.1), epochs=200, batch_size=None)
    >>> net(run.theta, xor.X).round()[:, 0]
    array([0., 1., 1., 0.])
    """
    if not isinstance(net, Network):
        raise UsageError(
            f"train takes a Network, such as dr.Network(2, [dr.Dense(1)]), not {net!r}"
        )
    objective = Objective.of(net, loss, reduction, rule, l2, penalty)
    warn(net, objective.rule, objective.loss.name)
    kind = as_dtype(dtype, theta, X)
    samples = as_samples(net, objective.loss, X, T, sample_weight, kind, class_weight)
    held_out = None
    if validation is not None:
        held_out = as_samples(
            net, objective.loss, *as_validation(validation), kind, class_weight, "validation"
        )
    job = Job(
        objective=objective,
        optimiser=as_optimiser(optimizer),
        clipping=Clipping(clip_norm, clip_value),
        samples=samples,
        validation=held_out,
        epochs=whole("epochs", epochs, 0),
        batch_size=len(samples)
        if batch_size is None
        else min(len(samples), whole("batch_size", batch_size, 1)),
        shuffle=as_shuffle(shuffle, net, samples.X),
        seed=whole("seed", seed, 0, 2**64 - 1),
        stop=as_rules(stop),
        over_time=OverTime.of(net, window, teacher, seed),
    )
    check_minimiser(job)
    keeper = Keeper.of(job.optimiser, checkpoint, checkpoint_every, resume)
    if keeper is not None and keeper.found is not None and engine == "auto":
        engine = keeper.found.job["engine"]  # more epochs might choose another
    choice = choose_engine(engine, objective, len(samples), job.batch_size, job.epochs)
    if not isinstance(job.optimiser, Optimiser):
        choice = whole_vector(engine, job.optimiser.name)
    if job.over_time is not None:
        asked = len(samples), job.batch_size, objective.rule.exact
        if why := job.over_time.not_compiled(*asked):
            choice = by_reference(engine, why)
    watchers = (callbacks,) if callable(callbacks) else tuple(callbacks or ())
    job.require_memory("train", kind)
    count = None if threads is None else whole("threads", threads, 1)
    state = job.start(first_theta(net, theta, seed, kind))
    chosen = choice.engine

    def finished(state: State) -> Run:
        return Run(objective, job.optimiser, chosen, seed, state, restored=job.patient)

    with listening() as interrupt:
        trainer = None
        if isinstance(job.optimiser, Optimiser):
            chosen, trainer = job.trainer(choice.engine, count)
        here = state
        if keeper is not None:
            keeper.begin(job.identity(chosen, state.theta), job.epochs)
            here = keeper.state(state, job.stop)
        try:
            return finished(_run(job, here, trainer, watchers, progress, interrupt, keeper))
        except NonFiniteError as error:
            tried = ""
            if keeper is not None:
                keeper.end(error.state)
            if trainer is not None:
                tried = try_lower_rates(job, state, error.state, trainer, interrupt)
            raise NumericError(f"{error} {tried}".rstrip(), finished(error.state)) from None


def _run(
    job: Job,
    state: State,
    trainer: Trainer | None,
    callbacks: tuple[Callback, ...],
    progress: bool,
    interrupt: Interrupt,
    keeper: Keeper | None,
) -> State:
    """Advance epoch by epoch until the end, a stopping rule, a callback or Ctrl-C."""
    with ExitStack() as stack:
        bar = None
        if progress:
            shape = job.epochs, job.batches, len(job.samples)
            bar = stack.enter_context(Bar(*shape, done=state.step))

        def proceed(updates: int) -> bool:
            if bar is not None:
                bar.tick(updates)
            return not interrupt.requested

        asked = 0

        def in_time(updates: int) -> bool:
            nonlocal asked
            asked += 1  # the first updates are done, however slow the disk: it goes on
            late = asked > 1 and keeper is not None and not keeper.in_time
            return not late and proceed(updates)

        def look(state: State) -> State:
            seen = Epoch.of(job, state)
            if bar is not None:
                bar.epoch(seen)
            answers = [callback(seen) for callback in callbacks]
            if not state.stopped and any(answer is True for answer in answers):
                state = replace(state, stopped="callback")
            if keeper is not None:
                keeper.look(state)
            return state

        if trainer is None:
            if state.epoch < job.epochs and not state.stopped:
                with one_thread(job):
                    state = minimise(job, state, proceed, look, time.monotonic)
        else:
            watched, until = bool(callbacks) or progress, math.inf
            while state.epoch < job.epochs and not (state.stopped or interrupt.requested):
                if keeper is not None:
                    until = keeper.next_epoch
                epochs, further = state.epoch, None
                if not watched:
                    further = chunk(job, state, trainer, time.monotonic, until)
                if further is None:
                    asked = 0
                    state = advance(job, state, trainer, in_time, time.monotonic)
                    if state.epoch > epochs:
                        state = look(state)
                        continue
                state = further or state
                if keeper is not None:  # after a chunk, or in the middle of a long epoch
                    keeper.look(state)
    if not state.stopped:
        done = state.epoch >= job.epochs
        state = replace(state, stopped="epochs" if done else "interrupted")
    if keeper is not None:
        keeper.end(state)
    return state
