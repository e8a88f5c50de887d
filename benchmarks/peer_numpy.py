"""A hand-written NumPy loop, as a careful person writes it: float32, in place, no abstraction.

Several networks are one more axis in front of every array.
"""

from __future__ import annotations

import numpy as np
from work import Work

from layers import split


def _sigmoid(net):
    np.negative(net, out=net)
    np.exp(net, out=net)
    net += 1
    return np.reciprocal(net, out=net)


def _tanh(net):
    return np.tanh(net, out=net)


def _relu(net):
    return np.maximum(net, 0, out=net)


def _softmax(net):
    net -= net.max(axis=-1, keepdims=True)
    np.exp(net, out=net)
    net /= net.sum(axis=-1, keepdims=True)
    return net


FORWARD = {
    "sigmoid": _sigmoid, "tanh": _tanh, "relu": _relu, "softmax": _softmax,
    "identity": lambda net: net,
}  # fmt: skip
SLOPE = {
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y * y,
    "relu": lambda y: y > 0,
    "identity": lambda y: 1,
}


def _error_and_delta(work: Work, y, t):
    """Return the batch's summed error over outputs and samples, and delta of the last layer."""
    if work.loss == "cross_entropy":
        return -np.log(y[t > 0]).sum(), (y - t) / work.batch
    miss = y - t
    delta = miss * SLOPE[work.output](y) if work.output != "identity" else miss
    return 0.5 * np.vdot(miss, miss), delta / work.batch


def _step(work: Work, layers, x, t):
    """Return the summed error and the gradient of every W and b."""
    outputs = [x]
    for l, (W, b) in enumerate(layers):
        f = FORWARD[work.output if l == len(layers) - 1 else work.hidden]
        outputs.append(f(outputs[-1] @ W.mT + b[..., None, :]))
    error, delta = _error_and_delta(work, outputs[-1], t)
    gradients = []
    for l in range(len(layers) - 1, -1, -1):
        gradients.append((delta.mT @ outputs[l], delta.sum(axis=-2)))
        if l:
            delta = delta @ layers[l][0]
            delta *= SLOPE[work.hidden](outputs[l])
    return error, gradients[::-1]


def _adam(lr, parameters):
    """Return `update(gradients)` with Adam's state."""
    m = [np.zeros_like(p) for p in parameters]
    v = [np.zeros_like(p) for p in parameters]
    t = 0

    def update(gradients):
        nonlocal t
        t += 1
        rate = np.float32(lr / (1 - 0.9**t))
        root = np.float32(1 / np.sqrt(1 - 0.999**t))
        for p, g, mean, square in zip(parameters, gradients, m, v, strict=True):
            np.multiply(mean, np.float32(0.9), out=mean)
            np.add(mean, np.float32(0.1) * g, out=mean)
            np.multiply(square, np.float32(0.999), out=square)
            np.add(square, np.float32(0.001) * (g * g), out=square)
            step = rate * mean / (np.sqrt(square) * root + np.float32(1e-8))
            np.subtract(p, step, out=p)

    return update


def prepare(work: Work, X: np.ndarray, T: np.ndarray, theta: np.ndarray):
    """Return `train(epochs)`."""
    batches = [(X[i : i + work.batch], T[i : i + work.batch]) for i in range(0, len(X), work.batch)]
    lr = np.float32(work.lr)

    def train(epochs: int):
        now = theta.copy()
        layers = split(work.sizes, now if work.networks > 1 else now[0])
        update = _adam(work.lr, [p for layer in layers for p in layer])
        for _ in range(epochs):
            total = 0.0
            for x, t in batches:
                error, gradients = _step(work, layers, x, t)
                total += float(error)
                if work.optimiser == "adam":
                    update([g for pair in gradients for g in pair])
                    continue
                for layer, pair in zip(layers, gradients, strict=True):
                    for p, g in zip(layer, pair, strict=True):
                        np.multiply(g, lr, out=g)
                        np.subtract(p, g, out=p)
        return now, total / work.rows / work.networks

    return train
