"""Biases as the first row of W, for a column of ones in front; a batch; squared error."""

import numpy as np


class MLP:
    def __init__(self, n_features, n_hidden, n_outputs, eta=0.05, epochs=50):
        self.eta, self.epochs = eta, epochs
        self.w_h = np.random.uniform(-0.5, 0.5, (n_features + 1, n_hidden))
        self.w_out = np.random.uniform(-0.5, 0.5, (n_hidden + 1, n_outputs))

    @staticmethod
    def _ones(a):
        return np.hstack([np.ones((a.shape[0], 1)), a])

    def fit(self, X, y):
        for _ in range(self.epochs):
            a0 = self._ones(X)
            a1 = np.tanh(a0 @ self.w_h)
            a1e = self._ones(a1)
            out = a1e @ self.w_out
            d_out = 2 * (out - y)
            d_h = d_out @ self.w_out[1:].T * (1 - a1**2)
            self.w_out -= self.eta * a1e.T @ d_out
            self.w_h -= self.eta * a0.T @ d_h
        return self
