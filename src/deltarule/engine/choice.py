"""Which engine does a job, and why the compiled one cannot, if it cannot."""

from __future__ import annotations

import ctypes
import math
import mmap
import os
import sys
import warnings
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from deltarule.core.errors import UsageError, unknown_name
from deltarule.core.sequences import Sequences
from deltarule.engine.ahead import Ahead, ahead, behind
from deltarule.engine.epoch import ReferenceTrainer
from deltarule.engine.objective import Objective
from deltarule.engine.over_time import OverTime
from deltarule.engine.rule_state import RuleState
from deltarule.engine.samples import Samples
from deltarule.engine.trainer import Trainer
from deltarule.layers.recurrent import Recurrent
from deltarule.optim import Clipping, Optimiser

ENGINES: dict[str, str] = {
    "reference": "backpropagation as the textbook writes it, over NumPy",
    "compiled": "a machine program made for this network, this loss and this optimizer",
}
"""The engines there are, with what they do."""

WORTH = 0.5
"""The seconds of reference engine from which a program pays for being compiled."""


class EngineWarning(UserWarning):
    """A job is done by another engine than it could have been."""


@dataclass(frozen=True)
class Choice:
    """An engine, and why it was taken."""

    engine: str
    reason: str


def reference_seconds(objective: Objective, rows: int, batch_size: int, epochs: int) -> float:
    """Return roughly how long the reference engine takes: a fixed function of the job.

        updates * (30 us + 30 us L + 200 us R + 6 |theta| b / 20 GFLOP/s)

    for L layers and batches of b samples: the time that NumPy takes to be called, and the three
    products of every layer. R is the number of steps of all recurrent layers, which follow each
    other; with steps, a sample counts as many times. No clock is looked at, so the same job goes
    to the same engine on every machine. All epochs count, also those that a stopping rule may save.
    """
    updates = epochs * math.ceil(rows / batch_size)
    net = objective.network
    steps = max((shape[0] for shape in net.shapes if len(shape) == 2), default=1)
    products = 6.0 * net.size * min(batch_size, rows) * steps / 20e9
    recurrent = sum(steps for layer in net.layers if isinstance(layer, Recurrent))
    return updates * (30e-6 + 30e-6 * len(net.layers) + 200e-6 * recurrent + products)


def choose_engine(
    engine: str,
    objective: Objective | None = None,
    rows: int = 1,
    batch_size: int = 1,
    epochs: int = 1,
) -> Choice:
    """Return the engine for a job and why; `"auto"` decides by `reference_seconds` alone.

    Where nothing can be compiled, "auto" takes the reference engine and says so once per process.

    Raises `UsageError` for an engine that there is not, and for "compiled", given a job, where
    nothing can be compiled.

    >>> choose_engine("reference").reason
    'as asked'
    """
    if engine != "auto":
        if engine not in ENGINES:
            raise unknown_name("engine", engine, ["auto", *ENGINES])
        if engine == "compiled" and objective is not None and (why := refusal()):
            raise UsageError(
                f"engine='compiled' cannot work here: {why}; engine='auto' or 'reference' can"
            )
        return Choice(engine, "as asked")
    if objective is None:
        return Choice("reference", "nothing is known of the job")
    seconds = reference_seconds(objective, rows, batch_size, epochs)
    if seconds > WORTH and (why := refusal()):
        _warn_once(why)
        return Choice("reference", f"the compiled engine cannot work here: {why}")
    if seconds > WORTH:
        return Choice("compiled", f"the reference engine would take about {_about(seconds)} s")
    return Choice("reference", f"about {_about(seconds)} s of work: compiling would not pay")


def _about(seconds: float) -> str:
    """Return one digit of a duration, and no power of ten.

    >>> _about(12345.6), _about(0.0234), _about(6e-5)
    ('10,000', '0.02', '0.00006')
    """
    return f"{Decimal(f'{seconds:.1g}'):,f}"


def whole_vector(engine: str, optimiser: str) -> Choice:
    """Return the reference engine for an optimiser of the whole vector; warns for "compiled"."""
    reason = f"the optimizer {optimiser} asks for E and products with its derivatives, which this "
    return by_reference(engine, reason + "engine has")


