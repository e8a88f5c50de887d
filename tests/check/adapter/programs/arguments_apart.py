"""A function of W1, b1, W2, b2 and a batch; returns the four gradients."""

import numpy as np


def backward(X, T, W1, b1, W2, b2):
    z1 = X @ W1 + b1
    a1 = z1 / (1 + np.exp(-z1))
    a2 = a1 @ W2 + b2
    d2 = 2 * (a2 - T) / len(X)
    s = 1 / (1 + np.exp(-z1))
    d1 = d2 @ W2.T * (s + z1 * s * (1 - s))
    return X.T @ d1, d1.sum(axis=0), a1.T @ d2, d2.sum(axis=0)
