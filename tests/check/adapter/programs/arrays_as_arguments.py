"""X, y, W, b, W2, b2 as arguments, labels as numbers; returns the loss and a tuple of gradients."""

import numpy as np


def loss_and_grads(X, y, W, b, W2, b2):
    hidden = np.maximum(0, X @ W + b)
    scores = hidden @ W2 + b2
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    n = len(X)
    loss = -np.log(p[np.arange(n), y]).mean()
    p[np.arange(n), y] -= 1
    d = p / n
    d_hidden = d @ W2.T * (hidden > 0)
    return loss, (X.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d, d.sum(axis=0))
