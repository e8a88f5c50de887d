"""A script without arrays: a loop over epochs, in it one over the observations."""

import math
import random

random.seed(2)
x_train = [[0.1, 0.9], [0.8, 0.7], [0.4, 0.2]]
y_train = [1, 0, 1]
weights_h = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(3)]
bias_h = [random.uniform(-1, 1) for _ in range(3)]
weights_o = [random.uniform(-1, 1) for _ in range(3)]
bias_o = [random.uniform(-1, 1)]
step = 0.2


def squash(net):
    return 1 / (1 + math.exp(-net))


for _ in range(20):
    for i in range(len(x_train)):
        h = []
        for w, b in zip(weights_h, bias_h, strict=True):
            h.append(squash(b + sum(v * x for v, x in zip(w, x_train[i], strict=True))))
        y = squash(bias_o[0] + sum(v * s for v, s in zip(weights_o, h, strict=True)))
        d_o = (y - y_train[i]) * y * (1 - y)
        d_h = [d_o * v * s * (1 - s) for v, s in zip(weights_o, h, strict=True)]
        for j in range(3):
            weights_o[j] -= step * d_o * h[j]
            for k in range(2):
                weights_h[j][k] -= step * d_h[j] * x_train[i][k]
            bias_h[j] -= step * d_h[j]
        bias_o[0] -= step * d_o
