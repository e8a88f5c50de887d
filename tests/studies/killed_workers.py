"""A study of 500 runs, whose workers somebody may keep killing.

`python killed_workers.py OUT` on two processes, to be killed from outside;
`python killed_workers.py OUT loky|dask SECONDS` kills one of its own so often, and says how often.
"""

import contextlib
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import psutil

import deltarule as dr


def study(epochs):
    return dr.Study(
        data="parity:4", hidden=6, activation="sigmoid", output="sigmoid", reduction="sum",
        loss="half_squared_error", optimizer="sgd:0.5", epochs=epochs, seeds=50,
        vary={"l2": [k * 1e-6 for k in range(10)]},
    )  # fmt: skip


def loky_workers():
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            if "--process-name" in child.cmdline():
                yield child.pid


def kill(workers, seconds, done, ended, killed):
    """Kill one of the processes every few seconds; others take their places.

    Between two kills something has got done: on a busy machine they take long to start.
    """
    before = 0
    while not ended.wait(seconds):
        if done() == before:
            continue
        before = done()
        for pid in [*workers()][len(killed) % 2 :][:1]:
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
                killed.append(pid)


def on_dask(stack):
    """Return a cluster's address, and what tells its workers' processes."""
    from distributed import LocalCluster  # here: pytest looks for doctests in every file

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    cluster = stack.enter_context(LocalCluster(processes=True, **options))
    return cluster.scheduler_address, lambda: [nanny.pid for nanny in cluster.workers.values()]


def parts(out):
    return sum(1 for _ in Path(out, "parts").glob("*.parquet"))


def main(out, executor=None, seconds="2"):
    if executor is None:
        study(2000).run(out, workers=2)
        return
    with ExitStack() as stack:
        address, workers = on_dask(stack) if executor == "dask" else (None, loky_workers)
        ended, killed = threading.Event(), []
        options = (workers, float(seconds), lambda: parts(out), ended, killed)
        killer = threading.Thread(target=kill, args=options)
        killer.start()
        try:
            study(60_000).run(out, workers=2, executor=executor, address=address)
        finally:
            ended.set()
            killer.join()
    print(len(killed))


if __name__ == "__main__":
    main(*sys.argv[1:])
