"""Lists of columns for X and T, gradients added up in a loop, subtracted by another method."""

import itertools

import numpy as np


class Network:
    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.w = [rng.normal(size=(n, k)) for k, n in itertools.pairwise(sizes)]
        self.b = [rng.normal(size=(n, 1)) for n in sizes[1:]]

    def forward(self, x):
        outputs = [x]
        for w, b in zip(self.w, self.b, strict=True):
            outputs.append(np.tanh(w @ outputs[-1] + b))
        return outputs

    def loss(self, y, t):
        return 0.5 * float(np.sum((y - t) ** 2))

    def gradients(self, xs, ts):
        grad_w = [np.zeros_like(w) for w in self.w]
        grad_b = [np.zeros_like(b) for b in self.b]
        for x, t in zip(xs, ts, strict=True):
            outputs = self.forward(x)
            error = t - outputs[-1]
            for l in reversed(range(len(self.w))):
                delta = error * (1 - outputs[l + 1] ** 2)
                grad_w[l] += delta @ outputs[l].T
                grad_b[l] += delta
                error = self.w[l].T @ delta
        return grad_w, grad_b

    def train(self, xs, ts, eta=0.05):
        grad_w, grad_b = self.gradients(xs, ts)
        for l in range(len(self.w)):
            self.w[l] += eta * grad_w[l]
            self.b[l] += eta * grad_b[l]
