"""Fahlman's 10-5-10 encoder with the exact derivative.

Fahlman (1988), An empirical study of learning speed in back-propagation networks,
CMU-CS-88-162: plain backpropagation at lr 1.7 needs 129 epochs on average (SD 46, 25 trials).
Recomputed over 100 trials: 119 to 133, SD 38.
"""

from __future__ import annotations

import numpy as np

import deltarule as dr


def test_the_encoder_takes_as_many_epochs_as_published(engine):
    """Sigmoid, full batch, summed gradient, weights and biases uniform(-1, 1), all within 0.4."""
    net = dr.Network(10, [dr.Dense(5, "sigmoid"), dr.Dense(10, "sigmoid")], init="uniform:1")
    encoder = dr.data.load("encoder")
    epochs = []
    for seed in range(100):
        run = engine.train(
            net, encoder.X, encoder.T, reduction="sum", optimizer=dr.optim.SGD(1.7), epochs=1000,
            batch_size=None, stop=dr.AllWithin(0.4), seed=seed,
        )  # fmt: skip
        assert run.stopped == "all_within"
        epochs.append(run.epochs)
    assert 115 <= np.mean(epochs) <= 140  # 126 +- 3 standard errors
    assert 25 <= np.std(epochs) <= 55