def by_reference(engine: str, reason: str) -> Choice:
    """Return the reference engine, for a reason; warns where "compiled" was asked for."""
    if engine == "compiled":
        warnings.warn(f"the reference engine does this job: {reason}", EngineWarning, stacklevel=3)
    return Choice("reference", reason)


@lru_cache(maxsize=1)
def _warn_once(why: str) -> None:
    warnings.warn(
        f"the reference engine does this job, and any other, more slowly: {why}",
        EngineWarning,
        stacklevel=4,
    )


def make_trainer(
    engine: str,
    objective: Objective,
    optimiser: Optimiser,
    clipping: Clipping,
    samples: Samples,
    batch_size: int,
    seed: int = 0,
    threads: int | None = None,
    over_time: OverTime | None = None,
) -> tuple[str, Trainer]:
    """Return the engine at work on a job, and its name.

    `threads` is how many may work, at most. `seed` is the run's: a rule may draw numbers from it.
    What cannot be compiled is done by the reference engine, and an `EngineWarning` says so.
    """
    if engine == "compiled" and (over_time is None or not over_time.teacher):
        from deltarule.engine.compiled.expressions.tracing import Untraceable
        from deltarule.engine.compiled.specialisation import Specialisation
        from deltarule.engine.compiled.trainer import CompiledTrainer

        if over_time is not None:
            from deltarule.engine.compiled.windows import Windowed, of_one_window

            rest, first, given = of_one_window(objective, over_time), None, samples
        else:
            rest, first = ahead(objective)
            given = samples if first is None else behind(first, samples)
        weighted = samples.weight is not None
        spec = Specialisation(
            rest,
            optimiser,
            clipping,
            given.X.dtype,
            weighted,
            batch_size == 1,
            isinstance(given.X, Sequences),
            1 if over_time is None else over_time.windows,
        )
        try:
            numbers = max(given.X.size, given.T.size)
            found = CompiledTrainer(spec, batch_size, numbers, seed, threads)
            if over_time is not None and over_time.windows > 1:
                return "compiled", Windowed(found, objective, over_time)
            return "compiled", found if first is None else Ahead(found, first)
        except Untraceable as reason:
            warnings.warn(
                f"the reference engine does this job, since it cannot be compiled: {reason}",
                EngineWarning,
                stacklevel=4,
            )
    rule = RuleState.of(objective, seed, samples.X.dtype)
    return "reference", ReferenceTrainer(objective, optimiser, clipping, rule, over_time=over_time)


@lru_cache(maxsize=1)
def refusal() -> str | None:
    """Return why no program can be compiled and loaded here; None where it can.

    That needs llvmlite, a processor that LLVM knows, and a system that lets a process run memory
    that it has written itself. Hardened systems forbid the last (SELinux's execmem, systemd's
    MemoryDenyWriteExecute, PR_SET_MDWE), and LLVM then ends the whole process instead of raising
    an error; so the system is asked first, with a page of our own. Then an empty program is
    tried, once per process.
    """
    try:
        from deltarule.engine.compiled.compiler.jit import compile_module, load
        from deltarule.engine.compiled.instructions.machine import host
    except (ImportError, OSError) as error:  # OSError: its shared library cannot be loaded
        return f"llvmlite cannot be imported ({_text(error)})"
    try:
        _require_executable_memory()
        load(compile_module("", host()), host())
    except Exception as error:  # whatever it is: the reference engine does without LLVM
        return f"no machine code can be made and run here ({_text(error)})"
    return None


def _text(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _require_executable_memory() -> None:
    """Raise `OSError` where a page that was written must not become executable."""
    if sys.platform == "win32":
        return
    with mmap.mmap(-1, mmap.PAGESIZE) as page:
        start = ctypes.c_char.from_buffer(page)
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        refused = protect(ctypes.addressof(start), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)
        del start  # a page that is looked at cannot be closed
        if refused:
            raise OSError(f"executable memory: {os.strerror(ctypes.get_errno())}")
