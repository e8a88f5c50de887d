"""A script that trains in its own lines, on the whole batch."""

import numpy as np

rng = np.random.default_rng(1)
inputs = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
expected = np.array([[0], [1], [1], [0]])
w_hidden = rng.uniform(-1, 1, (3, 4))
w_output = rng.uniform(-1, 1, (4, 1))
rate = 0.7

for epoch in range(50):
    hidden = np.tanh(inputs @ w_hidden)
    guess = 1 / (1 + np.exp(-(hidden @ w_output)))
    error = expected - guess
    if epoch % 10 == 0:
        print(epoch, 0.5 * np.sum(error**2))
    output_delta = error * guess * (1 - guess)
    hidden_delta = output_delta @ w_output.T * (1 - hidden**2)
    w_output += rate * hidden.T @ output_delta
    w_hidden += rate * inputs.T @ hidden_delta
