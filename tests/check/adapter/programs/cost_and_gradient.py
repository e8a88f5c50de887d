"""One vector of parameters, biases in the first column of each Theta; returns cost, gradient."""

import numpy as np

N_IN, N_HIDDEN, N_OUT = 4, 5, 3


def nn_cost_function(nn_params, X, y):
    cut = N_HIDDEN * (N_IN + 1)
    Theta1 = nn_params[:cut].reshape(N_HIDDEN, N_IN + 1)
    Theta2 = nn_params[cut:].reshape(N_OUT, N_HIDDEN + 1)
    m = len(X)
    a1 = np.c_[np.ones(m), X]
    a2 = np.c_[np.ones(m), 1 / (1 + np.exp(-a1 @ Theta1.T))]
    h = 1 / (1 + np.exp(-a2 @ Theta2.T))
    J = np.sum(-y * np.log(h) - (1 - y) * np.log(1 - h)) / m
    d3 = h - y
    d2 = (d3 @ Theta2 * a2 * (1 - a2))[:, 1:]
    grad = np.concatenate([(d2.T @ a1 / m).ravel(), (d3.T @ a2 / m).ravel()])
    return J, grad
