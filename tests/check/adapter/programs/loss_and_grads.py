"""Parameters in a dictionary of the object, labels as numbers, softmax; loss() returns both."""

import numpy as np


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=0.5):
        self.params = {
            "W1": std * np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": std * np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }

    def loss(self, X, y=None):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        hidden = np.maximum(0, X @ W1 + b1)
        scores = hidden @ W2 + b2
        if y is None:
            return scores
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities = shifted / shifted.sum(axis=1, keepdims=True)
        n = len(X)
        loss = -np.log(probabilities[range(n), y]).mean()
        d = probabilities.copy()
        d[range(n), y] -= 1
        d /= n
        back = d @ W2.T
        back[hidden <= 0] = 0
        grads = {"W2": hidden.T @ d, "b2": d.sum(axis=0), "W1": X.T @ back, "b1": back.sum(axis=0)}
        return loss, grads
