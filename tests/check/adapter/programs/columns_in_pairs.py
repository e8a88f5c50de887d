"""Weights and biases in lists, column vectors, a list of (x, t) at a time, any number of layers."""

import itertools

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


class Net:
    def __init__(self, sizes):
        self.biases = [np.random.randn(n, 1) for n in sizes[1:]]
        self.weights = [np.random.randn(n, k) for k, n in itertools.pairwise(sizes)]

    def backprop(self, x, y):
        a, zs, activations = x, [], [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            zs.append(w @ a + b)
            a = sigmoid(zs[-1])
            activations.append(a)
        grad_b = [np.zeros(b.shape) for b in self.biases]
        grad_w = [np.zeros(w.shape) for w in self.weights]
        delta = (activations[-1] - y) * sigmoid(zs[-1]) * (1 - sigmoid(zs[-1]))
        for i in range(1, len(self.weights) + 1):
            if i > 1:
                s = sigmoid(zs[-i])
                delta = (self.weights[-i + 1].T @ delta) * s * (1 - s)
            grad_b[-i] = delta
            grad_w[-i] = delta @ activations[-i - 1].T
        return grad_b, grad_w

    def update_mini_batch(self, mini_batch, eta):
        total_b = [np.zeros(b.shape) for b in self.biases]
        total_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            grad_b, grad_w = self.backprop(x, y)
            total_b = [t + g for t, g in zip(total_b, grad_b, strict=True)]
            total_w = [t + g for t, g in zip(total_w, grad_w, strict=True)]
        rate = eta / len(mini_batch)
        self.weights = [w - rate * g for w, g in zip(self.weights, total_w, strict=True)]
        self.biases = [b - rate * g for b, g in zip(self.biases, total_b, strict=True)]
