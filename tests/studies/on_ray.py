"""A study on a local Ray: `python on_ray.py`."""

import deltarule as dr

NUMBERS = ["l2", "seed", "epochs", "stopped", "error"]

if __name__ == "__main__":
    study = dr.Study(
        data="parity:4", hidden=6, activation="sigmoid", output="sigmoid", reduction="sum",
        loss="half_squared_error", optimizer="sgd:0.5", epochs=300, seeds=32,
        vary={"l2": [0, 1e-6, 1e-5]},
    )  # fmt: skip
    there = study.run(executor="ray", address="local").runs.select(NUMBERS)
    assert there.equals(study.run(workers=1).runs.select(NUMBERS))
    print("as it should be")
