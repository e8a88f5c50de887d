"""The cost with its penalty is one number, divided by m; a list of a dictionary for every layer."""

import numpy as np


def cost_and_gradients(layers, X, y, lam=0.3):
    m = len(X)
    a = [X]
    for layer in layers:
        a.append(1 / (1 + np.exp(-(a[-1] @ layer["weights"] + layer["bias"]))))
    cost = -np.sum(y * np.log(a[-1]) + (1 - y) * np.log(1 - a[-1])) / m
    cost += lam / (2 * m) * sum(np.sum(layer["weights"] ** 2) for layer in layers)
    delta = (a[-1] - y) / m
    grads = []
    for i in reversed(range(len(layers))):
        dW = a[i].T @ delta + lam / m * layers[i]["weights"]
        grads.insert(0, (dW, delta.sum(axis=0)))
        delta = delta @ layers[i]["weights"].T * a[i] * (1 - a[i])
    return cost, grads
