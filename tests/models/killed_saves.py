"""Kill a process that replaces a model over and over, at random moments: `killed_saves.py KILLS`.

A process of its own because it forks, so that a kill costs a millisecond: other tests' threads must
not be there.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

import deltarule as dr
from deltarule.data import read_table
from deltarule.models import Recipe, fit, save


def main(kills: int) -> None:
    iris = fit(read_table("iris"), Recipe(epochs=3))
    rng = np.random.default_rng(0)
    with (
        tempfile.TemporaryDirectory() as place,
        patch("deltarule.models.pictures.gallery.draw", lambda *_: []),
    ):
        out = Path(place) / "m"
        save(iris, out)
        for _ in range(kills):
            child = os.fork()
            if child == 0:
                try:
                    while True:
                        save(iris, out, force=True)
                finally:
                    os._exit(1)
            time.sleep(rng.uniform(0.0, 0.008))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            assert dr.load(out).theta.tobytes() == iris.model.theta.tobytes()
        save(iris, out, force=True)
        assert os.listdir(place) == ["m"]
    print(f"{kills} kills, 0 models lost")


if __name__ == "__main__":
    main(int(sys.argv[1]))
