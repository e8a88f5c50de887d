"""Lists that count from 1, as a derivation does: w[l][j][k], with w[l][j][0] the bias."""

import math
import random

random.seed(3)
N = [3, 3, 3, 1]
w = [None] + [
    [None] + [[random.uniform(-1, 1) for _ in range(N[m - 1] + 1)] for _ in range(N[m])]
    for m in (1, 2, 3)
]
net = [[0.0] * (n + 1) for n in N]
y = [[0.0] * (n + 1) for n in N]
delta = [[0.0] * (n + 1) for n in N]
eta = 0.3


def f(v):
    return 1 / (1 + math.exp(-v))


def slope(v):
    return f(v) * (1 - f(v))


def forward(x):
    y[0][1:] = x
    for m in (1, 2, 3):
        y[m - 1][0] = 1.0
        for j in range(1, N[m] + 1):
            net[m][j] = sum(w[m][j][k] * y[m - 1][k] for k in range(N[m - 1] + 1))
            y[m][j] = f(net[m][j])
    return y[3][1]


def backward(T):
    delta[3][1] = (y[3][1] - T) * slope(net[3][1])
    for m in (2, 1):
        for j in range(1, N[m] + 1):
            s = 0.0
            for i in range(1, N[m + 1] + 1):
                s += delta[m + 1][i] * w[m + 1][i][j]
            delta[m][j] = s * slope(net[m][j])


def update():
    for m in (1, 2, 3):
        for j in range(1, N[m] + 1):
            for k in range(N[m - 1] + 1):
                w[m][j][k] -= eta * delta[m][j] * y[m - 1][k]


data = [((0.1, 0.2, 0.3), 1.0), ((0.9, 0.1, 0.4), 0.0)]
for _ in range(10):
    E = 0.0
    for x, T in data:
        E += 0.5 * (T - forward(x)) ** 2
        backward(T)
        update()
