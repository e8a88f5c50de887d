"""A study on a Dask cluster of two processes, one of which is killed: `python on_dask.py`."""

import os
import signal
import threading
import time

import pytest

import deltarule as dr
from deltarule.core.errors import ResourceError, UsageError

NUMBERS = ["l2", "seed", "epochs", "stopped", "error"]


def study():
    return dr.Study(
        data="parity:4", hidden=6, activation="sigmoid", output="sigmoid", reduction="sum",
        loss="half_squared_error", optimizer="sgd:0.5", epochs=1500, seeds=32,
        vary={"l2": [0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]},
    )  # fmt: skip


def kill_one(cluster, after):
    time.sleep(after)
    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)  # its nanny starts another


def main():
    from distributed import LocalCluster  # here: pytest looks for doctests in every file

    alone = study().run(workers=1).runs.select(NUMBERS)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster:
        address = cluster.scheduler_address
        quiet = study().run(executor="dask", address=address).runs.select(NUMBERS)
        assert quiet.equals(alone), "the same numbers on a cluster"
        killer = threading.Thread(target=kill_one, args=(cluster, 0.5))
        killer.start()
        disturbed = study().run(executor="dask", address=address).runs.select(NUMBERS)
        killer.join()
        assert disturbed.equals(alone), "the same numbers where a worker is killed"
    began = time.monotonic()
    with pytest.raises(ResourceError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        study().run(executor="dask", address="tcp://127.0.0.1:1")
    assert time.monotonic() - began < 15.0
    with pytest.raises(UsageError, match="address"):
        study().run(executor="dask")
    print("as it should be")


if __name__ == "__main__":
    main()
