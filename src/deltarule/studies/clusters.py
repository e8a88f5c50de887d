"""Where a study's tasks are carried out: processes of this machine, or a cluster that there is."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from deltarule.core import VERSION
from deltarule.core.errors import ResourceError, UsageError
from deltarule.core.machine import cores


@dataclass(frozen=True)
class Workers:
    """Who is at work under the joblib backend that is set."""

    count: int
    unordered: bool = True
    """Whether results come as they are done; else a round of tasks ends together."""


Place = Callable[[str | None, int], AbstractContextManager[Workers]]
"""Takes an address and a number of workers, and sets joblib's backend for a block."""

_PATIENCE = 10.0
"""Seconds for a cluster to answer."""


@contextmanager
def _loky(address: str | None, workers: int) -> Iterator[Workers]:
    """Use processes of this machine, with a share of its processors for the threads of each."""
    from joblib import parallel_config

    if address is not None:
        raise UsageError("an address is that of a cluster: name its executor, dask or ray")
    with parallel_config(backend="loky", inner_max_num_threads=max(1, cores() // workers)):
        yield Workers(workers)


@contextmanager
def _dask(address: str | None, workers: int) -> Iterator[Workers]:
    """Use the workers of a Dask cluster."""
    from joblib import parallel_config

    try:
        from distributed import Client
    except ImportError:
        raise UsageError("executor dask needs Dask: pip install 'deltarule[dask]'") from None
    if address is None:
        raise UsageError("executor dask needs the address of its scheduler, tcp://HOST:PORT")
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        raise _no_answer("Dask scheduler", address, error) from error
    with client:
        found = client.run(importlib.metadata.version, "deltarule", on_error="return")
        if not found:
            raise ResourceError(f"the Dask cluster at {address} has no workers; start some")
        _check_versions(found)
        with parallel_config(backend="dask", client=client, wait_for_workers_timeout=_PATIENCE):
            yield Workers(sum(client.ncores().values()))


@contextmanager
def _ray(address: str | None, workers: int) -> Iterator[Workers]:
    """Use the workers of a Ray cluster; its backend gives no result before the round is done."""
    from joblib import parallel_config

    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise UsageError("executor ray needs Ray: pip install 'deltarule[ray]'") from None
    if address is None:
        raise UsageError("executor ray needs an address: auto, ray://HOST:PORT, or local")
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, ValueError, RuntimeError) as error:
        raise _no_answer("Ray cluster", address, error) from error
    try:
        register_ray()
        asked = ray.remote(importlib.metadata.version).remote("deltarule")
        _check_versions({"that Ray chose": _got(lambda: ray.get(asked, timeout=60))})
        count = int(ray.cluster_resources().get("CPU", 1))
        with parallel_config(backend="ray", n_jobs=count):
            yield Workers(count, unordered=False)
    finally:
        ray.shutdown()


def _got(call: Callable[[], Any]) -> Any:
    """Return what a call returns, or what it raises."""
    try:
        return call()
    except Exception as error:
        return error


def _check_versions(found: dict[str, Any]) -> None:
    """Refuse workers that would train with another version, or cannot at all."""
    for worker, version in found.items():
        if isinstance(version, Exception):
            raise ResourceError(
                f"the worker {worker} has no deltarule ({type(version).__name__}: {version}); "
                f"install deltarule {VERSION} there"
            )
        if version != VERSION:
            raise ResourceError(
                f"the worker {worker} has deltarule {version}, and here is "
                f"{VERSION}; install the same"
            )


def _no_answer(what: str, address: str, error: Exception) -> ResourceError:
    return ResourceError(
        f"no {what} answers at {address} ({type(error).__name__}: {error}). Is it running, and is "
        "the address right?"
    )


EXECUTORS: dict[str, Place] = {"loky": _loky, "dask": _dask, "ray": _ray}
"""Who carries tasks out, by name."""
