"""A study whose workers somebody keeps killing: `python killed_workers.py OUT`."""

import sys

import deltarule as dr

if __name__ == "__main__":
    study = dr.Study(
        data="parity:4",
        hidden=6,
        activation="sigmoid",
        output="sigmoid",
        loss="half_squared_error",
        reduction="sum",
        optimizer="sgd:0.5",
        epochs=2000,
        seeds=64,
        vary={"l2": [k * 1e-6 for k in range(8)]},
    )
    study.run(sys.argv[1], workers=2)
