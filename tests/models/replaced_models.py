"""Load a model over and over while another process replaces it: `replaced_models.py LOADS`.

A process of its own because it forks: other tests' threads must not be there.
"""

import mmap
import os
import signal
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import deltarule as dr
from deltarule.data import read_table
from deltarule.models import Recipe, fit, read_history, save


def main(loads: int) -> None:
    table = read_table("iris")
    models = [fit(table, Recipe(epochs=2 + seed, seed=seed, hidden=(4 + seed,))) for seed in (0, 1)]
    thetas = [m.model.theta.tobytes() for m in models]
    replaced = mmap.mmap(-1, 8)
    with (
        tempfile.TemporaryDirectory() as place,
        patch("deltarule.models.pictures.gallery.draw", lambda *_: []),
    ):
        out = Path(place) / "m"
        save(models[0], out)
        child = os.fork()
        if child == 0:
            try:
                for n in range(1, 1 << 40):
                    save(models[n % 2], out, force=True)
                    replaced[:] = n.to_bytes(8, "little")
            finally:
                os._exit(1)
        try:
            for n in range(loads):
                found = dr.load(out)
                seed = found.description["training"]["seed"]
                assert found.theta.tobytes() == thetas[seed], "weights of another model"
                assert n % 10 or len(read_history(out)["error"]) in (2, 3)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    count = int.from_bytes(replaced[:], "little")
    print(f"{loads} loads, {count} replacements, 0 failures")


if __name__ == "__main__":
    main(int(sys.argv[1]))
